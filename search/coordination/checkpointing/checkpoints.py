"""Keep a running trial's checkpoint: when it is due, what it holds, and whether it is whole."""

from __future__ import annotations

import hashlib
import json
import logging
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from search.coordination.checkpointing.store import StoredCheckpoint
from search.coordination.lease import Lease
from search.timing import CHECKPOINT_SECONDS

logger = logging.getLogger(__name__)

SHARE = 0.03  # of the time that they may cost then


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a trial is continued from.

    Args:
        epoch: the last finished one.
        pruning: the pruner's memory then, as JSON values.
        data: the training's own state.
    """

    epoch: int
    pruning: Mapping[str, Any]
    data: bytes


class Checkpoints:
    """Save and load the checkpoint of a claimed slot.

    Args:
        lease: the slot's.
        state: returns the training's state after its last finished epoch; None before the first.
        seconds: between checkpoints at least, 0 for one after each epoch; None for as often as costs under 3 %.
        clock: seconds.
    """

    def __init__(
        self,
        lease: Lease,
        state: Callable[[], bytes | None],
        seconds: float | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lease, self._state, self._seconds, self._clock = lease, state, seconds, clock
        self._saved_at, self._cost = clock(), 0.0

    def save_when_due(self, epoch: int, pruning: Callable[[], Mapping[str, Any]]) -> None:
        """Save after an epoch, unless the last one is too recent."""
        seconds = max(CHECKPOINT_SECONDS, self._cost / SHARE) if self._seconds is None else self._seconds
        if self._clock() - self._saved_at >= seconds:
            self.save(epoch, pruning())

    def save(self, epoch: int, pruning: Mapping[str, Any]) -> None:
        """Save what the training is after an epoch; nothing before the first."""
        began = self._clock()
        checkpoint = self.take(epoch, pruning)
        if checkpoint is None:
            return
        self._lease.save_checkpoint(checkpoint)
        self._saved_at = self._clock()
        self._cost = self._saved_at - began

    def take(self, epoch: int, pruning: Mapping[str, Any]) -> StoredCheckpoint | None:
        """Return what the training is after an epoch, as it is kept; None where nothing can continue it."""
        state = self._state()
        if state is None:
            return None
        head = json.dumps({"epoch": epoch, "pruning": pruning}).encode()
        data = struct.pack("<I", len(head)) + head + state
        return StoredCheckpoint(epoch, hashlib.sha256(data).hexdigest(), data)

    def load(self) -> Checkpoint | None:
        """Return the slot's checkpoint; None where there is none, or it is damaged."""
        stored = self._lease.load_checkpoint()
        if stored is None:
            return None
        sha256, data = stored
        if hashlib.sha256(data).hexdigest() != sha256:
            logger.warning("the checkpoint of slot %d is damaged; its trial starts over", self._lease.claim.number)
            return None
        (length,) = struct.unpack_from("<I", data)
        head = json.loads(data[4 : 4 + length])
        return Checkpoint(head["epoch"], head["pruning"], data[4 + length :])
