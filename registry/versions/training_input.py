"""What a training by hand, or by KerasTuner, gives: a Keras model and a ``History``, made into a version's fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from registry.core.errors import UsageError
from registry.core.metric_directions import known_direction
from registry.core.objective import Direction
from registry.core.provenance import installed
from registry.values.version import LossCurve, Source

Epoch = int | Literal["best", "last"] | None
Curves = Mapping[str, Sequence[float]]


def curves_from(given: Any) -> dict[str, list[float]]:
    """Return curves by metric of a ``keras.callbacks.History``, of its ``history``, or of None.

    Raises:
        UsageError: it is neither.
    """
    found = getattr(given, "history", given)
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise UsageError(
            f"the curves are of type {type(given).__name__}; "
            "expected what model.fit returns, or the values of each epoch by metric"
        )
    return {name: [float(value) for value in values] for name, values in found.items()}


def weights_from(given: Any, source: Source | None, parameters: int | None) -> tuple[Any, Source, int | None]:
    """Return a ``.keras`` file's bytes or path, with what a Keras model tells of itself: its libraries and its size.

    Raises:
        UsageError: it is neither a Keras model nor a file.
    """
    source = source or Source()
    if given is None or isinstance(given, bytes | Path):
        return given, source, parameters
    if isinstance(given, str):
        return Path(given), source, parameters
    if not hasattr(given, "get_weights") or not hasattr(given, "count_params"):
        raise UsageError(
            f"the weights are of type {type(given).__name__}; "
            "expected a Keras model, the bytes or the path of a .keras file, or None"
        )
    from registry.keras_models.keras_file import save_model

    if not source.libraries:
        source = replace(source, libraries=installed())
    return save_model(given), source, int(given.count_params()) if parameters is None else parameters


def direction_of(metric: str, given: Direction | None) -> Direction:
    """Return the direction that was given, or that of one of Keras' metrics.

    Raises:
        UsageError: nobody knows.
    """
    found = given or known_direction(metric)
    if found is None:
        raise UsageError(
            f"nobody has said whether a higher or a lower {metric!r} is better; add direction='max' or 'min'"
        )
    return found


def measured(curves: Curves, metric: str, direction: Direction, score: float | None, epoch: Epoch) -> tuple[float, int]:
    """Return the score and the epoch that the weights are of, taken from the metric's curve where they were not given.

    Raises:
        UsageError: there is no curve to take them from, or the epoch is none.

    Example:
        >>> measured({"loss": [0.9, 0.4, 0.5]}, "loss", "min", None, None)
        (0.5, 3)
        >>> measured({"loss": [0.9, 0.4, 0.5]}, "loss", "min", None, "best")
        (0.4, 2)
        >>> measured({"loss": [0.9, 0.4, 0.5]}, "loss", "min", 0.4, None)
        (0.4, 2)
    """
    if isinstance(epoch, str) and epoch not in ("best", "last"):
        raise UsageError(f"the epoch is {epoch!r}; expected a number from 1, 'best' or 'last'")
    values = [float(value) for value in curves.get(metric, ())]
    if not values:
        if score is None:
            known = f"the curves are of {', '.join(curves)}" if curves else "there are no curves"
            raise UsageError(f"there is no curve of {metric!r} to take the score from ({known}): give the score")
        longest = max((len(curve) for curve in curves.values()), default=1)
        return float(score), epoch if isinstance(epoch, int) else max(longest, 1)
    found = _epoch(LossCurve(metric, tuple(values)), direction, score, epoch)
    if score is None:
        score = values[min(max(found, 1), len(values)) - 1]
    return float(score), found


def _epoch(curve: LossCurve, direction: Direction, score: float | None, epoch: Epoch) -> int:
    last = len(curve.values)
    if isinstance(epoch, int):
        return epoch
    if epoch == "best":
        best = curve.best(direction)
        return last if best is None else best[1]
    if epoch == "last" or score is None or curve.values[-1] == score:
        return last
    return next((number for number, value in enumerate(curve.values, 1) if value == score), last)
