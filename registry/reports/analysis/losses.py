"""Losses that mean different things: two trials whose params change the loss itself have no common scale of loss."""

from __future__ import annotations

import re
from collections.abc import Sequence

from registry.reports.facts.study import ReportedStudy, ReportedTrial
from registry.reports.facts.text import value_text

# Words of a param's name that say that its value goes into the loss; `weight_decay` does not, in Keras' optimizers.
_IN_LOSS = re.compile(
    r"(^|_)(loss|loss_function|label_smoothing|smoothing|class_weights?|sample_weights?|focal|l1|l2|"
    r"(kernel_|activity_|bias_)?regulari[sz]\w*)(_|$)"
)
_OFF = ("0", "None", "False", "none", "")


def loss_params(trials: Sequence[ReportedTrial]) -> dict[str, list[str]]:
    """Return the params that change what a loss means and differ between trials, with their values as texts.

    They are known by their names: label smoothing, class or sample weights, penalties, the loss itself. One that a
    trial does not have counts as off.

    Example:
        >>> one, other = (ReportedTrial(n, "complete", {"label_smoothing": n / 10}) for n in range(2))
        >>> loss_params([one, other])
        {'label_smoothing': ['0', '0.1']}
    """
    names = dict.fromkeys(name for trial in trials for name in trial.params if _IN_LOSS.search(name.lower()))
    values = {name: dict.fromkeys(_value(trial, name) for trial in trials) for name in names}
    return {name: list(those) for name, those in values.items() if len(those) > 1}


def _value(trial: ReportedTrial, name: str) -> str:
    text = value_text(trial.params.get(name))
    return "0" if text in _OFF else text


def is_loss(metric: str) -> bool:
    """Tell whether a curve is one of the loss that was trained by, with ``val_`` or without."""
    return metric.removeprefix("val_") == "loss"


def loss_note(trials: Sequence[ReportedTrial]) -> str:
    """Return why the losses of trials do not share an axis, in a sentence; empty where they may."""
    params = loss_params(trials)
    if not params:
        return ""
    meanings = "; ".join(f"{name} is {', '.join(values)}" for name, values in params.items())
    return f"Their losses mean different things ({meanings}): each has an axis of its own."


def ranked_by_loss(study: ReportedStudy) -> str:
    """Return a warning where trials are ranked by a loss that means different things; empty where they are not."""
    params = loss_params(study.ranked) if is_loss(study.metric) else {}
    if not params:
        return ""
    return f"The ranking is by {study.metric}, which means another thing for each {' and '.join(params)}: distrust it."
