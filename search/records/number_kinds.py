"""Numbers among a user's values, which may be of any type."""

from __future__ import annotations

from numbers import Integral, Real

from registry.core.errors import UsageError


def whole(name: str, value: object) -> int:
    """Return a value as an int.

    Raises:
        UsageError: it is no whole number.
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise UsageError(f"{name} is {value!r}; expected a whole number")
    return int(value)


def number(name: str, value: object) -> float:
    """Return a value as an int or a float.

    Raises:
        UsageError: it is no number.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise UsageError(f"{name} is {value!r}; expected a number")
    return int(value) if isinstance(value, Integral) else float(value)
