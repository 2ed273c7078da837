"""A param's values as places along an axis, whatever their kind: linear, logarithmic or one place a choice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from registry.reports.drawing.ticks import even_ticks, log_ticks
from registry.reports.facts.params import groups_of
from registry.reports.facts.study import Hyperparameter, ReportedTrial
from registry.reports.facts.text import value_text


@dataclass(frozen=True, slots=True)
class Scale:
    """Places between 0 and 1.

    Args:
        low: the lowest number, or the first choice's index; its logarithm where ``log``.
        high: the highest one.
        log: whether it is logarithmic.
        choices: the values of a choice; None for numbers.
        whole: whether the numbers are whole.
    """

    low: float
    high: float
    log: bool = False
    choices: tuple[str, ...] | None = None
    whole: bool = False

    @classmethod
    def of(cls, trials: Sequence[ReportedTrial], space: Hyperparameter) -> Scale:
        """Return the scale of a param over the trials that have it."""
        values = [trial.params[space.name] for trial in trials if space.name in trial.params]
        groups = groups_of(values, space)
        if groups is not None:
            return cls(-0.5, len(groups) - 0.5, choices=tuple(groups))
        log = space.log and min(values) > 0
        ends = [math.log(value) if log else float(value) for value in (min(values), max(values))]
        return cls(ends[0], ends[1], log, whole=space.kind == "Int")

    @property
    def ends(self) -> tuple[float, float, bool, tuple[str, ...] | None]:
        """Its ends, whether they are logarithms, and its choices: what it takes to find places elsewhere."""
        return self.low, self.high, self.log, self.choices

    def place(self, value: Any) -> float:
        """Return where a value lies, 0 for the lowest."""
        if self.choices is not None:
            number = float(self.choices.index(value_text(value)))
        else:
            number = math.log(value) if self.log else float(value)
        return (number - self.low) / (self.high - self.low) if self.high > self.low else 0.5

    def ticks(self, most: int) -> list[tuple[float, str]]:
        """Return places to label and their labels."""
        if self.choices is not None:
            return [(self.place(choice), choice) for choice in self.choices]
        ends = [math.exp(end) if self.log else end for end in (self.low, self.high)]
        if self.log and ends[0] < ends[1]:
            return [(self.place(tick), f"{tick:.6g}") for tick in log_ticks(ends[0], ends[1], most)]
        ticks = even_ticks(ends[0], ends[1], most)
        if self.whole:
            ticks = list(dict.fromkeys(float(round(tick)) for tick in ticks))
        return [(self.place(tick), f"{tick:.6g}") for tick in ticks]
