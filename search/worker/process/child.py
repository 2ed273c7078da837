"""A worker in a child process of a pool: how it begins, when it stops, and its last word."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import Connection

from registry.core.errors import UserError
from search.errors import MetricError, Outdated, SettingsError
from search.system.forkserver import describe_exit, start_as_scripts_do, wait_for_parent
from search.system.placement import Place
from search.system.process_tree import begin_session, end_session, end_with_creator
from search.timing import ORPHAN_SECONDS
from search.worker.process.warned import show_each_warning_once
from search.worker.process.words import Speaker, Word


def work_in_child(url: str, study: str, place: Place, worker_id: str, folder: str, sender: Connection) -> None:
    """Run a worker in a child of a pool; its last word says how it ended."""
    from search.worker.worker import work

    begin_session()
    end_with_creator()
    start_as_scripts_do()
    stop = stop_on_signals()
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():
        return  # it was gone before this process began
    os.chdir(folder)
    threading.Thread(target=_stop_with_parent, args=(stop,), daemon=True).start()
    show_each_warning_once()
    say = Speaker(sender)
    try:
        work(url, study, place, worker_id=worker_id, stop=stop, say=say)
    except Outdated:
        say(Word.OUTDATED)
    except UserError as error:
        # What concerns the whole study is told once, by the pool's own process, from the study's row.
        say(Word.FAILED, None if isinstance(error, MetricError | SettingsError) else str(error))
    except Exception:
        raise  # a fault of the program's own
    except BaseException as error:  # of the problem's code, while it was loaded
        say(Word.FAILED, describe_exit(error))
    else:
        say(Word.DONE)


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set, instead of ending the process; SIGTERM ends those that it forks."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_end_by_sigterm)
    return stop


def _end_by_sigterm() -> None:
    """Let a forked process end when the problem's code says ``terminate()``; with this one's handler it would go on."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _stop_with_parent(stop: threading.Event) -> None:
    """Stop in order where the pool's own process is gone, and end where that takes too long.

    The pool's guard ends this worker, too, also where its Python cannot run.
    """
    wait_for_parent()
    stop.set()
    threading.Event().wait(ORPHAN_SECONDS)
    end_session(os.getpid())
    os._exit(1)
