"""Optuna's storage as a worker sees it: its own trial in memory, all others from the database.

The worker holds its trial's lease, so nobody else writes to it. What samplers and pruners write is gathered here and
goes to the database with the worker's next report, in one transaction that looks at the lease first.
"""

from __future__ import annotations

import copy
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

import sqlalchemy as sa
from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.engine import Connection, Engine

from registry.core.database.transaction import reading, writing
from search.optuna_bridge import tables
from search.optuna_bridge.direction import OPTUNA_DIRECTIONS
from search.optuna_bridge.studies import METRIC_NAMES
from search.optuna_bridge.tables import Changes
from search.optuna_bridge.view.several import as_ended
from search.records.studies import StudyRecord
from search.schema import OPEN, slots, studies


@dataclass(frozen=True, slots=True)
class OpenSlot:
    """A slot whose trial has begun and not finished.

    Args:
        trial_id: of its trial, in Optuna's tables.
        lease: how often it was claimed, or handed back.
        paused_at: since when it is set aside; None where it is not.
        until: the epoch after which it pauses; None for its end.
    """

    trial_id: int
    lease: int
    paused_at: float | None
    until: int | None


def _read_open_slots(connection: Connection, study_id: int, cached: Mapping[int, OpenSlot]) -> dict[int, OpenSlot]:
    """Return the slots whose trials have begun and not finished, by number.

    Of paused ones, which may be many, only those are read that have paused since the last reading.
    """
    begun = sa.and_(slots.c.study_id == study_id, OPEN, slots.c.trial_id.is_not(None))
    query = sa.select(slots.c.number, slots.c.trial_id, slots.c.lease, slots.c.paused_at, slots.c.until).where(begun)
    paused = {number: slot for number, slot in cached.items() if slot.paused_at is not None}
    last = max((slot.paused_at for slot in paused.values() if slot.paused_at is not None), default=0.0)
    moved = query.where(sa.or_(slots.c.paused_at.is_(None), slots.c.paused_at >= last))
    opened = paused | {row.number: OpenSlot(*row[1:]) for row in connection.execute(moved)}
    if not paused:
        return opened
    count = sa.select(sa.func.count()).select_from(slots).where(begun, slots.c.paused_at.is_not(None))
    if connection.execute(count).scalar_one() == sum(slot.paused_at is not None for slot in opened.values()):
        return opened
    return {row.number: OpenSlot(*row[1:]) for row in connection.execute(query)}  # some were closed meanwhile


