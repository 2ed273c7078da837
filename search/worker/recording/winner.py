"""A trained model made ready for the registry, whatever model it is: its file, and predictions to check it by."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from registry import ReferencePredictions, WriteError, save_model, save_weights
from registry.core.error_text import one_line, storable
from registry.values.known_tags import NO_WEIGHTS_TAG
from search.training.objective.saved_model import SavedModel

logger = logging.getLogger(__name__)

LONGEST_TAG = 500
T = TypeVar("T")


@dataclass(frozen=True)
class Winner:
    """What becomes a version's bytes.

    Args:
        weights: the ``.keras`` file; None where the model cannot be written.
        predictions: for a few samples; None where none can be made, stored or repeated.
        tags: why there is no file, where there is none.
    """

    weights: bytes | None
    predictions: ReferencePredictions | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


def winner_of(model: Any, samples: Any, *, built: bool = True) -> Winner:
    """Return a trained model's file and its predictions for a few samples; nothing that fails here is an error.

    Args:
        model: a Keras model with the weights of its best epoch; or one that an objective has saved; None where nothing
            was trained.
        samples: inputs with samples along the first axis, in any structure; or None.
        built: the problem's code builds such a model, which Keras then need not be able to describe.
    """
    if model is None:
        return Winner(None, tags={NO_WEIGHTS_TAG: "its training was given up before it gave its model back"})
    if isinstance(model, SavedModel):
        return Winner(model.weights)
    try:
        weights = _file_of(model) if built else save_model(model)
    except BaseException as error:  # of the model's own code, which may raise any; Ctrl-C itself sets an event
        reason = str(error) if type(error).__name__ == "WriteError" else one_line(error)
        logger.info("%s; its version is recorded without weights", reason)
        return Winner(None, tags={NO_WEIGHTS_TAG: storable(reason)[:LONGEST_TAG]})
    return Winner(weights, None if samples is None else attempted(lambda: _predictions(model, samples)))


def _file_of(model: Any) -> bytes:
    """Return a model as a ``.keras`` file; where Keras cannot describe it, one that needs its problem's code."""
    try:
        return save_model(model)
    except WriteError as unwritten:
        try:
            return save_weights(model)
        except Exception as error:  # of the model's own code
            logger.debug("nor can its weights be written: %s", one_line(error))
            raise unwritten from error


def _predictions(model: Any, samples: Any) -> ReferencePredictions | None:
    """Return what a model predicts; None where it predicts something else the second time, as one that draws does."""
    predictions = ReferencePredictions.of(model, samples)
    return predictions if predictions.compare(model).status in ("equal", "close") else None


def attempted(make: Callable[[], T]) -> T | None:
    """Return what a function makes of a model; None where the model's own code fails in it."""
    try:
        return make()
    except BaseException as error:
        logger.debug("left out: %s", one_line(error), exc_info=True)
        return None


def storable_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return params as the registry takes them: texts without NULs and lone surrogates, other objects as texts.

    An objective of Optuna's may call a param nothing at all.
    """
    plain = (bool, int, float, type(None))

    def named(name: object) -> str:
        return storable(str(name))[:LONGEST_TAG] or "(without a name)"

    return {
        named(name): value if isinstance(value, plain) or hasattr(value, "item") else storable(str(value))
        for name, value in params.items()
    }
