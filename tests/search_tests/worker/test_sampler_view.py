"""What a sampler is shown of trials that were not trained to their end."""

import math

import optuna
from hypothesis import given
from hypothesis import strategies as st

from search.optuna_bridge.outcome import IMPORTED_FROM
from search.worker.scheduling.sampler_view import at_end, begin_trial

STATES = optuna.trial.TrialState
LEVELS = [1, 2, 4]


def with_curves(direction, *curves):
    """Return a study of trials, each given by its state, its values and what else it has."""
    study = optuna.create_study(direction=direction)
    best = max if direction == "maximize" else min
    for state, values, *more in curves:
        numbers = [value for value in values if not math.isnan(value)]
        ended = {"value": best(numbers)} if numbers and state is not STATES.FAIL else {}
        reports = dict(enumerate(values, 1))
        attrs = {"system_attrs": more[0]} if more else {}
        study.add_trial(optuna.trial.create_trial(state=state, intermediate_values=reports, **ended, **attrs))
    return study


def test_a_sampler_sees_what_trials_will_probably_end_with():
    study = with_curves(
        "maximize",
        (STATES.COMPLETE, [0.5, 0.6, 0.7, 0.8]),
        (STATES.COMPLETE, [0.4, 0.5, 0.6, 0.7]),
        (STATES.COMPLETE, [0.3, 0.4, 0.5, 0.6]),
        (STATES.PRUNED, [0.5]),
        (STATES.PRUNED, [0.3]),
        (STATES.FAIL, [0.4]),
        (STATES.PRUNED, [0.5], {"constraints:trainable": 1.0}),
    )
    shown = at_end(study.trials, LEVELS, study.direction)
    assert [trial.state for trial in shown[:5]] == [STATES.COMPLETE] * 5
    assert [trial.value for trial in shown[:3]] == [0.8, 0.7, 0.6]
    assert 0.7 < shown[3].value < 0.9  # the curves before it gained .3
    assert 0.5 < shown[4].value < shown[3].value
    assert [(trial.state, trial.value) for trial in shown[5:]] == [(STATES.FAIL, None), (STATES.PRUNED, 0.5)]
    assert (study.trials[3].state, study.trials[3].value) == (STATES.PRUNED, 0.5)


@given(st.lists(st.lists(st.floats(0, 1, width=16), min_size=1, max_size=4), min_size=1, max_size=12))
def test_what_ended_keeps_its_score_and_both_directions_are_alike(curves):
    state = [STATES.COMPLETE if len(values) == 4 else STATES.PRUNED for values in curves]
    up = with_curves("maximize", *zip(state, curves, strict=True))
    down = with_curves("minimize", *((s, [-v for v in values]) for s, values in zip(state, curves, strict=True)))
    shown = at_end(up.trials, LEVELS, up.direction)
    turned = at_end(down.trials, LEVELS, down.direction)
    assert [trial.value for trial in shown] == [-trial.value for trial in turned]
    for values, trial in zip(curves, shown, strict=True):
        assert trial.value >= max(values) if len(values) < 4 else trial.value == max(values)


def test_a_curve_that_begins_late_or_has_no_number_is_no_error():
    nan = float("nan")
    study = with_curves("maximize", (STATES.COMPLETE, [nan, 0.5, 0.6, 0.7]), (STATES.PRUNED, [nan, 0.4]))
    study.add_trial(optuna.trial.create_trial(state=STATES.PRUNED, value=0.1))
    shown = at_end(study.trials, LEVELS, study.direction)
    assert shown[0].value == 0.7
    assert shown[1].value >= 0.4
    assert (shown[2].state, shown[2].value) == (STATES.PRUNED, 0.1)


def test_imported_trials_are_shown_as_they_are():
    own = [(STATES.COMPLETE, [0.5, 0.6, 0.7, 0.8]), (STATES.PRUNED, [0.5])]
    study = with_curves("maximize", *own)
    alone = at_end(study.trials, LEVELS, study.direction)
    study.add_trial(
        optuna.trial.create_trial(
            value=0.5, intermediate_values={100: 0.4, 200: 0.5}, user_attrs={IMPORTED_FROM: "elsewhere"}
        )
    )
    shown = at_end(study.trials, LEVELS, study.direction)
    assert [trial.value for trial in shown] == [*(trial.value for trial in alone), 0.5]


def test_a_trial_that_was_pruned_in_a_later_training_keeps_its_mean():
    reports = dict(enumerate([0.7, 0.8, 0.9, 0.9, 0.85], 1))
    study = optuna.create_study(direction="maximize")
    study.add_trial(optuna.trial.create_trial(state=STATES.PRUNED, value=0.85, intermediate_values=reports))
    (shown,) = at_end(study.trials, LEVELS, study.direction)
    assert (shown.state, shown.value) == (STATES.COMPLETE, 0.85)


def test_ties_among_the_best_hide_no_gain():
    whole = [[0.8, 0.9, 0.95, 1.0]] * 6
    study = with_curves("maximize", *((STATES.COMPLETE, values) for values in whole), (STATES.PRUNED, [0.75]))
    assert at_end(study.trials, LEVELS, study.direction)[-1].value > 0.8


def test_while_a_trial_is_asked_for_the_others_are_forecast_once():
    study = with_curves("maximize", *((STATES.PRUNED, [0.1 * number]) for number in range(1, 9)))
    asked = study.ask()
    trial = begin_trial(study, asked._trial_id, LEVELS)
    first = trial.study.trials
    study.add_trial(optuna.trial.create_trial(state=STATES.PRUNED, value=0.9, intermediate_values={1: 0.9}))
    later = trial.study.get_trials(deepcopy=False)
    assert [trial.values for trial in later[:8]] == [trial.values for trial in first[:8]]
    assert later[8].state is STATES.RUNNING
    assert later[9].state is STATES.PRUNED
