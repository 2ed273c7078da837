"""What cannot be computed ends nothing: it says why, in its place."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from registry.core.error_text import LONGEST, one_line
from registry.core.errors import UserError

T = TypeVar("T")

logger = logging.getLogger(__name__)


def computed(compute: Callable[[], T], otherwise: Callable[[str], T]) -> T:
    """Return what a part of a report computes, or, where that fails, what stands in its place.

    Args:
        compute: makes the part; it may raise whatever it likes.
        otherwise: makes what stands there instead, from the reason in one line without a full stop.

    Example:
        >>> computed(lambda: 1 / 0, lambda why: why)
        'ZeroDivisionError: division by zero'
    """
    try:
        return compute()
    except Exception as error:  # data of any shape may come from a database; the rest of the report is worth more
        logger.debug("a part of a report cannot be computed", exc_info=True)
        return otherwise(reason(error))


def reason(error: Exception) -> str:
    """Return why something failed, in one line without a full stop."""
    text = " ".join(str(error).split()) if isinstance(error, UserError) else one_line(error)
    return text[:LONGEST].rstrip(".")
