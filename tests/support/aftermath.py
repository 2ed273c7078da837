"""What must hold of a study after a storm: nothing lost, nothing twice, nothing left over."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import optuna
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from registry import Registry
from registry.core.database.engine import open_engine
from registry.core.database.transaction import reading
from search.optuna_bridge.storage import closing_storage
from search.records.studies import StudyRecord, read_study
from search.records.trials import TrialRecord, read_trials
from search.schema import attempts, checkpoint_chunks, checkpoints, slots

CLOCK_SECONDS = 1e-3  # two readings of SQLite's clock may be of one millisecond


@dataclass(frozen=True)
class Check:
    """What was looked at, what was found, and whether that is as it should be; None where it may be anything."""

    what: str
    found: str
    good: bool | None = None


def examine(url: str, calm_url: str, name: str, log: Path, epochs: int) -> Iterator[Check]:
    """Look through a study after a storm.

    Args:
        url: the study's database.
        calm_url: the database of the same study without a storm.
        name: the study.
        log: where each finished epoch was noted by the worker itself.
        epochs: of each trial.
    """
    engine, calm_engine = open_engine(url), open_engine(calm_url)
    study, calm_study = read_study(engine, name), read_study(calm_engine, name)
    trials, calm = read_trials(engine, study.id), read_trials(calm_engine, calm_study.id)
    yield from _budget(engine, name, trials)
    yield from _attempts(engine, study, trials, epochs)
    yield from _repeated(log, trials, epochs, _lost(engine))
    differing = sum(_essence(one) != _essence(other) for one, other in zip(trials, calm, strict=True))
    yield Check("trials unlike those of a study without a storm", str(differing), differing == 0)
    yield from _registry(url, calm_url, study)
    left = _count(engine, checkpoints) + _count(engine, checkpoint_chunks)
    yield Check("checkpoints left", str(left), left == 0)
    engine.dispose()
    calm_engine.dispose()


def _budget(engine: Engine, name: str, trials: Sequence[TrialRecord]) -> Iterator[Check]:
    seen = of_optuna(engine, name)
    states = Counter(trial.state.name for trial in seen)
    numbers = [trial.number for trial in seen]
    good = numbers == list(range(len(trials))) == [one.trial for one in trials]
    yield Check("trials of Optuna's, as many as slots", f"{len(seen)} of {len(trials)}", good)
    yield Check("their states", listed(states), set(states) == {"COMPLETE"})
    told = all(
        (one.value, one.intermediate_values) == (ours.score, dict(enumerate(ours.curves["val_accuracy"], start=1)))
        for one, ours in zip(seen, trials, strict=True)
    )
    yield Check("values and reports, as in our curves", "all" if told else "not all", told)
    finished = sum(one.state == "finished" for one in trials)
    yield Check("slots finished", f"{finished} of {len(trials)}", finished == len(trials))


def of_optuna(engine: Engine, name: str) -> list[optuna.trial.FrozenTrial]:
    """Return a study's trials as Optuna's own tools see them."""
    with closing_storage(engine, readonly=True) as storage:
        return optuna.load_study(study_name=name, storage=storage).trials


def _attempts(engine: Engine, study: StudyRecord, trials: Sequence[TrialRecord], epochs: int) -> Iterator[Check]:
    query = (
        sa.select(attempts, slots.c.number)
        .join(slots, slots.c.id == attempts.c.slot_id)
        .order_by(attempts.c.slot_id, attempts.c.lease)
    )
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    outcomes = Counter(row.outcome or "running" for row in rows)
    good = outcomes["finished"] == len(trials) and not outcomes["running"]
    yield Check("attempts", listed(outcomes), good)
    of_slot: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        of_slot[row.number].append(row)
    last = all(own[-1].outcome == "finished" and own[-1].last_epoch == epochs for own in of_slot.values())
    yield Check("the last of each trial finished it", "all" if last else "not all", last)
    pairs = [pair for own in of_slot.values() for pair in pairwise(own)]
    overlaps = sum(one.ended_at > next_one.started_at + CLOCK_SECONDS for one, next_one in pairs)
    yield Check("attempts that overlap", str(overlaps), overlaps == 0)
    back = Counter(max(0, one.last_epoch + 1 - next_one.first_epoch) for one, next_one in pairs)
    yield Check("epochs gone back by an attempt: how often", listed(back), max(back, default=0) <= 1)


def _repeated(log: Path, trials: Sequence[TrialRecord], epochs: int, lost: int) -> Iterator[Check]:
    """Hold the epochs that were trained, as the workers' own notes have them, to those that were needed."""
    lines = Counter(tuple(line.split()[:2]) for line in log.read_text().splitlines())
    extra, needed = lines.total() - len(trials) * epochs, len(trials) * epochs
    yield Check("epochs trained", f"{lines.total()} for {needed} needed", len(lines) == needed)
    yield Check("repeated, at most one for each attempt lost", f"{extra} for {lost} lost", extra <= lost)


def _registry(url: str, calm_url: str, study: StudyRecord) -> Iterator[Check]:
    with Registry(url) as registry, Registry(calm_url) as calm:
        findings = registry.verify(grace=timedelta(0))
        yield Check("registry verify", "clean" if findings.clean else str(findings), findings.clean)
        found, expected = _versions(registry, study.model), _versions(calm, study.model)
        same = sum(found.get(trial) == version for trial, version in expected.items())
        good = 0 < same == len(expected) == len(found)
        yield Check("best versions: params, score, curves, weights' hash", f"{same} of {len(expected)} the same", good)
        all_trials = [version.source.trial for version in registry.list(study.model, limit=None)]
        twice = len(all_trials) - len(set(all_trials))
        yield Check("versions of the same trial", str(twice), twice == 0)


def _versions(registry: Registry, model: str) -> dict[int | None, object]:
    kept = [version for version in registry.list(model, limit=None) if version.weights is not None]
    return {
        one.source.trial: (
            one.score,
            one.epoch,
            dict(one.params),
            {metric: tuple(curve.values) for metric, curve in one.curves.items()},
            one.weights and one.weights.sha256,
            one.source.seed,
        )
        for one in kept
    }


def _essence(one: TrialRecord) -> object:
    return (one.trial, dict(one.params), one.score, one.best_epoch, one.stop_reason, one.epoch, dict(one.curves))


def _lost(engine: Engine) -> int:
    with reading(engine) as connection:
        query = sa.select(sa.func.count()).select_from(attempts).where(attempts.c.outcome == "lost")
        return int(connection.execute(query).scalar_one())


def _count(engine: Engine, table: sa.Table) -> int:
    with reading(engine) as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def listed(counts: Counter[Any]) -> str:
    """Return counts in words."""
    return ", ".join(f"{number} {name}" for name, number in sorted(counts.items())) or "none"
