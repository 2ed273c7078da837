"""How one KerasTuner hyperparameter is asked of an Optuna sampler, and back."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

LONGEST_NAME = 500  # characters that the registry takes; Optuna's tables take 512
Value = bool | int | float | str | None


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Dimension:
    """A hyperparameter as Optuna samples it.

    Args:
        name: the Optuna param's name; the hyperparameter's own, with a suffix where what is sampled is not the value.
        distribution: what Optuna samples from.
        decode: from what was sampled to the hyperparameter's value.
        encode: from the hyperparameter's value to what would be sampled.
        grid_values: what a grid samples, where the distribution does not say.
    """

    name: str
    distribution: BaseDistribution
    decode: Callable[[Any], Value] = _same
    encode: Callable[[Any], Any] = _same
    grid_values: tuple[Any, ...] = ()

    def grid(self, points: int = 10) -> list[Any]:
        """Return the values of a grid: all of a discrete distribution, evenly spread ones of a continuous one."""
        if self.grid_values:
            return list(self.grid_values)
        kind: Any = self.distribution
        if isinstance(kind, CategoricalDistribution):
            return list(kind.choices)
        if isinstance(kind, IntDistribution) and not kind.log:
            return list(range(kind.low, kind.high + 1, kind.step))
        if isinstance(kind, FloatDistribution) and kind.step is not None:
            steps = round((kind.high - kind.low) / kind.step)
            return [kind.low + index * kind.step for index in range(steps + 1)]
        low, high = (math.log(kind.low), math.log(kind.high)) if kind.log else (kind.low, kind.high)
        values = [low + (high - low) * (index + 0.5) / points for index in range(points)]
        values = [math.exp(value) for value in values] if kind.log else values
        return sorted({round(value) for value in values}) if isinstance(kind, IntDistribution) else values


def dimension(hp: Any, name: str) -> Dimension:
    """Return how a KerasTuner Int, Float, Choice or Boolean is sampled under the given name.

    KerasTuner's ``log`` with a step and its ``reverse_log`` have no Optuna counterpart: of the first, the number
    of steps is sampled (``name#steps``), of the second the mirror image ``min + max - value``, which is
    log-distributed (``name#mirrored``). With both, the steps of the mirror image.
    """
    kind = type(hp).__name__
    if kind == "Boolean":
        return Dimension(name, CategoricalDistribution((False, True)))
    if kind.endswith("Choice"):
        return Dimension(name, CategoricalDistribution(tuple(hp.values)))
    number: type[int] | type[float] = int if kind == "Int" else float
    if hp.sampling == "linear":
        return Dimension(name, _linear(hp, number))
    mirrored = hp.sampling == "reverse_log"
    if hp.step is not None:
        return _log_steps(hp, name, number, mirrored)
    distribution: BaseDistribution = (
        IntDistribution(hp.min_value, hp.max_value, log=True)
        if number is int
        else FloatDistribution(hp.min_value, hp.max_value, log=True)
    )
    if not mirrored:
        return Dimension(name, distribution)
    total = hp.min_value + hp.max_value
    return Dimension(f"{name}#mirrored", distribution, lambda raw: total - raw, lambda value: total - value)


def share_of_range(hp: Any, name: str) -> Dimension:
    """Return how an Int or Float is sampled whose range changes: its place in the range, from 0 to 1 (``name#share``).

    Equal parts of the range from 0 to 1 are equally many steps, or equal lengths of a logarithmic range.
    """
    plain = dimension(hp, name)
    place, at = _places(plain.distribution)

    def decode(raw: float) -> Value:
        return plain.decode(at(raw))

    def encode(value: Value) -> float:
        return place(plain.encode(value))

    grid_values = tuple(place(raw) for raw in plain.grid())
    return Dimension(f"{name}#share", FloatDistribution(0.0, 1.0), decode, encode, grid_values)


def _places(kind: Any) -> tuple[Callable[[Any], float], Callable[[float], Any]]:
    """Return the place from 0 to 1 of what a numeric distribution gives, and what it gives at a place."""
    low, high, whole = kind.low, kind.high, isinstance(kind, IntDistribution)
    if kind.step is not None and not kind.log:
        step, count = kind.step, round((high - low) / kind.step) + 1
        return (
            lambda raw: (round((raw - low) / step) + 0.5) / count,
            lambda place: low + min(int(place * count), count - 1) * step,
        )
    if not kind.log:
        return lambda raw: (raw - low) / (high - low or 1), lambda place: low + place * (high - low)
    end = high + 1 if whole else high
    length = math.log(end / low) or 1.0
    return (
        lambda raw: math.log((raw + 0.5 if whole else raw) / low) / length,
        lambda place: min(int(low * math.exp(place * length)) if whole else low * math.exp(place * length), high),
    )


def _linear(hp: Any, number: type[int] | type[float]) -> BaseDistribution:
    if number is int:
        steps = (hp.max_value - hp.min_value) // hp.step
        return IntDistribution(hp.min_value, hp.min_value + steps * hp.step, step=hp.step)
    if hp.step is None:
        return FloatDistribution(hp.min_value, hp.max_value)
    low, high, step = (Decimal(str(number)) for number in (hp.min_value, hp.max_value, hp.step))
    return FloatDistribution(hp.min_value, float(low + (high - low) // step * step), step=hp.step)


def _log_steps(hp: Any, name: str, number: type[int] | type[float], mirrored: bool) -> Dimension:
    steps = int(math.log(hp.max_value / hp.min_value, hp.step) + 1e-8)
    total = hp.min_value + hp.max_value

    def decode(raw: int) -> int | float:
        value = hp.min_value * hp.step**raw
        return number(total - value if mirrored else value)

    def encode(value: float) -> int:
        return round(math.log((total - value if mirrored else value) / hp.min_value, hp.step))

    return Dimension(f"{name}#steps", IntDistribution(0, steps), decode, encode)
