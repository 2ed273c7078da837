"""Make an ensemble of a study's stored models, and register it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.engine import Engine

from registry import Registry
from registry.core.database.url import with_password
from registry.core.errors import NotFoundError, UsageError
from registry.core.objective import Objective
from registry.values.known_tags import ENSEMBLE_TAG
from search.confirm.held_out import measure_derived, test_figures
from search.creation.changes.problem import accepted_differences
from search.ensemble.candidates import LEAST, find_candidates
from search.records.studies import StudyRecord, check_trains_models
from search.system.devices import only_place
from search.system.forkserver import call_in_child
from search.worker.recording.derived import derived_tags, register_derived
from search.worker.recording.origins import origin_of

SIZE, CANDIDATES = 5, 50


@dataclass(frozen=True)
class Member:
    """A version in an ensemble.

    Args:
        version: its reference.
        times: how often it was chosen.
        score: its own, measured as the ensemble's.
    """

    version: str
    times: int
    score: float


@dataclass(frozen=True)
class Ensemble:
    """What was made of a study's stored models.

    Args:
        study: the study's name.
        objective: the study's.
        version: the ensemble's reference in the registry.
        is_new: False where the same members had been averaged before.
        score: the average's, on the study's validation data.
        members: in the order of their choice.
        scores: the average's after each choice, also those that gained nothing.
        best: the best candidate alone.
        candidates: how many were looked at.
        without_weights: how many versions have no weights.
        test: loss and metrics on the test data, named ``test_…``; empty where they were not measured.
    """

    study: str
    objective: Objective
    version: str
    is_new: bool
    score: float
    members: tuple[Member, ...]
    scores: tuple[float, ...]
    best: Member
    candidates: int
    without_weights: int
    test: dict[str, float] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many choices are in it."""
        return sum(member.times for member in self.members)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "study": self.study,
            "metric": self.objective.metric,
            "direction": self.objective.direction,
            "version": self.version,
            "new": self.is_new,
            "score": self.score,
            "members": [
                {"version": member.version, "weight": member.times / self.size, "score": member.score}
                for member in self.members
            ],
            "scores": list(self.scores),
            "best": {"version": self.best.version, "score": self.best.score},
            "candidates": self.candidates,
            "without_weights": self.without_weights,
            "test": self.test,
        }


def make_ensemble(
    engine: Engine,
    study: StudyRecord,
    *,
    size: int = SIZE,
    candidates: int = CANDIDATES,
    test: bool = False,
    accept_changes: bool = False,
) -> Ensemble:
    """Choose among a study's stored models, and register one model that averages the chosen; see `Study.ensemble`."""
    if size < LEAST:
        raise UsageError(f"the size of the ensemble is {size}; expected {LEAST} or more")
    check_trains_models(study, "an ensemble")
    with Registry(with_password(engine.url)) as registry:
        stored = find_candidates(registry, engine, study, candidates)
        changed = accepted_differences(engine, study, accept=accept_changes)
        before = registry.origins(study.model)
        refs = [version.ref for version in stored.versions]
        asked = (with_password(engine.url), study, refs, size, changed)
        place = only_place("auto")
        chosen = call_in_child(choose_and_register, *asked, place=place)
        ref = f"{study.model}/{chosen.number}"
        if test and not test_figures(registry.get(ref)):
            like = dict(stored.versions[0].params)
            call_in_child(measure_derived, with_password(engine.url), ref, study.problem, like, place=place)
        measured = test_figures(registry.get(ref))
    members = tuple(Member(refs[place], times, chosen.alone[place]) for place, times in chosen.weights.items())
    best = min(range(len(refs)), key=lambda place: study.objective.key(chosen.alone[place]))
    return Ensemble(
        study=study.name,
        objective=study.objective,
        version=ref,
        is_new=chosen.number not in before.values(),
        score=chosen.scores[sum(chosen.weights.values()) - 1],
        members=members,
        scores=chosen.scores,
        best=Member(refs[best], 1, chosen.alone[best]),
        candidates=len(refs),
        without_weights=stored.without_weights,
        test=measured,
    )


@dataclass(frozen=True)
class Registered:
    """What the child process did.

    Args:
        number: the version's.
        weights: place among the candidates to how often that was chosen.
        scores: the average's after each choice.
        alone: each candidate's.
    """

    number: int
    weights: Mapping[int, int]
    scores: tuple[float, ...]
    alone: tuple[float, ...]


def choose_and_register(
    url: str, study: StudyRecord, refs: Sequence[str], size: int, changed: Sequence[str]
) -> Registered:
    """Do the work of `make_ensemble`; call it in a child process, for it imports TensorFlow."""
    from search.ensemble.library import Library
    from search.worker.recording.winner import winner_of

    started = time.monotonic()
    with Registry(url) as registry:
        versions = [registry.get(ref) for ref in refs]
        library = Library(study, versions)
        selection = library.select(size)
        if len(selection.weights) < LEAST:
            raise NotFoundError(
                f"no average of {len(refs)} models of {study.name!r} has a better {study.objective.metric} than "
                f"{refs[selection.members[0]]} alone ({selection.score:.6g}): nothing was registered"
            )
        model, metrics = library.average(selection), library.metrics(selection)
        version = register_derived(
            registry,
            study,
            winner_of(model, library.samples, built=False),
            origin=origin_of("ensemble", [(versions[n], times) for n, times in selection.weights.items()], *changed),
            score=metrics[study.objective.metric],
            epoch=1,
            curves={name: [value] for name, value in metrics.items()},
            seconds=time.monotonic() - started,
            parameters=int(model.count_params()),
            tags=derived_tags(ENSEMBLE_TAG, study, versions[0], changed),
        )
        return Registered(version.version, selection.weights, selection.scores, library.alone)
