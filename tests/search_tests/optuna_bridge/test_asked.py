"""Trials from before an objective was changed, as if they had been sampled from what it asks for now."""

from __future__ import annotations

from typing import Any

import pytest
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, create_trial

from registry.core.errors import UsageError
from search.optuna_bridge.asked import AskedRanges
from search.optuna_bridge.outcome import IMPORTED_FROM

SMALL, LARGE = FloatDistribution(0, 1), FloatDistribution(0, 9)
FEW, MORE, OTHERS = (CategoricalDistribution(choices) for choices in (["a", "b"], ["a", "b", "c"], ["b", "c"]))


def trial(number: int, value: Any, distribution: BaseDistribution, **attrs: Any) -> FrozenTrial:
    """Return a trial of one param, x."""
    made = create_trial(value=0.0, params={"x": value}, distributions={"x": distribution}, user_attrs=attrs)
    made.number = number
    return made


def asked(distribution: BaseDistribution, last: int = 5) -> AskedRanges:
    """Return the ranges of an objective that asks for x."""
    ranges = AskedRanges(last)
    assert [ranges.note("x", distribution) for _ in range(2)] == [True, False]
    return ranges


@pytest.mark.parametrize(
    ("value", "before", "now"),
    [(0.5, SMALL, LARGE), (0.5, LARGE, SMALL), ("a", FEW, MORE), ("b", FEW, OTHERS), (2, IntDistribution(0, 3), LARGE)],
)
def test_what_still_fits_is_shown_as_sampled_from_it(
    value: Any, before: BaseDistribution, now: BaseDistribution
) -> None:
    old = trial(5, value, before)
    assert asked(now).refit(old).distributions == {"x": now}
    assert old.distributions == {"x": before}


def test_a_choice_that_is_gone_and_another_kind_are_left_out() -> None:
    with pytest.raises(UsageError, match="x of trial 5 is 'a', which is none of"):
        asked(OTHERS).refit(trial(5, "a", FEW))
    with pytest.raises(UsageError, match="x of trial 5 is 0.5"):
        asked(IntDistribution(0, 3)).refit(trial(5, 0.5, SMALL))


def test_a_number_outside_of_a_narrower_range_stays_as_it_is() -> None:
    assert asked(SMALL).refit(trial(5, 7.0, LARGE)).distributions == {"x": LARGE}


def test_trials_since_the_change_stay_as_they_are_and_imported_ones_do_not() -> None:
    assert asked(LARGE).refit(trial(6, 0.5, SMALL)).distributions == {"x": SMALL}
    imported = trial(6, 0.5, SMALL, **{IMPORTED_FROM: {"study": "other", "trial": 0}})
    assert asked(LARGE).refit(imported).distributions == {"x": LARGE}


def test_what_was_not_asked_for_so_far_stays_as_it_is() -> None:
    assert AskedRanges(5).refit(trial(5, 0.5, SMALL)).distributions == {"x": SMALL}
