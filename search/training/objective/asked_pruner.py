"""Pruning as an objective asks for it."""

from __future__ import annotations

from typing import Any

from registry.core.errors import DatabaseUnavailable
from search.optuna_bridge.pruners import StalledPruner


class AskedPruner(StalledPruner):
    """Ask the study's pruner when the objective calls ``trial.should_prune()``: without patience, as Optuna does."""

    def __call__(self, _epoch: int, _value: float) -> None:
        """Say nothing after a report: the objective asks."""

    def verdict(self) -> dict[str, Any] | None:
        """Return what the trial is to be pruned by after its last report, or None."""
        frozen = self._frozen()
        step = frozen.last_step
        if step is None:
            return None
        try:
            hopeless = self._is_hopeless(frozen)
            return self._explain(frozen, step, frozen.intermediate_values[step]) if hopeless else None
        except DatabaseUnavailable:
            return None  # the peers cannot be read; the next question asks again
