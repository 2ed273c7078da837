"""Train one model to its end, by the fast path or by Keras' own ``fit``."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from registry.core.error_text import one_line
from registry.core.errors import UserError
from registry.values.stop_reason import StopReason
from search.errors import CannotContinue, ProblemError, TimeLimit, TrainingEnded
from search.training.fitting.calls import FitCalls, FitDefaults
from search.training.fitting.epochs import EpochCallback
from search.training.fitting.outcome import returned_metrics
from search.training.fitting.own_callbacks import OwnCallbacks
from search.training.metrics import MetricReader
from search.training.monitor import Monitor
from search.training.resident.arrays import ResidentArrays
from search.training.resident.epochs import ResidentEpochs
from search.training.state.averages import averaged
from search.training.state.snapshot import Arrays, Snapshot

logger = logging.getLogger(__name__)


class Trainer:
    """Drive a model through its epochs and keep the weights of the best.

    Args:
        model: a Keras model; compiled, unless its HyperModel trains it by a loop of its own.
        monitor: decides after each epoch; its ``stop_reason`` says why the training ended.
        on_epoch: called after each finished epoch; may raise to give the training up.
        should_stop: asked within epochs; True raises `Interrupted`.
        clock: seconds.
        read: makes plain numbers of what a training reports.

    ``snapshot`` is the state after the last finished epoch; None before the first, and where the epochs are those of a
    loop of the user's own, which cannot be begun in its middle. ``trained`` is the model that was trained: another than
    the one that was built, where ``fit`` made models of its own.
    """

    def __init__(
        self,
        model: Any,
        monitor: Monitor,
        *,
        on_epoch: Callable[[Trainer], None] = lambda trainer: None,
        should_stop: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
        read: MetricReader | None = None,
    ) -> None:
        self.model, self.monitor, self.trained = model, monitor, model
        self.snapshot: Snapshot | None = None
        self._calls: Any = None  # `FitCalls`, where a HyperModel's fit trains
        self._best: Arrays = []
        self._best_model: Any = model
        self._on_epoch, self._should_stop, self._clock = on_epoch, should_stop, clock
        self._read = read or MetricReader()
        self._epoch_started = 0.0
        self._inexact: tuple[str, ...] = ()

    def fit_resident(
        self,
        train: ResidentArrays,
        validation: ResidentArrays,
        *,
        batch_size: int,
        seed: int,
        resume: Snapshot | None,
        callbacks: Sequence[Any] = (),
        make_epochs: Callable[..., ResidentEpochs] = ResidentEpochs,
    ) -> None:
        """Train by the fast path until the monitor or a callback ends it, then restore the best epoch's weights.

        Raises:
            CannotContinue: the state does not fit the model.
        """
        epochs = make_epochs(
            self.model,
            train,
            validation,
            batch_size=batch_size,
            seed=seed,
            should_stop=self._should_stop,
            read=lambda logs: self._read(logs, self.monitor.objective.metric.removeprefix("val_")),
        )
        monitor, own = self.monitor, OwnCallbacks(callbacks, self.model, self.monitor.limits.max_epochs, resume)
        own.begin()
        if resume is not None:
            self._inexact = (*resume.apply(self.model), *own.inexact)
            self._resume(resume)
        with self._until_time_limit():
            while monitor.stop_reason is None:
                self._begin_epoch()
                own.begin_epoch(monitor.epochs + 1)
                metrics = epochs.run(monitor.epochs + 1)
                self._end_epoch(metrics, self.model)
                if own.end_epoch(monitor.epochs, metrics) and monitor.stop_reason is None:
                    monitor.stop_reason = StopReason.MAX_EPOCHS  # as long as the problem's own code lets it train
                self.snapshot = Snapshot.take(self.model, self._best, monitor.state(), *own.state())
                self._on_epoch(self)
        own.end()
        self._restore_best()

    def fit_keras(
        self,
        fit: Callable[..., Any],
        data: Any,
        *,
        batch_size: int,
        seed: int,
        resume: Snapshot | None,
        asked_batch_size: int | None = None,
        later: bool = True,
    ) -> None:
        """Train by a HyperModel's ``fit``, called as KerasTuner calls it, and take its measure.

        Args:
            fit: called with the model, x and y (or a ``tf.data.Dataset``), ``sample_weight`` where there is one,
                ``validation_data`` and ``callbacks``; what it returns counts, see `returned_metrics`.
            data: the problem's `Data`.
            batch_size: samples a step, where ``fit`` does not say.
            seed: the order of arrays' samples is drawn from (seed, epoch), where ``fit`` shuffles them.
            resume: a state to continue after.
            asked_batch_size: the value of the hyperparameter ``batch_size``, where there is one.
            later: the objective may be reported after the first epoch, or be returned only.

        Raises:
            CannotContinue: the state does not fit the model.
            ProblemError: nothing that was reported or returned is the objective's value.
            Exception: what ``fit`` raises.
        """
        if resume is not None:
            self._resume(resume)
        self._later = later
        self._callback = EpochCallback(
            begin_training=lambda: self._calls.put_back(),
            begin_epoch=self._begin_epoch,
            end_epoch=self._end_keras_epoch,
            end_batch=self._after_batch,
            should_stop=self._should_stop,
        )
        limits = self.monitor.limits
        self._calls = FitCalls(
            self.model,
            self._callback,
            FitDefaults(limits.max_epochs, batch_size, asked_batch_size, seed),
            begin=self._begin_call,
            places=lambda: self.monitor.epochs,
            resume=resume,
        )
        self._best_call = 0 if resume is None else int(resume.progress["best_call"])
        positional, named = _arguments(data.train)
        self._begin_epoch()
        outcome = None
        with self._until_time_limit(), self._calls.watching():
            outcome = self._called(
                lambda: fit(
                    self.model, *positional, validation_data=data.validation, callbacks=[self._callback], **named
                )
            )
        if self._calls.due and not self.monitor.over:
            raise CannotContinue("the HyperModel's fit has trained in another way than before")
        self._conclude(outcome)

    @contextmanager
    def _until_time_limit(self) -> Iterator[None]:
        """Take a training that is given up at its time limit for one that has ended there."""
        try:
            yield
        except TimeLimit:
            self.monitor.stop_reason = StopReason.TIME_LIMIT

    @property
    def inexact(self) -> tuple[str, ...]:
        """What a training that was continued could not take over; nothing where it went on exactly."""
        return self._inexact if self._calls is None else tuple(sorted(self._calls.inexact))

    @property
    def holds_back(self) -> bool:
        """Whether a ``fit`` keeps a part of its training data for validation."""
        return self._calls is not None and self._calls.holds_back

    def _called(self, fit: Callable[[], Any]) -> Any:
        """Return what a ``fit`` returns; what we raised within it comes out of it, whatever it does about that."""
        failed: Exception | None = None
        outcome = None
        try:
            outcome = fit()
        except Exception as error:
            failed = error
        own = self._callback.raised
        if own is not None and not isinstance(own, TrainingEnded):
            raise own
        if failed is not None:
            if own is None and not isinstance(failed, TrainingEnded) and not self.monitor.over:
                raise _of_the_trial(failed)
            logger.debug("what fit did after the trial was over failed: %s", one_line(failed))
        return outcome

    def _resume(self, resume: Snapshot) -> None:
        self._best = resume.best
        self.monitor.restore(resume.monitor)
        self.snapshot = resume

    def _begin_epoch(self) -> None:
        self._epoch_started = self._clock()

    def _begin_call(self, model: Any, another: bool) -> None:
        if self.monitor.over:
            raise TrainingEnded
        if another:
            self.monitor.begin_stretch()
        if len(self._calls.calls) == self._best_call:
            self._best_model = model

    def _after_batch(self) -> None:
        if self._calls.due and self._calls.running is not None:
            self._calls.put_back(first_batch_is_over=True)

    def _end_keras_epoch(self, epoch: int, logs: Any) -> bool:
        model = self._calls.running
        if self._calls.due:
            raise CannotContinue("its fit is a loop of its own, which can only begin anew")
        if model is None and self.monitor.stop_reason is not None and self.monitor.score is not None:
            raise TrainingEnded  # a loop that does not heed model.stop_training
        metrics = self._read(logs, self.monitor.objective.metric)
        in_loop = model is None
        model = self._callback.model or self.model if in_loop else model
        better = self._end_epoch(metrics, model, later=self._later, measured_by_keras=not in_loop)
        if in_loop:
            self.snapshot, self._calls.last = None, model
        else:
            self._calls.ended_epoch(epoch, logs or {})
            if better:
                self._best_call = len(self._calls.calls) - 1
            progress = self._calls.progress() | {"best_call": self._best_call}
            state = self.monitor.state()
            self.snapshot = Snapshot.take(model, self._best, state, progress, self._calls.arrays())
        self._on_epoch(self)
        self._begin_epoch()
        return self.monitor.stop_reason is not None

    def _end_epoch(
        self, metrics: Mapping[str, float], model: Any, *, later: bool = False, measured_by_keras: bool = True
    ) -> bool:
        better = self.monitor.after_epoch(metrics, self._clock() - self._epoch_started, later=later)
        if better:
            # A loop of the user's own has measured the weights as they are.
            with averaged(model) if measured_by_keras else nullcontext():
                self._best, self._best_model = model.get_weights(), model
        return better

    def _conclude(self, outcome: Any) -> None:
        """Take what ``fit`` returned as the measure, unless the epochs have reported it already."""
        monitor = self.monitor
        reported = monitor.objective.metric in monitor.curves
        repeated = reported and (outcome is None or any(outcome is history for history in self._calls.histories))
        if repeated or (monitor.over and (reported or outcome is None)):
            self._restore_best()
            return
        read = self._read
        if monitor.epochs and outcome is None:
            raise monitor.no_metric({name: values[-1] for name, values in monitor.curves.items()})
        if monitor.conclude(returned_metrics(outcome, monitor.objective, read)):
            self.trained = self._chosen(self._calls.last)
        else:
            self._restore_best()

    def _restore_best(self) -> None:
        if self._best:
            self._best_model.set_weights(self._best)
        self.trained = self._chosen(self._best_model)

    def _chosen(self, model: Any) -> Any:
        """Return the built model where it is what was trained, or a part of it; else the one that was."""
        if model is None or model is self.model:
            return self.model
        trained = {id(variable) for variable in model.variables}
        return self.model if any(id(variable) in trained for variable in self.model.variables) else model


def _of_the_trial(failed: Exception) -> Exception:
    """Return what a ``fit`` raised as an error of its own, also where its code met one of ours elsewhere."""
    ours = isinstance(failed, UserError) and not isinstance(failed, ProblemError)
    return RuntimeError(one_line(failed)).with_traceback(failed.__traceback__) if ours else failed


def _arguments(train: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return training data as arguments of ``fit``: x and y by place, weights by name, as with KerasTuner."""
    if not isinstance(train, tuple):
        return (train,), {}
    if len(train) < 3 or train[2] is None:
        return train[:2], {}
    return train[:2], {"sample_weight": train[2]}
