"""Call over- and underfitting by name, where a training's loss curves show it."""

from __future__ import annotations

import math
from typing import Literal

from registry.core.numbers import number_format
from registry.reports.facts.study import ReportedTrial
from registry.values.stop_reason import StopReason
from registry.values.trainings import of_first_training

Fit = Literal["overfitting", "underfitting", "gap", "no sign of over- or underfitting", "too few epochs to tell"]
LEAST_EPOCHS = 4
RISE = 0.05  # of the lowest validation loss: so far it must have risen again
GAP = 0.1  # of the training loss: so far above it the validation loss is worth telling
_CUT_SHORT = (StopReason.MAX_EPOCHS, StopReason.TIME_LIMIT)
FALL = 0.02  # of the validation loss, an epoch: so fast it still falls


def judge_fit(trial: ReportedTrial) -> Fit:
    """Return how a training fits, by its losses alone; the first one, where there were several.

    Overfitting: the validation loss ends more than 5 % above its lowest value, while the training loss has gone on
    falling. Underfitting: the last epoch allowed is the best by validation loss, and the last two epochs took
    more than 2 % each off it, so that more epochs would help. A gap: the validation loss ends more than 10 % above
    that of training, though it has not risen; where the training's loss has terms of its own, such as dropout's, that
    may mean less.
    """
    loss, validation = (of_first_training(trial.curves, name) for name in ("loss", "val_loss"))
    if (
        len(validation) < LEAST_EPOCHS
        or len(loss) != len(validation)
        or not all(map(math.isfinite, (*loss, *validation)))
    ):
        return "too few epochs to tell"
    lowest = min(range(len(validation)), key=validation.__getitem__)
    size = abs(validation[lowest]) or 1.0
    if validation[-1] - validation[lowest] > RISE * size and loss[-1] < loss[lowest]:
        return "overfitting"
    falls = [(before - after) / size for before, after in zip(validation[-3:], validation[-2:], strict=False)]
    if lowest == len(validation) - 1 and min(falls) > FALL and trial.stop_reason in _CUT_SHORT:
        return "underfitting"
    if validation[-1] - loss[-1] > GAP * abs(loss[-1]):
        return "gap"
    return "no sign of over- or underfitting"


def describe_fit(trial: ReportedTrial) -> str:
    """Return the judgement with the numbers that it rests on."""
    fit = judge_fit(trial)
    loss, validation = (of_first_training(trial.curves, name) for name in ("loss", "val_loss"))
    if fit == "overfitting":
        lowest = min(range(len(validation)), key=validation.__getitem__)
        write = number_format([loss[lowest], loss[-1]])
        rise = (validation[-1] - validation[lowest]) / (abs(validation[lowest]) or 1.0)
        return (
            f"overfitting after epoch {lowest + 1}: the validation loss rises by {100 * rise:.0f} % "
            f"while the training loss falls from {write(loss[lowest])} to {write(loss[-1])}"
        )
    if fit == "underfitting":
        return f"underfitting: the validation loss still falls at epoch {len(validation)}, the last one allowed"
    if fit == "gap":
        above = 100 * (validation[-1] - loss[-1]) / (abs(loss[-1]) or 1.0)
        return (
            f"a gap: the validation loss ends {above:.0f} % above that of training, without having risen by more than "
            f"{100 * RISE:.0f} %"
        )
    return fit
