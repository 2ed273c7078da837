"""All that is needed to continue a training after its last finished epoch, as arrays and bytes."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Arrays = Sequence[np.ndarray[Any, Any]]


@dataclass(frozen=True)
class Snapshot:
    """A training's state after an epoch.

    Args:
        model: the model's variables (weights, seed generators' states, metrics), in the model's order.
        optimizer: the optimizer's variables (iterations, learning rate, momenta).
        best: the weights of the best epoch so far; empty where there is none.
        monitor: `Monitor.state`.
    """

    model: Arrays
    optimizer: Arrays
    best: Arrays
    monitor: Mapping[str, Any]

    @classmethod
    def take(cls, model: Any, best: Arrays, monitor: Mapping[str, Any]) -> Snapshot:
        """Copy a compiled model's state."""
        return cls(
            model=[np.array(variable) for variable in model.variables],
            optimizer=[np.array(variable) for variable in model.optimizer.variables],
            best=best,
            monitor=monitor,
        )

    def apply(self, model: Any) -> None:
        """Put the state into a model that was built and compiled with the same params.

        Raises:
            ValueError: the model's variables differ in number or shape.
        """
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        for kind, variables, arrays in (
            ("model", model.variables, self.model),
            ("optimizer", model.optimizer.variables, self.optimizer),
        ):
            expected = [tuple(v.shape) for v in variables]
            came = [a.shape for a in arrays]
            if expected != came:
                raise ValueError(f"the checkpoint's {kind} variables have shapes {came}; expected {expected}")
            for variable, array in zip(variables, arrays, strict=True):
                variable.assign(array)

    def to_bytes(self) -> bytes:
        """Pack as an ``.npz`` archive without pickles."""
        arrays = {f"{kind}{index}": array for kind in "mob" for index, array in enumerate(self._of(kind))}
        text = json.dumps(dict(self.monitor)).encode()
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, monitor=np.frombuffer(text, np.uint8), **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Snapshot:
        """Unpack what `to_bytes` packed; pickled members are refused."""
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:

            def arrays(kind: str) -> Arrays:
                count = sum(name[0] == kind and name[1:].isdigit() for name in archive.files)
                return [archive[f"{kind}{index}"] for index in range(count)]

            monitor = json.loads(archive["monitor"].tobytes())
            return cls(model=arrays("m"), optimizer=arrays("o"), best=arrays("b"), monitor=monitor)

    def _of(self, kind: str) -> Arrays:
        return {"m": self.model, "o": self.optimizer, "b": self.best}[kind]
