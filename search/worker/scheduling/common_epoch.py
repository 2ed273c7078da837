"""Show a sampler all trials at the epoch that all of them have, so that it compares like with like.

A score after one epoch says little beside one after ten: a sampler that sees both learns which trials were trained on,
and not which params are good. Of a study whose space has changed it is shown what still fits.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState

from registry.core.errors import UsageError
from search.creation.imported.fit import Ranges
from search.optuna_bridge.outcome import INFEASIBLE

Show = Callable[[Sequence[FrozenTrial]], list[FrozenTrial]]


def begin_trial(study: Study, trial_id: int, epochs: int | None = None, ranges: Ranges | None = None) -> Trial:
    """Return a trial to ask for params, as ``Study.ask`` does: what the others did meanwhile counts.

    Args:
        study: its sampler proposes.
        trial_id: the trial's.
        epochs: after which trials are compared for the first time; None where each is trained to its end.
        ranges: what is sampled now, where some trials may have been sampled from others.
    """
    study._thread_local.cached_all_trials = None
    direction, views = study.direction, list[Show]()
    if ranges is not None:
        views.append(lambda trials: fitting(trials, ranges))
    if epochs is not None:
        views.append(lambda trials: at_epoch(trials, epochs, direction))
    if views:
        study = copy.copy(study)
        study._storage = _Shown(study._storage, views)  # type: ignore[assignment]
    return Trial(study, trial_id)


class _Shown:
    """A storage whose trials are seen through some views; everything else is the storage's own."""

    def __init__(self, storage: Any, views: Sequence[Show]) -> None:
        self._own, self._views = storage, views

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)

    def get_all_trials(self, study_id: int, deepcopy: bool = True, states: Any = None) -> list[FrozenTrial]:
        """Return all trials as they are shown."""
        shown = self._own.get_all_trials(study_id, deepcopy=deepcopy)
        for view in self._views:
            shown = view(shown)
        return [trial for trial in shown if states is None or trial.state in states]


def fitting(trials: Sequence[FrozenTrial], ranges: Ranges) -> list[FrozenTrial]:
    """Return the trials whose params are all in the ranges, as if they had been sampled from them."""
    shown = []
    for trial in trials:
        with suppress(UsageError):
            shown.append(ranges.refit(trial))
    return shown


def at_epoch(trials: Sequence[FrozenTrial], epochs: int, direction: StudyDirection) -> list[FrozenTrial]:
    """Return trials as if each had ended after its first epochs, with the best value in them.

    Those that run, have failed or were infeasible stay as they are.
    """
    best = max if direction is StudyDirection.MAXIMIZE else min
    shown = []
    for trial in trials:
        values = [v for step, v in trial.intermediate_values.items() if step <= epochs and math.isfinite(v)]
        ended = trial.state in (TrialState.COMPLETE, TrialState.PRUNED) and INFEASIBLE not in trial.system_attrs
        if ended and values:
            trial = copy.copy(trial)
            trial.state, trial.values = TrialState.COMPLETE, [best(values)]
        shown.append(trial)
    return shown