class OptunaView(BaseStorage):
    """The trials of one study, for Optuna's samplers and pruners.

    A trial is read again until it has finished, and a paused one once each time that it has been claimed. The slots
    tell which ones those are, so that the cost of a reading depends on how many trials run, not on how many there
    were. A paused trial looks like a pruned one: it has a score, and may get no other.

    Args:
        engine: the database.
        study: our record of the study.
    """

    def __init__(self, engine: Engine, study: StudyRecord) -> None:
        self._engine, self._study = engine, study
        self._own: FrozenTrial | None = None
        self._changes = Changes()
        self._revision, self._last = 0, -1  # the last slot that was seen
        self._trials: dict[int, FrozenTrial] = {}
        self._unfinished: set[int] = set()  # numbers of slots, up to the last
        self._open: dict[int, OpenSlot] = {}  # by number, as they were read last
        self._changed: set[int] = set()  # numbers of trials, see `take_changed`

    # The worker's own trial

    def load_own_trial(self, trial_id: int) -> FrozenTrial:
        """Make a trial the worker's own and return it."""
        with reading(self._engine) as connection:
            self._own = next(tables.read_trials(connection, [trial_id]))
        self._changes = Changes()
        return self._own

    def rewind_to(self, steps: Container[int], system_attrs: dict[str, Any]) -> None:
        """Forget what the own trial reported at other steps: they will be trained again."""
        own = self._mine()
        own.intermediate_values = {step: v for step, v in own.intermediate_values.items() if step in steps}
        own.system_attrs = dict(system_attrs)

    @contextmanager
    def flushing(self) -> Iterator[Changes]:
        """Give the own trial's unwritten changes; they are cleared when the block ends without an error."""
        yield self._changes
        self._changes = Changes()

    def set_trial_param(
        self, trial_id: int, param_name: str, param_value_internal: float, distribution: BaseDistribution
    ) -> None:
        """Keep a proposed param until it is written."""
        own = self._mine(trial_id)
        own.params[param_name] = distribution.to_external_repr(param_value_internal)
        own.distributions[param_name] = distribution
        self._changes.params[param_name] = (param_value_internal, distribution)

    def set_trial_intermediate_value(self, trial_id: int, step: int, intermediate_value: float) -> None:
        """Keep an epoch's report until it is written."""
        self._mine(trial_id).intermediate_values[step] = intermediate_value
        self._changes.reports[step] = intermediate_value

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Keep an attribute until it is written."""
        self._mine(trial_id).user_attrs[key] = value
        self._changes.user_attrs[key] = value

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Keep what a sampler or pruner remembers until it is written."""
        self._mine(trial_id).system_attrs[key] = value
        self._changes.system_attrs[key] = value

    def _mine(self, trial_id: int | None = None) -> FrozenTrial:
        if self._own is None or trial_id not in (None, self._own._trial_id):
            raise ValueError(f"trial {trial_id} is not this worker's")
        return self._own

    # All trials

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """Return a trial by its id."""
        if self._own is not None and trial_id == self._own._trial_id:
            return _copied(self._own)
        with reading(self._engine) as connection:
            return next(tables.read_trials(connection, [trial_id]))

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Return the study's trials in the order of their numbers, without those that were dropped."""
        with reading(self._engine) as connection:
            self._refresh(connection)
        trials = dict(self._trials)
        if self._own is not None:
            trials[self._own.number] = _copied(self._own)
        chosen = [trials[number] for number in sorted(trials) if states is None or trials[number].state in states]
        return copy.deepcopy(chosen) if deepcopy else chosen

    def take_changed(self) -> dict[int, FrozenTrial | None]:
        """Return the trials that have changed since the last call, by number; None for those that were dropped."""
        with reading(self._engine) as connection:
            self._refresh(connection)
        changed: dict[int, FrozenTrial | None] = {number: self._trials.get(number) for number in self._changed}
        self._changed.clear()
        if self._own is not None:
            changed[self._own.number] = self._own
        return changed

    @property
    def last_begun(self) -> int:
        """The highest number of a slot that has begun, as it was read last; -1 for none."""
        return self._last

    def open_slots(self) -> Mapping[int, OpenSlot]:
        """Return the slots whose trials have begun and not finished, by their numbers, as they were read last."""
        return self._open

    def forget_own(self) -> None:
        """Have no trial of the worker's own any more: what becomes of it is read from the database."""
        self._own = None

    def _refresh(self, connection: Connection) -> None:
        query = sa.select(studies.c.revision).where(studies.c.id == self._study.id)
        revision = int(connection.execute(query).scalar_one())
        if revision != self._revision:
            self._forget(revision)
        before, self._open = self._open, _read_open_slots(connection, self._study.id, self._open)
        ended = self._newly_ended(connection)
        last = max([self._last, *self._open, *ended])
        self._unfinished.update(range(self._last + 1, last + 1))
        self._unfinished.difference_update(ended)
        self._last = last
        changed = {
            slot.trial_id
            for number, slot in self._open.items()
            if slot.paused_at is None or (before.get(number) is not slot and before.get(number) != slot)
        }
        changed |= {trial_id for trial_id in ended.values() if trial_id is not None}
        if self._own is not None:
            changed.discard(self._own._trial_id)
        for trial in tables.read_trials(connection, sorted(changed)):
            slot = self._open.get(trial.number)
            if slot is not None and slot.paused_at is not None:
                trial = as_ended(trial, self.get_study_directions(self._study.optuna_id))
            self._trials[trial.number] = trial
            self._changed.add(trial.number)

    def _newly_ended(self, connection: Connection) -> dict[int, int | None]:
        """Return the slots that have finished since the last reading, by number: their trials, None of dropped ones."""
        query = sa.select(slots.c.number, slots.c.trial_id, slots.c.dropped).where(
            slots.c.study_id == self._study.id, slots.c.state == "finished"
        )
        rows = list(connection.execute(query.where(slots.c.number > self._last)))
        gone = sorted(self._unfinished - self._open.keys())
        for start in range(0, len(gone), tables.MANY):
            rows += connection.execute(query.where(slots.c.number.in_(gone[start : start + tables.MANY])))
        return {row.number: None if row.dropped else row.trial_id for row in rows}

    def _forget(self, revision: int) -> None:
        self._revision, self._last = revision, -1
        self._changed.update(self._trials)
        self._trials.clear()
        self._unfinished.clear()
        self._open.clear()

    # The study

    def get_study_id_from_name(self, study_name: str) -> int:
        """Return Optuna's id of the study."""
        return self._study.optuna_id

    def get_study_name_from_id(self, study_id: int) -> str:
        """Return the study's name."""
        return self._study.name

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        """Return the objectives' directions."""
        return [OPTUNA_DIRECTIONS[objective.direction] for objective in self._study.objectives]

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        """Return nothing: what people read about a study is in our own tables."""
        return {}

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        """Return what samplers keep of the study."""
        with reading(self._engine) as connection:
            return tables.read_study_attrs(connection, study_id)

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        """Write what a sampler keeps of the study, at once: other workers count on it. Refuse the metrics' names."""
        if key == METRIC_NAMES:
            _refuse()
        with writing(self._engine) as connection:
            tables.put_study_attr(connection, study_id, key, value)

    # What a worker does by its lease, or never

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """Refuse: trials come from claimed slots."""
        _refuse()

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        """Refuse: trials end with their slot."""
        _refuse()

    def create_new_study(self, directions: Sequence[StudyDirection], study_name: str | None = None) -> int:
        """Refuse: a worker makes no studies."""
        _refuse()

    def delete_study(self, study_id: int) -> None:
        """Refuse: a worker deletes no studies."""
        _refuse()

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        """Refuse: a worker writes nothing about studies."""
        _refuse()

    def get_all_studies(self) -> list[FrozenStudy]:
        """Refuse: a worker sees its own study only."""
        _refuse()


def _copied(trial: FrozenTrial) -> FrozenTrial:
    """Return a copy that later changes of the trial do not reach."""
    new = copy.copy(trial)
    for name in ("params", "distributions", "user_attrs", "system_attrs", "intermediate_values"):
        setattr(new, name, dict(getattr(trial, name)))
    return new


def _refuse() -> NoReturn:
    raise NotImplementedError(
        "what runs in a trial may read and stop its study, and change nothing else of it: keep notes with "
        "trial.set_user_attr, and give params to the next trials by `search enqueue`"
    )
