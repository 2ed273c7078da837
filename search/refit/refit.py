"""A last training of a study's winner, or of an ensemble's members, on training and validation data together."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from sqlalchemy.engine import Engine

from registry import ModelVersion, Registry
from registry.core.database.url import with_password
from registry.core.errors import NotFoundError, UsageError
from registry.core.objective import Objective
from registry.values.known_tags import ENSEMBLE_TAG, REFIT_TAG
from registry.values.trainings import trainings_of
from registry.values.version import Param
from search.confirm.held_out import measure_derived, test_figures
from search.creation.changes.problem import accepted_differences
from search.records.settings import Settings, derive_seed
from search.records.studies import StudyRecord, check_trains_models
from search.refit.average import AveragePlan, average_refits
from search.refit.chosen import Chosen, find_named, find_winner
from search.refit.results import Refit, Refitted, RefittedEnsemble, RefittedMember
from search.refit.train import Plan, train_refit
from search.system.devices import only_place
from search.system.forkserver import call_in_child
from search.system.placement import Place
from search.worker.recording.derived import derived_tags
from search.worker.recording.origins import origin_of

NEW_SEEDS = 2**33  # no trial has so high a number, and no confirmation: their seeds are others


def refit(
    engine: Engine,
    study: StudyRecord,
    *,
    version: str | None = None,
    seeds: int = 1,
    device: str = "auto",
    accept_changes: bool = False,
    on_trained: Callable[[Refitted], None] = lambda trained: None,
) -> Refit | RefittedEnsemble:
    """Train a study's winner on all data but the test data, register it, and measure it on those once.

    See `Study.refit`. A training has the winner's params and as many epochs as gave the winner its score. Of an
    ensemble each member is trained so, and one version that averages them with the same weights is registered and
    measured. What was trained, averaged and registered before is not made, nor measured, again.
    """
    if seeds < 1:
        raise UsageError(f"the number of seeds is {seeds}; expected 1 or more")
    check_trains_models(study, "a refit")
    url = with_password(engine.url)
    with Registry(url) as registry:
        chosen = find_winner(registry, engine, study) if version is None else find_named(registry, study, version)
        changed = accepted_differences(engine, study, accept=accept_changes)
        work = Work(registry, url, study, seeds, only_place(device), tuple(changed), on_trained)
        return work.ensemble(chosen) if chosen.members else work.winner(chosen.version, measured=True)


@dataclass(frozen=True)
class Work:
    """The trainings that one call asks for, each in a process of its own.

    Args:
        registry: where to.
        url: of its database.
        study: whose problem is trained.
        seeds: trainings of each version.
        place: where they compute.
        changed: how the problem has changed since the study began, in words.
        on_trained: called with each training as it ends.
        call: runs a function that needs TensorFlow, at a place.
    """

    registry: Registry
    url: str
    study: StudyRecord
    seeds: int
    place: Place
    changed: Sequence[str]
    on_trained: Callable[[Refitted], None] = lambda trained: None
    call: Callable[..., Any] = call_in_child

    def winner(self, winner: ModelVersion, *, measured: bool) -> Refit:
        """Train a version's params again, once a seed; measure the test data only where that is asked for."""
        epochs = _epochs(winner)
        trainings = []
        for number in range(self.seeds):
            seed = derive_seed(self.study.settings.seed, NEW_SEEDS + zlib.crc32(winner.ref.encode()) + number)
            ref, is_new = self._trained(winner, epochs, seed)
            figures = self._measured(ref) if measured else test_figures(self.registry.get(ref))
            trainings.append(Refitted(ref, seed, self.registry.get(ref).seconds, is_new, figures))
            self.on_trained(trainings[-1])
        return Refit(self.study.name, winner.ref, epochs, tuple(trainings))

    def ensemble(self, chosen: Chosen) -> RefittedEnsemble:
        """Train each member's params again, average that, and measure the average alone on the test data."""
        members = tuple(
            RefittedMember(self.winner(version, measured=False), times) for version, times in chosen.members
        )
        refits = [
            (self.registry.get(training.version), member.times)
            for member in members
            for training in member.refit.trainings
        ]
        origin = origin_of(ENSEMBLE_TAG, refits, *self.changed)
        there = self._there(origin)
        ref = there or self._averaged(refits, origin)
        figures = self._measured(ref, dict(refits[0][0].params))
        return RefittedEnsemble(self.study.name, chosen.version.ref, members, ref, there is None, figures)

    def _trained(self, winner: ModelVersion, epochs: int, seed: int) -> tuple[str, bool]:
        """Return the version of a training, and whether it was not there before."""
        origin = origin_of(REFIT_TAG, [(winner, 1)], seed, *self.changed)
        there = self._there(origin)
        if there is not None:
            return there, False
        tags = derived_tags(REFIT_TAG, self.study, winner, self.changed)
        plan = Plan(self.study, dict(winner.params), epochs, self._max_epochs(winner), seed, origin, tags)
        mixed = self.study.settings.mixed_precision
        ref: str = self.call(train_refit, self.url, plan, place=self.place, mixed_precision=mixed)
        return ref, True

    def _max_epochs(self, winner: ModelVersion) -> int:
        """Return how many epochs a version could be trained, which may be of another study of the problem."""
        recipe = self.registry.recipe(winner.ref)
        return (self.study.settings if recipe is None else Settings.from_dict(recipe.settings)).max_epochs

    def _averaged(self, refits: Sequence[tuple[ModelVersion, int]], origin: str) -> str:
        """Average refits in a new version; return it."""
        for version, _ in refits:
            if version.weights is None:
                raise NotFoundError(
                    f"{version.ref}, {version.source.origin}, has lost its weights, so that nothing can be averaged; "
                    f"delete its record, and it is trained again: registry delete {version.ref}"
                )
        first = refits[0][0]
        tags = derived_tags(REFIT_TAG, self.study, first, self.changed) | {ENSEMBLE_TAG: self.study.name}
        members = tuple((version.ref, times) for version, times in refits)
        plan = AveragePlan(self.study, members, origin, tags)
        ref: str = self.call(average_refits, self.url, plan, place=self.place)
        return ref

    def _there(self, origin: str) -> str | None:
        number = self.registry.origins(self.study.model).get(origin)
        return None if number is None else f"{self.study.model}/{number}"

    def _measured(self, ref: str, like: Mapping[str, Param] | None = None) -> dict[str, float]:
        """Return a version's figures on the test data, which are measured now where they never were.

        Args:
            ref: the version.
            like: params of a model that an average is compiled as.
        """
        if not test_figures(self.registry.get(ref)):
            self.call(measure_derived, self.url, ref, self.study.problem, like, place=self.place)
        return test_figures(self.registry.get(ref))


def _epochs(winner: ModelVersion) -> int:
    """Return how many epochs gave a version its score; where it was trained several times, in the mean."""
    curves = {name: curve.values for name, curve in winner.curves.items()}
    trainings = trainings_of(curves, Objective(winner.metric, winner.direction))
    return round(fmean(training.epoch for training in trainings)) if trainings else winner.epoch
