"""Whether a HyperModel's ``build`` returned what can be trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from search.errors import ProblemError

if TYPE_CHECKING:
    from search.problems.problem import Problem


def check_model(model: Any, problem: Problem, *, own_fit: bool = False) -> None:
    """Check what a HyperModel's ``build`` returned.

    Args:
        model: what it returned.
        problem: whose HyperModel it is.
        own_fit: its ``fit`` may compile the model, or train it by a loop of its own.

    Raises:
        ProblemError: it is not a Keras model, or not a compiled one.
    """
    import keras

    if not isinstance(model, keras.Model):
        raise ProblemError(
            f"the problem {problem.name!r}: build returned {type(model).__name__}; expected a compiled keras.Model"
        )
    if not model.compiled and not own_fit:
        raise ProblemError(
            f"the problem {problem.name!r}: build returned a model that is not compiled; "
            "call model.compile(optimizer=..., loss=..., metrics=[...]) before returning it"
        )
