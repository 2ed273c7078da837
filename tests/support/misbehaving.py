"""A problem whose trials end, or do not, in every way that a process can; a trial's params say in which.

Each way is a line of `WAYS`, with the stop reason that the trial must have then.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import keras
import keras_tuner
import numpy as np

from search import Data, Objective, Problem

FOREVER = 1e6
X = np.random.default_rng(0).normal(size=(32, 4)).astype(np.float32)
Y = (X.sum(axis=1) > 0).astype(np.float32)[:, None]


def raising(error: BaseException) -> Callable[[], None]:
    """Return what raises an error."""

    def act() -> None:
        raise error

    return act


def hang_natively() -> None:
    """Stay in native code that holds the interpreter's lock; a signal that ends one call is followed by the next."""
    while True:
        ctypes.PyDLL(None).sleep(int(FOREVER))


def leave_thread() -> None:
    """Leave a thread that Python would wait for."""
    threading.Thread(target=time.sleep, args=(FOREVER,)).start()


def leave_child(*, own_session: bool) -> None:
    """Leave a process, in the worker's session or in one of its own."""
    command = [sys.executable, "-c", "import time; time.sleep(1e6)"]
    subprocess.Popen(command, start_new_session=own_session)


def fork_child() -> None:
    """Leave a copy of this process that goes its own way."""
    if os.fork() == 0:
        time.sleep(FOREVER)


def leave_copy() -> None:
    """Leave a copy of this process that goes on as if the trial were its own."""
    os.fork()


# What a trial does before it trains, and the stop reason that it must have.
WAYS: dict[str, tuple[Callable[[], object], str]] = {
    "good": (lambda: None, "max_epochs"),
    "exit 0": (lambda: os._exit(0), "crashed"),
    "exit 1": (lambda: os._exit(1), "crashed"),
    "segmentation fault": (lambda: ctypes.string_at(0), "crashed"),
    "sys.exit()": (lambda: sys.exit(), "error"),
    "sys.exit(1)": (lambda: sys.exit(1), "error"),
    "KeyboardInterrupt": (raising(KeyboardInterrupt()), "error"),
    "odd text": (raising(ValueError("a file called \udcff\0")), "error"),
    "FailedTrialError": (raising(keras_tuner.errors.FailedTrialError("too large")), "error"),
    "MemoryError": (raising(MemoryError()), "out_of_memory"),
    "hang": (lambda: threading.Event().wait(), "time_limit"),
    "native hang": (hang_natively, "time_limit"),
    "hang after an epoch": (lambda: None, "time_limit"),
    "NaN": (lambda: None, "nan"),
    "thread left": (leave_thread, "max_epochs"),
    "child left": (lambda: leave_child(own_session=False), "max_epochs"),
    "child of its own left": (lambda: leave_child(own_session=True), "max_epochs"),
    "fork left": (fork_child, "max_epochs"),
    "copy left": (leave_copy, "max_epochs"),
}


class Misbehaving(keras_tuner.HyperModel):  # type: ignore[misc]
    """A small model, and a way to behave."""

    def build(self, hp: Any) -> Any:
        """Build it; where the params say so, misbehave here already."""
        way = hp.Choice("way", list(WAYS), default="good")
        if hp.Boolean("early", default=False) and WAYS[way][1] == "error":  # the others would end who looks at it
            WAYS[way][0]()
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, "sigmoid")])
        model.compile("sgd", "binary_crossentropy")
        return model

    def fit(self, hp: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        """Misbehave, then say what the score is."""
        way = hp.get("way")
        WAYS[way][0]()
        if way == "hang after an epoch":
            model.fit(*args, **{**kwargs, "epochs": 1})
            threading.Event().wait()
        return float("nan") if way == "NaN" else 0.5


misbehaving = Problem("misbehaving", Objective("val_loss", "min"), Misbehaving, lambda: Data((X, Y), (X, Y)))
