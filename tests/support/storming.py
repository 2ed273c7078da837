"""The workers of a kill storm: what they train, what they note, and where they die.

Each epoch's numbers follow from those before, so that a trial that loses or repeats one ends with others.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import signal
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from search.errors import Interrupted
from search.training.job import Job, Training

# Where a worker dies: a statement, and whether it dies before it, before the commit that follows, or after that.
POINTS = {
    "in the claim, its trial made": ("INSERT INTO search_attempts", "before"),
    "claimed, nothing asked": ("INSERT INTO search_attempts", "after"),
    "asked, params not written": ("INSERT INTO trial_params", "before"),
    "params written, not committed": ("INSERT INTO trial_params", "commit"),
    "an epoch reported, not committed": ("INSERT INTO trial_intermediate_values", "commit"),
    "in a checkpoint": ("INSERT INTO search_checkpoint_chunks", "before"),
    "checkpoint kept": ("INSERT INTO search_checkpoint_chunks", "after"),
    "in the registration": ("INSERT INTO registry_versions", "before"),
    "recorded, not told": ("UPDATE trials SET state", "before"),
    "told, not committed": ("UPDATE trials SET state", "commit"),
    "told": ("UPDATE trials SET state", "after"),
}
# And where a schedule pauses trials.
PAUSING = {
    "pausing": ("UPDATE search_slots SET paused_at", "before"),
    "paused, not committed": ("UPDATE search_slots SET paused_at", "commit"),
    "paused": ("UPDATE search_slots SET paused_at", "after"),
}


@dataclass(frozen=True)
class Fate:
    """Where a worker kills itself: at the n-th time that it gets to a point."""

    point: str
    times: int

    def arm(self) -> None:
        """Wait for the statement on every engine of this process."""
        text, when = (POINTS | PAUSING)[self.point]
        left, met = self.times, False

        def statement(_connection: Any, _cursor: Any, sql: str, *_others: Any) -> None:
            nonlocal left, met
            if text in sql:
                left -= 1
                if left == 0 and when == "before":
                    die()
                met = left <= 0

        def commit(_connection: Any) -> None:
            nonlocal when
            if met and when == "commit":
                die()
            if met:
                when = "now"

        def begin(_connection: Any) -> None:
            if when == "now":
                die()

        for name, act in (("before_cursor_execute", statement), ("commit", commit), ("begin", begin)):
            sa.event.listen(sa.Engine, name, act)


def die() -> None:
    """End this process as the system would: at once."""
    os.kill(os.getpid(), signal.SIGKILL)


def small_model(state: str) -> Any:
    """Return a Keras model of two numbers, the same for the same state."""
    import keras

    model = keras.Sequential([keras.Input((1,), name="input"), keras.layers.Dense(1, name="dense")], name="model")
    model.set_weights([np.array(number, "float32") for number in ([[int(state[:6], 16)]], [int(state[6:12], 16)])])
    return model


class PaperTraining:
    """Trains on paper, and gives back a small model for the state it came to; a `search.training.job.Training`.

    Args:
        seconds: how long an epoch takes.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._state: dict[str, Any] | None = None

    def run(self, job: Job) -> Any:
        """Go from state to state."""
        hp, monitor = job.hp, job.monitor
        asked = (hp.Float("rate", 1e-4, 1.0, sampling="log"), hp.Int("units", 16, 512), hp.Choice("kind", ["a", "b"]))
        now = best = _next(f"{job.seed} {asked}")
        if job.resume is not None:
            found = json.loads(job.resume)
            now, best = found["now"], found["best"]
            monitor.restore(found["monitor"])
        job.started(hp.values)
        while monitor.stop_reason is None:
            if job.should_stop():
                raise Interrupted
            time.sleep(self._seconds)  # what a GPU would take
            now = _next(now)
            if monitor.after_epoch({"val_accuracy": int(now[:12], 16) / 16**12, "loss": int(now[12:20], 16)}, 0.0):
                best = now
            self._state = {"now": now, "best": best, "monitor": monitor.state()}
            job.after_epoch()
        return small_model(best)

    def checkpoint(self) -> bytes | None:
        """Return the state after the last epoch."""
        return None if self._state is None else json.dumps(self._state).encode()

    def inexact(self) -> tuple[str, ...]:
        """Return nothing: a state is all there is to continue with."""
        return ()

    def end(self) -> None:
        """Forget it."""
        self._state = None


def _next(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()


class Noted:
    """A training that notes each epoch that it finishes, before anybody else knows of it."""

    def __init__(self, training: Training, log: Path) -> None:
        self._training, self._log = training, log
        self.checkpoint, self.inexact, self.end = training.checkpoint, training.inexact, training.end

    def run(self, job: Job) -> Any:
        """Train, and note one line an epoch: the trial's seed, the epoch, the process."""

        def after_epoch() -> None:
            with self._log.open("a") as file:
                file.write(f"{job.seed} {job.monitor.epochs} {os.getpid()}\n")
            job.after_epoch()

        return self._training.run(replace(job, after_epoch=after_epoch))


def work(url: str, name: str, log: Path, fate: Fate | None, lease_seconds: float, seconds: float | None) -> None:
    """Be a worker in this process, until the study is done or fate comes.

    Args:
        url: the database.
        name: the study.
        log: where epochs are noted.
        fate: where the process kills itself, if it does.
        lease_seconds: how long its leases last.
        seconds: that an epoch on paper takes; None to train real Keras models.
    """
    # Not above: they bring TensorFlow, which the forkserver has, and the process that drives needs not.
    from registry.core.database.engine import open_engine
    from search.coordination import slots
    from search.system.retry import Retry
    from search.worker.context import open_context, open_keras_context
    from search.worker.worker import Worker, read_checked

    logging.basicConfig(level=logging.ERROR, format="%(process)d: %(message)s")
    engine, stop = open_engine(url, must_exist=True), threading.Event()
    study = Retry(stop.wait)(lambda: read_checked(engine, name))
    if fate is not None:
        fate.arm()
    if seconds is None:
        from search.system.runtime import configure

        configure(None, 1)
        context = open_keras_context(engine, url, study, stop)
        context.training = Noted(context.training, log)
    else:
        training = Noted(PaperTraining(seconds), log)
        context = open_context(engine, url, study, stop, training, space=lambda: None)  # type: ignore[arg-type,return-value]
    Worker(context, device="cpu", worker_id=slots.new_worker_id(), lease_seconds=lease_seconds).run(stop)
