"""Show a sampler the trials so that it compares like with like: as if each had been trained to its end.

A score after one epoch says little beside one after ten: a sampler that sees both learns which trials were trained on,
and not which params are good. One that sees all after their first epochs finds what begins well. So it is shown what a
trial that was not trained to its end would probably have come to. Of a study whose space has changed it is shown what
still fits.
"""

from __future__ import annotations

import copy
import math
from bisect import bisect_right
from collections.abc import Sequence
from contextlib import suppress
from itertools import accumulate

import numpy as np
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState

from registry.core.errors import UsageError
from search.creation.imported.fit import Ranges
from search.optuna_bridge.asked import AskedRanges
from search.optuna_bridge.outcome import IMPORTED_FROM, breaks_constraint
from search.optuna_bridge.view.several import values_at
from search.optuna_bridge.view.shown import Show, Shown
from search.schedules.forecast import forecast

ENDED = (TrialState.COMPLETE, TrialState.PRUNED)


def begin_trial(
    study: Study, trial_id: int, levels: Sequence[int] | None = None, ranges: Ranges | AskedRanges | None = None
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
        views.append(_once(lambda trials: at_end(trials, levels, directions[0])))
    if views:
        shown = copy.copy(study)
        shown._storage = Shown(study._storage, views)  # type: ignore[assignment]
        shown.stop = study.stop  # type: ignore[method-assign]  # an objective's ends the study, not its view
        study = shown
    return Trial(study, trial_id)


def _once(view: Show) -> Show:
    """Return a view that works once: while one trial asks for its params, nothing new is shown of the others."""
    changed: dict[int, FrozenTrial] = {}

    def show(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
        if not changed:
            changed.update({trial.number: trial for trial in view(trials)})
        return [trial if trial.state not in ENDED else changed.get(trial.number, trial) for trial in trials]

    return show


def fitting(trials: Sequence[FrozenTrial], ranges: Ranges | AskedRanges) -> list[FrozenTrial]:
    """Return the trials whose params are all in the ranges, as if they had been sampled from them."""
    shown = []
    for trial in trials:
        with suppress(UsageError):
            shown.append(ranges.refit(trial))
    return shown


def at_end(trials: Sequence[FrozenTrial], levels: Sequence[int], direction: StudyDirection) -> list[FrozenTrial]:
    """Return trials as if those that were paused or pruned had ended, each with the score that is forecast for it.

    Those that run, have failed or were infeasible stay as they are, and so do those without a report, and imported
    ones: what these count as a step is not known.

    Args:
        trials: of one objective.
        levels: the epochs after which they are compared.
        direction: of the objective.
    """
    sign = 1.0 if direction is StudyDirection.MAXIMIZE else -1.0
    curves = {
        trial.number: curve for trial in trials if _is_comparable(trial) and (curve := _curve(trial, levels, sign))
    }
    ended = [trial for trial in trials if trial.number in curves]
    if not ended:
        return list(trials)
    epochs = np.array([max(trial.intermediate_values) for trial in ended])
    whole = np.array([trial.state is TrialState.COMPLETE for trial in ended]) | (epochs >= levels[-1])
    reached = np.maximum(np.searchsorted(levels, epochs, side="right") - 1, 0)
    best = np.array([curves[trial.number] for trial in ended])
    final = np.maximum(forecast(best, reached, whole, levels)[0].mean, best[:, -1])
    scores = {trial.number: sign * float(score) for trial, score in zip(ended, final, strict=True)}
    return [
        _with_values(trial, [scores[trial.number]]) if math.isfinite(scores.get(trial.number, math.nan)) else trial
        for trial in trials
    ]


def _is_comparable(trial: FrozenTrial) -> bool:
    return trial.state in ENDED and not breaks_constraint(trial) and IMPORTED_FROM not in trial.user_attrs


def _curve(trial: FrozenTrial, levels: Sequence[int], sign: float) -> list[float]:
    """Return a trial's best value within each level, turned so that more is better; empty where it has none.

    At the levels before its first value it has that value already. At the last level it has its score, if it has ended,
    or if it was pruned beyond it: in a later one of several trainings.
    """
    values = {epoch: sign * v for epoch, v in sorted(trial.intermediate_values.items()) if math.isfinite(v)}
    if not values:
        return []
    epochs, bests = list(values), list(accumulate(values.values(), max))
    curve = [bests[max(bisect_right(epochs, level) - 1, 0)] for level in levels]
    scored = trial.value is not None and math.isfinite(trial.value)
    if scored and (trial.state is TrialState.COMPLETE or epochs[-1] > levels[-1]):
        curve[-1] = sign * float(trial.value or 0.0)
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
