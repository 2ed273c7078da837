"""Train each configuration several times, as one trial whose score is the mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from statistics import fmean
from typing import Any

import numpy as np

from registry.values.stop_reason import StopReason
from search.errors import CannotContinue, ProblemError
from search.records.settings import derive_seed
from search.training.job import Job, Training
from search.training.monitor import Monitor, Verdict
from search.training.repeats.combined import combine
from search.training.state.archive import pack, unpacked

FORMAT = 2
Arrays = Sequence[np.ndarray[Any, Any]]


@dataclass
class Progress:
    """How far a trial has come.

    Args:
        ended: the states of the monitors of the trainings that have ended.
        running: that of the training under way; None between two.
        best: the weights of the best training that has ended; empty before.
        inner: the checkpoint of the training under way; None between two.
        of: what the trainings are, such as ``3 folds``.
    """

    ended: list[Mapping[str, Any]] = field(default_factory=list)
    running: Mapping[str, Any] | None = None
    best: Arrays = ()
    inner: bytes | None = None
    of: str = ""

    def to_bytes(self) -> bytes:
        """Pack as an ``.npz`` archive without pickles."""
        head = {"format": FORMAT, "of": self.of, "ended": self.ended, "running": self.running, "best": len(self.best)}
        arrays = {f"best.{place}": array for place, array in enumerate(self.best)}
        if self.inner is not None:
            arrays["inner"] = np.frombuffer(self.inner, np.uint8)
        return pack(head, arrays)

    @classmethod
    def from_bytes(cls, data: bytes) -> Progress:
        """Unpack what `to_bytes` packed.

        Raises:
            CannotContinue: the bytes are damaged, or of another version of this program.
        """
        with unpacked(data, FORMAT) as (head, archive):
            best = [archive[f"best.{place}"] for place in range(head["best"])]
            inner = archive["inner"].tobytes() if "inner" in archive.files else None
            return cls(head["ended"], head["running"], best, inner, head["of"])


class RepeatedTraining:
    """Train a configuration several times, one after the other; see `Training`.

    The first training has the trial's own seed, so it is what the trial would be without the others; the seeds of the
    others are derived from it. The trial ends with the last training, or with the first that is pruned, diverges or
    meets the time limit. The model that is returned has the weights of the best training's best epoch.

    Args:
        kind: ``repeat`` or ``fold``, for the names of curves; see `combine`.
        count: how many trainings.
        make: returns what trains the training of a number, from 0.
    """

    def __init__(self, kind: str, count: int, make: Callable[[int], Training]) -> None:
        self._kind, self._count, self._make = kind, count, make
        self._of = f"{count} {kind}s"
        self._forget()

    def run(self, job: Job) -> Any:
        """Train to the last training's end and return a model with the best one's weights.

        Raises:
            CannotContinue: the checkpoint does not fit the model, or is of other trainings.
            ProblemError: the trainings' models have different weights.
        """
        self._forget()
        if job.resume is not None:
            self._progress = Progress.from_bytes(job.resume)
            if self._progress.of != self._of:
                raise CannotContinue(f"the checkpoint is of {self._progress.of}; expected one of {self._of}")
        outer = job.monitor
        if len(self._progress.ended) == self._count and outer.stop_reason is None:
            outer.stop_reason = StopReason.MAX_EPOCHS
        model = self._train(job, job.started)
        while outer.stop_reason is None:
            model = self._train(job, lambda params: None)
        if self._progress.best:
            try:
                model.set_weights(self._progress.best)
            except ValueError as error:
                raise ProblemError(
                    f"each {self._kind} of a trial must train the same model, but build made others of the same params"
                ) from error
        return model

    def checkpoint(self) -> bytes | None:
        """Return all that is needed to go on in the training under way; None where that cannot be continued."""
        progress, running = self._progress, self._running
        if running is None:
            return progress.to_bytes() if progress.ended else None
        inner = None if self._training is None else self._training.checkpoint()
        if inner is not None:
            return replace(progress, running=running.state(), inner=inner).to_bytes()
        between = progress.ended and not running.epochs and progress.inner is None
        return progress.to_bytes() if between else None

    def inexact(self) -> tuple[str, ...]:
        """Return what trainings that were continued could not take over."""
        now = () if self._training is None else self._training.inexact()
        return tuple(sorted({*self._inexact, *now}))

    def end(self) -> None:
        """Let go of the models."""
        self._end_training()
        self._forget()

    def _forget(self) -> None:
        self._progress = Progress(of=self._of)
        self._running: Monitor | None = None
        self._training: Training | None = None
        self._inexact: set[str] = set()

    def _end_training(self) -> None:
        if self._training is not None:
            self._inexact |= set(self._training.inexact())
            self._training.end()
            self._training = None

    def _train(self, job: Job, started: Callable[[Mapping[str, Any]], None]) -> Any:
        """Train once, or go on with it; return the model."""
        self._end_training()
        number = min(len(self._progress.ended), self._count - 1)
        self._training = self._make(number)
        self._running = self._monitor(job.monitor)
        self._report(job.monitor, self._progress.running)
        model = self._training.run(
            replace(
                job,
                monitor=self._running,
                seed=derive_seed(job.seed, number) if number else job.seed,
                resume=self._progress.inner,
                started=started,
                after_epoch=partial(self._after_epoch, job),
            )
        )
        self._close(job, self._running, model)
        return model

    def _monitor(self, outer: Monitor) -> Monitor:
        """Return what follows one training: the trial's time is that of all."""
        seconds = outer.limits.seconds
        if seconds is not None:
            seconds -= sum(state["seconds"] for state in self._progress.ended)
        limits = replace(outer.limits, seconds=seconds)
        return Monitor(outer.objective, limits, partial(self._prune, outer), stop_reason=outer.stop_reason)

    def _prune(self, outer: Monitor, epoch: int, value: float) -> Verdict | None:
        """Ask the pruner about an epoch of the first training; from then on, about the mean at its place."""
        ended, running = [state["score"] for state in self._progress.ended], self._running
        if not ended or running is None:
            return outer.prune(epoch, value)
        most = outer.limits.max_epochs
        now = value if running.score is None else running.score
        return outer.prune(len(ended) * most + min(epoch, most), fmean([*ended, now]))

    def _after_epoch(self, job: Job) -> None:
        running, outer = self._running, job.monitor
        if running is None:
            return
        self._report(outer, running.state())
        if running.stop_reason is None:  # else all is told once the training is closed
            job.after_epoch()
            running.stop_reason, running.pruned_by = outer.stop_reason, outer.pruned_by

    def _close(self, job: Job, ended: Monitor, model: Any) -> None:
        """Take what a training has come to, and decide whether another follows."""
        outer, progress = job.monitor, self._progress
        self._running = None
        if ended.epochs:
            scores = [state["score"] for state in progress.ended]
            is_best = ended.score is not None and all(outer.objective.is_better(ended.score, than=s) for s in scores)
            best = model.get_weights() if is_best else progress.best
            self._progress = Progress([*progress.ended, ended.state()], None, best, of=self._of)
        self._report(outer, None)
        if outer.stop_reason is None:
            outer.stop_reason, outer.pruned_by = self._ending(outer, ended)
        job.after_epoch()

    def _ending(self, outer: Monitor, last: Monitor) -> tuple[StopReason | None, Verdict | None]:
        """Return why the trial ends with its last training, and what it is pruned by; None where another follows."""
        count = len(self._progress.ended)
        if last.score is None:
            return last.stop_reason if last.over else StopReason.NAN, last.pruned_by
        if last.over:
            return last.stop_reason, last.pruned_by
        if count >= self._count:
            return last.stop_reason or StopReason.MAX_EPOCHS, None
        if count > 1:
            mean = fmean(state["score"] for state in self._progress.ended)
            verdict = outer.prune(count * outer.limits.max_epochs, mean)
            return (None, None) if verdict is None else (StopReason.PRUNED, verdict)
        return None, None

    def _report(self, outer: Monitor, running: Mapping[str, Any] | None) -> None:
        """Let the trial's monitor say what all trainings have come to."""
        trainings = [*self._progress.ended, *([] if running is None else [running])]
        now = combine(self._kind, trainings, outer.objective)
        outer.curves, outer.epochs, outer.seconds = now.curves, now.epochs, now.seconds
        outer.score, outer.epoch = now.score, now.epoch
