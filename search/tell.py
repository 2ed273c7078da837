"""Ask Optuna for a trial of a slot, and tell it how the trial ended."""

from __future__ import annotations

from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from search.results import TrialResult

SLOT = "search:slot"


def attach_trial(study: optuna.Study, slot: int, trial: int | None, first_params: dict[str, Any] | None) -> FrozenTrial:
    """Return the slot's trial: the one it has, one that a dead worker made for it, or a new one.

    Args:
        study: the Optuna study.
        slot: the slot's number; a new trial carries it from the moment it exists, so that none is lost between
            its creation and its note in the slot.
        trial: the trial's number, where the slot knows it.
        first_params: params that a new trial takes instead of the sampler's, by their Optuna names.
    """
    storage, study_id = study._storage, study._study_id
    if trial is not None:
        return storage.get_trial(storage.get_trial_id_from_study_id_trial_number(study_id, trial))
    for running in storage.get_all_trials(study_id, deepcopy=False, states=(TrialState.RUNNING,)):
        if running.system_attrs.get(SLOT) == slot:
            return running
    template = optuna.trial.create_trial(state=TrialState.RUNNING, system_attrs=_attrs(slot, first_params))
    return storage.get_trial(storage.create_new_trial(study_id, template_trial=template))


def _attrs(slot: int, first_params: dict[str, Any] | None) -> dict[str, Any]:
    attrs: dict[str, Any] = {SLOT: slot}
    if first_params:
        attrs["fixed_params"] = first_params  # where Optuna's enqueue_trial keeps them
    return attrs


def tell(study: optuna.Study, trial_id: int, result: TrialResult) -> None:
    """Close the trial; its value is the score of its best epoch, also where it was pruned.

    Optuna's own ``tell(state=PRUNED)`` keeps the last reported value instead.
    """
    storage = study._storage
    state = _state(result)
    values = None if result.score is None else [result.score]
    storage.set_trial_user_attr(trial_id, "stop_reason", result.stop_reason.value)
    if result.epoch is not None:
        storage.set_trial_user_attr(trial_id, "best_epoch", result.epoch)
    study.sampler.after_trial(study, storage.get_trial(trial_id), state, values)
    storage.set_trial_state_values(trial_id, state=state, values=values)


def _state(result: TrialResult) -> TrialState:
    if result.stop_reason.failed:
        return TrialState.FAIL
    return TrialState.PRUNED if result.stop_reason == "pruned" else TrialState.COMPLETE
