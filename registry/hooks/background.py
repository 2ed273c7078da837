"""A thread that delivers while something else goes on, in a process that trains nothing itself."""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType

from sqlalchemy.engine import URL

from registry.core.database.engine import open_engine
from registry.core.errors import UserError
from registry.hooks.deliver import Deliverer
from registry.schema import SCHEMA

POLL_SECONDS = 2.0
LAST_SECONDS = 3.0  # in which what happened last is begun; what is left then waits for the next who delivers
ATTEMPT_SECONDS = 15.0  # that one under way is waited for; longer, and it is told again by another

logger = logging.getLogger(__name__)


class Background:
    """Deliver until the block ends, and once more then; no fault of a hook or of the database leaves this thread.

    Args:
        url: the database.
    """

    def __init__(self, url: str | URL) -> None:
        self._url, self._ends_at = url, float("inf")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hooks", daemon=True)

    def __enter__(self) -> Background:
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._ends_at = time.monotonic() + LAST_SECONDS
        self._stop.set()
        self._thread.join(LAST_SECONDS + ATTEMPT_SECONDS)

    def _run(self) -> None:
        engine = open_engine(self._url)
        deliverer = Deliverer(engine, commands=True)
        while not self._stop.wait(POLL_SECONDS):
            self._deliver(deliverer)
        self._deliver(deliverer)
        engine.dispose()

    def _deliver(self, deliverer: Deliverer) -> None:
        try:
            if SCHEMA.is_made(deliverer.engine):
                deliverer.deliver(lambda: time.monotonic() > self._ends_at)
        except UserError as error:
            logger.debug("hooks are told later: %s", error)
        except Exception:
            logger.warning("hooks are told later, for this is a fault of the program", exc_info=True)
