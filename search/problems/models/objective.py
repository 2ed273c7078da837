"""What a problem optimizes, in the forms in which users bring it."""

from __future__ import annotations

from typing import Any

from registry.core.errors import UsageError
from registry.core.metric_directions import known_direction
from registry.core.objective import Objective
from registry.core.pareto.objectives import check_different
from search.errors import ProblemError


def as_objectives(given: Any) -> tuple[Objective, ...]:
    """Return one objective or several, as a list, a tuple or KerasTuner's ``MultiObjective``, each as `as_objective`.

    Raises:
        ProblemError: there is none, one is none, or a metric is named twice.
    """
    several = getattr(given, "objectives", given)
    pair = isinstance(several, tuple) and len(several) == 2 and all(isinstance(part, str) for part in several)
    if not isinstance(several, list | tuple) or pair:
        return (as_objective(several),)
    if not several:
        raise ProblemError("the problem's objective is an empty list; expected one objective or more")
    objectives = tuple(as_objective(one) for one in several)
    try:
        check_different(objectives)
    except UsageError as error:
        raise ProblemError(f"the problem's objective: {error}") from error
    return objectives


def as_objective(given: Any, field: str = "objective") -> Objective:
    """Return an objective given as one, as KerasTuner's, as ``(metric, direction)``, or as the name of Keras' metric.

    Raises:
        ProblemError: it is none, or nobody knows whether more is better.
    """
    if isinstance(given, Objective):
        return given
    if isinstance(given, str):
        direction = known_direction(given)
        if direction is None:
            raise ProblemError(
                f"the {field} is {given!r}, and nobody knows whether more of it is better; "
                f"write Objective({given!r}, 'max') or Objective({given!r}, 'min')"
            )
        return Objective(given, direction)
    if isinstance(given, tuple) and len(given) == 2 and all(isinstance(part, str) for part in given):
        return _objective(*given)
    if isinstance(getattr(given, "name", None), str) and isinstance(getattr(given, "direction", None), str):
        return _objective(given.name, given.direction)  # KerasTuner's
    raise ProblemError(
        f"the {field} is of type {type(given).__name__}; expected search.Objective(metric, 'max' or 'min'), "
        "as in Objective('val_accuracy', 'max')"
    )


def _objective(metric: str, direction: Any) -> Objective:
    try:
        return Objective(metric, direction)
    except ValueError as error:
        raise ProblemError(str(error)) from error
