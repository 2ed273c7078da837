"""A last training of a study's winner, on training and validation data together."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from sqlalchemy.engine import Engine

from registry import ModelVersion, Registry
from registry.core.database.transaction import reading
from registry.core.database.url import with_password
from registry.core.errors import NotFoundError, UsageError
from registry.core.objective import Objective
from registry.values.known_tags import REFIT_TAG
from registry.values.trainings import trainings_of
from search.confirm.held_out import measure_derived, test_figures
from search.creation.changes import accepted_differences
from search.records.history.events import CONFIRMED, find_confirmed, find_note
from search.records.settings import derive_seed
from search.records.studies import StudyRecord
from search.refit.train import Plan, train_refit
from search.system.devices import only_place
from search.system.forkserver import call_in_child
from search.worker.recording.derived import derived_tags, origin_of, own_versions

NEW_SEEDS = 2**33  # no trial has so high a number, and no confirmation: their seeds are others


@dataclass(frozen=True)
class Refitted:
    """One training.

    Args:
        version: its reference in the registry.
        seed: what its random numbers came from.
        seconds: how long it trained.
        is_new: False where it had been trained before.
        test: loss and metrics on the test data, named ``test_…``; empty where the problem has none.
    """

    version: str
    seed: int
    seconds: float | None
    is_new: bool
    test: dict[str, float] = field(default_factory=dict)


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
        names = dict.fromkeys(name for training in self.trainings for name in training.test)
        return {
            name: tuple(training.test[name] for training in self.trainings if name in training.test) for name in names
        }

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "study": self.study,
            "winner": self.winner,
            "epochs": self.epochs,
            "trainings": [
                {
                    "version": training.version,
                    "seed": training.seed,
                    "seconds": training.seconds,
                    "new": training.is_new,
                    "test": training.test,
                }
                for training in self.trainings
            ],
        }


def refit(
    engine: Engine,
    study: StudyRecord,
    *,
    version: str | None = None,
    seeds: int = 1,
    device: str = "auto",
    accept_changes: bool = False,
    on_trained: Callable[[Refitted], None] = lambda trained: None,
) -> Refit:
    """Train a study's winner on all data but the test data, register it, and measure it on those once.

    See `Study.refit`. A training has the winner's params and as many epochs as gave the winner its score. What was
    trained and registered before is not trained, nor measured, again.
    """
    if seeds < 1:
        raise UsageError(f"the number of seeds is {seeds}; expected 1 or more")
    url = with_password(engine.url)
    with Registry(url) as registry:
        winner = _winner(registry, engine, study) if version is None else _named(registry, study, version)
        changed = accepted_differences(engine, study, accept=accept_changes)
        tags = derived_tags(REFIT_TAG, study, winner, changed)
        place, trained, epochs = only_place(device), [], _epochs(winner)
        for number in range(seeds):
            seed = derive_seed(study.settings.seed, NEW_SEEDS + zlib.crc32(winner.ref.encode()) + number)
            origin = origin_of("refit", [(winner, 1)], seed, *changed)
            there = registry.origins(study.model).get(origin)
            plan = Plan(study, dict(winner.params), epochs, seed, origin, tags)
            ref = (
                f"{study.model}/{there}"
                if there is not None
                else call_in_child(train_refit, url, plan, place=place, mixed_precision=study.settings.mixed_precision)
            )
            if not test_figures(registry.get(ref)):
                call_in_child(measure_derived, url, ref, study.problem, place=place)
            registered = registry.get(ref)
            trained.append(Refitted(ref, seed, registered.seconds, there is None, test_figures(registered)))
            on_trained(trained[-1])
    return Refit(study.name, winner.ref, epochs, tuple(trained))


def _epochs(winner: ModelVersion) -> int:
    """Return how many epochs gave a version its score; where it was trained several times, in the mean."""
    curves = {name: curve.values for name, curve in winner.curves.items()}
    trainings = trainings_of(curves, Objective(winner.metric, winner.direction))
    return round(fmean(training.epoch for training in trainings)) if trainings else winner.epoch


def _winner(registry: Registry, engine: Engine, study: StudyRecord) -> ModelVersion:
    """Return the version that won the study's confirmation; without one, that with the best score."""
    with reading(engine) as connection:
        ended = find_confirmed(connection, study.name) or find_note(connection, study.id, CONFIRMED)
    if ended is not None:
        return registry.get(ended["version"])
    versions = own_versions(registry, engine, study)
    if not versions:
        raise NotFoundError(f"no trial of {study.name!r} has become a version yet: there is nothing to refit")
    return versions[0]


def _named(registry: Registry, study: StudyRecord, ref: str) -> ModelVersion:
    version = registry.get(ref)
    if version.source.problem != study.problem or version.source.origin is not None:
        came = version.source.origin or f"of the problem {version.source.problem!r}"
        raise UsageError(
            f"{version.ref} is {came}; expected a version that a trial of {study.problem!r} gave, whose params and "
            "epochs can be trained again"
        )
    return version
