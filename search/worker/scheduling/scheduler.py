"""Carry a study's schedule out: claim what is next, pause what does not go on at once, close what is hopeless."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from optuna.trial import FrozenTrial
from sqlalchemy.engine import Engine

from registry import Registry
from registry.core.database.transaction import reading
from search.coordination.ending.conditions import end_study, epochs_left, grant_epochs, why_over
from search.coordination.lease import Lease
from search.coordination.paused import close_paused, count_new, paused_result
from search.coordination.slots import Claim
from search.errors import NoEpochsLeft
from search.optuna_bridge.pruners import compared
from search.optuna_bridge.worker_storage import OpenSlot, OptunaView
from search.records.studies import StudyRecord
from search.schedules.by_name import make_schedule
from search.schedules.contract import Begin, Resume, ScheduledTrial, Step, TrialState
from search.timing import LEASE_SECONDS
from search.worker.recording.registration import worth_recording
from search.worker.scheduling.ask import Ask, FixedParams

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
        self._pauses = settings.schedule != "full" or settings.epochs is not None
        self._ask = Ask(engine, study.id, grant_epochs(study))

    @property
    def compared_after(self) -> int | None:
        """The epochs after which trials are compared for the first time; None where each is trained to its end."""
        return self._schedule.first if self._schedule.first < self._study.settings.max_epochs else None

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
        trials, new = self._trials()
        here = next(trial for trial in trials if trial.number == lease.claim.number)
        as_paused = [replace(trial, state=TrialState.PAUSED) if trial is here else trial for trial in trials]
        if here.number in self._schedule.hopeless(as_paused, new):
            return None, self._compared(here, trials)
        step = self._schedule.next_step(as_paused, new)
        if isinstance(step, Resume) and step.number == here.number:
            with contextlib.suppress(NoEpochsLeft):
                return lease.extend(step.until, self._ask.grant), None
        return None, None

    def verdict(self, number: int) -> Mapping[str, Any]:
        """Return what a paused trial is compared with that is closed."""
        trials, _ = self._trials()
        return self._compared(next(trial for trial in trials if trial.number == number), trials)

    def _claim(self, ask: Ask) -> Claim | None:
        claim = ask.claim(new=False)
        for _ in range(TRIES):
            if claim is not None:
                break
            trials, new = self._trials()
            hopeless = self._close_hopeless(trials, new)
            if hopeless is not None:
                claim = ask.resume(hopeless.number, self._lease_of(hopeless.number), until=0)
                continue
            step = self._next_step(trials, new)
            if isinstance(step, Resume):
                claim = ask.resume(step.number, self._lease_of(step.number), until=step.until)
            elif isinstance(step, Begin):
                claim = ask.claim(until=step.until)
            else:
                self._end_without_epochs(trials)
                break
        return claim

    def _next_step(self, trials: Sequence[ScheduledTrial], new: int) -> Step | None:
        """Return what the schedule says; None where no epoch is left for it."""
        return self._schedule.next_step(trials, new) if self._has_epochs() else None

    def _has_epochs(self) -> bool:
        if self._study.settings.epochs is None:
            return True
        with reading(self._engine) as connection:
            return (epochs_left(connection, self._study) or 0) > 0

    def _end_without_epochs(self, trials: Sequence[ScheduledTrial]) -> None:
        """End the study where its epochs are used up and no running trial can give any back."""
        if not _any_runs(trials) and not self._has_epochs():
            end_study(self._engine, self._study, f"its budget of {self._study.settings.epochs} epochs is used up")

    def _lease_of(self, number: int) -> int:
        return self._view.open_slots()[number].lease

    def _trials(self) -> tuple[list[ScheduledTrial], int]:
        """Return all trials that have begun, and how many may still begin."""
        trials = self._view.get_all_trials(self._study.optuna_id, deepcopy=False)
        opened = self._view.open_slots()
        with reading(self._engine) as connection:
            new = count_new(connection, self._study.id)
        return [_scheduled(trial, opened.get(trial.number), self._study) for trial in trials], new

    def _close_hopeless(self, trials: Sequence[ScheduledTrial], new: int) -> ScheduledTrial | None:
        """Close what can gain nothing any more; return a trial that needs its model for that: it is among the best."""
        paused = [trial for trial in trials if trial.state is TrialState.PAUSED]
        paused.sort(key=lambda trial: (-trial.best(trial.epochs), trial.number))
        numbers = self._hopeless(trials, new, paused)
        for trial in [trial for trial in paused if trial.number in numbers]:
            lease, verdict = self._lease_of(trial.number), self._compared(trial, trials)
            result = paused_result(self._engine, self._study, trial.number, lease, verdict)
            if result is None:
                continue
            better = sum(other.best(other.epochs) > trial.best(trial.epochs) for other in trials)
            if better < self._study.settings.top_k and worth_recording(self._registry, self._study, result):
                return trial
            close_paused(self._engine, self._study, trial.number, lease, verdict)
        return None

    def _hopeless(self, trials: Sequence[ScheduledTrial], new: int, paused: Sequence[ScheduledTrial]) -> set[int]:
        """Return the numbers of paused trials, given the best first, that are to be closed."""
        if not _any_runs(trials) and self._next_step(trials, new) is None:
            return {trial.number for trial in paused}
        keep = self._study.settings.keep_paused
        beyond = set() if keep is None else {trial.number for trial in paused[keep:]}
        return beyond | set(self._schedule.hopeless(trials, new))

    def _compared(self, trial: ScheduledTrial, trials: Sequence[ScheduledTrial]) -> dict[str, Any]:
        epoch, objective = trial.epochs, self._study.objective
        peers = {
            peer.number: objective.gain(peer.values[epoch - 1], over=0.0)
            for peer in trials
            if peer.number != trial.number and peer.epochs >= epoch > 0 and not math.isnan(peer.values[epoch - 1])
        }
        value = objective.gain(trial.values[-1], over=0.0) if trial.values else None
        return compared(self._study.settings.schedule, objective, epoch, value, peers)


def _any_runs(trials: Sequence[ScheduledTrial]) -> bool:
    return any(trial.state is TrialState.RUNNING for trial in trials)


def _scheduled(trial: FrozenTrial, slot: OpenSlot | None, study: StudyRecord) -> ScheduledTrial:
    reports = trial.intermediate_values
    epochs = range(1, max(reports, default=0) + 1)
    values = [study.objective.gain(reports.get(epoch, math.nan), over=0.0) for epoch in epochs]
    if slot is None:
        return ScheduledTrial(trial.number, TrialState.ENDED, values, len(values))
    state = TrialState.PAUSED if slot.paused else TrialState.RUNNING
    return ScheduledTrial(trial.number, state, values, slot.until or study.settings.max_epochs)
