"""Show a sampler all trials at the epoch that all of them have, so that it compares like with like.

A score after one epoch says little beside one after ten: a sampler that sees both learns which trials were trained on,
and not which params are good. Of a study whose space has changed it is shown what still fits.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from contextlib import suppress

from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState

from registry.core.errors import UsageError
from search.creation.imported.fit import Ranges
from search.optuna_bridge.outcome import breaks_constraint
from search.optuna_bridge.view.several import values_at
from search.optuna_bridge.view.shown import Show, Shown


def begin_trial(study: Study, trial_id: int, epochs: int | None = None, ranges: Ranges | None = None) -> Trial:
    """Return a trial to ask for params, as ``Study.ask`` does: what the others did meanwhile counts.

    Args:
        study: its sampler proposes.
        trial_id: the trial's.
        epochs: after which trials are compared for the first time; None where each is trained to its end.
        ranges: what is sampled now, where some trials may have been sampled from others.
    """
    study._thread_local.cached_all_trials = None
    directions, views = study.directions, list[Show]()
    if ranges is not None:
        views.append(lambda trials: fitting(trials, ranges))
    if epochs is not None or len(directions) > 1:
        views.append(lambda trials: at_epoch(trials, epochs, directions))
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


def at_epoch(
    trials: Sequence[FrozenTrial], epochs: int | None, directions: Sequence[StudyDirection]
) -> list[FrozenTrial]:
    """Return trials as if each had ended after its first epochs, with the best value in them, and others at that epoch.

    Those that run, have failed or were infeasible stay as they are, and so do all where ``epochs`` is None. Of several
    objectives, pruned trials are shown without their reports, by which Optuna's TPE cannot compare them.
    """
    shown = []
    for trial in trials:
        ended = trial.state in (TrialState.COMPLETE, TrialState.PRUNED) and not breaks_constraint(trial)
        values = values_at(trial, directions[0], epochs) if ended and epochs is not None else []
        if len(values) == len(directions) and None not in values:
            trial = copy.copy(trial)
            trial.state, trial.values = TrialState.COMPLETE, values
        elif trial.state is TrialState.PRUNED and len(directions) > 1:
            trial = copy.copy(trial)
            trial.intermediate_values = {}
        shown.append(trial)
    return shown
