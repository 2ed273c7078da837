"""Scores of predictions, by what a problem's models are compiled with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from registry.values.structures import for_keras, leaves, mapped
from search.ensemble.masks import Masked, Masks
from search.ensemble.outputs import OutputKind, named_identity
from search.errors import MetricError
from search.training.metrics import MetricReader

BATCH = 8192


class Judge:
    """Measure predictions by a problem's own loss and metrics, as its models' ``evaluate`` would.

    The loss is without penalties of weights, which a prediction does not have.

    Args:
        kind: what the predictions are.
        compiled: see `search.problems.rebuild.compilation`.
        truth: ``(y,)`` or ``(y, sample_weight)`` of the samples.
        masks: `masks_of` what predicts, where it masks its outputs.
    """

    def __init__(
        self, kind: OutputKind, compiled: Mapping[str, Any], truth: Sequence[Any], masks: Masks | None = None
    ) -> None:
        shapes = dict(zip(kind.names, kind.shapes, strict=True))
        inputs = {name: keras.Input(shapes[name]) for name in leaves(kind.structure)}
        kept = {name: keras.Input(mask.shape[1:]) for name, mask in (masks or {}).items()}
        masked = inputs | {name: Masked()([inputs[name], mask]) for name, mask in kept.items()}
        outputs = mapped(lambda name: named_identity(name)(masked[name]), kind.structure)
        self._model = keras.Model([*inputs.values(), *kept.values()], outputs)
        self._model.compile(**compiled, jit_compile=False)  # XLA would take longer than it spares
        self._truth = {name: for_keras(part) for name, part in zip(("y", "sample_weight"), truth, strict=False)}
        self._kind, self._masks, self._read = kind, list((masks or {}).values()), MetricReader()

    def metrics(self, means: Sequence[Any]) -> dict[str, float]:
        """Return loss and metrics of averaged outputs, named ``val_…``."""
        x = [keras.ops.convert_to_numpy(leaf) for leaf in leaves(self._kind.logits(means))]
        values = self._model.evaluate([*x, *self._masks], **self._truth, batch_size=BATCH, verbose=0, return_dict=True)
        return {f"val_{name}": number for name, number in self._read(values).items()}

    def score(self, means: Sequence[Any], metric: str) -> float:
        """Return one of the `metrics`.

        Raises:
            MetricError: it is not among them.
        """
        measured = self.metrics(means)
        if metric not in measured:
            raise MetricError(
                f"the objective {metric!r} is not measured by the problem's compiled loss and metrics alone; "
                f"they give: {', '.join(measured)}"
            )
        return measured[metric]
