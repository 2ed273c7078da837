"""A worker's wish for a slot, put to the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Engine

from search.coordination import slots
from search.coordination.slots import Claim, Grant
from search.timing import LEASE_SECONDS

FixedParams = Callable[[int], Mapping[str, Any] | None]


@dataclass(frozen=True)
class Ask:
    """A worker's wish for a slot.

    Args:
        engine: the database.
        study_id: the study.
        grant: holds each claim to the study's budget of epochs.
        worker: who asks.
        seconds: how long leases last.
        fixed_params: see `slots.claim`.
    """

    engine: Engine
    study_id: int
    grant: Grant
    worker: str = ""
    seconds: float = LEASE_SECONDS
    fixed_params: FixedParams = lambda number: None

    def claim(self, *, new: bool = True, until: int | None = None) -> Claim | None:
        """Claim what was begun and is nobody's, or a new slot."""
        return slots.claim(
            self.engine,
            self.study_id,
            self.worker,
            seconds=self.seconds,
            fixed_params=self.fixed_params,
            new=new,
            until=until,
            grant=self.grant,
        )

    def resume(self, number: int, lease: int, *, until: int) -> Claim | None:
        """Claim a paused slot."""
        return slots.resume(
            self.engine,
            self.study_id,
            self.worker,
            number=number,
            lease=lease,
            until=until,
            seconds=self.seconds,
            grant=self.grant,
        )
