"""One Keras model that averages what others predict, of Keras' own layers: it loads in safe mode, without this code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import keras

from registry.values.structures import for_keras, leaves, mapped
from search.ensemble.outputs import OutputKind, named_identity
from search.problems.models.links import Link


def average_of(members: Sequence[tuple[Any, int]], kind: OutputKind, x: Any) -> Any:
    """Return a functional model that has the members as layers, and predicts their weighted mean.

    Args:
        members: Keras models, and how often each counts. Their names change.
        kind: what they predict; means of logits are taken of the probabilities and given as logits again.
        x: some inputs, in the structure that the members take, for those that do not say what they take.
    """
    inputs = _inputs(members[0][0], x)
    kind = replace(kind, links=tuple(map(_of_layers, kind.links)))
    outputs: list[list[Any]] = [[] for _ in kind.names]
    for place, (member, times) in enumerate(members, 1):
        member.name = f"member_{place}"
        for predictions, link, tensor in zip(outputs, kind.links, leaves(member(inputs)), strict=True):
            predictions += [link.probabilities(tensor)] * times
    means = kind.logits([keras.layers.Average()(predictions) for predictions in outputs])
    named = mapped(named_identity, kind.structure)
    joined = iter(leaves(means))
    return keras.Model(inputs, mapped(lambda layer: layer(next(joined)), named), name="ensemble")


def _of_layers(link: Link) -> Link:
    """Return a link whose operations are layers, which hand on the mask of an output; operations alone lose it."""

    def layered(function: Callable[[Any], Any], tensor: Any) -> Any:
        x = keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype)
        for operation in keras.Model(x, function(x)).operations[1:]:
            is_layer = isinstance(operation, keras.Layer)
            tensor = (operation if is_layer else keras.layers.Activation(operation, dtype=tensor.dtype))(tensor)
        return tensor

    return Link(partial(layered, link.probabilities), partial(layered, link.logits))


def _inputs(member: Any, x: Any) -> Any:
    """Return new inputs as a model's own are, in their structure."""
    if isinstance(member, keras.Sequential) and member.inputs:
        return _input(member.inputs[0])
    if isinstance(getattr(member, "inputs", None), list):
        return mapped(_input, member.input)
    return mapped(lambda array: keras.Input(array.shape[1:], dtype=array.dtype.name), for_keras(x))


def _input(own: Any) -> Any:
    return keras.Input(batch_shape=own.shape, dtype=own.dtype, name=own.name)
