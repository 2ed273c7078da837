"""What must hold of a study after a storm: nothing lost, nothing twice, nothing left over."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import optuna
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from registry import ModelVersion, Registry
from registry.core.database.engine import open_engine
from registry.core.database.transaction import reading
from search.optuna_bridge.storage import closing_storage
from search.records.studies import StudyRecord, read_study
from search.records.trials import TrialRecord, ranked, read_trials
from search.schema import attempts, checkpoint_chunks, checkpoints, slots
from tests.support.invariants import Check, invariants

CLOCK_SECONDS = 1e-3  # two readings of SQLite's clock may be of one millisecond


def examine(url: str, calm_url: str, name: str, log: Path, epochs: int | None) -> Iterator[Check]:
    """Look through a study after a storm.

    Args:
        url: the study's database.
        calm_url: the database of the same study without a storm, all of whose trials trained to their end.
        name: the study.
        log: where each finished epoch was noted by the worker itself.
        epochs: of each trial; None where a schedule decided.
    """
    engine, calm_engine = open_engine(url), open_engine(calm_url)
    study, calm_study = read_study(engine, name), read_study(calm_engine, name)
    trials, calm = read_trials(engine, study.id), read_trials(calm_engine, calm_study.id)
    yield from _budget(engine, name, trials, {"COMPLETE"} if epochs else {"COMPLETE", "PRUNED"})
    yield from _attempts(engine, study, trials)
    if epochs is not None:
        short = sum(trial.epoch != epochs for trial in trials)
        yield Check("trials of other lengths", str(short), short == 0)
    yield from _repeated(log, trials, _lost(engine))
    differing = sum(not _begins_as(one, other) for one, other in zip(trials, calm, strict=True))
    yield Check("trials unlike those of a study without a storm", str(differing), differing == 0)
    yield from _registry(url, calm_url, study, trials)
    yield from invariants(engine)
    left = _count(engine, checkpoints) + _count(engine, checkpoint_chunks)
    yield Check("checkpoints left", str(left), left == 0)
    engine.dispose()
    calm_engine.dispose()


def _budget(engine: Engine, name: str, trials: Sequence[TrialRecord], expected: set[str]) -> Iterator[Check]:
    seen = of_optuna(engine, name)
    states = Counter(trial.state.name for trial in seen)
    numbers = [trial.number for trial in seen]
    good = numbers == list(range(len(trials))) == [one.trial for one in trials]
    yield Check("trials of Optuna's, as many as slots", f"{len(seen)} of {len(trials)}", good)
    yield Check("their states", listed(states), set(states) == expected)
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


def _attempts(engine: Engine, study: StudyRecord, trials: Sequence[TrialRecord]) -> Iterator[Check]:
    query = (
        sa.select(attempts, slots.c.number)
        .join(slots, slots.c.id == attempts.c.slot_id)
        .order_by(attempts.c.slot_id, attempts.c.lease)
    )
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    outcomes = Counter(row.outcome or "running" for row in rows)
    of_slot: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        of_slot[row.number].append(row)
    closed = sum(own[-1].outcome == "paused" for own in of_slot.values())  # while nobody had them
    good = outcomes["finished"] + closed == len(trials) and not outcomes["running"]
    yield Check("attempts", listed(outcomes), good)
    lengths = {trial.slot: trial.epoch for trial in trials}
    last = all(
        own[-1].outcome in ("finished", "paused") and own[-1].last_epoch == lengths[number]
        for number, own in of_slot.items()
    )
    yield Check("the last of each trial came to its end", "all" if last else "not all", last)
    pairs = [pair for own in of_slot.values() for pair in pairwise(own)]
    overlaps = sum(one.ended_at > next_one.started_at + CLOCK_SECONDS for one, next_one in pairs)
    yield Check("attempts that overlap", str(overlaps), overlaps == 0)
    back = Counter(max(0, one.last_epoch + 1 - next_one.first_epoch) for one, next_one in pairs)
    yield Check("epochs gone back by an attempt: how often", listed(back), max(back, default=0) <= 1)


def _repeated(log: Path, trials: Sequence[TrialRecord], lost: int) -> Iterator[Check]:
    """Hold the epochs that were trained, as the workers' own notes have them, to those that were needed."""
    lines = Counter(tuple(line.split()[:2]) for line in log.read_text().splitlines())
    needed = sum(trial.epoch for trial in trials)
    extra = lines.total() - needed
    yield Check("epochs trained", f"{lines.total()} for {needed} needed", len(lines) == needed)
    yield Check("repeated, at most one for each attempt lost", f"{extra} for {lost} lost", extra <= lost)


