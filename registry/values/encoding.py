"""Pack params, metrics and curves into rows, and unpack rows into exactly the same values."""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

from registry.core.errors import IntegrityError, UsageError
from registry.core.metric_directions import known_direction
from registry.core.objective import Direction
from registry.values.version import LossCurve, Param


def pack_float(value: float | None) -> float | None:
    """Return what SQL compares: NULL for NaN, so that it never wins."""
    return None if value is None or math.isnan(value) else float(value)


def unpack_float(value: float | None) -> float:
    """Return the number again, NaN for NULL."""
    return math.nan if value is None else float(value)


def pack_curve(curve: LossCurve) -> bytes:
    """Return the values as little-endian float64: exact, NaN included."""
    return struct.pack(f"<{len(curve.values)}d", *curve.values)


def unpack_curve(metric: str, packed: bytes) -> LossCurve:
    """Return the curve again.

    Raises:
        IntegrityError: the bytes are no numbers.
    """
    if len(packed) % 8:
        raise IntegrityError(f"the curve of {metric!r} has {len(packed)} bytes; expected 8 for each epoch")
    return LossCurve(metric, struct.unpack(f"<{len(packed) // 8}d", packed))


def hash_record(params: Iterable[tuple[str, str, str | None]], curves: Iterable[tuple[str, bytes]]) -> str:
    """Return the SHA-256 of a version's params and curves, as they are stored.

    Args:
        params: name, kind and text of each, in any order.
        curves: metric and float64 values of each, in any order.
    """
    hashed = sorted((metric, hashlib.sha256(packed).hexdigest()) for metric, packed in curves)
    text = json.dumps({"params": sorted(params), "curves": hashed})
    return hashlib.sha256(text.encode()).hexdigest()


def plain_param(name: str, value: Any) -> Param:
    """Return a param as a plain Python value, also where it is a NumPy scalar.

    Raises:
        UsageError: it is not a number, a text, a boolean or None.
    """
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()
    if value is None or isinstance(value, bool | str):
        return check_text(f"the param {name!r}", value) if isinstance(value, str) else value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    raise UsageError(
        f"the param {name!r} is {value!r} of type {type(value).__name__}; expected a number, text, bool or None"
    )


def pack_param(name: str, value: Param) -> dict[str, Any]:
    """Return the columns of a param: a number to compare, and the exact value as text."""
    if value is None:
        return {"name": name, "kind": "none", "number": None, "text": None}
    if isinstance(value, str):
        return {"name": name, "kind": "text", "number": None, "text": value}
    kind = "bool" if isinstance(value, bool) else "int" if isinstance(value, int) else "float"
    return {"name": name, "kind": kind, "number": pack_float(nearest_float(value)), "text": repr(value)}


def nearest_float(value: float) -> float:
    """Return the float64 that a number is compared as; an int beyond all of them is infinite.

    Example:
        >>> nearest_float(-(10**400))
        -inf
    """
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def unpack_param(kind: str, text: str | None) -> Param:
    """Return the param again, of the same type.

    Raises:
        IntegrityError: the text is none of its kind.
    """
    if text is None or kind == "none":
        return None
    if kind == "bool":
        return text == "True"
    try:
        if kind == "int":
            return int(text)
        return float(text) if kind == "float" else text
    except ValueError:
        raise IntegrityError(f"a param is stored as the {kind} {text!r:.100}, which is none") from None


def pack_metrics(
    curves: Mapping[str, LossCurve], objective: tuple[str, Direction], score: float, epoch: int
) -> list[dict[str, Any]]:
    """Return a row for each metric: its value at the epoch, its best and its last value.

    Args:
        curves: by metric.
        objective: the score's metric and direction; has a row even where it has no curve.
        score: the objective's value at the epoch.
        epoch: the epoch of the version's weights; 1 is the first.
    """
    rows = [_metric_row(curve, objective, epoch) for curve in curves.values()]
    if objective[0] not in curves:
        packed = pack_float(score)
        row = {"name": objective[0], "direction": objective[1], "value": packed, "best_value": packed}
        rows.append({**row, "best_epoch": epoch, "last_value": packed})
    return rows


def _metric_row(curve: LossCurve, objective: tuple[str, Direction], epoch: int) -> dict[str, Any]:
    direction = objective[1] if curve.metric == objective[0] else known_direction(curve.metric)
    best = curve.best(direction) if direction else None
    return {
        "name": curve.metric,
        "direction": direction,
        "value": pack_float(curve.values[epoch - 1]) if epoch <= len(curve.values) else None,
        "best_value": best[0] if best else None,
        "best_epoch": best[1] if best else None,
        "last_value": pack_float(curve.values[-1]) if curve.values else None,
    }


def check_text(what: str, text: str) -> str:
    """Return a text if both databases can hold it.

    Raises:
        UsageError: it has a NUL character or half of a surrogate pair.
    """
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise UsageError(f"{what} is {text!r}; no database holds NUL characters or lone surrogates: leave them out")
    return text


def check_names(what: str, names: Sequence[str]) -> None:
    """Refuse names of params or metrics that are empty or that no database can hold.

    Raises:
        UsageError: with the name.
    """
    for name in names:
        if not isinstance(name, str) or not name or len(name) > 500:
            raise UsageError(f"the {what} name {name!r} is not a text of 1 to 500 characters")
        check_text(f"the {what} name", name)
