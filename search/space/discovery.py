"""A problem's search space, found by building its model: what is sampled, and under which conditions."""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from keras_tuner.engine import hyperparameters as kt

from registry.core.error_text import placed_line, storable
from search.errors import SpaceError
from search.space.dimensions import LONGEST_NAME, Dimension
from search.space.grid import Grid, product, walk
from search.space.hyperparameters import SampledHyperParameters, build_model
from search.space.names import Names
from search.system.process_settings import settings_kept

logger = logging.getLogger(__name__)

MAX_BUILDS = 100
SPACE_CODE = ("keras_tuner.src.engine.", "optuna.", "search.space.")


@dataclass(frozen=True)
class Space:
    """All hyperparameters that were seen, in the order of their declaration.

    Args:
        declared: KerasTuner's hyperparameter objects, with their conditions.
        stated: the defaults that the HyperModel states itself, those of the default model first.
        branches: whether builds differ in what they declare, so that conditions do not say all.
        build: builds the model.
    """

    declared: tuple[Any, ...]
    stated: tuple[tuple[Any, Any], ...]
    branches: bool = False
    build: Callable[[Any], Any] = field(default=lambda hp: None, repr=False, compare=False)

    @cached_property
    def names(self) -> Names:
        """What a sampler calls the hyperparameters."""
        return Names.of_declared(self.declared)

    @property
    def fingerprint(self) -> str:
        """A hash that changes when a hyperparameter, its range or its condition changes."""
        text = json.dumps(self.describe(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def describe(self) -> list[dict[str, Any]]:
        """Return the hyperparameters' names, kinds, ranges and conditions as JSON values."""
        return [_describe(hp) for hp in self.declared]

    def record(self) -> dict[str, Any]:
        """Return what a study keeps of its space, as JSON values."""
        return {"hyperparameters": self.describe(), "defaults": self.defaults(), **self.names.as_record()}

    def dimensions(self) -> list[tuple[Any, Dimension]]:
        """Return each sampled hyperparameter with how it is sampled."""
        return [(hp, self.names.dimension(hp)) for hp in self.declared if not isinstance(hp, kt.Fixed)]

    def defaults(self) -> dict[str, Any]:
        """Return what would be sampled for the defaults that the HyperModel states itself, where they are in range."""
        defaults: dict[str, Any] = {}
        for hp, default in self.stated:
            asked = self.names.dimension(hp)
            if asked.name not in defaults and (raw := _sampled_for(asked, default)) is not None:
                defaults[asked.name] = raw[0]
        return defaults

    @cached_property
    def _grid(self) -> Grid:
        return Grid(walk(self.build, self.names))

    def grid(self) -> Grid:
        """Return the points of the grid, the last hyperparameter varying fastest, without inactive ones."""
        return self._grid

    def grid_size(self, trials: int, at_most: int) -> int:
        """Count the points of the grid: exactly up to ``trials``, or else roughly up to a bound.

        An exact count builds a model for each point. A rough one takes conditions for all that decides, and is given
        where the grid is as large as the bound, or has no branches and more than `MAX_BUILDS` trials are wanted.
        """
        rough = sum(1 for _ in itertools.islice(product(self.dimensions()), at_most))
        exact = rough < at_most and (self.branches or trials <= MAX_BUILDS)
        return self.grid().count(trials) if exact else rough


def _sampled_for(asked: Dimension, default: Any) -> tuple[Any] | None:
    """Return what would be sampled for a default, alone in a tuple; None where it is out of range."""
    try:
        raw = asked.encode(default)
        inside = asked.distribution._contains(asked.distribution.to_internal_repr(raw))
    except (ValueError, TypeError, ZeroDivisionError):
        return None
    return (raw,) if inside else None


class _FirstOfEach(SampledHyperParameters):
    """Gives each hyperparameter its default, or the value that this probe is about."""

    def __init__(self, probe: Mapping[str, Any]) -> None:
        super().__init__()
        self._probe = probe
        self.stated: list[tuple[Any, Any]] = []

    def _register(self, hyperparameter: Any, overwrite: bool = False) -> Any:
        # KerasTuner's copy of an hp does not tell a stated default from its own.
        if not isinstance(hyperparameter, kt.Fixed) and getattr(hyperparameter, "_default", None) is not None:
            self.stated.append((hyperparameter, hyperparameter.default))
        return super()._register(hyperparameter, overwrite)

    def _value_for(self, hp: Any) -> Any:
        return self._probe.get(hp.name, hp.default)


def discover(hypermodel: Any, check: Callable[[Any], None] = lambda model: None, *, twice: bool = False) -> Space:
    """Build the model with its defaults, then once more for each choice and upper end that may open new branches.

    Args:
        hypermodel: a KerasTuner HyperModel.
        check: looks at each model that is built; the first is that of the defaults, with ``twice`` the second, too.
        twice: build the default model a second time, to see whether it declares the same.

    Raises:
        SpaceError: a hyperparameter that cannot be, in any of the models, or that changes from build to build.
        Exception: whatever ``build`` or the check raises with the defaults.
    """
    declared: dict[str, Any] = {}
    stated: dict[str, tuple[Any, Any]] = {}
    different: set[tuple[str, ...]] = set()
    waiting: list[tuple[dict[str, Any], str]] = [({}, "")]
    tried: set[str] = set()
    for _ in range(MAX_BUILDS):
        if not waiting:
            break
        probe, changed = waiting.pop(0)
        hp = _build(hypermodel, probe, changed, check)
        seen = [(_key(entry), entry) for entry in hp.space] + [(_key(entry), entry) for entry in _untuned(hp)]
        if not probe and twice:
            _compare(hp, _build(hypermodel, probe, changed, check))
        different.add(tuple(key for key, _ in seen))
        for key, entry in seen:
            declared.setdefault(key, entry)
        for entry, default in hp.stated:
            stated.setdefault(_key(entry), (entry, default))
        for variation in _variations(hp):
            fresh = {name: value for name, value in variation.items() if _pair(name, value) not in tried}
            if fresh:
                tried |= {_pair(name, value) for name, value in fresh.items()}
                changes = ", ".join(f"{name}={value!r}" for name, value in fresh.items())
                waiting.append(({**hp.values, **fresh}, changes))
    _check_names(declared.values())

    def build(hp: Any) -> Any:
        return build_model(hypermodel, hp)

    return Space(tuple(declared.values()), tuple(stated.values()), len(different) > 1, build)


def _build(hypermodel: Any, probe: Mapping[str, Any], changed: str, check: Callable[[Any], None]) -> _FirstOfEach:
    """Build the model of a probe and return what it declared."""
    hp = _FirstOfEach(probe)
    try:
        with settings_kept():
            check(build_model(hypermodel, hp))
    except BaseException as error:  # the problem's code may raise any; Ctrl-C is not heard where problems are looked at
        if not probe:
            raise
        if _is_of_the_space(error):
            said = f"with {changed}, build cannot declare its hyperparameters: {placed_line(error)}"
            raise SpaceError(said) from error
        # A branch that cannot be built: the trial that takes it will say so.
        logger.debug("the model cannot be built with %s", probe, exc_info=True)
    return hp


def _is_of_the_space(error: BaseException) -> bool:
    """Tell whether an error was raised by KerasTuner's hyperparameters or Optuna's, or ours, not by a model."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    module = "" if trace is None else str(trace.tb_frame.f_globals.get("__name__", ""))
    return module.startswith(SPACE_CODE)


def _compare(first: _FirstOfEach, second: _FirstOfEach) -> None:
    for entry, other in itertools.zip_longest(first.space, second.space):
        if entry is None or other is None or _key(entry) != _key(other):
            name = (entry or other).name
            raise SpaceError(
                f"the hyperparameter {name!r} changes from build to build: {_shown(entry)}, then {_shown(other)}; "
                "declare the same each time, choices in the same order"
            )


def _shown(hp: Any) -> str:
    if hp is None:
        return "nothing"
    config = {key: value for key, value in _describe(hp).items() if key not in ("name", "conditions", "class")}
    return f"{type(hp).__name__.removeprefix('Mixed')} {json.dumps(config)[:200]}"


def _check_range(hp: Any) -> None:
    if isinstance(hp, kt.Int):
        possible = hp.min_value >= -(2**63) and hp.max_value < 2**63
    else:
        possible = not isinstance(hp, kt.Float) or math.isfinite(hp.max_value - hp.min_value)
    if not possible:
        raise SpaceError(
            f"the hyperparameter {hp.name!r} goes from {hp.min_value!s:.40} to {hp.max_value!s:.40}, which no sampler "
            "can draw from; expected finite ends, of an Int within 64 bits"
        )


def _check_names(declared: Any) -> None:
    for hp in declared:
        _check_range(hp)
    names = Names.of_declared(declared)
    for hp in declared:
        if not hp.name or storable(hp.name) != hp.name:
            raise SpaceError(
                f"a hyperparameter is called {hp.name[:60]!r}; expected a name that any database takes: of at least "
                "one character, without NUL and lone surrogates"
            )
        name = hp.name if isinstance(hp, kt.Fixed) else names.dimension(hp).name
        if len(name) > LONGEST_NAME:
            raise SpaceError(
                f"the hyperparameter {name[:60]!r}… has a name of {len(name)} characters; "
                f"the database takes {LONGEST_NAME} at most"
            )


def _untuned(hp: SampledHyperParameters) -> Iterator[Any]:
    """Yield what HyperModels that are not tunable declared, as what it is to the search: fixed."""
    for name, value in hp.untuned.items():
        if value is not None:
            yield kt.Fixed(name, value)


def _variations(hp: SampledHyperParameters) -> Iterator[dict[str, Any]]:
    """Yield changes that may open a branch: each other choice, the upper end of a small number, and then all others.

    Of a large number of things the next one is tried, so that a range that depends on it is seen and no huge model
    is built.
    """
    others: dict[str, Any] = {}
    for declared in hp.space:
        if not hp.is_active(declared):
            continue
        name, now = declared.name, hp.values[declared.name]
        if isinstance(declared, kt.Choice | kt.Boolean):
            yield from ({name: value} for value in declared.values if value != now)
        elif isinstance(declared, kt.Float):
            others[name] = declared.max_value
        elif isinstance(declared, kt.Int) and declared.max_value - declared.min_value < MAX_BUILDS:
            yield {name: declared.max_value}
        elif isinstance(declared, kt.Int):
            following = now + (declared.step or 1) if declared.sampling == "linear" else now * (declared.step or 2)
            others[name] = min(following, declared.max_value)
    yield others


def _pair(name: str, value: Any) -> str:
    return json.dumps([name, value], default=str)


def _key(hp: Any) -> str:
    return json.dumps(_describe(hp), sort_keys=True)


def _describe(hp: Any) -> dict[str, Any]:
    config = dict(hp.get_config())
    config["class"] = type(hp).__name__
    config["conditions"] = [[c.name, list(c.values)] for c in hp.conditions]
    config.pop("default", None)
    return config
