"""Make the reference study: a search of Fashion-MNIST, the chapter's baselines and a confirmed champion in one file.

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
from registry import Registry, UserError
from search import Study
from search.confirm.ranking import Confirmed
from search.records.status import StudyStatus
from search.system.forkserver import call_in_child

PLAIN, WIDE = "fmnist-reference", "fmnist-reference-wide"


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
    """

    trials: int = 100
    epochs: int = 10
    wide_trials: int = 40
    wide_epochs: int = 30
    baselines: tuple[str, ...] = ()
    seeds: int = SEEDS
    top: int = 5
    confirm_seeds: int = 5


@dataclass(frozen=True, slots=True)
class Reference:
    """What was made.

    Args:
        path: the database.
        bytes: its size.
        plain: how the study of the plain space stands.
        wide: how the study of the wide space stands.
        confirmed: how the best of the wide space stand after their trainings on new seeds.
    """

    path: Path
    bytes: int
    plain: StudyStatus
    wide: StudyStatus
    confirmed: Confirmed


def make_reference(
    path: Path, plan: Plan | None = None, *, tell: Callable[[str], None] = lambda line: None
) -> Reference:
    """Make the reference study's file, or go on with it.

    The best three trials of the plain search become versions. Weights are kept by the best of them, by the best seed of
    each baseline, by the champion and the training with the best score of the wide space's confirmation, and by the
    version that `registry best` names. So the file stays small enough to come with the source.

    Args:
        path: the SQLite file.
        plan: how much to search.
        tell: called with a line about each step.

    Raises:
        UserError: a step fails.
    """
    plan = plan or Plan()
    storage = f"sqlite:///{path}"
    tell(f"the plain space: {plan.trials} trials")
    plain = _search(PLAIN, "fmnist", plan.trials, storage, max_epochs=plan.epochs, top_k=3, schedule="full")
    tell("the chapter's baselines")
    call_in_child(train_baselines, storage, plan)
    tell(f"the wide space: {plan.wide_trials} trials")
    epochs = plan.wide_epochs
    settings = {"max_epochs": epochs, "patience": epochs, "top_k": 1, "schedule": "full"}
    wide = _search(WIDE, "fmnist-wide", plan.wide_trials, storage, **settings)
    tell(f"the best {plan.top} of it on {plan.confirm_seeds} new seeds")
    with closing(Study.open(WIDE, storage)) as study:
        confirmed = study.confirm(top=plan.top, seeds=plan.confirm_seeds)
    with Registry(storage) as registry:
        others = registry.list(fmnist.name, study=PLAIN, best_first=True)[1:] + registry.list(fmnist.name, study=WIDE)
        best = registry.best(fmnist.name).version
        registry.drop_weights(fmnist.name, [version.version for version in others if version.version != best])
    return Reference(path, seal(path), plain, wide, confirmed)


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
