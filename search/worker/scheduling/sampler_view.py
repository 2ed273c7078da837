"""Show a sampler the trials so that it compares like with like: as if each had been trained to its end.

A score after one epoch says little beside one after ten: a sampler that sees both learns which trials were trained on,
and not which params are good. One that sees all after their first epochs finds what begins well. So it is shown what a
trial that was not trained to its end would probably have come to. Of a study whose space has changed it is shown what
still fits.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress

import numpy as np
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState

from registry.core.errors import UsageError
from search.creation.imported.fit import Ranges
from search.optuna_bridge.outcome import breaks_constraint
from search.optuna_bridge.view.several import values_at
from search.optuna_bridge.view.shown import Show, Shown
from search.schedules.forecast import forecast

ENDED = (TrialState.COMPLETE, TrialState.PRUNED)


def begin_trial(
    study: Study, trial_id: int, levels: Sequence[int] | None = None, ranges: Ranges | None = None
) -> Trial:
    """Return a trial to ask for params, as ``Study.ask`` does: what the others did meanwhile counts.

    Args:
        study: its sampler proposes.
        trial_id: the trial's.
        levels: the epochs after which trials are compared, ascending; None where each is trained to its end.
        ranges: what is sampled now, where some trials may have been sampled from others.
    """
    study._thread_local.cached_all_trials = None
    directions, views = study.directions, list[Show]()
    if ranges is not None:
        views.append(lambda trials: fitting(trials, ranges))
    if len(directions) > 1:
        views.append(lambda trials: at_epoch(trials, levels[0] if levels else None, directions))
    elif levels is not None:
        views.append(lambda trials: at_end(trials, levels, directions[0]))
    if views:
        study = copy.copy(study)
        study._storage = Shown(study._storage, views)  # type: ignore[assignment]
    return Trial(study, trial_id)


def fitting(trials: Sequence[FrozenTrial], ranges: Ranges) -> list[FrozenTrial]:
    """Return the trials whose params are all in the ranges, as if they had been sampled from them."""
    shown = []
    for trial in trials:
        with suppress(UsageError):
            shown.append(ranges.refit(trial))
    return shown


def at_end(trials: Sequence[FrozenTrial], levels: Sequence[int], direction: StudyDirection) -> list[FrozenTrial]:
    """Return trials as if those that were paused or pruned had ended, each with the score that is forecast for it.

    Those that run, have failed or were infeasible stay as they are, and so do those without a report.

    Args:
        trials: of one objective.
        levels: the epochs after which they are compared.
        direction: of the objective.
    """
    sign = 1.0 if direction is StudyDirection.MAXIMIZE else -1.0
    curves = {
        trial.number: curve
        for trial in trials
        if trial.state in ENDED and not breaks_constraint(trial) and (curve := _curve(trial, levels, sign))
    }
    ended = [trial for trial in trials if trial.number in curves]
    if not ended:
        return list(trials)
    epochs = [max(trial.intermediate_values) for trial in ended]
    complete = np.array([trial.state is TrialState.COMPLETE for trial in ended])
    reached = np.maximum(np.searchsorted(levels, epochs, side="right") - 1, 0)
    best = np.array([curves[trial.number] for trial in ended])
    final = np.maximum(forecast(best, reached, complete, levels)[0].mean, best[:, -1])
    scores = {trial.number: sign * float(score) for trial, score in zip(ended, final, strict=True)}
    return [_with_values(trial, [scores[trial.number]]) if trial.number in scores else trial for trial in trials]


def _curve(trial: FrozenTrial, levels: Sequence[int], sign: float) -> list[float]:
    """Return a trial's best value within each level, turned so that more is better; empty where it has none.

    At the levels before its first value it has that value already, and at the last one its score, if it has ended.
    """
    reports: Mapping[int, float] = trial.intermediate_values
    values = {epoch: sign * value for epoch, value in sorted(reports.items()) if math.isfinite(value)}
    if not values:
        return []
    first = next(iter(values.values()))
    curve = [max([first, *(value for epoch, value in values.items() if epoch <= level)]) for level in levels]
    if trial.state is TrialState.COMPLETE and trial.value is not None and math.isfinite(trial.value):
        curve[-1] = sign * trial.value
    return curve


def _with_values(trial: FrozenTrial, values: Sequence[float | None]) -> FrozenTrial:
    trial = copy.copy(trial)
    trial.state, trial.values = TrialState.COMPLETE, list(values)
    return trial


def at_epoch(
    trials: Sequence[FrozenTrial], epochs: int | None, directions: Sequence[StudyDirection]
) -> list[FrozenTrial]:
    """Return trials of several objectives as if each had ended after its first epochs, at the best of those.

    Those that run, have failed or were infeasible stay as they are, and so do all where ``epochs`` is None. Pruned
    trials that stay are shown without their reports, by which Optuna's TPE cannot compare them.
    """
    shown = []
    for trial in trials:
        ended = trial.state in ENDED and not breaks_constraint(trial)
        values = values_at(trial, directions[0], epochs) if ended and epochs is not None else []
        if len(values) == len(directions) and None not in values:
            trial = _with_values(trial, values)
        elif trial.state is TrialState.PRUNED:
            trial = copy.copy(trial)
            trial.intermediate_values = {}
        shown.append(trial)
    return shown
