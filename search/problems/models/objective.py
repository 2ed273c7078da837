"""What a problem optimizes, in the forms in which users bring it."""

from __future__ import annotations

from typing import Any

from registry.core.errors import UsageError
from registry.core.metric_directions import known_direction
from registry.core.objective import Objective
from registry.core.pareto.objectives import check_different
from search.errors import ProblemError


def as_objectives(objective: Any) -> tuple[Objective, ...]:
    """Return one objective or several, as a list, a tuple or KerasTuner's ``MultiObjective``, each as `as_objective`.

    Raises:
        ProblemError: there is none, one is none, or a metric is named twice.
    """
    several = getattr(objective, "objectives", objective)
    pair = isinstance(several, tuple) and len(several) == 2 and all(isinstance(part, str) for part in several)
    if not isinstance(several, list | tuple) or pair:
        return (as_objective(several),)
    if not several:
        raise ProblemError("the problem's objective is an empty list; expected one objective or more")
    objectives = tuple(as_objective(member) for member in several)
    try:
        check_different(objectives)
    except UsageError as error:
        raise ProblemError(f"the problem's objective: {error}") from error
    return objectives


def as_objective(objective: Any, field: str = "objective") -> Objective:
    """Return an objective given as one, as KerasTuner's, as ``(metric, direction)``, or as the name of Keras' metric.

    Raises:
        ProblemError: it is none, or nobody knows whether more is better.
    """
    if isinstance(objective, Objective):
        return objective
    if isinstance(objective, str):
        direction = known_direction(objective)
        if direction is None:
            raise ProblemError(
                f"the {field} is {objective!r}, and nobody knows whether more of it is better; "
                f"write Objective({objective!r}, 'max') or Objective({objective!r}, 'min')"
            )
        return Objective(objective, direction)
    if isinstance(objective, tuple) and len(objective) == 2 and all(isinstance(part, str) for part in objective):
        return _objective(*objective)
    if isinstance(getattr(objective, "name", None), str) and isinstance(getattr(objective, "direction", None), str):
        return _objective(objective.name, objective.direction)  # KerasTuner's
    raise ProblemError(
        f"the {field} is of type {type(objective).__name__}; expected search.Objective(metric, 'max' or 'min'), "
        "as in Objective('val_accuracy', 'max')"
    )


def _objective(metric: str, direction: Any) -> Objective:
    try:
        return Objective(metric, direction)
    except ValueError as error:
        raise ProblemError(str(error)) from error
