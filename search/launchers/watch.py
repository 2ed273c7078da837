"""Watch over the workers of one run until they end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from search.records.status import StudyStatus

if TYPE_CHECKING:
    pass


POLL_SECONDS = 0.5


OnStatus = Callable[[StudyStatus], None]
