"""The curves of a trial that was trained several times: how each training's own are named, and what they tell."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from registry.core.objective import Objective

KINDS = ("repeat", "fold")
_OWN = re.compile(rf"({'|'.join(KINDS)})_([1-9]\d*)_(.+)")


@dataclass(frozen=True, slots=True)
class Training:
    """One of a trial's trainings.

    Args:
        score: the objective's best value in it.
        epoch: the epoch of that value, counted from 1 within the training.
        epochs: how many it trained.
    """

    score: float
    epoch: int
    epochs: int


def own_curve(kind: str, number: int, metric: str) -> str:
    """Return the name of a training's own curve, such as ``repeat_2_val_loss``; the number counts from 1."""
    return f"{kind}_{number}_{metric}"


def std_of(metric: str) -> str:
    """Return the name of the curve of the standard deviation between a trial's trainings."""
    return f"{metric}_std"


def has_folds(curves: Iterable[str]) -> bool:
    """Tell by the names of its curves whether a trial was trained on folds of the data."""
    return any(name.startswith(own_curve("fold", 1, "")) for name in curves)


def of_first_training(curves: Mapping[str, Sequence[float]], metric: str) -> Sequence[float]:
    """Return a metric's curve of a single training: the first, where there were several; nothing where it has none."""
    names = [*(own_curve(kind, 1, metric) for kind in KINDS), metric]
    return next((curves[name] for name in names if name in curves), ())


def trainings_of(curves: Mapping[str, Sequence[float | None]], objective: Objective) -> list[Training]:
    """Return a trial's trainings that have a score, in their order; nothing where the trial was trained once.

    Args:
        curves: metric to one value an epoch, NaN or None where there was none; a version's or a trial's.
        objective: which curve counts, and which of its values is the best.
    """
    own: dict[int, Sequence[float | None]] = {}
    for name, values in curves.items():
        match = _OWN.fullmatch(name)
        if match is not None and match[3] == objective.metric:
            own[int(match[2])] = values
    trainings = []
    for _, values in sorted(own.items()):
        finite = [(epoch, v) for epoch, v in enumerate(values, 1) if v is not None and math.isfinite(v)]
        if finite:
            epoch, score = min(finite, key=lambda pair: objective.key(pair[1]))
            trainings.append(Training(score, epoch, len(values)))
    return trainings
