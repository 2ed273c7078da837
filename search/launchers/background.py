"""A search that goes on in the background of a notebook or a program."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait

from search.records.shown.status import StudyStatus
from search.timing import POLL_SECONDS


class BackgroundRun:
    """Workers that run while their caller goes on; when the caller's process ends, they stop in order.

    Args:
        name: the study's.
        run: runs the workers until they end, and returns how the study stands then.
        ask_to_stop: asks all workers of the study to stop; its trials are continued later.

    Example:
        >>> running = Study.open("fmnist").run(background=True)  # doctest: +SKIP
        >>> running.wait().best.score  # doctest: +SKIP
        0.89
    """

    def __init__(self, name: str, run: Callable[[], StudyStatus], ask_to_stop: Callable[[], None]) -> None:
        self._name, self._ask_to_stop = name, ask_to_stop
        self._ended: Future[StudyStatus] = Future()
        threading.Thread(target=self._run, args=(run,), name=f"search {name}", daemon=True).start()

    def _run(self, run: Callable[[], StudyStatus]) -> None:
        try:
            self._ended.set_result(run())
        except BaseException as error:  # whoever waits gets it
            self._ended.set_exception(error)

    @property
    def done(self) -> bool:
        """Tell whether the workers have ended."""
        return self._ended.done()

    def wait(self, seconds: float | None = None) -> StudyStatus:
        """Wait for the end, and return how the study stands then; Ctrl-C ends the waiting and not the search.

        Args:
            seconds: to wait at most; None for as long as it takes.

        Raises:
            TimeoutError: it has not ended by then.
            UserError: as `Study.run` raises it.
        """
        wait([self._ended], seconds)
        if not self.done:
            raise TimeoutError(f"{self._name!r} has not ended after {seconds:g} seconds; it goes on")
        return self._ended.result()

    def stop(self) -> StudyStatus:
        """Ask all workers of the study, on any machine, to stop; return how it stands once those here have ended."""
        while not self.done:
            self._ask_to_stop()  # again: workers that are just being started take an earlier wish back
            wait([self._ended], POLL_SECONDS)
        return self.wait()

    def __repr__(self) -> str:
        if not self.done:
            return f"<{self._name!r} runs in the background: wait(), stop()>"
        error = self._ended.exception()
        return f"<{self._name!r} has ended{'' if error is None else f': {error}'}>"
