"""What a study confirms: configurations of another study, each trained again on the same new seeds."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The plan of a study that confirms; its slots take the configurations in turn, so more slots are more seeds.

    Args:
        study: whose configurations.
        trials: the numbers that they have there, the best first.
        points: their params, by the names and values that Optuna keeps, in the same order.
        top: how many were asked for.
        max_epochs: how long each is trained at most, where that is not as long as in their study; else None.
        searched_epochs: how long it was there, in the same case.

    Example:
        >>> plan = Confirmation("fmnist", (7, 3), ({"dropout": 0.1}, {"dropout": 0.2}), 2)
        >>> [(plan.place(number), plan.repeat(number)) for number in range(4)]
        [(0, 0), (1, 0), (0, 1), (1, 1)]
    """

    study: str
    trials: tuple[int, ...]
    points: tuple[Mapping[str, Any], ...]
    top: int
    max_epochs: int | None = None
    searched_epochs: int | None = None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Confirmation:
        """Return the plan from its fields as the database keeps them."""
        return cls(**{**values, "trials": tuple(values["trials"]), "points": tuple(values["points"])})

    def place(self, number: int) -> int:
        """Return which configuration a slot trains: its place in ``trials``, from 0."""
        return number % len(self.trials)

    def repeat(self, number: int) -> int:
        """Return the index of the seed that a slot trains with, from 0; slots of one repeat have the same seed."""
        return number // len(self.trials)


def free_name(study: str, used_names: Collection[str]) -> str:
    """Return the first name that another confirmation of a study may have.

    Example:
        >>> free_name("fmnist", ["fmnist", "fmnist-confirm"])
        'fmnist-confirm-2'
    """
    return numbered_name(f"{study}-confirm", used_names, first=f"{study}-confirm")


def numbered_name(base: str, used_names: Collection[str], *, first: str | None = None) -> str:
    """Return the first name that is free: ``first``, where one is given, then the base with a number from 2 on.

    Example:
        >>> numbered_name("fmnist", ["fmnist", "fmnist-2"])
        'fmnist-3'
    """
    numbered = (f"{base}-{number}" for number in itertools.count(2))
    return next(name for name in itertools.chain([first] if first else [], numbered) if name not in used_names)
