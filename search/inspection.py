"""Look at a problem before a study begins: does it load, does its model build, what is its space and data."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from registry.values import Direction
from search.errors import ChangedProblem, ProblemError
from search.problem import Data, Problem
from search.problems import load_problem
from search.records import StudyRecord

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
    """

    problem: str
    model: str
    metric: str
    direction: Direction
    space: dict[str, Any] = field(repr=False)
    space_fingerprint: str
    data_fingerprint: str
    grid_size: int


def inspect_problem(spec: str) -> Inspection:
    """Load a problem, build its model with the default params and hash its data.

    Raises:
        NotFoundError: no such problem.
        ProblemError: it does not load, its ``build`` raises, or what it returns is not a compiled Keras model.
    """
    from search.space import discover, grid_size

    problem = load_problem(spec)
    hypermodel = make_hypermodel(problem)
    try:
        space = discover(hypermodel, check=lambda model: check_model(model, problem))
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
    )


def check_unchanged(study: StudyRecord, space_fingerprint: str, data_fingerprint: str) -> None:
    """Check that a problem is, here and now, the one that a study began with.

    Raises:
        ChangedProblem: its space or its data differ.
    """
    changed = []
    if space_fingerprint != study.space_fingerprint:
        changed.append(f"its space has the fingerprint {space_fingerprint}, the study's {study.space_fingerprint}")
    if data_fingerprint != study.data_fingerprint:
        changed.append(f"its data have the fingerprint {data_fingerprint}, the study's {study.data_fingerprint}")
    if changed:
        raise ChangedProblem(
            f"the problem {study.problem!r} is not the one that the study {study.name!r} began with: "
            f"{'; '.join(changed)}. Name another study, or go on all the same with --accept-changes"
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
    from registry.errors import UserError

    try:
        data = problem.load_data()
    except UserError:
        raise
    except Exception as error:
        raise ProblemError(f"the problem {problem.name!r}: loading its data failed: {one_line(error)}") from error
    if not isinstance(data, Data):
        raise ProblemError(
            f"the problem {problem.name!r}: load_data() returned {type(data).__name__}; "
            "expected search.Data(train=(x, y), validation=(x, y))"
        )
    return data


def check_model(model: Any, problem: Problem) -> None:
    """Check what a HyperModel's ``build`` returned.

    Raises:
        ProblemError: it is not a compiled Keras model.
    """
    import keras

    if not isinstance(model, keras.Model):
        raise ProblemError(
            f"the problem {problem.name!r}: build returned {type(model).__name__}; expected a compiled keras.Model"
        )
    if not model.compiled:
        raise ProblemError(
            f"the problem {problem.name!r}: build returned a model that is not compiled; "
            "call model.compile(optimizer=..., loss=..., metrics=[...]) before returning it"
        )


def fingerprint_data(data: Data) -> str:
    """Return a hash of arrays' shapes, types and bytes; of a ``tf.data.Dataset``, its element spec and length."""
    import keras
    import numpy as np

    digest = hashlib.sha256()
    for part in (data.train, data.validation):
        for leaf in keras.tree.flatten(part):
            if hasattr(leaf, "element_spec"):
                digest.update(f"{leaf.element_spec} {int(leaf.cardinality())}".encode())
                continue
            array = np.ascontiguousarray(leaf)
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            digest.update(array.data if array.dtype != object else repr(array.tolist()).encode())
    return digest.hexdigest()[:16]


def one_line(error: BaseException) -> str:
    """Return an error's type and text in one line of bounded length."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__
