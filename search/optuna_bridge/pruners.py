"""Pruning driven by early stopping: peers show which trial is hopeless, a stall shows when to end it."""

from __future__ import annotations

import statistics
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import optuna
from optuna.pruners import BasePruner
from optuna.trial import FrozenTrial

from registry.core.errors import DatabaseUnavailable, UsageError
from registry.core.objective import Objective
from search.optuna_bridge.direction import DIRECTIONS
from search.optuna_bridge.view.several import by_first, could_join
from search.records.settings import Settings

MAX_PEERS = 30
RUNG_PRUNERS = ("asha", "hyperband")
RUNG = "completed_rung_"  # how Optuna's successive halving names what it keeps in a trial


# By name; each takes the most epochs that a trial trains, or "auto". A step is a number of finished epochs.
PRUNERS: Mapping[str, Callable[[int | str], BasePruner]] = {
    "hyperband": lambda epochs: optuna.pruners.HyperbandPruner(min_resource=1, max_resource=epochs),
    "asha": lambda _epochs: optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3),
    "median": lambda _epochs: optuna.pruners.MedianPruner(n_startup_trials=5),
    "percentile": lambda _epochs: optuna.pruners.PercentilePruner(25.0, n_startup_trials=5),
    "none": lambda _epochs: optuna.pruners.NopPruner(),
}


def make_pruner(settings: Settings, max_epochs: int | str) -> BasePruner:
    """Return Optuna's pruner of a study, before patience is added; ``auto`` epochs are as many as trials report."""
    return PRUNERS[settings.pruner](max_epochs)


def check_pruner(settings: Settings) -> None:
    """Check that there is such a pruner.

    Raises:
        UsageError: there is none.
    """
    if settings.pruner not in PRUNERS:
        raise UsageError(f"the pruner is {settings.pruner!r}; expected one of: {', '.join(PRUNERS)}")


class StalledPruner:
    """Ask the pruner after every epoch, and heed it once the trial has stalled.

    The rung pruners (asha, hyperband) judge at a few epochs only, and by what their peers showed there: so each
    trial is shown to them at every epoch, and a verdict stands until a later rung is passed. Whether a trial has
    stalled is `optuna.pruners.PatientPruner`'s test.

    Args:
        study: the Optuna study; its pruner judges.
        trial: the running trial.
        settings: the study's.
    """

    def __init__(self, study: optuna.Study, trial: optuna.Trial, settings: Settings) -> None:
        self._study, self._trial, self._settings = by_first(study), trial, settings
        self._verdict: dict[str, Any] | None = None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            # PatientPruner asks for one epoch more than its patience.
            self._stall = optuna.pruners.PatientPruner(None, patience=max(settings.prune_patience - 1, 0))

    def __call__(self, epoch: int, value: float) -> dict[str, Any] | None:
        """Report an epoch; return what the trial is pruned by, or None.

        Args:
            epoch: how many epochs are finished.
            value: the objective after them.
        """
        # Not trial.report: it would keep what a worker that died after this very epoch had reported.
        self._study._storage.set_trial_intermediate_value(self._trial._trial_id, epoch, value)
        try:
            return self._judge(self._frozen(), epoch, value)
        except DatabaseUnavailable:
            return None  # the peers cannot be read; the next epoch asks again

    def state(self) -> dict[str, Any]:
        """Return what a worker that continues the trial must know, as JSON values."""
        frozen = self._frozen()
        steps = sorted(frozen.intermediate_values)
        return {"verdict": self._verdict, "system_attrs": dict(frozen.system_attrs), "steps": steps}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from another pruner's `state`."""
        self._verdict = state.get("verdict")

    def first_attrs(self) -> dict[str, Any]:
        """Return the trial's system attributes without what pruners kept: those it began with."""
        return {key: value for key, value in self._frozen().system_attrs.items() if not key.startswith(RUNG)}

    def _frozen(self) -> FrozenTrial:
        return self._study._storage.get_trial(self._trial._trial_id)

    def _judge(self, frozen: FrozenTrial, epoch: int, value: float) -> dict[str, Any] | None:
        rungs = _rungs(frozen)
        if self._is_hopeless(frozen):
            self._verdict = self._explain(frozen, epoch, value)
        elif self._verdict and (self._settings.pruner not in RUNG_PRUNERS or self._passed_rung(rungs)):
            self._verdict = None
        return self._verdict if self._verdict and self._stalled(frozen) else None

    def _is_hopeless(self, frozen: FrozenTrial) -> bool:
        """Tell whether the pruner would end the trial, and no other objective speaks for it."""
        if not self._study.pruner.prune(self._study, frozen):
            return False
        objectives = self._settings.several_objectives
        return not objectives or not could_join(frozen, self._study.get_trials(deepcopy=False), objectives)

    def _stalled(self, frozen: FrozenTrial) -> bool:
        return self._settings.prune_patience == 0 or self._stall.prune(self._study, frozen)

    def _passed_rung(self, rungs_before: int) -> bool:
        return _rungs(self._frozen()) > rungs_before

    def _explain(self, frozen: FrozenTrial, epoch: int, value: float) -> dict[str, Any]:
        trials = self._study.get_trials(deepcopy=False)
        peers = {
            t.number: t.intermediate_values[epoch]
            for t in trials
            if t.number != frozen.number and epoch in t.intermediate_values
        }
        direction = DIRECTIONS[self._study.direction]
        return compared(self._settings.pruner, Objective("objective", direction), epoch, value, peers)


def compared(
    pruner: str, objective: Objective, epoch: int, value: float | None, peers: Mapping[int, float]
) -> dict[str, Any]:
    """Return what a trial was compared with when it was pruned: its peers' values at the same epoch.

    Args:
        pruner: what judged: a pruner's name, or a schedule's.
        objective: which values are better.
        epoch: after which it was judged.
        value: the trial's own.
        peers: the other trials' values, by number.
    """
    ranked = sorted(peers.items(), key=lambda peer: objective.key(peer[1]))
    better = [peer for peer in ranked if value is None or objective.is_better(peer[1], than=value)]
    return {
        "pruner": pruner,
        "epoch": epoch,
        "value": value,
        "peers": len(peers),
        "better_peers": len(better),
        "median": statistics.median(peers.values()) if peers else None,
        "best_peers": [{"trial": number, "value": peer} for number, peer in ranked[:MAX_PEERS]],
    }


def _rungs(frozen: FrozenTrial) -> int:
    return sum(key.startswith(RUNG) for key in frozen.system_attrs)
