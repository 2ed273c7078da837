"""Train a version again: with its params, its seed and its study's settings, in a fresh process."""

from __future__ import annotations

import os
from dataclasses import dataclass
from tempfile import TemporaryDirectory

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from registry import ModelVersion
from registry.core.database.engine import open_engine
from registry.core.database.transaction import reading
from registry.core.errors import NotFoundError
from registry.values.recipes.recipe import Recipe
from registry.values.recipes.retrained import Code, Retrained
from search.records.history.attempts import inexact_continuations
from search.records.settings import Settings
from search.records.studies import NO_PROBLEM, find_study
from search.reproduce.recorded_code import unpack
from search.reproduce.training import Order, train_again
from search.schema import SCHEMA, studies
from search.system.devices import find_gpus
from search.system.forkserver import call_in_child
from search.system.placement import Place

SLOW = "the training has gone on for a minute; Ctrl-C gives it up"


@dataclass(frozen=True)
class _OnRecord:
    """What the study's own tables say, where they are in this database."""

    settings: Settings | None = None
    notes: tuple[str, ...] = ()


def retrain(url: str, version: ModelVersion, recipe: Recipe | None, code: Code) -> Retrained:
    """Return what comes out of training a version of a study again on this machine.

    The registry calls it by the entry point ``registry.reproduce``.

    Args:
        url: the database.
        version: of it.
        recipe: what made the version; None where that was not recorded.
        code: the problem's source: ``current``, as it is found from the working folder; or ``recorded``, which is
            unpacked to a folder that is gone afterwards, and run.

    Raises:
        NotFoundError: the problem is not there, or what is needed was not recorded.
        ProblemError: the problem does not load, or its training fails.
    """
    engine = open_engine(url, must_exist=True)
    try:
        record = _on_record(engine, version)
    finally:
        engine.dispose()
    problem = version.source.problem
    if problem is None or problem == NO_PROBLEM:
        raise NotFoundError(f"{version.ref} has no problem on record, so nothing can train it again")
    settings = record.settings if recipe is None else Settings.from_dict(recipe.settings)
    if settings is None:
        raise NotFoundError(
            f"{version.ref} has no settings on record, and this database has no study {version.source.study!r}: "
            "how it was trained is not known"
        )
    place, note = _place(recipe)
    with TemporaryDirectory(prefix="reproduce-") as folder:
        files = unpack(version, recipe, folder) if code == "recorded" else None
        order = Order(url, version.ref, problem, settings, place, files, os.getcwd())
        result = call_in_child(train_again, order, slow=SLOW, place=place)
    return Retrained(**result, notes=(*record.notes, *filter(None, [note])))


def _on_record(engine: Engine, version: ModelVersion) -> _OnRecord:
    name = version.source.study
    if name is None or version.imported is not None:  # another's study may have the same name here
        return _OnRecord()
    if not sa.inspect(engine).has_table(studies.name):  # of a registry that no search has written to
        return _OnRecord()
    SCHEMA.check_readable(engine)
    with reading(engine) as connection:
        study = find_study(connection, name)
        if study is None:
            return _OnRecord()
        return _OnRecord(study.settings, inexact_continuations(connection, study.id, version.source.trial))


def _place(recipe: Recipe | None) -> tuple[Place, str | None]:
    """Return where to train, as the version was as far as this machine can; and what cannot be the same."""
    if recipe is None:
        return Place(None), None
    gpus = find_gpus() if recipe.device == "gpu" else []
    if recipe.device == "gpu" and not gpus:
        return Place(None, recipe.threads), "it was trained on a GPU; here is none, so the CPU trains it"
    return Place(gpus[0] if gpus else None, recipe.threads), None
