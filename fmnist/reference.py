"""Make the reference study: a search of Fashion-MNIST, the chapter's baselines, a confirmed champion and what it gives.

Every step continues what is there, so that an interrupted run goes on when it is started again; at the end the file is
made small.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fmnist.chapter.baselines import SEEDS, run_baselines
from fmnist.problem import fmnist
from registry import ModelVersion, Registry, UserError
from registry.core.errors import NotFoundError
from registry.values.known_tags import ENSEMBLE_TAG, REFIT_TAG
from search import Study
from search.confirm.ranking import Confirmed
from search.records.shown.status import StudyStatus
from search.refit.results import Refit, RefittedEnsemble
from search.system.forkserver import call_in_child

PLAIN, WIDE = "fmnist-reference", "fmnist-reference-wide"
CANDIDATES = 10  # models of the wide space among which an ensemble is chosen


@dataclass(frozen=True, slots=True)
class Plan:
    """How much the reference study searches.

    Args:
        trials: of the plain space.
        epochs: of such a trial at most.
        wide_trials: of the wide space.
        wide_epochs: of such a trial; its learning rate falls to zero in that time, so it is not stopped early.
        baselines: their names; none for all.
        seeds: of each baseline.
        top: configurations of the wide space that are confirmed.
        confirm_seeds: of each of them.
        refit_seeds: of the champion's training on all images but those of the test.
        ensemble: how many choices among the wide space's best models are averaged.
    """

    trials: int = 100
    epochs: int = 10
    wide_trials: int = 24
    wide_epochs: int = 30
    baselines: tuple[str, ...] = ()
    seeds: int = SEEDS
    top: int = 3
    confirm_seeds: int = 5
    refit_seeds: int = 3
    ensemble: int = 5


@dataclass(frozen=True, slots=True)
class Reference:
    """What was made.

    Args:
        path: the database.
        bytes: its size.
        plain: how the study of the plain space stands.
        wide: how the study of the wide space stands.
        confirmed: how the best of the wide space stand after their trainings on new seeds.
        taught: how the best of it by one seed stands after trainings by the ensemble; None without it.
        refit: trainings of the confirmed winner on training and validation images, by their labels.
        ensemble: the version that averages models of the wide space; None where no average beats the best of them, or
            fewer than two are stored.
        ensemble_refit: the trainings of its members on training and validation images, averaged; None without it.
    """

    path: Path
    bytes: int
    plain: StudyStatus
    wide: StudyStatus
    confirmed: Confirmed
    taught: Confirmed | None
    refit: Refit | RefittedEnsemble
    ensemble: ModelVersion | None
    ensemble_refit: Refit | RefittedEnsemble | None


def make_reference(
    path: Path, plan: Plan | None = None, *, report: Callable[[str], None] = lambda line: None
) -> Reference:
    """Make the reference study's file, or go on with it.

    The best three trials of the plain search become versions. Weights are kept by the best of them, by the best
    baseline, by the champion, by the ensemble, and by the version that `registry best` names.
    The others keep their record. So the file stays small enough to come with the source.

    Args:
        path: the SQLite file.
        plan: how much to search.
        report: called with a line about each step.

    Raises:
        UserError: a step fails.
    """
    plan = plan or Plan()
    storage = f"sqlite:///{path}"
    report(f"the plain space: {plan.trials} trials")
    plain = _search(PLAIN, "fmnist", plan.trials, storage, max_epochs=plan.epochs, top_k=3)
    report("the chapter's baselines")
    call_in_child(train_baselines, storage, plan)
    report(f"the wide space: {plan.wide_trials} trials")
    epochs = plan.wide_epochs
    settings = {"max_epochs": epochs, "patience": epochs, "top_k": CANDIDATES, "schedule": "full"}
    wide = _search(WIDE, "fmnist-wide", plan.wide_trials, storage, **settings)
    report(f"the best {plan.top} of it on {plan.confirm_seeds} new seeds")
    with closing(Study.open(WIDE, storage)) as study:
        confirmed = study.confirm(top=plan.top, seeds=plan.confirm_seeds)
        report(f"an ensemble of {plan.ensemble} of the wide space's models")
        ensemble = average(storage, plan.ensemble, report)
        taught = None
        if ensemble is not None:
            report(f"its best by one seed, taught by the ensemble, on {plan.confirm_seeds} new seeds")
            taught = study.confirm(top=1, seeds=plan.confirm_seeds, teacher=ensemble.ref)
        report(f"the winner of the confirmation on all images but those of the test, {plan.refit_seeds} seeds")
        refit = study.refit(version=confirmed.winner, seeds=plan.refit_seeds)
        ensemble_refit = None
        if ensemble is not None:
            report("the ensemble on all images but those of the test")
            ensemble_refit = study.refit(version=ensemble.ref)
    with Registry(storage) as registry:
        drop_weights(registry)
    return Reference(path, seal(path), plain, wide, confirmed, taught, refit, ensemble, ensemble_refit)


def average(storage: str, size: int, report: Callable[[str], None]) -> ModelVersion | None:
    """Return the ensemble of the wide space's stored models, made now unless it is there.

    Returns:
        None where none can be made; why is reported.
    """
    with Registry(storage) as registry:
        if (there := _ensemble(registry)) is not None:
            return there
    with closing(Study.open(WIDE, storage)) as study:
        try:
            study.ensemble(size=size, test=True)
        except NotFoundError as error:
            report(f"no ensemble: {error}")
    with Registry(storage) as registry:
        return _ensemble(registry)


def _ensemble(registry: Registry) -> ModelVersion | None:
    """Return what averages the wide space's models; not what averages their refits."""
    averages = registry.list(fmnist.name, where=f"tag.{ENSEMBLE_TAG} = '{WIDE}'")
    return next((version for version in averages if REFIT_TAG not in version.tags), None)


def drop_weights(registry: Registry) -> None:
    """Drop all weights but those that `make_reference` names."""
    best = {registry.best(fmnist.name, where=where).ref for where in (f"study = '{PLAIN}'", "tag.kind = 'baseline'")}
    best |= {registry.get(f"{fmnist.name}@champion").ref, registry.best(fmnist.name, loadable=True).ref}
    if (teacher := _ensemble(registry)) is not None:
        best.add(teacher.ref)
    versions = registry.list(fmnist.name)
    registry.drop_weights(fmnist.name, [version.version for version in versions if version.ref not in best])


def _search(name: str, problem: str, trials: int, storage: str, **settings: Any) -> StudyStatus:
    with closing(Study.create(name, problem=problem, trials=trials, storage=storage, **settings)) as study:
        return study.run()


def train_baselines(storage: str, plan: Plan) -> None:
    """Train and register the plan's baselines, in a process that has TensorFlow."""
    with Registry(storage) as registry:
        run_baselines(registry, plan.baselines, seeds=plan.seeds)


def seal(path: Path) -> int:
    """Make a SQLite file small and a single file, which reading leaves as it is; return its size in bytes.

    What was deleted leaves room in the file until it is vacuumed. A database in WAL mode makes two files beside it
    when it is read; sealed, it is not in that mode.

    Raises:
        UserError: another program has it open, or it is damaged.
    """
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            (check,) = connection.execute("PRAGMA integrity_check").fetchone()
            if check != "ok":
                raise UserError(f"{path} is damaged: {check}")
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("VACUUM")
            connection.execute("ANALYZE")
    except sqlite3.Error as error:
        raise UserError(f"{path} cannot be made small: {error}; stop what has it open, then run this again") from None
    return path.stat().st_size
