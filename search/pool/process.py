"""Start a worker in a child process of a pool."""

from __future__ import annotations

import multiprocessing
import os

from search.pool.contract import Child
from search.system.forkserver import start_process
from search.system.placement import Place
from search.worker.process.child import work_in_child
from search.worker.process.words import hear


def start_worker(url: str, study: str, place: Place, worker_id: str, *, tensorflow: bool = True) -> Child:
    """Start a worker in a child process, in this folder; with TensorFlow at hand, or without."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    args = (url, study, place, worker_id, os.getcwd(), sender)
    process = start_process(work_in_child, *args, name=worker_id, tensorflow=tensorflow)
    sender.close()  # the child has its own
    return Child(process, lambda: hear(receiver))
