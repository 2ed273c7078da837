"""What a training reports, as plain numbers by name, whatever a model, a metric or a callback puts there."""

from __future__ import annotations

import logging
import numbers
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from registry.core.error_text import storable
from search.errors import MetricError

LONGEST_NAME = 200

logger = logging.getLogger(__name__)


class MetricReader:
    """Read one training's reports after another; say once what is left out or averaged.

    A number is taken as it is, also from NumPy's scalars, tensors and arrays of one value. Of a vector the mean is
    taken, a dict counts as its members, and texts, complex numbers and other objects are left out.

    Args:
        warn: takes a sentence, once for each metric.

    Example:
        >>> MetricReader(print)({"loss": 0.5, "f1": [0.25, 0.75]})
        the metric 'f1' is a vector of 2 numbers; its curve is their mean
        {'loss': 0.5, 'f1': 0.5}
    """

    def __init__(self, warn: Callable[[str], None] = logger.warning) -> None:
        self._warn, self._warned = warn, set[str]()

    def __call__(self, logs: Mapping[Any, Any] | None, objective: str | None = None) -> dict[str, float]:
        """Return the numbers by name.

        Args:
            logs: metric to value; None counts as empty.
            objective: the metric that has to be one number.

        Raises:
            MetricError: the objective's metric is a vector, a text or something else that is no number.
        """
        numbers: dict[str, float] = {}
        for key, value in (logs or {}).items():
            if isinstance(value, Mapping):
                numbers.update(self(value, objective))
                continue
            name = storable(str(key))[:LONGEST_NAME] or "(without a name)"
            number, description = _number(value)
            if description and name == objective:
                raise MetricError(
                    f"the objective {name!r} is {description}, not a number; compile a metric that is one, such as "
                    "F1Score(average='macro'), or return the number from the HyperModel's fit"
                )
            if number is not None:
                numbers[name] = number
            if description and name not in self._warned:
                self._warned.add(name)
                what = "it is left out" if number is None else "its curve is their mean"
                self._warn(f"the metric {name!r} is {description}; {what}")
        return numbers


def _number(value: Any) -> tuple[float | None, str]:
    """Return a value as a number, if it can be one, and what else it is than one number."""
    if value is None:
        return None, ""
    if isinstance(value, np.ma.MaskedArray):
        value = value.compressed()  # what is masked is no value
    if isinstance(value, numbers.Real):
        return _float(value), ""
    try:
        array = np.asarray(value)
    except Exception:  # an object whose conversion fails
        return None, f"of type {type(value).__name__}"
    if array.dtype.kind == "V":  # bfloat16
        array = array.astype(np.float32)
    if array.dtype.kind not in "biuf" or not array.size:
        kind = "a complex number" if array.dtype.kind == "c" else f"of type {type(value).__name__}"
        return None, "a text" if array.dtype.kind in "SU" else kind
    if array.size == 1:
        return float(array.reshape(-1)[0]), ""
    return float(array.astype(np.float64).mean()), f"a vector of {array.size} numbers"


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # an int beyond all floats
        return float("inf") if value > 0 else float("-inf")