def _registry(url: str, calm_url: str, study: StudyRecord, trials: Sequence[TrialRecord]) -> Iterator[Check]:
    with Registry(url) as registry, Registry(calm_url) as calm:
        findings = registry.verify(grace=timedelta(0))
        yield Check("registry verify", "clean" if findings.clean else str(findings), findings.clean)
        found, whole = _versions(registry, study.model), _versions(calm, study.model)
        best = {trial.trial: trial for trial in ranked(study.objective, trials)[: study.settings.top_k]}
        same = sum(number in found and _is_of(found[number], trial) for number, trial in best.items())
        good = 0 < same == len(best) == len(found)
        yield Check("best versions: params, score, curves as the trials'", f"{same} of {len(best)}", good)
        pairs = [(found[trial], whole[trial]) for trial in found.keys() & whole.keys()]
        twins = [(one, other) for one, other in pairs if one.epoch == other.epoch]
        equal = sum(one.weights == other.weights and one.source.seed == other.source.seed for one, other in twins)
        text = f"{equal} of {len(twins)} with the same best epoch"
        yield Check("their weights' hashes, as without a storm", text, 0 < equal == len(twins))
        all_trials = [version.source.trial for version in registry.list(study.model, limit=None)]
        twice = len(all_trials) - len(set(all_trials))
        yield Check("versions of the same trial", str(twice), twice == 0)


def moved(url: str, folder: Path) -> Iterator[Check]:
    """Take all versions with weights to another registry by a bundle, twice; there is all of them once, and whole."""
    with Registry(url) as registry, Registry(f"sqlite:///{folder}/moved.db", create=True) as other:
        kept = [version for model in registry.models() for version in registry.list(model.name, limit=None)]
        kept = [version for version in kept if version.weights is not None]
        registry.bundle([version.ref for version in kept], folder / "all.bundle")
        added = other.import_bundle(folder / "all.bundle").added
        again = other.import_bundle(folder / "all.bundle")
        arrived = [other.get(ref) for ref in added]
        same = sum(
            (one.weights, dict(one.params), dict(one.curves)) == (there.weights, dict(there.params), dict(there.curves))
            for one, there in zip(kept, arrived, strict=True)
        )
        clean = other.verify(grace=timedelta(0)).clean
        good = len(kept) == same == len(again.present) and not again.added and clean
        yield Check("versions moved by a bundle, once", f"{same} of {len(kept)}", good)


def _versions(registry: Registry, model: str) -> dict[int | None, ModelVersion]:
    kept = [version for version in registry.list(model, limit=None) if version.weights is not None]
    return {version.source.trial: version for version in kept}


def _is_of(version: ModelVersion, trial: TrialRecord) -> bool:
    curves = {metric: list(curve.values) for metric, curve in version.curves.items()}
    theirs = (trial.score, trial.best_epoch, dict(trial.params), dict(trial.curves))
    return (version.score, version.epoch, dict(version.params), curves) == theirs


def _begins_as(trial: TrialRecord, whole: TrialRecord) -> bool:
    """Tell whether a trial is the beginning of one that trained to its end, or all of it."""
    beginning = {metric: values[: trial.epoch] for metric, values in whole.curves.items()}
    score = max(value for value in beginning["val_accuracy"] if value is not None)
    facts = (trial.trial, dict(trial.params), trial.score, dict(trial.curves))
    return facts == (whole.trial, dict(whole.params), score, beginning) and (
        trial.epoch < whole.epoch or (trial.best_epoch, trial.stop_reason) == (whole.best_epoch, whole.stop_reason)
    )


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
