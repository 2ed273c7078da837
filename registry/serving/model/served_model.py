"""A version that answers requests: loaded, checked against its stored predictions, and compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registry.api.registry import Registry
from registry.core.error_text import one_line
from registry.core.errors import LoadError
from registry.prediction.predict import Kind, best_of, classes_of, kind_of, names_of, outputs_by_name, shares_of
from registry.prediction.samples import Input, inputs_of, structured, takes_names
from registry.serving.model.first_samples import blank_samples, by_input, first_answered
from registry.values.structures import Structure
from registry.values.version import ModelVersion, Rebuild

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class ServedModel:
    """A version that answers.

    Args:
        version: which it is.
        inputs: what its model takes.
        by_name: whether the model takes a dict of them.
        classes: what its classes are called; empty where it tells none, or has several outputs.
        kinds: what the numbers of each output are, by the output's name; ``""`` where there is one.
        forward: makes outputs of inputs, with samples along the first axis.
        carries: whether what it says of a sample depends on those before it, so that no two requests may be joined.
    """

    version: ModelVersion
    inputs: tuple[Input, ...]
    by_name: bool
    classes: tuple[str, ...]
    kinds: Mapping[str, Kind]
    forward: Callable[[Structure], Structure]
    carries: bool = False

    def predictions(self, arrays: Mapping[str, NDArray[Any]]) -> list[Any]:
        """Return what the model predicts, as JSON values, one a sample.

        Args:
            arrays: an array of shape (samples, …) for each input, in the inputs' order.

        Returns:
            Of a model that tells classes ``{"class", "probability", "probabilities"}``, else the numbers; of several
            outputs an object of these by the output's name.

        Raises:
            ValueError: it does not say something of each sample.
        """
        outputs = outputs_by_name(self.forward(structured(arrays, by_name=self.by_name)))
        _check_each(outputs, len(next(iter(arrays.values()))))
        columns = {name: _answers_of(output, self.kinds[name], self.classes) for name, output in outputs.items()}
        if list(columns) == [""]:
            return columns[""]
        return [dict(zip(columns, each, strict=True)) for each in zip(*columns.values(), strict=True)]


def load_served(registry: Registry, version: ModelVersion, rebuild: Rebuild | None) -> ServedModel:
    """Return a version ready to answer, once it predicts what it predicted when it was registered.

    Raises:
        UserError: it has no weights, cannot be loaded, does not say what it takes, or predicts something else.
    """
    from registry.keras_models.forward import compiled
    from registry.keras_models.predictions import states_of, tolerance_of

    model = registry.load(version, rebuild)
    stored = registry.reference_predictions(version)
    inputs, by_name = inputs_of(model, lambda: stored), takes_names(model, lambda: stored)
    forward = compiled(model, structured({each.name: each for each in inputs}, by_name=by_name))
    try:
        possible = blank_samples(inputs) if stored is None else [by_input(stored.inputs, inputs)]
        arrays, outputs = first_answered(forward, possible, by_name=by_name)
        named = outputs_by_name(outputs)
        _check_each(named, len(next(iter(arrays.values()))))
    except Exception as error:  # the model's own code
        raise LoadError(f"{version.ref} loads, but fails on its first samples: {one_line(error)}") from error
    if stored is not None:
        check = stored.compare_outputs(outputs, tolerance_of(model))
        if check.status == "different":
            raise LoadError(
                f"{version.ref} loads, but predicts something else than when it was registered (apart by "
                f"{check.max_difference}); see `registry load-check {version.ref}`"
            )
    names = classes_of(version)
    kinds = {name: kind_of(_flat(output), len(names) if name == "" else 0) for name, output in named.items()}
    classes: tuple[str, ...] = ()
    if kinds.get("", "numbers") != "numbers":
        classes = tuple(names_of(shares_of(_flat(named[""]), kinds[""]), names))
    return ServedModel(version, inputs, by_name, classes, kinds, forward, carries=bool(states_of(model)))


def _check_each(outputs: Mapping[str, NDArray[Any]], samples: int) -> None:
    for name, output in outputs.items():
        if output.shape[:1] != (samples,):
            which = f"the output {name!r}" if name else "the model"
            raise ValueError(f"{which} gives {output.shape} for {samples} samples; expected something for each of them")


def _flat(output: NDArray[Any]) -> NDArray[Any]:
    return output.reshape(len(output), -1)


def _answers_of(output: NDArray[Any], kind: Kind, classes: Sequence[str]) -> list[Any]:
    """Return what one output of shape (samples, …) says of each sample."""
    shares = shares_of(_flat(output), kind)
    if shares is None:
        return list((output[:, 0] if output.shape[1:] == (1,) else output).tolist())
    best = best_of(shares, names_of(shares, classes))
    return [
        {"class": name, "probability": highest, "probabilities": probabilities}
        for name, highest, probabilities in zip(best, shares.max(axis=1).tolist(), shares.tolist(), strict=True)
    ]
