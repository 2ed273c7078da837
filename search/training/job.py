"""What trains a trial's model, as the one who keeps the books sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from search.training.monitor import Monitor


@dataclass(frozen=True)
class Job:
    """A training, and whom it tells.

    Args:
        hp: a KerasTuner ``HyperParameters`` whose values come from the sampler; of an objective, its trial.
        monitor: takes each epoch's metrics; its ``stop_reason`` ends the training.
        seed: what all random numbers come from.
        resume: a checkpoint to continue after; None to begin.
        started: called once the model is built, with the values of all hyperparameters.
        built: called before the training with a Keras model; raises `TooLarge` where it is not to be trained.
        asked: called with the values so far whenever an objective has asked for another param.
        after_epoch: called after each epoch that the monitor took; may raise to give the training up.
        should_stop: asked within epochs; True raises `Interrupted`, and it may raise by itself: `TimeLimit` ends the
            training in order, with what its finished epochs gave.
    """

    hp: Any
    monitor: Monitor
    seed: int
    resume: bytes | None = None
    started: Callable[[Mapping[str, Any]], None] = lambda params: None
    after_epoch: Callable[[], None] = lambda: None
    should_stop: Callable[[], bool] = lambda: False
    asked: Callable[[Mapping[str, Any]], None] = lambda params: None
    built: Callable[[Any], None] = lambda model: None


class Training(Protocol):
    """Trains one model after another."""

    def run(self, job: Job) -> Any:
        """Train a model to its end and return it with the weights of its best epoch.

        Raises:
            MemoryError: there was not enough.
            Interrupted: ``should_stop`` said so.
            CannotContinue: the checkpoint does not fit the model.
            ProblemError: the problem does not work.
            Exception: anything else is the trial's own fault.
        """

    def checkpoint(self) -> bytes | None:
        """Return all that is needed to continue after the last finished epoch; None before the first."""

    def inexact(self) -> tuple[str, ...]:
        """Return what a training that was continued could not take over; nothing where it went on exactly."""

    def end(self) -> None:
        """Let go of the model."""
