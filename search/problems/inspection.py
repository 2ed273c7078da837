"""Look at a problem before a study begins: does it load, does its model build, what is its space and data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from registry.core.error_text import one_line
from registry.core.objective import Direction
from search.errors import ProblemError
from search.problems.fingerprint import fingerprint_data
from search.problems.problem import Data, Problem
from search.problems.resolve import load_problem
from search.problems.writable import warning_of, why_not_writable
from search.system.runtime import show_optional

GRID_COUNTED = 100_000


@dataclass(frozen=True)
class Inspection:
    """What a study must know of its problem, as plain values.

    Args:
        problem: as it was named.
        model: the registered model that winners become versions of.
        metric: the objective's metric.
        direction: the objective's direction.
        space: the hyperparameters, the names that occur twice, and the defaults that the HyperModel states.
        space_fingerprint: changes with the space.
        data_fingerprint: changes with the data.
        grid_size: points of the grid, counted up to `GRID_COUNTED`.
        warnings: lines that somebody who begins a study should read.
    """

    problem: str
    model: str
    metric: str
    direction: Direction
    space: dict[str, Any] = field(repr=False)
    space_fingerprint: str
    data_fingerprint: str
    grid_size: int
    warnings: tuple[str, ...] = ()


def inspect_problem(spec: str) -> Inspection:
    """Load a problem, build its model with the default params and hash its data.

    Raises:
        NotFoundError: no such problem.
        ProblemError: it does not load, its ``build`` raises, or what it returns is not a compiled Keras model.
    """
    from search.space.discovery import discover, grid_size

    problem = load_problem(spec)
    hypermodel = make_hypermodel(problem)
    try:
        own_fit = has_own_fit(hypermodel)
        warnings: dict[str, None] = {}

        def check(model: Any) -> None:
            check_model(model, problem, own_fit=own_fit)
            reason = why_not_writable(model)
            if reason is not None and not warnings:
                warnings[warning_of(problem.name, reason)] = None

        space = discover(hypermodel, check=check)
    except ProblemError:
        raise
    except Exception as error:
        raise ProblemError(f"the problem {spec!r}: build failed: {one_line(error)}") from error
    fingerprint = fingerprint_data(load_data(problem))
    return Inspection(
        problem=spec,
        model=problem.name,
        metric=problem.objective.metric,
        direction=problem.objective.direction,
        space={
            "hyperparameters": space.describe(),
            "ambiguous": sorted(space.ambiguous),
            "defaults": space.defaults(),
        },
        space_fingerprint=space.fingerprint,
        data_fingerprint=fingerprint,
        grid_size=grid_size(space, at_most=GRID_COUNTED),
        warnings=tuple(warnings),
    )


def make_hypermodel(problem: Problem) -> Any:
    """Return the problem's HyperModel.

    Raises:
        ProblemError: it fails, or gives something else.
    """
    import keras_tuner

    try:
        made = problem.hypermodel()
    except Exception as error:
        raise ProblemError(f"the problem {problem.name!r}: making its HyperModel failed: {one_line(error)}") from error
    if not isinstance(made, keras_tuner.HyperModel):
        raise ProblemError(
            f"the problem {problem.name!r}: hypermodel() returned {type(made).__name__}; "
            "expected a keras_tuner.HyperModel"
        )
    return made


def load_data(problem: Problem) -> Data:
    """Return the problem's data.

    Raises:
        ProblemError: it fails to load, or is not `Data`.
    """
    from registry.core.errors import UserError

    try:
        data = problem.load_data()
    except UserError:
        raise
    except Exception as error:
        raise ProblemError(f"the problem {problem.name!r}: loading its data failed: {one_line(error)}") from error
    show_optional()
    if not isinstance(data, Data):
        raise ProblemError(
            f"the problem {problem.name!r}: load_data() returned {type(data).__name__}; "
            "expected search.Data(train=(x, y), validation=(x, y))"
        )
    return data


def has_own_fit(hypermodel: Any) -> bool:
    """Tell whether a HyperModel trains its models by a ``fit`` of its own."""
    import keras_tuner

    return getattr(hypermodel.fit, "__func__", hypermodel.fit) is not keras_tuner.HyperModel.fit


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
