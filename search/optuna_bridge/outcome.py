"""What Optuna, and with it the samplers, are told of how a trial ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from optuna.trial import BaseTrial, TrialState

from registry.values.stop_reason import StopReason
from search.records.results import TrialResult

# Where Optuna's `Trial.set_constraint("trainable", …)` keeps what is above 0 for a trial that cannot be.
INFEASIBLE = "constraints:trainable"
BROKEN = {
    StopReason.TOO_LARGE: "constraints:max_parameters",
    StopReason.TOO_SLOW: "constraints:max_seconds_per_epoch",
}
IMPORTED_FROM = "imported_from"  # the attribute that says in Optuna's tools where a trial was


def optuna_state(result: TrialResult) -> TrialState:
    """Return the state that a trial with this result has in Optuna.

    A trial that its params made impossible is pruned and infeasible: samplers learn from that, and from nothing
    that has failed. One that breaks constraints of its own, and has values, is complete, as with Optuna. Of several
    objectives, whose pruned trials Optuna's samplers do not compare, one that was pruned is complete with the values of
    its best epoch, and one that has ended without a value of each is pruned.
    """
    if is_infeasible(result) or (result.further and not result.stop_reason.failed):
        return TrialState.PRUNED if result.values is None else TrialState.COMPLETE
    if result.stop_reason is StopReason.PRUNED:
        return TrialState.PRUNED
    return TrialState.FAIL if result.stop_reason.failed else TrialState.COMPLETE


def is_infeasible(result: TrialResult) -> bool:
    """Tell whether a trial's params made it impossible; so do those with which no epoch ends within the time limit."""
    too_slow = result.stop_reason is StopReason.TIME_LIMIT and result.score is None
    return result.stop_reason.infeasible or too_slow


def broken_constraint(result: TrialResult) -> dict[str, float]:
    """Return the constraint of ours that an infeasible trial breaks, by the name that Optuna keeps it under."""
    by_own = result.stop_reason is StopReason.INFEASIBLE  # which Optuna keeps already
    return {BROKEN.get(result.stop_reason, INFEASIBLE): 1.0} if is_infeasible(result) and not by_own else {}


def breaks_constraint(trial: BaseTrial) -> bool:
    """Tell whether a trial is infeasible: by what we have found, or by constraints of its own."""
    return any(by > 0 for by in trial.constraints.values())


def describe_broken(constraints: Mapping[str, float], values: Sequence[float] | None) -> str:
    """Return in words which constraints of its own a trial breaks, and which values do not count for that."""
    broken = ", ".join(f"{name} = {by:g}" for name, by in constraints.items() if by > 0)
    beside = (
        "" if values is None else f"; what it returned, {', '.join(f'{value:g}' for value in values)}, is not ranked"
    )
    return f"it breaks its constraints: {broken}, where 0 is the most{beside}"
