"""The bridge: a KerasTuner ``HyperParameters`` whose values come from a sampler, as the model is built."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras_tuner
from keras_tuner.engine import hyperparameters as kt

from search.space.dimensions import Dimension, Value, dimension

Suggest = Callable[[Dimension], Any]


class MixedChoice(kt.Choice):  # type: ignore[misc]
    """A Choice that may hold None and bools, and keeps their types (KerasTuner's turns True into 1)."""

    def __init__(
        self,
        name: str,
        values: Sequence[Value],
        ordered: bool | None = None,
        default: Value = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, [str(index) for index in range(len(values))], ordered=False, **kwargs)
        self._values, self._default = list(values), default

    @property
    def default(self) -> Value:
        """Return the default; None where it is among the values, else the first."""
        return self._values[0] if self._default is None and None not in self._values else self._default


class SampledHyperParameters(keras_tuner.HyperParameters):  # type: ignore[misc]
    """Define-by-run: each hyperparameter that a ``build`` declares takes its value from a sampler.

    Everything else is KerasTuner's own: name scopes and conditional scopes, None for an inactive value, ``hp.get``,
    ``name in hp``, ``hp.values`` (the active ones).

    Args:
        suggest: asked once for each active hyperparameter that is not fixed; returns what was sampled.
        ambiguous: names that the space declares more than once with different ranges, in different conditional
            scopes; the sampler knows them by their name and conditions.
    """

    def __init__(self, suggest: Suggest, ambiguous: frozenset[str] = frozenset()) -> None:
        super().__init__()
        self._suggest, self._ambiguous = suggest, ambiguous

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
        if len({type(value) for value in values}) == 1 and not isinstance(values[0], bool) and values[0] is not None:
            return super().Choice(name, values, ordered, default, parent_name, parent_values)
        with self._maybe_conditional_scope(parent_name, parent_values):
            hp = MixedChoice(self._get_name(name), values, default=default, conditions=self._conditions)
            return self._retrieve(hp)

    def _register(self, hyperparameter: Any, overwrite: bool = False) -> Any:
        hp = hyperparameter
        if not isinstance(hp, kt.Fixed) and self.is_active(hp) and hp.name not in self.values:
            found = dimension(hp, sampled_name(hp, self._ambiguous))
            self.values[hp.name] = found.decode(self._suggest(found))
        return super()._register(hp)

    def copy(self) -> Any:
        """Return a copy that asks the same sampler (KerasTuner copies for HyperModels that are not tunable)."""
        new = SampledHyperParameters(self._suggest, self._ambiguous)
        new.merge(self)
        new.values = dict(self.values)
        return new


def sampled_name(hp: Any, ambiguous: frozenset[str]) -> str:
    """Return the name a sampler knows a hyperparameter by.

    It is the hyperparameter's own, with its conditions where the name alone could mean two ranges.
    """
    if hp.name not in ambiguous or not hp.conditions:
        return str(hp.name)
    conditions = ",".join(f"{c.name}={'|'.join(map(str, c.values))}" for c in hp.conditions)
    return f"{hp.name}[{conditions}]"
