"""Child processes, forked from a server that has imported what they need once: TensorFlow, unless nobody needs it."""

from __future__ import annotations

import atexit
import contextlib
import functools
import logging
import multiprocessing
import multiprocessing.connection
import multiprocessing.context
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from types import ModuleType
from typing import Any, TypeVar

from registry.core.error_text import one_line
from search.errors import ProblemError, TimeIsUp
from search.system.placement import Place
from search.system.process_tree import begin_session, end_at_end_of_file, end_session, end_with_creator
from search.system.runtime import configure, configure_environment
from search.system.safe_path import working_folder_left_out
from search.timing import EXIT_SECONDS, LOADING_SECONDS

logger = logging.getLogger(__name__)
T = TypeVar("T")

ONE_CORE = Place(None)


@functools.cache
def processes(tensorflow: bool = True) -> BaseContext:
    """Return how child processes are started: by a forkserver where there is one, else by spawning.

    The forkserver begins to import TensorFlow with the first child, or with `warm_up`; it does without where nothing
    has been asked of it yet but processes that need none.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = ForkServer()
    context.set_forkserver_preload(
        ["search.worker.process.preload" if tensorflow else "search.worker.process.preload_light"]
    )
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


def warm_up(*, tensorflow: bool = True) -> None:
    """Start the forkserver's import in the background, while this process does something else."""
    if processes(tensorflow).get_start_method() == "forkserver":
        from multiprocessing import resource_tracker
        from multiprocessing.forkserver import ensure_running

        resource_tracker.ensure_running()  # or the server would start it, which lets interrupts through again
        with _interrupts_held(), working_folder_left_out():  # interrupts until the server says that they are not for it
            ensure_running()


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C and SIGTERM back from this thread, and from the processes that it starts meanwhile."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def start_process(function: Callable[..., object], *args: Any, name: str | None = None, tensorflow: bool = True) -> Any:
    """Start a function in a child process, which has TensorFlow at hand where that is asked for; return the process."""
    warm_up(tensorflow=tensorflow)
    context: Any = processes(tensorflow)
    target, args = (function, args) if sys.version_info >= (3, 13) else (_call, (function, *args))
    process = context.Process(target=target, args=args, name=name)
    process.start()
    return process


def _call(function: Callable[..., object], *args: Any) -> None:
    """Call a child's function, and at its end what it has registered with `atexit`.

    Multiprocessing does so itself from Python 3.13 on. TensorFlow removes in this way the sources that it generates in
    the folder for temporary files.
    """
    atexit._clear()  # what was registered before the fork is the parent's
    try:
        function(*args)
    finally:
        atexit._run_exitfuncs()


def call_in_child(
    function: Callable[..., T],
    *args: Any,
    seconds: float | None = None,
    slow: str | None = None,
    place: Place = ONE_CORE,
    mixed_precision: bool = False,
    tensorflow: bool = True,
) -> T:
    """Call a function in a child process, and return or raise what it does.

    The child, and what it has started, is gone when this returns, also where it is interrupted.

    Args:
        function: of a module.
        args: its arguments.
        seconds: that it may take; None for any.
        slow: what is said once it has taken a minute; None for nothing.
        place: where it computes.
        mixed_precision: compute in float16 on a GPU, or in bfloat16 on a processor that has it.
        tensorflow: set TensorFlow up there, for the place; otherwise the function brings it where it needs it.

    Raises:
        ProblemError: the child ended without an answer.
        TimeIsUp: it took longer than it may.
    """
    receiver, sender = multiprocessing.Pipe(duplex=False)
    setup = functools.partial(configure, place.gpu, place.threads, mixed_precision=mixed_precision)
    if not tensorflow:
        setup = functools.partial(configure_environment, None, 1)
    process = start_process(_answer, sender, function, args, setup, tensorflow=tensorflow)
    sender.close()  # the child has its own
    answer: tuple[bool, Any] = (False, None)
    try:
        _wait_for_answer([receiver, process.sentinel], seconds, slow)
        if receiver.poll():
            answer = pickle.loads(receiver.recv_bytes())  # noqa: S301 - our own
            process.join(EXIT_SECONDS)
    except EOFError:
        pass  # it ended without one
    finally:
        process.kill()
        end_session(process.pid)
        process.join()
        receiver.close()
    done, value = answer
    if done:
        result: T = value
        return result
    if value is not None:
        raise value
    raise ProblemError(
        f"the process that loads the problem died (exit code {process.exitcode}); run it alone to see why: "
        "python -c 'import YOUR_MODULE' (or it ran out of memory)"
    )


def _wait_for_answer(sources: list[Connection | int], seconds: float | None, slow: str | None) -> None:
    """Wait for an answer or the child's end; say once that it takes long."""
    seconds_left = seconds
    if slow is not None and (seconds_left is None or seconds_left > LOADING_SECONDS):
        if multiprocessing.connection.wait(sources, LOADING_SECONDS):
            return
        logger.warning("%s", slow)
        seconds_left = None if seconds_left is None else seconds_left - LOADING_SECONDS
    if not multiprocessing.connection.wait(sources, seconds_left):
        raise TimeIsUp("the time was up before the problem was loaded; nothing has begun")


def _answer(sender: Connection, function: Callable[..., Any], args: tuple[Any, ...], setup: Callable[[], None]) -> None:
    """Call a function and send what it returns or raises."""
    _prepare_child()
    setup()
    answer: tuple[bool, Any]
    try:
        answer = (True, function(*args))
    except Exception as error:
        answer = (False, error)
    except BaseException as error:  # the problem's code may raise any
        answer = (False, ProblemError(describe_exit(error)))
    try:
        data = pickle.dumps(answer)
        pickle.loads(data)  # noqa: S301 - what cannot be read again must not be sent
    except Exception:
        data = pickle.dumps((False, ProblemError(one_line(answer[1]))))
    sender.send_bytes(data)


def describe_exit(error: BaseException) -> str:
    """Say of what ends processes, no ``Exception``, which the problem's code has raised, what it was and where."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = ""
    if trace is not None:
        place = f" in {os.path.basename(trace.tb_frame.f_code.co_filename)}, line {trace.tb_lineno}"
    asked = isinstance(error, SystemExit | KeyboardInterrupt)
    what = "asked its process to end" if asked else "raised what is no Exception"
    return f"the problem's code {what}{place}: {one_line(error)}"


def start_as_scripts_do() -> None:
    """Let the problem's code start processes as it would in a script of its own: by Python's default.

    Multiprocessing would start them as this one was started, where what is no module's, such as a local class of
    samples, cannot be sent, and each process imports all again.
    """
    multiprocessing.set_start_method(None, force=True)


def _prepare_child() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    start_as_scripts_do()
    begin_session()
    end_with_creator()
    parent = multiprocessing.parent_process()
    if parent is not None:
        end_at_end_of_file(parent.sentinel)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process with its parent: a killed parent cannot tell it to end."""
    wait_for_parent()
    end_session(os.getpid())
    os._exit(1)


def wait_for_parent() -> None:
    """Wait until the process that started this one has ended."""
    parent = multiprocessing.parent_process()
    if parent is None:
        threading.Event().wait()  # nothing to wait for
    else:
        parent.join()
