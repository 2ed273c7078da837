"""What Keras models predict, also those that take batches of one size only, or remember the batch before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from registry.values.structures import Structure, for_keras, leaves, mapped, samples

CLOSE = 1e-4
STEPS = {"float16": 2.0**-10, "bfloat16": 2.0**-7}  # from 1 to the next number


def predict(model: Any, inputs: Structure, batch_size: int | None = None) -> Structure:
    """Return a Keras model's predictions for the inputs, in silence.

    Args:
        model: the model; recurrent layers that carry their states from batch to batch begin anew, and stay as new.
        inputs: in the model's structure, with samples along the first axis.
        batch_size: samples a batch, of a model that takes any; None for all in one. One that takes batches of a fixed
            size gets such, the last one filled up with the last sample.
    """
    count, fixed = samples(inputs), fixed_batch(model)
    with from_rest(model):
        if fixed is None or not count:
            return model.predict(for_keras(inputs), batch_size=batch_size or max(count, 1), verbose=0)
        outputs = model.predict(for_keras(filled(inputs, fixed)), batch_size=fixed, verbose=0)
    return mapped(lambda output: output[:count], outputs)


def tolerance_of(model: Any) -> float:
    """Return how far apart a Keras model's predictions may be on two machines, for a value of 1 and for one near 0.

    It is 1e-4; where layers compute in float16 or bfloat16, four steps between their numbers: .0039 and .031.
    """
    computed = {getattr(layer, "compute_dtype", None) for layer in model._flatten_layers()}
    return max([CLOSE, *(4 * step for dtype, step in STEPS.items() if dtype in computed)])


def evaluate(model: Any, x: Structure, y: Structure, batch_size: int) -> dict[str, Any]:
    """Return a compiled Keras model's loss and metrics on data, by name; in batches as `predict` makes them.

    Those of a fixed size are not filled up, for that would be measured, too.
    """
    with from_rest(model):
        size = fixed_batch(model) or batch_size
        measured: dict[str, Any] = model.evaluate(
            for_keras(x), for_keras(y), batch_size=size, verbose=0, return_dict=True
        )
    return measured


def fixed_batch(model: Any) -> int | None:
    """Return how many samples each batch of a model must have; None of one that takes any number."""
    sizes = {tensor.shape[0] for tensor in getattr(model, "inputs", None) or [] if len(tensor.shape)}
    fixed = sizes.pop() if len(sizes) == 1 else None
    return None if fixed is None else int(fixed)


def filled(inputs: Structure, size: int) -> Structure:
    """Return inputs whose last sample is repeated until they make whole batches of a size."""
    missing = -samples(inputs) % size
    return mapped(lambda array: _filled(array, missing), inputs) if missing else inputs


def _filled(array: Any, missing: int) -> Any:
    import numpy as np

    plain = np.asarray(array)
    return np.concatenate([plain, np.repeat(plain[-1:], missing, axis=0)])


@contextmanager
def from_rest(model: Any) -> Iterator[None]:
    """Let recurrent layers that carry their states from batch to batch begin anew in this block, and after it."""
    _forget(model)
    try:
        yield
    finally:
        _forget(model)


def states_of(model: Any) -> list[Any]:
    """Return the variables in which a model's recurrent layers carry their states from batch to batch."""
    carrying = [layer for layer in model._flatten_layers() if getattr(layer, "stateful", False) is True]
    states = [state for layer in carrying for state in leaves(getattr(layer, "states", None))]
    return [state for state in states if hasattr(state, "assign")]


def _forget(model: Any) -> None:
    import numpy as np

    for state in states_of(model):
        state.assign(np.zeros(state.shape))  # not state * 0, which keeps NaN
