"""Wait while the database is away, instead of giving up."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from registry.core.errors import DatabaseUnavailable
from search.timing import FIRST_RETRY_SECONDS, GIVE_UP_SECONDS, LONGEST_RETRY_SECONDS

logger = logging.getLogger(__name__)
T = TypeVar("T")


class Retry:
    """Call a function again and again, at growing intervals, until the database answers.

    Args:
        wait: waits for a number of seconds and tells whether it is time to give up.
    """

    def __init__(self, wait: Callable[[float], bool]) -> None:
        self._wait = wait

    def __call__(self, act: Callable[[], T]) -> T:
        """Return what the function returns.

        Raises:
            DatabaseUnavailable: it is time to give up, or the database was away for an hour.
        """
        pause, waited = FIRST_RETRY_SECONDS, 0.0
        while True:
            try:
                result = act()
            except DatabaseUnavailable as error:
                if not waited:
                    logger.warning("%s; trying again until it is back", error)
                if waited > GIVE_UP_SECONDS or self._wait(pause):
                    raise
                waited += pause
                pause = min(2 * pause, LONGEST_RETRY_SECONDS)
            else:
                if waited:
                    logger.warning("the database is back after about %.0f s", waited)
                return result
