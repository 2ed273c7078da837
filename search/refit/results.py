"""What came out of last trainings: of a winner's, and of those of an ensemble's members."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Refitted:
    """One training.

    Args:
        version: its reference in the registry.
        seed: what its random numbers came from.
        seconds: how long it trained.
        is_new: False where it had been trained before.
        test: loss and metrics on the test data, named ``test_…``; empty where the problem has none, or where only the
            average that it is in is measured.
    """

    version: str
    seed: int
    seconds: float | None
    is_new: bool
    test: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "version": self.version,
            "seed": self.seed,
            "seconds": self.seconds,
            "new": self.is_new,
            "test": self.test,
        }


@dataclass(frozen=True)
class Refit:
    """All trainings of a winner.

    Args:
        study: the study's name.
        winner: the version whose params and epochs they have.
        epochs: that each trained.
        trainings: one a seed.
    """

    study: str
    winner: str
    epochs: int
    trainings: tuple[Refitted, ...]

    @property
    def test(self) -> dict[str, tuple[float, ...]]:
        """The figures on the test data, one a seed."""
        return _by_name(training.test for training in self.trainings)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "study": self.study,
            "winner": self.winner,
            "epochs": self.epochs,
            "trainings": [training.as_dict() for training in self.trainings],
        }


@dataclass(frozen=True)
class RefittedMember:
    """A member of an ensemble, trained again.

    Args:
        refit: its trainings.
        times: how often each of them counts, as the member did.
    """

    refit: Refit
    times: int


@dataclass(frozen=True)
class RefittedEnsemble:
    """All trainings of an ensemble's members, and the version that averages them.

    Args:
        study: the study's name.
        winner: the ensemble whose members were trained again.
        members: in the order of its record.
        version: the average's reference in the registry.
        is_new: False where the same trainings had been averaged before.
        figures: the average's loss and metrics on the test data, named ``test_…``; empty where the problem has none.
    """

    study: str
    winner: str
    members: tuple[RefittedMember, ...]
    version: str
    is_new: bool
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def trainings(self) -> tuple[Refitted, ...]:
        """All trainings, a member's after another's."""
        return tuple(training for member in self.members for training in member.refit.trainings)

    @property
    def test(self) -> dict[str, tuple[float, ...]]:
        """The average's figures on the test data, one each, in the form of a winner's."""
        return _by_name([self.figures])

    @property
    def size(self) -> int:
        """How many choices were in the ensemble."""
        return sum(member.times for member in self.members)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "study": self.study,
            "winner": self.winner,
            "version": self.version,
            "new": self.is_new,
            "test": self.figures,
            "members": [
                {
                    "version": member.refit.winner,
                    "weight": member.times / self.size,
                    "epochs": member.refit.epochs,
                    "trainings": [training.as_dict() for training in member.refit.trainings],
                }
                for member in self.members
            ],
        }


def _by_name(figures: Iterable[Mapping[str, float]]) -> dict[str, tuple[float, ...]]:
    rows = list(figures)
    return {
        name: tuple(row[name] for row in rows if name in row) for name in dict.fromkeys(n for row in rows for n in row)
    }
