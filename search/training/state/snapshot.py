"""All that is needed to continue a training after its last finished epoch, as arrays and bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from search.errors import CannotContinue
from search.training.state.archive import pack, unpacked
from search.training.state.optimizers import OptimizerState, prepare, states_of
from search.training.state.random_state import random_state, restore_random_state
from search.training.state.untracked import untracked_of

Array = np.ndarray[Any, Any]
Arrays = Sequence[Array]
FORMAT = 2


@dataclass(frozen=True)
class Snapshot:
    """A training's state after an epoch.

    Args:
        model: the variables of the model that was trained (weights, seed generators' states), in its order.
        optimizers: what each of its optimizers remembers.
        best: the weights of the best epoch so far; empty where there is none.
        monitor: `Monitor.state`.
        progress: what else the training has to know, as JSON values: the calls of ``fit``, the callbacks' states.
        arrays: arrays that the callbacks keep, by name.
        random: `random_state`.
        untracked: `untracked_of` the model.
    """

    model: Arrays
    optimizers: Sequence[OptimizerState]
    best: Arrays
    monitor: Mapping[str, Any]
    progress: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, Array] = field(default_factory=dict)
    random: Mapping[str, Any] = field(default_factory=dict)
    untracked: Arrays = ()

    @classmethod
    def take(
        cls,
        model: Any,
        best: Arrays,
        monitor: Mapping[str, Any],
        progress: Mapping[str, Any] | None = None,
        arrays: Mapping[str, Array] | None = None,
    ) -> Snapshot:
        """Copy the state of a model that has been trained."""
        return cls(
            model=[np.array(variable) for variable in model.variables],
            optimizers=states_of(model),
            best=best,
            monitor=monitor,
            progress=progress or {},
            arrays=arrays or {},
            random=random_state(),
            untracked=[np.array(variable) for variable in untracked_of(model)],
        )

    @property
    def exact(self) -> bool:
        """Whether an optimizer's state is in it: one that the model does not hold cannot be found."""
        return any(state.arrays for state in self.optimizers)

    def apply(self, model: Any) -> tuple[str, ...]:
        """Put the state into a model that is at the same stage: built and compiled by the same code and params.

        Returns:
            What could not be put back.

        Raises:
            CannotContinue: the model's variables or optimizers differ in number or shape; nothing is put back then.
        """
        _check("model", model.variables, self.model)
        try:
            optimizers = prepare(model, list(self.optimizers))
        except ValueError as error:
            raise CannotContinue(str(error)) from error
        for optimizer, state in optimizers:
            _check("optimizer", optimizer.variables, state.arrays)
        untracked = untracked_of(model)
        lost = [tuple(v.shape) for v in untracked] != [array.shape for array in self.untracked]
        pairs = [
            (model.variables, self.model),
            *((optimizer.variables, state.arrays) for optimizer, state in optimizers),
            *([] if lost else [(untracked, self.untracked)]),
        ]
        for variables, arrays in pairs:
            for variable, array in zip(variables, arrays, strict=True):
                variable.assign(array)
        restore_random_state(dict(self.random))
        return ("its layers make variables while they train that Keras does not track",) if lost else ()

    def to_bytes(self) -> bytes:
        """Pack as an ``.npz`` archive without pickles."""
        head = {
            "format": FORMAT,
            "optimizers": [{"arrays": len(state.arrays), "trained": state.trained} for state in self.optimizers],
            "monitor": dict(self.monitor),
            "progress": dict(self.progress),
            "random": dict(self.random),
        }
        arrays = {f"model.{place}": array for place, array in enumerate(self.model)}
        arrays |= {f"best.{place}": array for place, array in enumerate(self.best)}
        arrays |= {f"untracked.{place}": array for place, array in enumerate(self.untracked)}
        arrays |= {f"kept.{name}": array for name, array in self.arrays.items()}
        for number, state in enumerate(self.optimizers):
            arrays |= {f"optimizer.{number}.{place}": array for place, array in enumerate(state.arrays)}
        return pack(head, arrays)

    @classmethod
    def from_bytes(cls, data: bytes) -> Snapshot:
        """Unpack what `to_bytes` packed; pickled members are refused.

        Raises:
            CannotContinue: the bytes are damaged, or of another version of this program.
        """
        with unpacked(data, FORMAT) as (head, archive):
            counts: dict[str, int] = {}
            for name in archive.files:
                kind = name.partition(".")[0]
                counts[kind] = counts.get(kind, 0) + 1
            return cls(
                model=[archive[f"model.{place}"] for place in range(counts.get("model", 0))],
                optimizers=[_optimizer(archive, number, entry) for number, entry in enumerate(head["optimizers"])],
                best=[archive[f"best.{place}"] for place in range(counts.get("best", 0))],
                monitor=head["monitor"],
                progress=head["progress"],
                arrays={n.removeprefix("kept."): archive[n] for n in archive.files if n.startswith("kept.")},
                random=head["random"],
                untracked=[archive[f"untracked.{place}"] for place in range(counts.get("untracked", 0))],
            )


def _optimizer(archive: Any, number: int, entry: Mapping[str, Any]) -> OptimizerState:
    arrays = [archive[f"optimizer.{number}.{place}"] for place in range(entry["arrays"])]
    return OptimizerState(arrays, entry["trained"])


def _check(kind: str, variables: Sequence[Any], arrays: Arrays) -> None:
    expected = [tuple(variable.shape) for variable in variables]
    came = [array.shape for array in arrays]
    if expected != came:
        raise CannotContinue(f"the checkpoint's {kind} variables have shapes {came}; expected {expected}"[:500])
