"""What Optuna, and with it the samplers, are told of how a trial ended."""

from __future__ import annotations

from optuna.trial import TrialState

from registry.values.stop_reason import StopReason
from search.records.results import TrialResult

INFEASIBLE = "constraints:trainable"  # where Optuna's `Trial.set_constraint("trainable", …)` keeps it
IMPORTED_FROM = "imported_from"  # the attribute that says in Optuna's tools where a trial was


def optuna_state(result: TrialResult) -> TrialState:
    """Return what Optuna calls a trial that ended so.

    A trial that its params made impossible is pruned and infeasible: samplers learn from that, and from nothing
    that has failed.
    """
    if is_infeasible(result) or result.stop_reason is StopReason.PRUNED:
        return TrialState.PRUNED
    return TrialState.FAIL if result.stop_reason.failed else TrialState.COMPLETE


def is_infeasible(result: TrialResult) -> bool:
    """Tell whether a trial's params made it impossible; so do those with which no epoch ends within the time limit."""
    too_slow = result.stop_reason is StopReason.TIME_LIMIT and result.score is None
    return result.stop_reason.infeasible or too_slow
