"""How far a winner's predictions of numbers are from the truth: a regression's errors."""

from __future__ import annotations

from typing import Any

from registry.reports import Residuals

MOST_POINTS, WORST = 500, 12


def is_regression(y: Any, predictions: Any) -> bool:
    """Tell whether predictions (samples,) or (samples, 1) are of finite numbers, one a sample."""
    import numpy as np

    flat = y.size == len(y) and predictions.size == len(predictions) == len(y) > 0
    numbers = np.issubdtype(y.dtype, np.number) and np.issubdtype(predictions.dtype, np.number)
    return bool(flat and numbers and np.isfinite(y).all() and np.isfinite(predictions).all())


def residuals_of(ref: str, output: str, y: Any, predictions: Any) -> Residuals:
    """Return how far predictions are from the truth.

    Args:
        ref: the version.
        output: the output's name; empty for the only one.
        y: the true values, one a sample.
        predictions: the model's.
    """
    import numpy as np

    true, predicted = y.reshape(-1).astype(float), predictions.reshape(-1).astype(float)
    errors = predicted - true
    spread = float(((true - true.mean()) ** 2).sum())
    shown = range(0, len(true), -(-len(true) // MOST_POINTS))
    worst = np.argsort(-abs(errors), kind="stable")[:WORST]
    return Residuals(
        ref=ref,
        output=output,
        samples=len(true),
        rmse=float(np.sqrt((errors**2).mean())),
        mae=float(abs(errors).mean()),
        bias=float(errors.mean()),
        r2=1 - float((errors**2).sum()) / spread if spread else None,
        points=tuple((float(true[i]), float(predicted[i])) for i in shown),
        worst=tuple((int(i), float(true[i]), float(predicted[i])) for i in worst),
    )
