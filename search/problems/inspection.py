"""Look at a problem before a study begins: does it load, does its model build, what is its space and data."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from registry.core.error_text import placed_line
from registry.core.errors import UserError
from registry.core.objective import Direction, Objective
from registry.core.pareto.objectives import parse_objectives
from search.errors import ProblemError, SpaceError
from search.problems.finding.resolve import load_searched
from search.problems.identity import identify
from search.problems.models.compiled import check_model
from search.problems.models.hypermodel import EXPECTED, as_hypermodel, has_own_fit
from search.problems.models.metric_check import check_first, check_metrics
from search.problems.models.writable import has_call, unread_warning_of, warning_of, why_not_readable, why_not_writable
from search.problems.objectives.function import VALUE, ObjectiveFunction
from search.problems.objectives.identity import identify_objective
from search.problems.problem import Data, Problem
from search.records.studies import DEFINE_BY_RUN, TENSORFLOW
from search.space.description import OWN_FIT, describe_model, describe_source, steady
from search.system.runtime import show_optional

if TYPE_CHECKING:
    from search.space.discovery import Space

GRID_COUNTED = 100_000
SLOW = "the problem has been loading for a minute; Ctrl-C gives it up"


@dataclass(frozen=True)
class Inspection:
    """What a study must know of its problem, as plain values.

    Args:
        problem: as it was named.
        model: the registered model that winners become versions of.
        metric: the objective's metric.
        direction: the objective's direction.
        space: the hyperparameters with their defaults, and what model, source and data are; see `Identity`.
        space_fingerprint: changes with the space.
        data_fingerprint: changes with the data.
        grid_size: points of the grid, where they were asked for; see `Space.grid_size`.
        warnings: lines that somebody who begins a study should read.
        further: the objectives after the first.
        folds: into how many the data are split; 1 for none.
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
    further: tuple[Objective, ...] = ()
    folds: int = 1

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """All objectives, in their order."""
        return (Objective(self.metric, self.direction), *self.further)

    @property
    def is_objective(self) -> bool:
        """Whether it is an objective of Optuna's."""
        return bool(self.space.get(DEFINE_BY_RUN))


def inspect_problem(
    spec: str,
    grid_trials: int = 0,
    direction: Direction | None = None,
    objectives: str | None = None,
    taught: bool = False,
) -> Inspection:
    """Load a problem, build its model with the default params and hash its data.

    Args:
        spec: the problem's name.
        grid_trials: how many points of a grid are wanted; 0 where none is searched.
        direction: which way an objective of Optuna's is optimized; None for ``min``, as Optuna does.
        objectives: what is optimized, see `Settings`; None for the problem's own objectives.
        taught: its models are to learn from a teacher.

    Raises:
        NotFoundError: no such problem.
        MetricError: the training will not report the objective's metric; of a ``fit`` of one's own nobody knows.
        ProblemError: it does not load, its ``build`` raises, or returns no compiled Keras model, or none to be taught.
    """
    problem = load_searched(spec)
    asked = () if objectives is None else parse_objectives(objectives)
    if isinstance(problem, ObjectiveFunction):
        return _inspect_objective(spec, problem, asked or (Objective(VALUE, direction or "min"),))
    if direction is not None:
        own = problem.objective
        raise ProblemError(
            f"the problem {spec!r} has its own objective, {own.metric} ({own.direction}); leave --direction out"
        )
    return _inspect_keras(spec, problem, asked or problem.objectives, grid_trials, taught)


def _inspect_keras(
    spec: str, problem: Problem, optimized: Sequence[Objective], grid_trials: int, taught: bool
) -> Inspection:
    hypermodel = make_hypermodel(problem)
    looked = _Looked(problem, own_fit=has_own_fit(hypermodel))
    space = _discovered(spec, hypermodel, looked)
    if not looked.warnings and (unread := why_not_readable(looked.first)) is not None:
        looked.warnings.append(unread_warning_of(problem.name, unread))
    data = load_data(problem)
    check_first(optimized)
    if not looked.own_fit:
        check_metrics(problem, looked.first, data, [each.metric for each in optimized])
    if taught:
        from search.problems.models.teachable import check_teachable  # which brings Keras

        check_teachable(looked.first, data.train, own_fit=looked.own_fit)
    identity = identify(space, data, steady(*looked.described) | describe_source(hypermodel), problem.folds)
    return Inspection(
        problem=spec,
        model=problem.name,
        metric=optimized[0].metric,
        direction=optimized[0].direction,
        space={**identity.space, OWN_FIT: looked.own_fit},
        space_fingerprint=identity.space_fingerprint,
        data_fingerprint=identity.data_fingerprint,
        grid_size=space.grid_size(grid_trials, GRID_COUNTED) if grid_trials else 0,
        warnings=tuple(looked.warnings),
        further=tuple(optimized[1:]),
        folds=identity.folds,
    )


