"""A claimed trial while it is trained: what its training asks of it and tells it."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from typing import Any

import optuna
from optuna.distributions import BaseDistribution

from registry.core.error_text import storable
from search.coordination.checkpointing.checkpoints import Checkpoints
from search.coordination.lease import Lease
from search.errors import TooLarge
from search.optuna_bridge.view.several import FURTHER
from search.records.results import TrialResult
from search.records.settings import trial_seed
from search.training.job import Job
from search.training.monitor import Limits, Monitor
from search.worker.attempt.stops import Stops
from search.worker.context import WorkerContext
from search.worker.recording.costs import costs_of
from search.worker.recording.result import parameters_of, result_of

logger = logging.getLogger(__name__)


class RunningTrial:
    """A claimed trial under training.

    The fields ``monitor`` and ``hp`` are those of the job made last, ``parameters`` the count of its model, once that
    is built; ``after`` is the epoch that the training goes on after, ``until`` that after which the trial pauses.

    Args:
        context: the worker's tools.
        lease: the slot's.
        trial: Optuna's own, to ask for params.
        stops: whether the training is to be given up.
    """

    def __init__(self, context: WorkerContext, lease: Lease, trial: optuna.Trial, stops: Stops) -> None:
        self.context, self.lease, self.trial, self.stops = context, lease, trial, stops
        self._settings = settings = context.study.settings
        self._seed = trial_seed(settings, trial.number)
        self.pruner = context.watch(context.optuna_study, trial, settings)
        self.checkpoints = Checkpoints(lease, context.training.checkpoint, settings.checkpoint_seconds)
        self.monitor: Monitor
        self.hp: Any
        self.parameters: int | None = None
        self.after, self.until = 0, 0.0
        self.pause_after(lease.claim.until or settings.max_epochs)

    def job(self, resume: bytes | None, after_epoch: Callable[[], None]) -> Job:
        """Return what is to be trained: after a checkpoint, or from the beginning."""
        settings = self._settings
        limits = Limits(
            max_epochs=settings.max_epochs,
            patience=settings.patience,
            seconds=settings.trial_seconds,
            seconds_per_epoch=settings.max_seconds_per_epoch,
        )
        self.monitor = Monitor(self.context.study.objective, limits, self._judge)
        self.hp = self.context.make_params(self.trial, self._suggest, self.pruner)
        return Job(
            hp=self.hp,
            monitor=self.monitor,
            seed=self._seed,
            resume=resume,
            started=self._started,
            asked=self._asked,
            after_epoch=after_epoch,
            should_stop=self.stops.check,
            built=self.built,
        )

    def result(self, **others: Any) -> TrialResult:
        """Return what the trial has come to; ``others`` are what `result_of` takes besides."""
        objectives = self.context.study.objectives
        return result_of(
            self.trial.number,
            self._seed,
            self.hp.params,
            self.monitor,
            objectives,
            parameters=self.parameters,
            **others,
        )

    def pause_after(self, until: int) -> None:
        """Let the trial pause after an epoch, or train to its end, which a `fit` of folds has later."""
        self.until = math.inf if until >= self._settings.max_epochs else until

    def keep_checkpoint(self) -> None:
        """Keep what the training is after its last finished epoch."""
        self.checkpoints.save(self.monitor.epochs, self.pruner.state())

    def note(self, text: str) -> None:
        """Say on the trial and on this attempt how it was continued, for the report and for Optuna's tools."""
        self.context.view.set_trial_user_attr(self.lease.claim.trial_id, "continued", storable(text))
        self.context.retry(lambda: self.lease.note(storable(text)))
        logger.warning("trial %d %s", self.lease.claim.number, text)

    def built(self, model: Any) -> None:
        """Look at a model before it is trained.

        Raises:
            TooLarge: it has more parameters than the study allows.
        """
        self.stops.end_copy()
        context, most = self.context, self._settings.max_parameters
        self.parameters = parameters_of(model)
        if most is not None and self.parameters is not None and self.parameters > most:
            raise TooLarge(f"its model has {self.parameters} parameters, and {most} is the most")
        self.monitor.costs |= costs_of(model, context.samples, context.study.objectives)

    def _judge(self, epoch: int, value: float) -> Mapping[str, Any] | None:
        """Keep what samplers and pruners are to know of the other objectives, and ask the pruner."""
        further, monitor = self.context.study.objectives[1:], self.monitor
        if further and not self.context.study.is_objective:
            values = [[monitor.value(each.metric, n) for each in further] for n in range(1, monitor.epochs + 1)]
            self.context.view.set_trial_system_attr(self.lease.claim.trial_id, FURTHER, values)
        return self.pruner(epoch, value)

    def _suggest(self, name: str, distribution: BaseDistribution) -> Any:
        self.stops.end_copy()
        params = self.trial._cached_frozen_trial.params
        if name in params:  # it goes on, though the range may have changed meanwhile
            return params[name]
        return self.context.retry(lambda: self.trial._suggest(name, distribution))

    def _started(self, params: Mapping[str, Any]) -> None:
        self.stops.end_copy()

        def write() -> None:
            with self.context.view.flushing() as changes:
                self.lease.start(params, changes, self.after)

        self.context.retry(write)

    def _asked(self, params: Mapping[str, Any]) -> None:
        def write() -> None:
            with self.context.view.flushing() as changes:
                self.lease.add_params(params, changes)

        self.context.retry(write)
