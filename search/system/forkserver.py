"""Child processes, forked from a server that has imported TensorFlow once."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import multiprocessing.context
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache
from multiprocessing.context import BaseContext
from types import ModuleType
from typing import Any, TypeVar

from search.errors import ProblemError

T = TypeVar("T")


@cache
def processes() -> BaseContext:
    """Return how child processes are started: by a forkserver where there is one, else by spawning.

    The forkserver begins to import TensorFlow with the first child, or with `warm_up`.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = ForkServer()
    context.set_forkserver_preload(["search.worker.preload"])
    return context


@contextmanager
def _main_left_out() -> Iterator[None]:
    """Keep a child from importing this process's script: it needs nothing of it, and the script may have no guard."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


class ForkServerChild(multiprocessing.context.ForkServerProcess):
    """A child of the forkserver that does not import its parent's script."""

    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802 - multiprocessing's name
        with _main_left_out():
            return multiprocessing.context.ForkServerProcess._Popen(process_obj)


class ForkServer(multiprocessing.context.ForkServerContext):
    """A forkserver whose children do not import their parent's script."""

    Process = ForkServerChild


def warm_up() -> None:
    """Start the forkserver's import in the background, while this process does something else."""
    if processes().get_start_method() == "forkserver":
        from multiprocessing.forkserver import ensure_running

        ensure_running()


def call_in_child(function: Callable[..., T], *args: Any) -> T:
    """Call a function in a child process that has TensorFlow, and return or raise what it does.

    Raises:
        ProblemError: the child died.
    """
    with ProcessPoolExecutor(1, mp_context=processes(), initializer=_on_cpu) as executor:
        try:
            return executor.submit(function, *args).result()
        except BrokenProcessPool:
            raise ProblemError(
                "the process that loads the problem died; run it alone to see why: "
                "python -c 'import YOUR_MODULE' (or it ran out of memory)"
            ) from None


def _on_cpu() -> None:
    from search.system.runtime import configure

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    threading.Thread(target=_end_with_parent, daemon=True).start()
    configure(None, 1)


def _end_with_parent() -> None:
    """End this process with its parent: a killed parent cannot tell it to end."""
    wait_for_parent()
    os._exit(1)


def wait_for_parent() -> None:
    """Wait until the process that started this one has ended."""
    parent = multiprocessing.parent_process()
    if parent is None:
        threading.Event().wait()  # nothing to wait for
    else:
        parent.join()
