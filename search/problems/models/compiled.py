"""Whether a HyperModel's ``build`` returned what can be trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from search.errors import ProblemError

if TYPE_CHECKING:
    from search.problems.problem import Problem


def check_model(model: Any, problem: Problem, *, own_fit: bool = False, before: Any = None) -> None:
    """Check what a HyperModel's ``build`` returned.

    Args:
        model: what it returned.
        problem: whose HyperModel it is.
        own_fit: its ``fit`` may compile the model, or train it by a loop of its own.
        before: a model that it returned before.

    Raises:
        ProblemError: it is not a Keras model, not a compiled one, or trains weights of the one before.
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
    others = set() if before is None else {id(before), *map(id, before.trainable_variables)}
    shared = [each for each in (model, *model.trainable_variables) if id(each) in others]
    if shared:
        what = "the model" if shared[0] is model else f"a model with the weights {shared[0].path!r}"
        raise ProblemError(
            f"the problem {problem.name!r}: build returned {what} that it had returned before, so that each trial "
            "would go on from what the one before has learnt; make new layers in each call"
        )
