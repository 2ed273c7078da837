"""Train one model to its end, by the fast path or by Keras' own ``fit``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from registry.values.stop_reason import StopReason
from search.errors import ProblemError, TimeLimit
from search.training.keras_fit import EpochCallback, FitDefaults, with_fit_defaults
from search.training.monitor import Monitor
from search.training.resident import ResidentArrays, ResidentEpochs
from search.training.snapshot import Arrays, Snapshot


class Trainer:
    """Drive a compiled model through its epochs and keep the weights of the best.

    Args:
        model: a compiled Keras model.
        monitor: decides after each epoch; its ``stop_reason`` says why the training ended.
        on_epoch: called after each finished epoch; may raise to give the training up.
        should_stop: asked within epochs; True raises `Interrupted`.
        clock: seconds.

    ``snapshot`` is the state after the last finished epoch; None before the first.
    """

    def __init__(
        self,
        model: Any,
        monitor: Monitor,
        *,
        on_epoch: Callable[[Trainer], None] = lambda trainer: None,
        should_stop: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.model, self.monitor = model, monitor
        self.snapshot: Snapshot | None = None
        self._best: Arrays = []
        self._on_epoch, self._should_stop, self._clock = on_epoch, should_stop, clock
        self._epoch_started = 0.0
        self._callback: EpochCallback | None = None

    def fit_resident(
        self,
        train: ResidentArrays,
        validation: ResidentArrays,
        *,
        batch_size: int,
        seed: int,
        resume: Snapshot | None,
    ) -> None:
        """Train by the fast path until the monitor ends it, then restore the best epoch's weights."""
        epochs = ResidentEpochs(
            self.model, train, validation, batch_size=batch_size, seed=seed, should_stop=self._should_stop
        )
        self._resume(resume)
        with self._until_time_limit():
            while self.monitor.stop_reason is None:
                self._epoch_started = self._clock()
                self._end_epoch(epochs.run(self.monitor.epochs + 1))
        self._restore_best()

    def fit_keras(
        self, fit: Callable[..., Any], data: Any, *, batch_size: int, seed: int, resume: Snapshot | None
    ) -> None:
        """Train by a HyperModel's own ``fit`` (called as KerasTuner calls it), then restore the best weights.

        Args:
            fit: called with the model, the training data, ``validation_data`` and ``callbacks``; returns a History,
                a dict of metrics or the objective's value.
            data: the problem's `Data`.
            batch_size: samples a step, where ``fit`` does not say.
            seed: the order of arrays' samples is drawn from (seed, epoch), where ``fit`` shuffles them.
            resume: a state to continue after.
        """
        self._resume(resume)
        callback = EpochCallback(self._begin_epoch, self._end_epoch_and_ask, self._should_stop)
        defaults = FitDefaults(
            epochs=self.monitor.limits.max_epochs,
            initial_epoch=self.monitor.epochs,
            batch_size=batch_size,
            seed=seed,
            callbacks=[] if resume is None else resume.monitor["callbacks"],
        )
        with_fit_defaults(self.model, callback, defaults)
        self._callback = callback
        train = data.train if isinstance(data.train, tuple) else (data.train,)
        with self._until_time_limit():
            outcome = fit(self.model, *train, validation_data=data.validation, callbacks=[callback])
            if not self.monitor.epochs:
                self._end_epoch(self._as_metrics(outcome))
        self._restore_best()

    @contextmanager
    def _until_time_limit(self) -> Iterator[None]:
        """Take a training that is given up at its time limit for one that has ended there."""
        try:
            yield
        except TimeLimit:
            self.monitor.stop_reason = StopReason.TIME_LIMIT

    def _resume(self, resume: Snapshot | None) -> None:
        if resume is not None:
            resume.apply(self.model)
            self._best = resume.best
            self.monitor.restore(resume.monitor)
            self.snapshot = resume
        self._begin_epoch()

    def _begin_epoch(self) -> None:
        self._epoch_started = self._clock()

    def _end_epoch(self, metrics: Mapping[str, float]) -> None:
        if self.monitor.after_epoch(metrics, self._clock() - self._epoch_started):
            self._best = self.model.get_weights()
        own = self._callback and self._callback.states
        state = self.monitor.state() | {"callbacks": own.states() if own else []}
        self.snapshot = Snapshot.take(self.model, self._best, state)
        self._on_epoch(self)

    def _end_epoch_and_ask(self, metrics: Mapping[str, float]) -> bool:
        self._end_epoch(metrics)
        return self.monitor.stop_reason is not None

    def _as_metrics(self, outcome: Any) -> Mapping[str, float]:
        """Read what a HyperModel's ``fit`` returned without running our callbacks, as KerasTuner reads it."""
        if isinstance(outcome, Mapping):
            return outcome
        if isinstance(outcome, (int, float)):
            return {self.monitor.objective.metric: float(outcome)}
        raise ProblemError(
            f"the HyperModel's fit returned {type(outcome).__name__} and called no callback; expected that it passes "
            "**kwargs on to model.fit, or returns the objective's value or a dict of metrics"
        )

    def _restore_best(self) -> None:
        if self._best:
            self.model.set_weights(self._best)
