"""Wait while the database or the artifact store is unavailable, instead of giving up."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from registry.core.errors import DatabaseUnavailable, StoreUnavailable
from search.timing import FIRST_RETRY_SECONDS, GIVE_UP_SECONDS, LONGEST_RETRY_SECONDS

logger = logging.getLogger(__name__)
T = TypeVar("T")


class Retry:
    """Call a function again and again, at growing intervals, until the database and the artifact store answer.

    Args:
        wait: waits for a number of seconds and tells whether it is time to give up.
    """

    def __init__(self, wait: Callable[[float], bool]) -> None:
        self._wait = wait

    def __call__(self, act: Callable[[], T], over: Callable[[], bool] = lambda: False) -> T:
        """Return what the function returns.

        Args:
            act: the function.
            over: tells, too, whether it is time to give up.

        Raises:
            DatabaseUnavailable: it is time to give up, or the database was away for an hour.
            StoreUnavailable: the same of the artifact store.
        """
        what = ""
        pause, waited = FIRST_RETRY_SECONDS, 0.0
        while True:
            try:
                result = act()
            except (DatabaseUnavailable, StoreUnavailable) as error:
                if not waited:
                    logger.warning("%s; trying again until it is back", error)
                what = "the artifact store" if isinstance(error, StoreUnavailable) else "the database"
                if waited > GIVE_UP_SECONDS or over() or self._wait(pause):
                    raise
                waited += pause
                pause = min(2 * pause, LONGEST_RETRY_SECONDS)
            else:
                if waited:
                    logger.warning("%s is back after about %.0f s", what, waited)
                return result
