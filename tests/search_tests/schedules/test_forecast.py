"""Forecasts are held to curves whose ends are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.schedules.forecast import Forecast, forecast, spread

LEVELS = [1, 2, 3, 4, 6, 10]


def bests(ends, starts, speeds):
    """Return what power laws come to at each level."""
    return ends[:, None] - starts[:, None] * np.array(LEVELS, dtype=float) ** -speeds[:, None]


def seen(best, reached):
    """Return what is known of curves that have come no further."""
    places = np.minimum(np.arange(len(LEVELS)), np.asarray(reached)[:, None])
    return np.take_along_axis(best, np.maximum(places, 0), axis=1)


def alive(count):
    return np.zeros(count, dtype=bool)


def some_curves(count, seed=0):
    generator = np.random.default_rng(seed)
    return bests(generator.uniform(0.6, 0.9, count), generator.uniform(0.1, 0.4, count), generator.uniform(1, 2, count))


def test_a_curve_that_nobody_precedes_goes_on_by_its_power_law():
    best = bests(np.array([0.9, 0.85, 0.8]), np.full(3, 0.4), np.full(3, 2.0))
    now, _ = forecast(seen(best, [2, 2, 2]), np.full(3, 2), alive(3), LEVELS)
    assert now.mean == pytest.approx(best[:, -1])
    assert (now.error > 0.01).all()


@pytest.mark.parametrize("level", range(5))
def test_what_others_came_to_makes_a_forecast_surer_and_nearer(level):
    best = some_curves(40)
    reached = np.array([5] * 20 + [level] * 20)
    alone, _ = forecast(seen(best, reached)[20:], reached[20:], alive(20), LEVELS)
    learned, _ = forecast(seen(best, reached), reached, alive(40), LEVELS)
    missed = np.abs(learned.mean[20:] - best[20:, -1])
    assert missed.mean() < 0.5 * np.abs(seen(best, reached)[20:, -1] - best[20:, -1]).mean()
    assert missed.mean() <= np.abs(alone.mean - best[20:, -1]).mean()
    assert learned.error[20:].mean() < alone.error.mean()
    assert np.mean(missed < 2 * learned.error[20:]) >= 0.9


def test_a_level_learns_from_those_that_have_not_ended_either():
    best = bests(np.linspace(0.6, 0.7, 20), np.full(20, 0.4), np.full(20, 2.0))
    reached = np.array([3, 0] * 10)
    first = reached == 0
    alone, _ = forecast(seen(best, reached)[first], reached[first], alive(10), LEVELS)
    learned, _ = forecast(seen(best, reached), reached, alive(20), LEVELS)
    missed = np.abs(learned.mean[first] - best[first, -1])
    assert missed.mean() < 0.2 * np.abs(alone.mean - best[first, -1]).mean()


def test_what_has_ended_gains_nothing_more_and_what_does_not_count_is_not_forecast():
    best = some_curves(6)
    reached = np.array([5, 5, 5, 2, 2, -1])
    now, at_first = forecast(seen(best, reached), reached, np.array([True] * 4 + [False] * 2), LEVELS)
    assert list(now.mean[:4]) == [*best[:3, -1], best[3, 2]]
    assert list(now.error[:4]) == [0.0] * 4
    assert now.mean[4] > best[4, 2]
    assert now.mean[5] == at_first.mean[5] == -np.inf
    assert now.improvement(0.0)[5] == 0.0


def test_at_the_first_level_all_are_forecast_as_if_they_had_come_no_further():
    best = some_curves(12)
    reached = np.array([5] * 6 + [0] * 6)
    now, at_first = forecast(seen(best, reached), reached, alive(12), LEVELS)
    assert list(at_first.mean[6:]) == list(now.mean[6:])
    assert (at_first.error[:6] > 0).all()
    assert np.abs(at_first.mean - best[:, -1]).mean() < np.abs(best[:, 0] - best[:, -1]).mean() / 2


@settings(max_examples=30)
@given(st.integers(0, 99), st.floats(1e-3, 1e3), st.floats(-1e3, 1e3))
def test_a_forecast_knows_no_unit(seed, factor, offset):
    best, reached = some_curves(12, seed), np.random.default_rng(seed).integers(0, 6, 12)
    plain, _ = forecast(seen(best, reached), reached, alive(12), LEVELS)
    other, _ = forecast(factor * seen(best, reached) + offset, reached, alive(12), LEVELS)
    assert other.mean == pytest.approx(factor * plain.mean + offset, rel=1e-4, abs=1e-4 * factor)
    assert other.error == pytest.approx(factor * plain.error, rel=1e-3, abs=1e-4 * factor)


def test_a_steep_start_from_far_below_promises_no_wonder():
    best = some_curves(10)
    reached = np.array([5] * 4 + [1] * 6)
    shown = seen(best, reached)
    shown[9, 0], shown[9, 1:] = -1e38, shown[8, 1]
    now, _ = forecast(shown, reached, alive(10), LEVELS)
    assert np.isfinite(now.mean).all()
    assert now.mean[9] < best[:, -1].max() + 0.3


def test_the_expected_improvement_is_what_is_surely_gained_and_what_may_be():
    known = Forecast(np.array([0.5, 0.7, -np.inf, 0.5, 0.5]), np.array([0.0, 0.0, 0.0, 0.1, 0.2]))
    sure, better, nothing, maybe, more = known.improvement(0.6)
    assert (sure, nothing) == (0.0, 0.0)
    assert better == pytest.approx(0.1)
    assert 0.0 < maybe < more < 0.2
    draws = np.random.default_rng(0).logistic(0.5, 0.2 * 3**0.5 / np.pi, 400_000)
    assert more == pytest.approx(np.maximum(draws - 0.6, 0).mean(), rel=0.01)


def test_the_spread_is_of_the_better_half_and_not_of_rounding():
    assert spread(np.array([-1e30, 0.0, 0.1, 0.2])) == pytest.approx(np.std([0.0, 0.1, 0.2]))
    assert spread(np.full(5, 0.1) + 1e-17) == 0.0
    assert spread(np.zeros(0)) == 0.0
