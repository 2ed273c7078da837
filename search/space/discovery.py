"""A problem's search space, found by building its model: what is sampled, and under which conditions."""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from keras_tuner.engine import hyperparameters as kt

from search.space.dimensions import Dimension, dimension
from search.space.hyperparameters import SampledHyperParameters, sampled_name

logger = logging.getLogger(__name__)

MAX_BUILDS = 100


@dataclass(frozen=True)
class Space:
    """All hyperparameters that were seen, in the order of their declaration.

    Args:
        declared: KerasTuner's hyperparameter objects, with their conditions.
        stated: the defaults that the HyperModel states itself, by name.
    """

    declared: tuple[Any, ...]
    stated: Mapping[str, Any]

    @property
    def ambiguous(self) -> frozenset[str]:
        """Names that are declared more than once, in different scopes."""
        return frozenset(name for name, count in Counter(hp.name for hp in self.declared).items() if count > 1)

    @property
    def fingerprint(self) -> str:
        """A hash that changes when a hyperparameter, its range or its condition changes."""
        text = json.dumps(self.describe(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def describe(self) -> list[dict[str, Any]]:
        """Return the hyperparameters' names, kinds, ranges and conditions as JSON values."""
        return [_describe(hp) for hp in self.declared]

    def dimensions(self) -> list[tuple[Any, Dimension]]:
        """Return each sampled hyperparameter with how it is sampled."""
        names = self.ambiguous
        sampled = [hp for hp in self.declared if not isinstance(hp, kt.Fixed)]
        return [(hp, dimension(hp, sampled_name(hp, names))) for hp in sampled]

    def defaults(self) -> dict[str, Any]:
        """Return what would be sampled for the defaults that the HyperModel states itself."""
        return {
            found.name: found.encode(self.stated[hp.name]) for hp, found in self.dimensions() if hp.name in self.stated
        }

    def grid(self) -> Iterator[dict[str, Any]]:
        """Yield the points of the grid, the last hyperparameter varying fastest, without inactive ones."""
        yield from _grid(self.dimensions(), {}, {})


def _grid(rest: list[tuple[Any, Dimension]], point: dict[str, Any], values: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if not rest:
        yield point
        return
    (hp, found), *others = rest
    if hp.name in values or not all(condition.is_active(values) for condition in hp.conditions):
        yield from _grid(others, point, values)
        return
    for raw in found.grid():
        yield from _grid(others, point | {found.name: raw}, values | {hp.name: found.decode(raw)})


def grid_size(space: Space, at_most: int) -> int:
    """Count the points of the grid, up to a bound."""
    return sum(1 for _ in itertools.islice(space.grid(), at_most))


class _FirstOfEach(SampledHyperParameters):
    """Gives each hyperparameter its default, or the value that this probe is about."""

    def __init__(self, probe: Mapping[str, Any]) -> None:
        super().__init__(lambda found: None)
        self._probe = probe
        self.stated: dict[str, Any] = {}

    def _register(self, hyperparameter: Any, overwrite: bool = False) -> Any:
        hp = hyperparameter
        if not isinstance(hp, kt.Fixed) and self.is_active(hp) and hp.name not in self.values:
            self.values[hp.name] = self._probe.get(hp.name, hp.default)
        # KerasTuner's copy of an hp does not tell a stated default from its own.
        if getattr(hp, "_default", None) is not None:
            self.stated[hp.name] = hp.default
        return super()._register(hp)


def discover(hypermodel: Any, check: Callable[[Any], None] = lambda model: None) -> Space:
    """Build the model with its defaults, then once more for each choice and upper end that may open new branches.

    Args:
        hypermodel: a KerasTuner HyperModel.
        check: looks at each model that is built.

    Raises:
        Exception: whatever ``build`` or the check raises with the defaults.
    """
    found: dict[str, Any] = {}
    stated: dict[str, Any] = {}
    waiting: list[dict[str, Any]] = [{}]
    tried: set[str] = set()
    for _ in range(MAX_BUILDS):
        if not waiting:
            break
        probe = waiting.pop(0)
        hp = _FirstOfEach(probe)
        try:
            check(hypermodel.build(hp))
        except (Exception, SystemExit, KeyboardInterrupt):  # Ctrl-C is not heard where problems are looked at
            if not probe:
                raise
            # A branch that cannot be built: the trial that takes it will say so.
            logger.debug("the model cannot be built with %s", probe, exc_info=True)
        for declared in hp.space:
            key = json.dumps(_describe(declared), sort_keys=True)
            if key not in found:
                found[key] = declared
        stated |= {name: value for name, value in hp.stated.items() if name not in stated}
        for name, value in _variations(hp):
            variation = json.dumps([name, value], default=str)
            if variation not in tried:
                tried.add(variation)
                waiting.append({**hp.values, name: value})
    return Space(tuple(found.values()), stated)


def _variations(hp: SampledHyperParameters) -> Iterator[tuple[str, Any]]:
    """Yield single changes that may open a branch: each other choice, and the upper end of a number of things."""
    for declared in hp.space:
        if not hp.is_active(declared):
            continue
        if isinstance(declared, kt.Boolean):
            yield declared.name, not hp.values[declared.name]
        elif isinstance(declared, kt.Choice):
            for value in declared.values:
                if value != hp.values[declared.name]:
                    yield declared.name, value
        elif isinstance(declared, kt.Int) and declared.max_value - declared.min_value < MAX_BUILDS:
            yield declared.name, declared.max_value


def _describe(hp: Any) -> dict[str, Any]:
    config = dict(hp.get_config())
    config["class"] = type(hp).__name__
    config["conditions"] = [[c.name, list(c.values)] for c in hp.conditions]
    config.pop("default", None)
    return config
