"""Keep serving what a reference means: look again and again, and change over without failing a request."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from registry.api.registry import Registry
from registry.core.error_text import one_line
from registry.core.errors import DatabaseUnavailable, StoreUnavailable, UserError
from registry.prediction.predict import classes_of
from registry.serving.model.served_model import ServedModel, load_served
from registry.values.version import ModelVersion, Rebuild

POLL_SECONDS = 1.0
RETRY_SECONDS = 60.0  # before a version that could not be served is tried again

_log = logging.getLogger(__name__)


class Following:
    """What is served for a reference now.

    Args:
        registry: where the reference is looked up.
        ref: such as ``fmnist@champion``.
        rebuild: as for `ModelVersion.load`.
        clock: tells seconds.

    Raises:
        UserError: the reference means no version that can be served.
    """

    def __init__(
        self,
        registry: Registry,
        ref: str,
        rebuild: Rebuild | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ref = ref
        self.model: ServedModel = load_served(registry, registry.get(ref), rebuild)
        self.trouble: str | None = None  # why something else is served than what the reference means
        self._registry, self._rebuild, self._clock = registry, rebuild, clock
        self._refused: tuple[object, float] | None = None

    async def follow(self) -> None:
        """Look for ever, in a thread of its own, so that requests are answered meanwhile."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await asyncio.to_thread(self.look)

    def look(self) -> None:
        """Serve what the reference means now, or stay where we are and say why."""
        version = None
        try:
            version = self._registry.get(self.ref)
            if _identity(version) == _identity(self.model.version):
                self._note(None)
            elif self._refused is None or self._refused[0] != _identity(version) or self._clock() > self._refused[1]:
                self.model = load_served(self._registry, version, self._rebuild)
                self._note(None)
                _log.info("%s is %s now", self.ref, version.ref)
        except Exception as error:  # a fault of whatever kind ends no service
            passes = isinstance(error, DatabaseUnavailable | StoreUnavailable)
            if version is not None and not passes:
                self._refused = (_identity(version), self._clock() + RETRY_SECONDS)
            self._note(str(error) if isinstance(error, UserError) else one_line(error))

    def _note(self, trouble: str | None) -> None:
        if trouble is not None and trouble != self.trouble:
            _log.warning("%s stays on %s: %s", self.ref, self.model.version.ref, trouble)
        if trouble is None and self.trouble is not None:
            _log.warning("%s is well again, on %s", self.ref, self.model.version.ref)
        self.trouble = trouble


def _identity(version: ModelVersion) -> object:
    return version.ref, version.weights, classes_of(version)
