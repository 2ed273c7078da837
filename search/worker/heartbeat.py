"""A thread that keeps a worker's lease alive while it trains."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from search.errors import LeaseLost

logger = logging.getLogger(__name__)


class Heartbeat:
    """Call ``beat`` every few seconds until the block ends.

    A beat that fails for want of the database is tried again at the next turn: the lease outlives several beats.
    ``lost`` is set once a beat says that another worker holds the slot, ``stop`` once it says that the study is being
    stopped.

    Args:
        beat: prolongs the lease and tells whether to stop; raises `LeaseLost` where it is another worker's now.
        seconds: between beats.
    """

    def __init__(self, beat: Callable[[], bool], seconds: float) -> None:
        self.lost, self.stop = threading.Event(), threading.Event()
        self._beat, self._seconds = beat, seconds
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._done.wait(self._seconds):
            try:
                if self._beat():
                    self.stop.set()
            except LeaseLost:
                self.lost.set()
                return
            except Exception as error:
                logger.warning("a heartbeat failed, the next will try again: %s", error)
