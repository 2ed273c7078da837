"""A worker in a child process of a pool: how it begins, when it stops, and what it says where it cannot go on."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import Connection

from registry.core.errors import UserError
from search.errors import MetricError, SettingsError
from search.launchers.contract import FAILED, Child
from search.system.forkserver import processes, wait_for_parent
from search.system.placement import Place


def start_worker(url: str, study: str, place: Place, worker_id: str) -> Child:
    """Start a worker in a child process, in this folder."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = processes().Process(  # type: ignore[attr-defined]
        target=work_in_child, args=(url, study, place, worker_id, os.getcwd(), sender), name=worker_id
    )
    process.start()
    sender.close()  # the child has its own
    return Child(process, lambda: _receive(receiver))


def work_in_child(url: str, study: str, place: Place, worker_id: str, folder: str, sender: Connection) -> None:
    """Run a worker in a child of a pool; where it cannot go on, say why and exit with `FAILED`."""
    from search.worker.worker import work

    os.chdir(folder)
    stop = stop_on_signals()
    threading.Thread(target=_stop_with_parent, args=(stop,), daemon=True).start()
    try:
        work(url, study, place, worker_id=worker_id, stop=stop)
    except UserError as error:
        # What concerns the whole study is told once, by the pool's own process, from the study's row.
        if not isinstance(error, MetricError | SettingsError):
            sender.send(str(error))
        raise SystemExit(FAILED) from None


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set, instead of ending the process."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _stop_with_parent(stop: threading.Event) -> None:
    """Stop in order where the pool's own process is gone: nobody would replace or stop this worker."""
    wait_for_parent()
    stop.set()


def _receive(receiver: Connection) -> str | None:
    """Return what a child that has ended said, once; None where it said nothing."""
    try:
        return str(receiver.recv()) if receiver.poll() else None
    except (EOFError, OSError):
        return None
