"""A row of the table: a small HyperModel, and what is expected of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import keras_tuner
import numpy as np

from search import Data, Objective, Problem

X = np.random.default_rng(0).normal(size=(48, 4)).astype("float32")
Y = (X.sum(axis=1) > 0).astype("int32")
TRAIN, VALIDATION = slice(0, 32), slice(32, 48)


def numbers() -> Data:
    """Return 32 samples of four numbers to train on and 16 to choose by, of two classes."""
    return Data(train=(X[TRAIN], Y[TRAIN]), validation=(X[VALIDATION], Y[VALIDATION]))


@dataclass(frozen=True)
class Row:
    """A problem, and what becomes of one trial of three epochs.

    Args:
        name: the row's, and the problem's.
        build: as a HyperModel's.
        fit: as a HyperModel's; without one Keras' own.
        data: as a problem's ``load_data``.
        metric: the objective's.
        direction: the objective's.
        ends: the trial's stop reason.
        epochs: how many it trains.
        score: what the score has to be, given the trial's curves; without one, their best value.
        curves: metrics that have a curve, among others.
        continues: after an interruption after the first epoch: with the same curves (``exactly``), saying what it could
            not take over (``not exactly``), or from the beginning (``anew``).
        loads: what ``registry load-check`` says; ``rebuilt`` where it says ``equal`` by the problem's code alone,
            ``none`` where a version has no weights.
        exports: the formats that have to work.
        warns: a warning that inspecting the problem gives.
    """

    name: str
    build: Callable[[Any], Any]
    fit: Callable[..., Any] | None = None
    data: Callable[[], Data] = numbers
    metric: str = "val_loss"
    direction: Literal["max", "min"] = "min"
    ends: str = "max_epochs"
    epochs: int = 3
    score: Callable[[dict[str, list[float | None]]], float] | None = None
    curves: tuple[str, ...] = ()
    continues: Literal["exactly", "not exactly", "anew"] = "exactly"
    loads: Literal["equal", "rebuilt", "unknown", "none"] = "equal"
    exports: tuple[str, ...] = ("keras", "savedmodel")
    warns: str | None = None

    def problem(self) -> Problem:
        """Return the problem."""
        members: dict[str, Any] = {"build": lambda _self, hp: self.build(hp)}
        if self.fit is not None:
            members["fit"] = lambda _self, hp, model, *args, **kwargs: self.fit(hp, model, *args, **kwargs)
        kind = type("Row", (keras_tuner.HyperModel,), members)
        return Problem(self.name, Objective(self.metric, self.direction), kind, self.data, batch_size=8)
