"""Schedules are functions of curves: they are tried by studies that are numbers only."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.core.errors import UsageError
from search.schedules.by_name import SCHEDULES, check_schedule, make_schedule
from search.schedules.contract import Begin, Resume, Schedule
from search.schedules.curves import Curves, CurveTable, TrialState
from search.schedules.hyperband import Hyperband
from search.schedules.predict import Predict, growing_levels
from search.schedules.rungs import Rungs, rung_levels
from search.schedules.triage import Triage

RUNNING, PAUSED, ENDED = TrialState.RUNNING, TrialState.PAUSED, TrialState.ENDED


@dataclass(frozen=True)
class Trial:
    number: int
    state: TrialState
    values: Sequence[float]
    until: int = 0

    @property
    def epochs(self) -> int:
        return len(self.values)


def paused(number: int, *values: float) -> Trial:
    return Trial(number, PAUSED, values)


def curves_of(schedule: Schedule, trials: Sequence[Trial]) -> Curves:
    table = CurveTable(schedule.levels)
    for trial in trials:
        table.put(trial.number, trial.state, trial.values)
    return table.curves()


def next_step(schedule: Schedule, trials: Sequence[Trial], new: int) -> Begin | Resume | None:
    return schedule.next_step(curves_of(schedule, trials), new)


def hopeless(schedule: Schedule, trials: Sequence[Trial], new: int) -> set[int]:
    return set(schedule.hopeless(curves_of(schedule, trials), new))


class Numbers:
    """A study of which every trial's curve is known, and whose workers finish in any order.

    Args:
        schedule: what is tried.
        curves: of the trials, in the order in which they begin.
        workers: how many train at once.
        seed: of the order in which they finish.
    """

    def __init__(self, schedule: Schedule, curves: list[list[float]], workers: int, seed: int) -> None:
        self._schedule, self._curves, self._workers = schedule, curves, workers
        self._random = random.Random(seed)
        self.trials: list[Trial] = []
        self.hopeless: set[int] = set()
        self.resumed: list[int] = []

    def run(self) -> None:
        """Search until there is nothing to do."""
        while True:
            while sum(trial.state is RUNNING for trial in self.trials) < self._workers:
                if not self._take(next_step(self._schedule, self.trials, self._new)):
                    break
            running = [trial for trial in self.trials if trial.state is RUNNING]
            if not running:
                return
            self._come_to_rest(self._random.choice(running))
            self.hopeless |= hopeless(self._schedule, self.trials, self._new)

    @property
    def _new(self) -> int:
        return len(self._curves) - len(self.trials)

    def _take(self, step: Begin | Resume | None) -> bool:
        if isinstance(step, Begin):
            assert self._new > 0
            self.trials.append(Trial(len(self.trials), RUNNING, (), step.until))
        elif isinstance(step, Resume):
            trial = self.trials[step.number]
            assert trial.state is PAUSED
            assert step.until > trial.epochs
            self.resumed.append(step.number)
            self.trials[step.number] = replace(trial, state=RUNNING, until=step.until)
        return step is not None

    def _come_to_rest(self, trial: Trial) -> None:
        curve = self._curves[trial.number]
        values = curve[: trial.until]
        state = ENDED if len(values) == len(curve) else PAUSED
        self.trials[trial.number] = replace(trial, values=values, state=state)


CURVES = st.lists(st.lists(st.floats(0, 1), min_size=10, max_size=10), min_size=1, max_size=30)


@settings(max_examples=60)
@given(st.sampled_from(sorted(SCHEDULES)), CURVES, st.integers(1, 5), st.integers(0, 9))
def test_every_trial_begins_and_what_is_hopeless_is_never_resumed(name, curves, workers, seed):
    study = Numbers(make_schedule(name, 10), curves, workers, seed)
    study.run()
    assert len(study.trials) == len(curves)
    assert any(trial.epochs == 10 for trial in study.trials)
    # Once hopeless, for ever: none of those that go on later was among them when it did.
    for number in study.hopeless:
        assert study.trials[number].state is PAUSED


@settings(max_examples=30)
@given(CURVES, st.sampled_from(sorted(SCHEDULES)))
def test_an_answer_depends_on_nothing_but_the_trials_whatever_their_order(curves, name):
    trials = [paused(number, *curve[: 1 + number % 3]) for number, curve in enumerate(curves)]
    answers = {
        (next_step(make_schedule(name, 10), some, 2), frozenset(hopeless(make_schedule(name, 10), some, 2)))
        for some in (trials, trials[::-1])
    }
    assert len(answers) == 1


def test_rungs_promote_a_third_of_those_that_have_come():
    rungs = Rungs(10)
    assert next_step(rungs, [], 5) == Begin(1)
    two = [paused(0, 0.5), paused(1, 0.6)]
    assert next_step(rungs, two, 5) == Begin(1)
    assert next_step(rungs, [*two, paused(2, 0.1)], 5) == Resume(1, 3)


def test_rungs_promote_from_the_highest_rung_first():
    rungs = Rungs(10)
    low = [paused(number, number / 10) for number in range(6)]
    high = [paused(number, 0.01, 0.02, number / 100) for number in range(6, 9)]
    assert next_step(rungs, low + high, 5) == Resume(8, 10)


def test_rungs_bring_one_to_the_top_when_no_more_may_begin():
    rungs = Rungs(10)
    assert next_step(rungs, [paused(0, 0.5), paused(1, 0.6)], 0) == Resume(1, 3)
    assert next_step(rungs, [paused(0, 0.5), paused(1, 0.6, 0.7, 0.7)], 0) == Resume(1, 10)


def test_a_trial_without_a_place_in_its_rung_is_hopeless():
    trials = [paused(number, number / 10) for number in range(9)]
    assert hopeless(Rungs(10), trials, 0) == {0, 1, 2, 3, 4, 5}
    assert hopeless(Rungs(10), trials, 6) == {0, 1, 2, 3}


def test_a_trial_that_failed_takes_no_place():
    failed = Trial(0, ENDED, (math.nan,))
    assert next_step(Rungs(10), [failed, paused(1, 0.2), paused(2, 0.1)], 5) == Resume(1, 3)


def test_triage_resumes_who_is_sure_to_be_among_the_best():
    triage = Triage(10)
    trials = [paused(number, value) for number, value in enumerate((0.1, 0.5, 0.4, 0.3))]
    running = Trial(4, RUNNING, ())
    assert next_step(triage, [*trials, running], 0) == Resume(1, 10)
    begun = [replace(trial, state=RUNNING, until=10) if trial.number == 1 else trial for trial in trials]
    assert next_step(triage, [*begun, running], 0) == Resume(2, 10)
    begun[2] = replace(begun[2], state=RUNNING, until=10)
    assert next_step(triage, [*begun, running], 0) is None
    assert next_step(triage, begun, 0) == Resume(3, 10)
    assert hopeless(triage, [*begun, running], 0) == {0}


def test_triage_lets_a_sixteenth_go_on_while_others_begin():
    triage = Triage(10)
    trials = [paused(number, number / 20) for number in range(15)]
    assert next_step(triage, trials, 20) == Begin(1)
    assert next_step(triage, [*trials, paused(15, 0.0)], 20) == Resume(14, 10)
    assert hopeless(triage, trials, 20) == set(range(12))


def test_of_three_trials_none_waits():
    assert next_step(Triage(10), [paused(0, 0.5)], 2) == Resume(0, 10)
    assert next_step(Triage(10), [paused(0, 0.5)], 3) == Begin(1)


def test_triage_compares_after_a_tenth_of_the_epochs():
    assert [Triage(epochs).levels for epochs in (1, 10, 30)] == [(1, 1), (1, 10), (3, 30)]


def test_hyperband_gives_most_trials_the_shortest_start():
    hyperband = Hyperband(10)
    brackets = [hyperband.bracket(number) for number in range(17)]
    assert [brackets.count(bracket) for bracket in range(3)] == [9, 5, 3]
    starts = {next_step(hyperband, [paused(n, 0.0) for n in range(count)], 20) for count in range(9)}
    assert {1, 3, 10} >= {step.until for step in starts if isinstance(step, Begin)} > {1}


@pytest.mark.parametrize(
    ("first", "last", "levels"), [(1, 10, [1, 3, 10]), (1, 30, [1, 3, 9, 30]), (1, 1, [1]), (3, 4, [4]), (1, 2, [1, 2])]
)
def test_levels_grow_by_the_reduction(first, last, levels):
    assert rung_levels(first, last) == levels


@pytest.mark.parametrize(
    ("epochs", "levels"),
    [
        (1, [1]),
        (2, [1, 2]),
        (5, [1, 2, 3, 4, 5]),
        (30, [1, 2, 3, 4, 6, 9, 14, 21, 30]),
        (60, [3, 4, 6, 9, 14, 21, 32, 48, 60]),
    ],
)
def test_predict_pauses_after_ever_more_epochs(epochs, levels):
    assert growing_levels(epochs) == list(Predict(epochs).levels) == levels


def test_predict_trains_the_best_first_once_there_are_a_few():
    predict = Predict(10)
    trials = [paused(number, number / 10) for number in range(8)]
    assert next_step(predict, trials[:7], 9) == Begin(1)
    assert next_step(predict, trials, 9) == Resume(7, 2)
    assert next_step(predict, [*trials[:7], paused(7, 0.7, 0.75, 0.75, 0.75)], 9) == Resume(7, 6)


def test_predict_prefers_who_still_climbs():
    ended = [
        Trial(number, ENDED, [0.58 + number / 100 - 0.2 / epoch**2 for epoch in range(1, 11)]) for number in range(4)
    ]
    flat, climbs = paused(4, 0.4, 0.6, 0.6), paused(5, 0.4, 0.5, 0.59)
    low = [paused(number, 0.1 + number / 100) for number in range(6, 12)]
    assert next_step(Predict(10), [*ended, flat, climbs, *low], 0) == Resume(5, 4)


def test_predict_resumes_no_trial_that_runs_and_none_that_a_shorter_study_trained_longer():
    trials = [paused(number, number / 10) for number in range(8)]
    trials[7] = Trial(7, RUNNING, (0.7,))
    trials[6] = paused(6, *[0.6] * 12)
    assert next_step(Predict(10), trials, 0) == Resume(5, 2)


def test_predict_first_brings_to_its_first_level_what_a_budget_of_epochs_had_cut_short():
    assert next_step(Predict(100), [paused(0, 0.5), paused(1, *[0.6] * 5)], 3) == Resume(0, 5)


def test_predict_ends_a_study_of_equal_scores_after_three():
    study = Numbers(Predict(10), [[0.5] * 10] * 20, 1, 0)
    study.run()
    assert [trial.epochs for trial in study.trials] == [10, 10, 10] + [1] * 17


def test_predict_gives_up_what_waits_at_the_first_level_without_a_place():
    trials = [paused(number, number / 30) for number in range(12)]
    trials[0] = paused(0, 0.0, 0.9)
    assert hopeless(Predict(10), trials, 0) == set(range(1, 8))
    assert hopeless(Predict(10), trials, 12) == {1, 2, 3}


@pytest.mark.parametrize("workers", [1, 4])
def test_predict_finds_the_best_of_curves_that_cross_with_a_third_of_the_epochs(workers):
    generator = np.random.default_rng(0)
    ends, starts, speeds = (
        generator.uniform(0.5, 0.9, 40),
        generator.uniform(0.1, 0.5, 40),
        generator.uniform(0.8, 2, 40),
    )
    curves = [
        [end - start * epoch**-speed for epoch in range(1, 11)]
        for end, start, speed in zip(ends, starts, speeds, strict=True)
    ]
    study = Numbers(Predict(10), curves, workers, 0)
    study.run()
    whole = {trial.number for trial in study.trials if trial.epochs == 10}
    assert int(np.argmax([curve[-1] for curve in curves])) in whole
    assert sum(trial.epochs for trial in study.trials) < 40 * 10 / 3


def test_an_unknown_schedule_is_refused():
    with pytest.raises(UsageError, match="the schedule is 'rung'; did you mean 'rungs'"):
        check_schedule("rung")


@pytest.mark.parametrize("schedule", [Triage(10), Rungs(9), Predict(10)], ids=["triage", "rungs", "predict"])
def test_what_no_other_trial_dominates_goes_on_whatever_its_rank(schedule: Schedule) -> None:
    trials = [paused(number, 1 - number / 100) for number in range(30)]
    curves = curves_of(schedule, trials)
    layers = np.full(curves.best.shape, 2)
    assert 27 in schedule.hopeless(curves, 0)
    layers[[0, 27, 29], 0] = 0
    several = replace(curves, layers=layers)
    assert not {0, 27, 29} & set(schedule.hopeless(several, 0))
    assert schedule.next_step(several, 5) == Resume(0, schedule.levels[1])
    resumed = several.states.copy()
    resumed[0] = ENDED
    assert schedule.next_step(replace(several, states=resumed), 5) == Resume(27, schedule.levels[1])


def test_without_a_front_the_best_are_by_value_and_then_by_number() -> None:
    curves = curves_of(Triage(10), [paused(0, 0.5), paused(1, 0.7), paused(2, 0.7)])
    assert list(curves.best_first(curves.paused, 0)) == [1, 2, 0]
    behind = np.array([[2, 2], [2, 2], [0, 0]])
    assert list(replace(curves, layers=behind).best_first(curves.paused, 0)) == [2, 1, 0]


def test_what_only_the_front_dominates_goes_on_once_no_more_may_begin() -> None:
    schedule = Triage(10)
    curves = curves_of(schedule, [paused(number, 1 - number / 100) for number in range(30)])
    layers = np.full(curves.best.shape, 2)
    layers[[0, 1, 2, 3], 0], layers[[28, 29], 0] = 0, 1
    states = curves.states.copy()
    states[[0, 1, 2, 3]] = ENDED
    several = replace(curves, layers=layers, states=states)
    assert schedule.next_step(several, 5) == Begin(1)
    assert schedule.next_step(several, 0) == Resume(28, 10)
    assert set(schedule.hopeless(several, 0)) == set(range(4, 28))
