"""Trials with several objectives, as samplers and pruners can take them.

Optuna's `Trial.report` and `Trial.should_prune` do not exist for several objectives. Here the first objective is
reported as a study's only one is, and after each epoch the values of the others are kept in an attribute beside it.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Sequence

from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from registry.core.objective import Objective
from registry.core.pareto.front import dominates
from registry.values.stop_reason import StopReason
from search.optuna_bridge.direction import OPTUNA_DIRECTIONS
from search.optuna_bridge.view.shown import Shown

FURTHER = "further_values"  # the attribute: by epoch, the values of the objectives after the first, or None


def values_at(trial: FrozenTrial, direction: StudyDirection, epochs: float = math.inf) -> list[float | None]:
    """Return a trial's value of each objective at its best epoch by the first one, as if it had ended after ``epochs``.

    Args:
        trial: the trial.
        direction: of the first objective.
        epochs: later ones do not count.

    Returns:
        One value an objective that the trial tells of, None where it is not known; empty where nothing is.
    """
    best = max if direction is StudyDirection.MAXIMIZE else min
    reports = {step: v for step, v in sorted(trial.intermediate_values.items()) if step <= epochs and math.isfinite(v)}
    if not reports:
        return []
    step = best(reports, key=reports.__getitem__)
    further = trial.system_attrs.get(FURTHER, [])
    return [reports[step], *(further[step - 1] if 0 < step <= len(further) else ())]


def as_ended(trial: FrozenTrial, directions: Sequence[StudyDirection]) -> FrozenTrial:
    """Return a paused trial as samplers take it: as pruned, or of several objectives as complete where all are known.

    Optuna's TPE fails on a pruned trial of several objectives that has reports.
    """
    ended = copy.copy(trial)
    if len(directions) == 1:
        ended.state = TrialState.PRUNED
        return ended
    values = values_at(trial, directions[0])
    if len(values) == len(directions) and None not in values:
        ended.state, ended.values = TrialState.COMPLETE, values
    return ended


def could_join(own: FrozenTrial, others: Iterable[FrozenTrial], objectives: Sequence[Objective]) -> bool:
    """Tell whether no other trial dominates one, by what is known of it and what others were after as many epochs.

    So a small model is not given up for being behind larger ones.
    """
    direction = OPTUNA_DIRECTIONS[objectives[0].direction]
    epochs = own.last_step or 0
    mine = values_at(own, direction)
    places = [place for place, value in enumerate(mine) if value is not None]

    def losses(values: Sequence[float | None]) -> tuple[float, ...]:
        chosen = [(objectives[place], values[place]) for place in places if place < len(values)]
        return tuple(objective.key(value) for objective, value in chosen if value is not None)

    point = losses(mine)
    rivals = (losses(values_at(other, direction, epochs)) for other in others if other.number != own.number)
    return not any(len(rival) == len(point) and dominates(rival, point) for rival in rivals)


def by_first(study: Study) -> Study:
    """Return a study as pruners take it: with its first objective alone."""
    if len(study.directions) == 1:
        return study
    alone = copy.copy(study)
    alone._storage = _FirstOnly(study._storage, [_as_they_ended])  # type: ignore[assignment]
    alone._directions = study.directions[:1]
    return alone


class _FirstOnly(Shown):
    """A storage whose study has one objective; those of its trials that were pruned, Optuna has as complete."""

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        """Return the first objective's direction."""
        return list(self._own.get_study_directions(study_id)[:1])


def _as_they_ended(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    shown = []
    for trial in trials:
        if trial.user_attrs.get("stop_reason") == StopReason.PRUNED.value:
            trial = copy.copy(trial)
            trial.state = TrialState.PRUNED
        shown.append(trial)
    return shown
