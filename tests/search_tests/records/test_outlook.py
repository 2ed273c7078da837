"""What the rest of a budget would bring is told from the scores alone."""

from __future__ import annotations

import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.records.forecast.outlook import FEWEST, outlook

SCORES = st.lists(st.floats(0, 1), min_size=FEWEST, max_size=60)


@given(SCORES, st.integers(1, 500))
def test_a_gain_is_none_or_more_and_more_trials_bring_no_less(scores, left):
    few, many = outlook(scores, left, []), outlook(scores, 2 * left, [])
    assert 0 <= few.gain <= many.gain
    assert few.trials == left


@given(SCORES, st.integers(1, 50), st.floats(0.125, 8))
def test_it_grows_with_the_scores_scale_and_does_not_depend_on_their_place(scores, left, scale):
    gain = outlook(scores, left, []).gain
    assert outlook([scale * score - 3 for score in scores], left, []).gain == pytest.approx(scale * gain, abs=1e-9)


def test_it_is_near_what_more_trials_bring():
    numbers = random.Random(5)
    expected, real = [], []
    for _ in range(300):
        scores = [1 - numbers.random() ** 0.7 for _ in range(40)]
        expected.append(outlook(scores[:20], 20, []).gain)
        real.append(max(scores) - max(scores[:20]))
    assert statistics.mean(expected) == pytest.approx(statistics.mean(real), rel=0.5)


def test_too_few_trials_tell_nothing_and_nothing_left_brings_nothing():
    assert outlook([0.5] * (FEWEST - 1), 5, []) is None
    assert outlook([0.5] * FEWEST + [math.nan], 0, []) is None
    assert outlook([0.5] * FEWEST, 5, []).gain == 0


def test_noise_is_what_a_curve_jumps_around_its_trend():
    numbers = random.Random(1)
    straight = [0.01 * epoch for epoch in range(400)]
    assert outlook([0.5] * FEWEST, 1, straight).noise == pytest.approx(0, abs=1e-9)
    shaken = [value + numbers.gauss(0, 0.02) for value in straight]
    assert outlook([0.5] * FEWEST, 1, shaken).noise == pytest.approx(0.02, rel=0.25)
    assert outlook([0.5] * FEWEST, 1, [0.1, 0.2]).noise is None
