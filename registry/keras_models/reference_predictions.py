"""A fingerprint of predictions: what a model said to a few inputs when it was registered."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, Literal

from registry.keras_models.predictions import predict, tolerance_of
from registry.values import structures
from registry.values.structures import Structure


@dataclass(frozen=True, eq=False)
class ReferencePredictions:
    """A few inputs and what the model predicts for them.

    Args:
        inputs: as the model takes them: an array with samples along the first axis, or a list or a dict of such arrays;
            numbers or texts.
        outputs: the predictions: an array with one for each sample, or a list or a dict of such arrays.
    """

    inputs: Structure
    outputs: Structure

    @classmethod
    def of(cls, model: Any, inputs: Structure) -> ReferencePredictions:
        """Return what a Keras model predicts for the inputs, all in one batch.

        Raises:
            ValueError: inputs or predictions are none that can be stored, such as ragged ones.
            Exception: what the model raises.
        """
        arrays = structures.mapped(structures.as_array, inputs)
        return cls(arrays, structures.mapped(structures.as_array, predict(model, arrays)))

    def to_bytes(self) -> bytes:
        """Return all arrays as an ``.npz`` file's bytes, without pickles.

        Raises:
            ValueError: one of them cannot be stored.
        """
        import numpy as np

        arrays = structures.pack("inputs", self.inputs) | structures.pack("outputs", self.outputs)
        out = io.BytesIO()
        np.savez(out, allow_pickle=False, **arrays)
        return out.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> ReferencePredictions:
        """Return the arrays again; nothing is unpickled.

        Raises:
            Exception: the bytes are no such file, or hold a pickle, as those of models with several outputs once did.
        """
        import numpy as np

        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return cls(structures.unpack("inputs", arrays), structures.unpack("outputs", arrays))

    def compare(self, model: Any) -> LoadCheck:
        """Return how far a model's predictions are from the stored ones, over all of its outputs."""
        return self.compare_outputs(predict(model, self.inputs), tolerance_of(model))

    def compare_outputs(self, outputs: Structure, tolerance: float) -> LoadCheck:
        """Return how far outputs for the stored inputs are from the stored ones; see `tolerance_of`."""
        import numpy as np

        arrays = structures.mapped(structures.as_array, outputs)
        if not structures.same_structure(self.outputs, arrays):
            return LoadCheck("different", None)
        pairs = structures.paired(self.outputs, arrays)
        if any(expected.shape != came.shape for expected, came in pairs):
            return LoadCheck("different", None)
        apart = [structures.differences(expected, came) for expected, came in pairs]
        if all(equal for equal, _ in apart):
            return LoadCheck("equal", 0.0)
        if any(distance is None for _, distance in apart):
            return LoadCheck("different", None)
        unequal = [pair for pair, (equal, _) in zip(pairs, apart, strict=True) if not equal]
        close = all(
            np.allclose(came, expected, rtol=tolerance, atol=tolerance, equal_nan=True) for expected, came in unequal
        )
        return LoadCheck("close" if close else "different", max(distance or 0.0 for _, distance in apart))


@dataclass(frozen=True, slots=True)
class LoadCheck:
    """What became of a version's predictions.

    Args:
        status: ``equal`` bit for bit, ``close`` (within `tolerance_of` the model), ``different``, or ``unknown``: the
            model loads, but no predictions were stored with it.
        max_difference: the largest one; None where there is none to tell.
    """

    status: Literal["equal", "close", "different", "unknown"]
    max_difference: float | None
