"""Which version of a study is trained once more; of an ensemble, which are its members."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from sqlalchemy.engine import Engine

from registry import ModelVersion, Registry
from registry.core.database.transaction import reading
from registry.core.errors import NotFoundError, UsageError
from registry.values.known_tags import ENSEMBLE_TAG
from search.records.history.events import find_confirmed
from search.records.studies import StudyRecord
from search.worker.recording.derived import own_versions
from search.worker.recording.origins import Origin, parse_origin


@dataclass(frozen=True)
class Chosen:
    """What is trained again.

    Args:
        version: a version that a trial gave, or an ensemble of such.
        members: the ensemble's, and how often each counts; empty where it is none.
    """

    version: ModelVersion
    members: tuple[tuple[ModelVersion, int], ...] = ()


def find_winner(registry: Registry, engine: Engine, study: StudyRecord) -> Chosen:
    """Return the version that won the study's confirmation; without one, that with the best score.

    Raises:
        NotFoundError: the study has no version.
    """
    with reading(engine) as connection:
        ended = find_confirmed(connection, study)
    if ended is not None:
        return Chosen(registry.get(ended["version"]))
    versions = own_versions(registry, engine, study)
    if not versions:
        raise NotFoundError(f"no trial of {study.name!r} has become a version yet: there is nothing to refit")
    return Chosen(versions[0])


def find_named(registry: Registry, study: StudyRecord, ref: str) -> Chosen:
    """Return the version that somebody names.

    Raises:
        NotFoundError: there is none, or a member of the ensemble is gone.
        UsageError: nothing says what to train again: it is of another problem, or was made of other than trials of
            this study.
    """
    version = registry.get(ref)
    origin = parse_origin(version.source.origin)
    ensemble = origin if origin is not None and origin.kind == ENSEMBLE_TAG else None
    if version.source.problem != study.problem or (version.source.origin is not None and ensemble is None):
        came = version.source.origin or f"of the problem {version.source.problem!r}"
        if ensemble is not None:
            came = f"an ensemble of the problem {version.source.problem!r}"
        raise UsageError(
            f"{version.ref} is {came}; expected a version that a trial of {study.problem!r} gave, whose params and "
            "epochs can be trained again, or an ensemble of such"
        )
    return Chosen(version) if ensemble is None else Chosen(version, _members(registry, study, version, ensemble))


def _members(
    registry: Registry, study: StudyRecord, ensemble: ModelVersion, origin: Origin
) -> tuple[tuple[ModelVersion, int], ...]:
    """Return the versions that an ensemble averages."""
    if ensemble.imported is not None:
        raise UsageError(
            f"{ensemble.ref} was imported from a bundle: its record, {ensemble.source.origin}, names versions of "
            f"another registry; expected an ensemble that was made here: search ensemble {shlex.quote(study.name)}"
        )
    return tuple((_member(registry, study, ensemble, ref), times) for ref, times in origin.members)


def _member(registry: Registry, study: StudyRecord, ensemble: ModelVersion, ref: str) -> ModelVersion:
    again = f"search ensemble {shlex.quote(study.name)}"
    try:
        member = registry.get(ref)
    except NotFoundError:
        raise NotFoundError(
            f"{ensemble.ref} averages {ref}, which is gone, so nobody knows its params; make another ensemble: {again}"
        ) from None
    if not member.is_of_trial:
        came = member.source.origin or "of no trial here"
        raise UsageError(
            f"{ensemble.ref} averages {ref}, which is {came}; expected an ensemble of versions that trials of "
            f"{study.name!r} gave, as it is made by: {again}"
        )
    other = member.source.study
    if other != study.name:
        raise UsageError(
            f"{ensemble.ref} averages models of the study {other!r}; expected an ensemble of {study.name!r}, or that "
            f"study's refit: search refit {shlex.quote(str(other))} --version {ensemble.ref}"
        )
    return member
