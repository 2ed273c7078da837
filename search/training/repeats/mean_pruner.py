"""Pruning of trials that are trained several times."""

from __future__ import annotations

from typing import Any

from registry.core.errors import DatabaseUnavailable
from registry.core.objective import Objective
from search.optuna_bridge.direction import DIRECTIONS
from search.optuna_bridge.pruners import StalledPruner

LEAST_PEERS = 5


class MeanPruner(StalledPruner):
    """Judge the first training as any trial, and from then on the mean, also at once after each training.

    Epoch e of training n is the step (n - 1) * max_epochs + e, so that peers are compared at the same point, however
    many epochs they were trained before. A trial whose mean over n trainings is worse than the median of its peers'
    is pruned, as by Google Vizier's median rule (Golovin et al. 2017), whether it has stalled or not.
    """

    def __call__(self, epoch: int, value: float) -> dict[str, Any] | None:
        """Report a step; return what the trial is pruned by, or None."""
        verdict = super().__call__(epoch, value)
        most = self._settings.max_epochs
        if verdict is not None or self._settings.pruner == "none" or epoch <= most or epoch % most:
            return verdict
        try:
            explained = self._explain(self._frozen(), epoch, value)
        except DatabaseUnavailable:
            return None
        objective = Objective("objective", DIRECTIONS[self._study.direction])
        enough = explained["peers"] >= LEAST_PEERS
        worse = enough and objective.is_better(explained["median"], than=value)
        return {**explained, "pruner": "median"} if worse else None
