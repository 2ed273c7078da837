"""The bridge: a KerasTuner ``HyperParameters`` whose values come from a sampler, as the model is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras_tuner
from keras_tuner.engine import hyperparameters as kt

from search.errors import ProblemError
from search.space.dimensions import Dimension, Value
from search.space.names import Names

Suggest = Callable[[Dimension], Any]


class MixedChoice(kt.Choice):  # type: ignore[misc]
    """A Choice that may hold None and bools, and keeps their types (KerasTuner's turns True into 1).

    Raises:
        TypeError: a value is not None, bool, int, float or str.
        ValueError: there are no values, or the default is none of them.
    """

    def __init__(
        self,
        name: str,
        values: Sequence[Value],
        ordered: bool | None = None,
        default: Value = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, [str(index) for index in range(len(values))], ordered=False, **kwargs)
        for value in values:
            if value is not None and not isinstance(value, bool | int | float | str):
                raise TypeError(
                    f"the choice {name!r} holds {value!r} of type {type(value).__name__}; "
                    "expected None, bool, int, float or str"
                )
        if default is not None and default not in values:
            raise ValueError(f"the default of the choice {name!r} is {default!r}; expected one of {list(values)!r}")
        self._values, self._default = list(values), default

    @property
    def default(self) -> Value:
        """Return the default; None where it is among the values, else the first."""
        return self._values[0] if self._default is None and None not in self._values else self._default


class SampledHyperParameters(keras_tuner.HyperParameters):  # type: ignore[misc]
    """Define-by-run: each hyperparameter that a ``build`` declares takes its value from a sampler.

    Everything else is KerasTuner's own: name scopes and conditional scopes, None for an inactive value, ``hp.get``,
    ``name in hp``, ``hp.values`` (the active ones). A copy samples nothing: KerasTuner copies for a HyperModel that
    is not tunable, whose new hyperparameters keep their defaults.

    Args:
        suggest: asked once for each active hyperparameter that is not fixed; returns what was sampled. Without it,
            each has its default.
        names: what the sampler calls them.
    """

    def __init__(self, suggest: Suggest | None = None, names: Names | None = None) -> None:
        super().__init__()
        self._suggest, self._names = suggest, names or Names()
        self._untuned: dict[str, Any] = {}  # shared with the copies
        self._is_copy = False

    @property
    def params(self) -> dict[str, Any]:
        """The values of all active hyperparameters, also of those that are not tunable."""
        values: dict[str, Any] = self.values
        return self._untuned | values

    @property
    def untuned(self) -> Mapping[str, Any]:
        """The values of those that only HyperModels which are not tunable declare."""
        return {name: value for name, value in self._untuned.items() if name not in self.values}

    def Choice(  # noqa: N802 - KerasTuner's name
        self,
        name: str,
        values: Sequence[Value],
        ordered: bool | None = None,
        default: Value = None,
        parent_name: str | None = None,
        parent_values: Any = None,
    ) -> Any:
        """Choose one of the values, which may hold None, bools and several types."""
        if not _is_mixed(values):
            return super().Choice(name, values, ordered, default, parent_name, parent_values)
        with self._maybe_conditional_scope(parent_name, parent_values):
            hp = MixedChoice(self._get_name(name), values, default=default, conditions=self._conditions)
            return self._retrieve(hp)

    def _register(self, hyperparameter: Any, overwrite: bool = False) -> Any:
        hp = hyperparameter
        self._validate_name(hp.name)
        if not overwrite and not isinstance(hp, kt.Fixed) and self.is_active(hp) and hp.name not in self.values:
            self.values[hp.name] = self._value_for(hp)
        value = super()._register(hp, overwrite)
        if self._is_copy and self.is_active(hp):
            self._untuned.setdefault(hp.name, value)
        return value

    def _value_for(self, hp: Any) -> Any:
        """Return the value of a hyperparameter that has none yet."""
        if self._suggest is None:
            return hp.default
        asked = self._names.dimension(hp)
        return asked.decode(self._suggest(asked))

    def get_config(self) -> dict[str, Any]:
        """Return the space and the values as KerasTuner's class does."""
        config: dict[str, Any] = super().get_config()
        for entry, hp in zip(config["space"], self.space, strict=True):
            if isinstance(hp, MixedChoice):
                entry["class_name"] = "Choice"
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> SampledHyperParameters:
        """Return hyperparameters of a space and values, from `get_config` of these or of KerasTuner's class."""
        hyperparameters = cls()
        for entry in config["space"]:
            of_entry = entry["config"]
            if entry["class_name"] == "Choice" and _is_mixed(of_entry["values"]):
                hp = MixedChoice.from_config(dict(of_entry))
            else:
                hp = getattr(kt, entry["class_name"]).from_config(dict(of_entry))
            hyperparameters._hps[hp.name].append(hp)
            hyperparameters._space.append(hp)
        hyperparameters.values = dict(config["values"])
        return hyperparameters

    def copy(self) -> SampledHyperParameters:
        """Return a copy in which what is new has its default."""
        new = SampledHyperParameters.from_config(self.get_config())
        new._untuned, new._is_copy = self._untuned, True
        return new


def recorded_hyperparameters(problem: str, params: Mapping[str, Any]) -> SampledHyperParameters:
    """Return hyperparameters that have the values of a record.

    Args:
        problem: whose they are, for messages.
        params: every hyperparameter's value by name; `ProblemError` is raised where another one is asked for.
    """

    def missing(dimension: Dimension) -> Any:
        raise ProblemError(f"the problem {problem!r} now has a hyperparameter {dimension.name!r} that the params lack")

    hp = SampledHyperParameters(missing)
    hp.values = dict(params)
    return hp


def _is_mixed(values: Sequence[Value]) -> bool:
    """Tell whether KerasTuner's own Choice cannot hold these values as they are."""
    if len(values) == 0:
        return False
    return len({type(value) for value in values}) > 1 or values[0] is None or isinstance(values[0], bool)


def build_model(hypermodel: Any, hp: Any) -> Any:
    """Return the model of a HyperModel, which may declare hyperparameters before, as KerasTuner's tuners call it."""
    hypermodel.declare_hyperparameters(hp)
    return hypermodel.build(hp)
