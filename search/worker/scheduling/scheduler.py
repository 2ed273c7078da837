"""Carry a study's schedule out: claim what is next, pause what does not go on at once, close what is hopeless."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from optuna.trial import FrozenTrial
from sqlalchemy.engine import Engine

from registry import Registry
from registry.core.database.transaction import reading
from search.coordination.ending.conditions import end_study, epochs_left, grant_epochs, why_over
from search.coordination.lease import Lease
from search.coordination.paused import close_paused, count_new, paused_result
from search.coordination.slots import Claim
from search.errors import NoEpochsLeft
from search.optuna_bridge.outcome import IMPORTED_FROM
from search.optuna_bridge.pruners import compared
from search.optuna_bridge.view.worker_storage import OpenSlot, OptunaView
from search.records.studies import StudyRecord
from search.schedules.by_name import make_schedule
from search.schedules.contract import Begin, Resume, Step
from search.schedules.curves import Curves, CurveTable, TrialState
from search.schedules.predict import levels_from
from search.timing import LEASE_SECONDS
from search.worker.recording.registration import worth_recording
from search.worker.scheduling.ask import Ask, FixedParams
from search.worker.scheduling.front import LevelLosses

TRIES = 5  # to claim what the schedule says, where others are faster


class Scheduler:
    """Decide for a worker what it does next, by what all trials of the study have come to.

    Args:
        engine: the database.
        view: the study's trials.
        study: the study.
        registry: tells whether a trial that is closed is among the study's best.
    """

    def __init__(self, engine: Engine, view: OptunaView, study: StudyRecord, registry: Registry) -> None:
        self._engine, self._view, self._study, self._registry = engine, view, study, registry
        settings = study.settings
        self._schedule = make_schedule(settings.schedule, settings.max_epochs)
        self._table = CurveTable(self._schedule.levels)
        self._losses = LevelLosses(study.objectives, self._schedule.levels)
        self._opened: Mapping[int, OpenSlot] = {}  # the slots that the table was made of: the view goes on
        # Of a study that has changed some may be paused, though its schedule pauses none.
        self._pauses = settings.schedule != "full" or settings.epochs is not None or study.version > 1
        self._ask = Ask(engine, study.id, grant_epochs(study))

    @property
    def levels(self) -> list[int] | None:
        """After how many epochs samplers compare trials; None where each is trained to its end."""
        return levels_from(self._schedule.levels[0], self._study.settings.max_epochs)

    def claim(self, worker: str, *, seconds: float = LEASE_SECONDS, fixed_params: FixedParams) -> Claim | None:
        """Claim what a worker does next: what was begun and is nobody's, else what the schedule says.

        Returns:
            The claim; None where there is nothing to do now, or the study has ended itself.
        """
        if (why := why_over(self._engine, self._study)) is not None:
            end_study(self._engine, self._study, why)
            return None
        ask = replace(self._ask, worker=worker, seconds=seconds, fixed_params=fixed_params)
        if not self._pauses:  # the first free slot is always the next
            return ask.claim()
        with contextlib.suppress(NoEpochsLeft):
            return self._claim(ask)
        return None

    def go_on(self, lease: Lease) -> tuple[int | None, Mapping[str, Any] | None]:
        """Tell what becomes of a running trial that has come to where it pauses.

        Returns:
            The epoch until which it goes on at once; None where it is set aside. And what it was compared with, where
            it is hopeless and ends.
        """
        number = lease.claim.number
        curves, new = self._curves()
        as_paused = curves.as_paused(number)
        if number in self._schedule.hopeless(as_paused, new):
            return None, self.verdict(number)
        step = self._schedule.next_step(as_paused, new)
        if isinstance(step, Resume) and step.number == number:
            with contextlib.suppress(NoEpochsLeft):
                return lease.extend(step.until, self._ask.grant), None
        return None, None

    def verdict(self, number: int) -> Mapping[str, Any]:
        """Return what a trial that is closed is compared with: the others' values after its last epoch."""
        trials = self._view.get_all_trials(self._study.optuna_id, deepcopy=False)
        reports = {trial.number: trial.intermediate_values for trial in trials}
        own, objective = reports.get(number, {}), self._study.objective
        epoch = max(own, default=0)
        values = {peer: of_peer.get(epoch, math.nan) for peer, of_peer in reports.items() if peer != number}
        peers = {peer: value for peer, value in values.items() if not math.isnan(value)}
        return compared(self._study.settings.schedule, objective, epoch, own.get(epoch), peers)

    def _claim(self, ask: Ask) -> Claim | None:
        claim = ask.claim(new=False)
        for _ in range(TRIES):
            if claim is not None:
                break
            curves, new = self._curves()
            hopeless = self._close_hopeless(curves, new)
            if hopeless is not None:
                claim = ask.resume(hopeless, self._lease_of(hopeless), until=0)
                continue
            step = self._next_step(curves, new)
            if isinstance(step, Resume):
                claim = ask.resume(step.number, self._lease_of(step.number), until=step.until)
            elif isinstance(step, Begin):
                claim = ask.claim(until=step.until)
            else:
                self._end_without_epochs(curves)
                break
        return claim

    def _next_step(self, curves: Curves, new: int) -> Step | None:
        """Return what the schedule says; None where no epoch is left for it."""
        return self._schedule.next_step(curves, new) if self._has_epochs() else None

    def _has_epochs(self) -> bool:
        if self._study.settings.epochs is None:
            return True
        with reading(self._engine) as connection:
            return (epochs_left(connection, self._study) or 0) > 0

    def _end_without_epochs(self, curves: Curves) -> None:
        """End the study where its epochs are used up and no running trial can give any back."""
        if not curves.running.any() and not self._has_epochs():
            end_study(self._engine, self._study, f"its budget of {self._study.settings.epochs} epochs is used up")

    def _lease_of(self, number: int) -> int:
        return self._opened[number].lease

    def _curves(self) -> tuple[Curves, int]:
        """Return what the trials have come to, and how many may still begin."""
        changed = self._view.take_changed()
        self._opened = self._view.open_slots()
        for number, trial in changed.items():
            if trial is not None and IMPORTED_FROM in trial.user_attrs:
                continue  # it ended elsewhere, and takes nobody's place
            state = TrialState.NONE if trial is None else _state(self._opened.get(number))
            self._table.put(number, state, [] if trial is None else self._gains(trial))
            self._losses.put(number, trial)
        with reading(self._engine) as connection:
            new = count_new(connection, self._study.id, self._view.last_begun)
        return self._losses.with_layers(self._table.curves()), new

    def _gains(self, trial: FrozenTrial) -> list[float]:
        """Return a trial's curve, turned so that more is better; NaN where an epoch has no value."""
        reports = trial.intermediate_values
        epochs = range(1, max(reports, default=0) + 1)
        return [self._study.objective.gain(reports.get(epoch, math.nan), over=0.0) for epoch in epochs]

    def _close_hopeless(self, curves: Curves, new: int) -> int | None:
        """Close what can gain nothing any more; return a trial that needs its model for that: it is among the best."""
        paused = curves.best_first(curves.paused, -1)
        hopeless = self._hopeless(curves, new, paused)
        for number in (int(number) for number in paused if number in hopeless):
            lease, verdict = self._lease_of(number), self.verdict(number)
            result = paused_result(self._engine, self._study, number, lease, verdict)
            if result is None:
                continue
            better = np.count_nonzero(curves.best[:, -1] > curves.best[number, -1])
            among_best = better < self._study.settings.top_k or curves.layers is not None
            if among_best and worth_recording(self._registry, self._study, result):
                return number
            close_paused(self._engine, self._study, number, lease, verdict)
        return None

    def _hopeless(self, curves: Curves, new: int, paused: np.ndarray[Any, Any]) -> set[int]:
        """Return the numbers of paused trials, given the best first, that are to be closed."""
        if not curves.running.any() and self._next_step(curves, new) is None:
            return set(paused.tolist())
        keep = self._study.settings.keep_paused
        beyond = set() if keep is None else set(paused[keep:].tolist())
        beyond |= set(paused[curves.epochs[paused] >= self._schedule.levels[-1]].tolist())  # it had more to train once
        return beyond | set(self._schedule.hopeless(curves, new))


def _state(slot: OpenSlot | None) -> TrialState:
    if slot is None:
        return TrialState.ENDED
    return TrialState.RUNNING if slot.paused_at is None else TrialState.PAUSED
