"""The points of a grid, in the order in which the last hyperparameter varies fastest."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from search.space.dimensions import Dimension
from search.space.hyperparameters import SampledHyperParameters
from search.space.names import Names

logger = logging.getLogger(__name__)

Point = dict[str, Any]


class Grid:
    """The points of a grid, each made when it is asked for, once.

    Args:
        points: makes them.
    """

    def __init__(self, points: Iterator[Point]) -> None:
        self._points, self._made_points = points, list[Point]()

    def __iter__(self) -> Iterator[Point]:
        for number in itertools.count():
            if number == len(self._made_points):
                more = list(itertools.islice(self._points, 1))
                if not more:
                    return
                self._made_points += more
            yield self._made_points[number]

    def count(self, at_most: int) -> int:
        """Count the points, up to a bound."""
        return sum(1 for _ in itertools.islice(iter(self), at_most))


def product(sampled: Sequence[tuple[Any, Dimension]]) -> Iterator[Point]:
    """Yield every combination of hyperparameters whose conditions say all of when they are active.

    Args:
        sampled: KerasTuner's hyperparameters, each with how it is sampled.
    """
    yield from _product(list(sampled), {}, {})


def _product(remaining: list[tuple[Any, Dimension]], point: Point, values: dict[str, Any]) -> Iterator[Point]:
    if not remaining:
        yield point
        return
    (hp, asked), *others = remaining
    if hp.name in values or not all(condition.is_active(values) for condition in hp.conditions):
        yield from _product(others, point, values)
        return
    for raw in asked.grid():
        yield from _product(others, point | {asked.name: raw}, values | {hp.name: asked.decode(raw)})


@dataclass(frozen=True)
class _Step:
    """One hyperparameter of a point, and which of its values the point has."""

    name: str
    values: tuple[Any, ...]
    index: int = 0


def walk(build: Callable[[SampledHyperParameters], Any], names: Names) -> Iterator[Point]:
    """Yield every point that a build can ask for, by building once for each.

    What is asked for next, and its range, may depend on all values before, in any way: the build itself says it.
    A build that fails ends its point there; the trial will say why.
    """
    steps = _ask(build, names, [])
    while True:
        yield {step.name: step.values[step.index] for step in steps}
        while steps and steps[-1].index + 1 == len(steps[-1].values):
            steps.pop()
        if not steps:
            return
        steps[-1] = replace(steps[-1], index=steps[-1].index + 1)
        steps = _ask(build, names, steps)


def _ask(build: Callable[[SampledHyperParameters], Any], names: Names, fixed: Sequence[_Step]) -> list[_Step]:
    """Build with values for the first hyperparameters and the first value of each that follows; return them all."""
    steps: list[_Step] = []

    def suggest(asked: Dimension) -> Any:
        place = len(steps)
        step = fixed[place] if place < len(fixed) else _Step(asked.name, tuple(asked.grid()))
        steps.append(step)
        return step.values[step.index]

    try:
        build(SampledHyperParameters(suggest, names))
    except Exception:
        logger.debug("the model of a grid's point cannot be built", exc_info=True)
    return steps
