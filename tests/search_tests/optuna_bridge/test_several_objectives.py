"""Trials with several objectives as samplers and pruners are shown them."""

from __future__ import annotations

from typing import Any

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState, create_trial

from registry.core.objective import Objective
from search.optuna_bridge.outcome import breaks_constraint
from search.optuna_bridge.samplers import OF_SEVERAL, make_sampler
from search.optuna_bridge.view.several import FURTHER, as_ended, by_first, could_join, values_at
from search.records.settings import Settings
from search.worker.scheduling.sampler_view import at_epoch, begin_trial

OBJECTIVES = (Objective("val_accuracy", "max"), Objective("parameters", "min"))
MAXIMIZE, MINIMIZE = optuna.study.StudyDirection.MAXIMIZE, optuna.study.StudyDirection.MINIMIZE
DIRECTIONS = [MAXIMIZE, MINIMIZE]


def trial(number: int, reports: list[float], size: float | None, **more: Any) -> FrozenTrial:
    """Return a running trial with a report after each epoch, and the size of its model."""
    made = create_trial(state=TrialState.RUNNING, intermediate_values=dict(enumerate(reports, 1)), **more)
    made.number = number
    made.system_attrs[FURTHER] = [[size] for _ in reports]
    return made


def test_the_values_are_those_of_the_best_epoch_so_far() -> None:
    own = trial(0, [0.5, 0.9, 0.7], None)
    own.system_attrs[FURTHER] = [[3.0], [2.0], [1.0]]
    assert values_at(own, MAXIMIZE) == [0.9, 2.0]
    assert values_at(own, MAXIMIZE, 1) == [0.5, 3.0]
    assert values_at(own, MINIMIZE) == [0.5, 3.0]
    assert values_at(trial(1, [0.5], None), MAXIMIZE) == [0.5, None]
    assert values_at(trial(1, [float("nan")], 1.0), MAXIMIZE) == []


def test_a_paused_trial_is_complete_where_all_its_values_are_known() -> None:
    shown = as_ended(trial(0, [0.5, 0.9], 10.0), DIRECTIONS)
    assert (shown.state, shown.values) == (TrialState.COMPLETE, [0.9, 10.0])
    assert as_ended(trial(0, [0.5], None), DIRECTIONS).state is TrialState.RUNNING
    assert as_ended(trial(0, [0.5], 1.0), DIRECTIONS[:1]).state is TrialState.PRUNED


def test_only_what_another_dominates_after_as_many_epochs_is_hopeless() -> None:
    small, large = trial(0, [0.5, 0.6], 10.0), trial(1, [0.7, 0.8], 100.0)
    assert could_join(small, [small, large], OBJECTIVES)
    assert not could_join(trial(2, [0.6, 0.65], 100.0), [small, large], OBJECTIVES)
    late = trial(3, [0.4, 0.9], 5.0)
    assert could_join(trial(4, [0.5], 10.0), [late], OBJECTIVES)  # which was behind after one epoch
    assert not could_join(trial(4, [0.5, 0.6], 10.0), [late], OBJECTIVES)
    # Of what is not known, such as a cost that is measured at the end, nothing is expected.
    assert not could_join(trial(5, [0.5], None), [large], OBJECTIVES)


def test_pruners_see_one_objective_and_who_was_pruned() -> None:
    study = optuna.create_study(directions=DIRECTIONS, pruner=optuna.pruners.HyperbandPruner(1, 10))
    study.add_trial(create_trial(values=[0.5, 1.0], intermediate_values={1: 0.5}, user_attrs={"stop_reason": "pruned"}))
    study.add_trial(create_trial(values=[0.6, 1.0], intermediate_values={1: 0.6}))
    alone = by_first(study)
    assert alone.direction is MAXIMIZE
    assert [one.state for one in alone.get_trials()] == [TrialState.PRUNED, TrialState.COMPLETE]
    for pruner in (optuna.pruners.MedianPruner(n_startup_trials=1), optuna.pruners.HyperbandPruner(1, 10)):
        alone.pruner = pruner
        for _ in range(8):  # Hyperband draws a bracket by the trial's number; in some it writes to the trial
            asked = study.ask()
            study._storage.set_trial_intermediate_value(asked._trial_id, 1, 0.1)
            assert pruner.prune(alone, study.get_trials()[asked.number]) in (True, False)
    assert by_first(single := optuna.create_study()) is single


@pytest.mark.parametrize("name", OF_SEVERAL)
def test_samplers_take_trials_of_several_objectives(name: str) -> None:
    study = optuna.create_study(directions=DIRECTIONS)
    seen = set()
    for number in range(25):
        study.sampler = make_sampler(Settings(sampler=name, seed=1), number=number, grid_point=dict)
        asked = study.ask()
        x = asked.suggest_float("x", 0, 1)
        seen.add(x)
        study.tell(asked, [x, x * x])
    assert len(seen) == 25


def test_who_stops_a_view_of_a_study_stops_the_study() -> None:
    study = optuna.create_study(directions=DIRECTIONS)
    study._thread_local.in_optimize_loop = True
    begin_trial(study, study._storage.create_new_trial(study._study_id)).study.stop()
    assert study._stop_flag


def test_a_constraint_of_ones_own_is_broken_above_zero_alone() -> None:
    kept, broken = (trial(0, [0.5], 100.0, system_attrs={"constraints:max_parameters": by}) for by in (-1.0, 1.0))
    assert [breaks_constraint(each) for each in (kept, broken)] == [False, True]


def test_trials_are_compared_at_an_epoch_by_all_their_objectives() -> None:
    known, unknown = trial(0, [0.5, 0.9], 10.0), trial(1, [0.5], None)
    known.state, known.values = TrialState.COMPLETE, [0.9, 10.0]
    shown = at_epoch([known, unknown], 1, DIRECTIONS)
    assert (shown[0].values, shown[1].state) == ([0.5, 10.0], TrialState.RUNNING)