class _Looked:
    """What was seen of the models that are built to find a space; called with each.

    Args:
        problem: whose models they are.
        own_fit: its ``fit`` may compile a model, or train it by a loop of its own.
    """

    def __init__(self, problem: Problem, *, own_fit: bool) -> None:
        self._problem, self.own_fit = problem, own_fit
        self.first: Any = None  # the model of the defaults
        self.described: list[dict[str, Any]] = []  # of that one, built twice
        self.warnings: list[str] = []

    def __call__(self, model: Any) -> None:
        check_model(model, self._problem, own_fit=self.own_fit, before=self.first)
        self.first = model if self.first is None else self.first
        if len(self.described) < 2:
            self.described.append(describe_model(model))
        if not self.warnings and (reason := why_not_writable(model)) is not None:
            self.warnings.append(warning_of(self._problem.name, reason, rebuilt=has_call(model)))


def _discovered(spec: str, hypermodel: Any, look_at: Callable[[Any], None]) -> Space:
    from search.space.discovery import discover  # which brings Keras

    try:
        return discover(hypermodel, check=look_at, twice=True)
    except SpaceError as error:
        raise ProblemError(f"the problem {spec!r}: {error}") from error
    except ProblemError:
        raise
    except Exception as error:
        raise ProblemError(f"the problem {spec!r}: build failed: {placed_line(error)}") from error


def _inspect_objective(spec: str, objective: ObjectiveFunction, optimized: Sequence[Objective]) -> Inspection:
    identity = identify_objective(objective)
    return Inspection(
        problem=spec,
        model=objective.name,
        metric=optimized[0].metric,
        direction=optimized[0].direction,
        space={**identity.space, TENSORFLOW: "tensorflow" in sys.modules},
        space_fingerprint=identity.space_fingerprint,
        data_fingerprint=identity.data_fingerprint,
        grid_size=0,
        further=tuple(optimized[1:]),
    )


def make_hypermodel(problem: Problem, max_epochs: int | None = None) -> Any:
    """Return the problem's HyperModel.

    Args:
        problem: what is searched.
        max_epochs: for what asks how long models are trained; None for its own default, by which a problem is known.

    Raises:
        ProblemError: it fails, or gives something else.
    """
    try:
        hypermodel = as_hypermodel(problem.hypermodel, max_epochs)
    except Exception as error:
        said = str(error) if isinstance(error, ProblemError) else f"making its HyperModel failed: {placed_line(error)}"
        raise ProblemError(f"the problem {problem.name!r}: {said}") from error
    if hypermodel is None:
        raise ProblemError(f"the problem {problem.name!r}: its hypermodel makes no HyperModel; {EXPECTED}")
    return hypermodel


def load_data(problem: Problem) -> Data:
    """Return the problem's data.

    Raises:
        ProblemError: it fails to load, is not `Data`, or cannot be split into the problem's folds.
    """
    try:
        data = problem.load_data()
    except ProblemError as error:
        raise ProblemError(f"the problem {problem.name!r}: {error}") from error
    except UserError:
        raise
    except Exception as error:
        raise ProblemError(f"the problem {problem.name!r}: loading its data failed: {placed_line(error)}") from error
    show_optional()
    if not isinstance(data, Data):
        raise ProblemError(
            f"the problem {problem.name!r}: load_data() returned {type(data).__name__}; "
            "expected search.Data(train=(x, y), validation=(x, y))"
        )
    if problem.folds > 1:
        from search.data.folds import check_foldable

        check_foldable(data, problem.folds)
    return data
