"""What a training by hand, or by KerasTuner, gives: a Keras model and a ``History``, made into a version's fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from registry.core.errors import UsageError
from registry.core.metric_directions import require_direction
from registry.core.objective import Direction
from registry.core.provenance import installed
from registry.registration.new_version import Record, checked
from registry.values.version import LossCurve, Source

Epoch = int | Literal["best", "last"] | None
Curves = Mapping[str, Sequence[float]]


def recorded(
    model: str,
    weights: Any,
    *,
    metric: str,
    score: float | None,
    direction: Direction | None,
    epoch: Epoch,
    params: Mapping[str, Any] | None,
    curves: Any,
    source: Source | None,
    parameter_count: int | None,
    **others: Any,
) -> tuple[Record, bytes | Path | None]:
    """Return what a version is, checked, and its ``.keras`` file, of what `Registry.register` was given.

    Raises:
        UsageError: a value that cannot be.
    """
    by_metric = curves_from(curves)
    way = direction_of(metric, direction)
    score, epoch = measured(by_metric, metric, way, score, epoch)
    file, source, parameter_count = weights_from(weights, source, parameter_count)
    record = checked(
        model=model,
        score=score,
        metric=metric,
        direction=way,
        epoch=epoch,
        params=params or {},
        curves=by_metric,
        source=source,
        parameter_count=parameter_count,
        **others,
    )
    return record, file


def curves_from(curves: Any) -> dict[str, list[float]]:
    """Return curves by metric of a ``keras.callbacks.History``, of its ``history``, or of None.

    Raises:
        UsageError: it is neither.
    """
    history = getattr(curves, "history", curves)
    if history is None:
        return {}
    if not isinstance(history, Mapping):
        raise UsageError(
            f"the curves are of type {type(curves).__name__}; "
            "expected what model.fit returns, or the values of each epoch by metric"
        )
    return {name: [float(value) for value in values] for name, values in history.items()}


def weights_from(weights: Any, source: Source | None, parameter_count: int | None) -> tuple[Any, Source, int | None]:
    """Return a ``.keras`` file's bytes or path, with what a Keras model tells of itself: its libraries and its size.

    Raises:
        UsageError: it is neither a Keras model nor a file.
    """
    source = source or Source()
    if weights is None or isinstance(weights, bytes | Path):
        return weights, source, parameter_count
    if isinstance(weights, str):
        return Path(weights), source, parameter_count
    if not hasattr(weights, "get_weights") or not hasattr(weights, "count_params"):
        raise UsageError(
            f"the weights are of type {type(weights).__name__}; "
            "expected a Keras model, the bytes or the path of a .keras file, or None"
        )
    from registry.keras_models.keras_file import save_model

    if not source.libraries:
        source = replace(source, libraries=installed())
    return save_model(weights), source, int(weights.count_params()) if parameter_count is None else parameter_count


def direction_of(metric: str, direction: Direction | None) -> Direction:
    """Return the direction that was given, or that of one of Keras' metrics.

    Raises:
        UsageError: nobody knows.
    """
    return require_direction(metric, direction, advice="add direction='max' or 'min'")


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
            there = f"the curves are of {', '.join(curves)}" if curves else "there are no curves"
            raise UsageError(f"there is no curve of {metric!r} to take the score from ({there}): give the score")
        longest = max((len(curve) for curve in curves.values()), default=1)
        return float(score), epoch if isinstance(epoch, int) else max(longest, 1)
    at = _epoch(LossCurve(metric, tuple(values)), direction, score, epoch)
    if score is None:
        score = values[min(max(at, 1), len(values)) - 1]
    return float(score), at


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
