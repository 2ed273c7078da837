"""A fingerprint of predictions: what a model said to a few inputs when it was registered."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CLOSE = 1e-4


@dataclass(frozen=True, eq=False)
class ReferencePredictions:
    """A few inputs and what the model predicts for them.

    Args:
        inputs: samples along the first axis, as the model takes them.
        outputs: one prediction a sample.
    """

    inputs: NDArray[Any]
    outputs: NDArray[Any]

    @classmethod
    def of(cls, model: Any, inputs: NDArray[Any]) -> ReferencePredictions:
        """Return what a Keras model predicts for the inputs, all in one batch."""
        return cls(inputs, predict(model, inputs))

    def to_bytes(self) -> bytes:
        """Return both arrays as an ``.npz`` file's bytes."""
        import numpy as np

        out = io.BytesIO()
        np.savez(out, inputs=np.asarray(self.inputs), outputs=np.asarray(self.outputs))
        return out.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> ReferencePredictions:
        """Return both arrays again; nothing is unpickled."""
        import numpy as np

        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return cls(arrays["inputs"], arrays["outputs"])

    def compare(self, model: Any) -> LoadCheck:
        """Return how far a model's predictions are from the stored ones."""
        import numpy as np

        found = np.asarray(predict(model, self.inputs))
        if found.shape != self.outputs.shape:
            return LoadCheck("different", None)
        if np.array_equal(found, self.outputs, equal_nan=True):
            return LoadCheck("equal", 0.0)
        apart = float(np.max(np.abs(found.astype(np.float64) - self.outputs.astype(np.float64))))
        close = np.allclose(found, self.outputs, rtol=CLOSE, atol=CLOSE, equal_nan=True)
        return LoadCheck("close" if close else "different", apart)


@dataclass(frozen=True, slots=True)
class LoadCheck:
    """What became of a version's predictions.

    Args:
        status: ``equal`` bit for bit, ``close`` (within 1e-4), ``different``, or ``unknown``: the model loads, but
            no predictions were stored with it.
        max_difference: the largest one; None where there is none to tell.
    """

    status: Literal["equal", "close", "different", "unknown"]
    max_difference: float | None


def predict(model: Any, inputs: NDArray[Any]) -> NDArray[np.generic]:
    """Return a Keras model's predictions for the inputs, in one batch and in silence."""
    found: NDArray[np.generic] = model.predict(inputs, batch_size=max(len(inputs), 1), verbose=0)
    return found
