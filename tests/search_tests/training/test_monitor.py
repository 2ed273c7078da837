"""The monitor is fed numbers; nothing is trained."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core.objective import Objective
from registry.values.stop_reason import StopReason
from search.errors import MetricError
from search.training.monitor import Limits, Monitor

MAX = Objective("val_accuracy", "max")
MIN = Objective("val_loss", "min")


def feed(monitor: Monitor, values: list[float]) -> list[bool]:
    """Give a monitor one value an epoch until it stops; return which were the best so far."""
    better = []
    for value in values:
        better.append(monitor.after_epoch({"loss": 1.0, monitor.objective.metric: value}, seconds=2.0))
        if monitor.stop_reason is not None:
            break
    return better


def test_keeps_the_first_of_equal_best_epochs():
    monitor = Monitor(MAX, Limits(5))
    assert feed(monitor, [0.1, 0.3, 0.3, 0.2, 0.1]) == [True, True, False, False, False]
    assert (monitor.score, monitor.epoch, monitor.stop_reason) == (0.3, 2, StopReason.MAX_EPOCHS)


def test_a_smaller_loss_is_better_where_the_direction_is_min():
    monitor = Monitor(MIN, Limits(3))
    feed(monitor, [0.5, 0.4, 0.6])
    assert (monitor.score, monitor.epoch) == (0.4, 2)


def test_stops_early_after_patience_epochs_without_gain():
    monitor = Monitor(MAX, Limits(20, patience=3))
    feed(monitor, [0.1, 0.5, 0.4, 0.5, 0.3, 0.9])
    assert (monitor.stop_reason, monitor.epochs, monitor.epoch) == (StopReason.EARLY_STOPPING, 5, 2)


def test_a_nan_loss_ends_the_trial_even_if_the_objective_is_a_number():
    monitor = Monitor(MAX, Limits(5))
    monitor.after_epoch({"loss": math.nan, "val_accuracy": 0.1}, 1.0)
    assert monitor.stop_reason is StopReason.NAN


def test_a_nan_objective_is_never_the_best():
    monitor = Monitor(MAX, Limits(5))
    feed(monitor, [0.2, math.nan])
    assert (monitor.score, monitor.epoch, monitor.stop_reason) == (0.2, 1, StopReason.NAN)


def test_the_time_limit_counts_training_seconds():
    monitor = Monitor(MAX, Limits(20, seconds=5.0))
    feed(monitor, [0.1, 0.2, 0.3, 0.4])
    assert (monitor.stop_reason, monitor.epochs) == (StopReason.TIME_LIMIT, 3)


def test_an_epoch_that_takes_too_long_ends_the_trial_from_the_second_on():
    monitor = Monitor(MAX, Limits(20, seconds_per_epoch=1.0))
    for seconds in (5.0, 0.9, 3.0):
        monitor.after_epoch({"loss": 1.0, "val_accuracy": 0.5}, seconds)
        assert monitor.stop_reason is None  # the fastest counts, and the first one also compiles
    slow = Monitor(MAX, Limits(20, seconds_per_epoch=1.0))
    feed(slow, [0.1, 0.2, 0.3])
    assert (slow.stop_reason, slow.epochs, slow.value("seconds_per_epoch", 2)) == (StopReason.TOO_SLOW, 2, 2.0)


def test_a_continued_trial_is_not_judged_by_its_first_epoch_here():
    first = Monitor(MAX, Limits(20, seconds_per_epoch=1.0))
    feed(first, [0.1])
    second = Monitor(MAX, Limits(20, seconds_per_epoch=1.0))
    second.restore(first.state())
    feed(second, [0.2, 0.3])
    assert (second.stop_reason, second.epochs) == (StopReason.TOO_SLOW, 3)


def test_a_trial_of_one_epoch_is_judged_by_that():
    monitor = Monitor(MAX, Limits(1, seconds_per_epoch=1.0))
    feed(monitor, [0.1])
    assert monitor.stop_reason is StopReason.TOO_SLOW


def test_a_pruned_trial_keeps_its_best_epoch_and_what_it_was_compared_with():
    monitor = Monitor(MAX, Limits(20), prune=lambda epoch, value: {"epoch": epoch} if epoch == 3 else None)
    feed(monitor, [0.1, 0.4, 0.2, 0.9])
    assert monitor.stop_reason is StopReason.PRUNED
    assert (monitor.score, monitor.epoch, monitor.pruned_by) == (0.4, 2, {"epoch": 3})


def test_a_metric_that_does_not_exist_is_answered_with_those_that_do():
    monitor = Monitor(Objective("val_acc", "max"), Limits(5))
    with pytest.raises(MetricError, match="'val_acc'.* it reports: accuracy, loss, val_accuracy"):
        monitor.after_epoch({"loss": 1.0, "accuracy": 0.5, "val_accuracy": 0.5}, 1.0)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=12), st.data())
def test_a_restored_monitor_goes_on_as_if_never_interrupted(values, data):
    at = data.draw(st.integers(1, len(values) - 1))
    whole, first, second = (Monitor(MAX, Limits(len(values), patience=4)) for _ in range(3))
    feed(whole, values)
    feed(first, values[:at])
    second.restore(first.state())
    second.stop_reason = first.stop_reason
    if second.stop_reason is None:
        feed(second, values[at:])
    assert second == whole


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_the_score_is_the_best_value_at_its_first_epoch(values):
    monitor = Monitor(MAX, Limits(100))
    feed(monitor, values)
    assert monitor.score == max(values)
    assert monitor.epoch == values.index(max(values)) + 1


def test_a_metric_that_comes_now_and_then_has_gaps():
    monitor = Monitor(MIN, Limits(4))
    for number in range(4):
        rare = {"rare": float(number)} if number % 2 else {}
        monitor.after_epoch({"val_loss": 1.0 - number / 10, **rare}, 1.0)
    assert monitor.curves["rare"] == pytest.approx([math.nan, 1.0, math.nan, 3.0], nan_ok=True)
    assert monitor.epochs == 4


def test_an_objective_may_come_later():
    monitor = Monitor(MIN, Limits(3))
    for metrics in ({"loss": 1.0}, {"loss": 1.0, "val_loss": 0.5}, {"loss": 1.0}):
        monitor.after_epoch(metrics, 1.0, later=True)
    assert (monitor.score, monitor.epoch, monitor.stop_reason) == (0.5, 2, StopReason.MAX_EPOCHS)


@pytest.mark.parametrize(("objective", "value"), [(MAX, math.inf), (MIN, -math.inf)])
def test_an_infinite_value_in_the_better_direction_fails_the_trial(objective, value):
    monitor = Monitor(objective, Limits(5))
    feed(monitor, [0.5, value])
    assert (monitor.score, monitor.stop_reason) == (0.5, StopReason.NAN)


def test_an_infinite_value_in_the_worse_direction_is_never_the_best():
    monitor = Monitor(MIN, Limits(3))
    assert feed(monitor, [math.inf, 0.5, math.inf]) == [False, True, False]


def test_each_stretch_has_its_own_epochs_and_patience():
    monitor = Monitor(MIN, Limits(3, patience=2))
    feed(monitor, [0.1, 0.2, 0.3])
    assert monitor.stop_reason is StopReason.MAX_EPOCHS
    monitor.begin_stretch()
    feed(monitor, [0.9, 0.8, 0.7])
    assert (monitor.epochs, monitor.score, monitor.stop_reason) == (6, 0.1, StopReason.MAX_EPOCHS)


def concluded(value, **others):
    monitor = Monitor(MIN, Limits(3))
    feed(monitor, [0.5, 0.25, 0.75])
    return monitor, monitor.conclude({"val_loss": value, **others})


@pytest.mark.parametrize(("value", "epoch", "last"), [(0.25, 2, False), (0.75, 3, True)])
def test_a_returned_value_that_the_curve_has_is_of_its_epoch(value, epoch, last):
    monitor, of_last = concluded(value)
    assert (monitor.score, monitor.epoch, of_last) == (value, epoch, last)
    assert monitor.curves["val_loss"] == [0.5, 0.25, 0.75]


def test_another_returned_value_stands_at_the_last_epoch():
    monitor, of_last = concluded(0.3, extra=2.0)
    assert (monitor.score, monitor.epoch, of_last) == (0.3, 3, True)
    assert monitor.curves["val_loss"] == pytest.approx([math.nan, math.nan, 0.3], nan_ok=True)
    assert monitor.curves["epoch_val_loss"] == [0.5, 0.25, 0.75]
    assert monitor.curves["extra"][-1] == 2.0


def test_a_returned_value_that_is_no_number_fails_the_trial():
    monitor, _ = concluded(math.nan)
    assert (monitor.score, monitor.stop_reason) == (None, StopReason.NAN)


def watching(values: list[float], **limits: Any) -> Monitor:
    """Give a monitor of the accuracy the losses of epochs in which the accuracy gets better and better."""
    monitor = Monitor(MAX, Limits(50, patience=2, watch=MIN, **limits))
    for place, value in enumerate(values):
        monitor.after_epoch({"val_accuracy": place / 100, "val_loss": value}, 1.0)
        if monitor.stop_reason is not None:
            break
    return monitor


def test_early_stopping_may_watch_something_else_than_the_objective():
    monitor = watching([1.0, 0.9, 0.95, 0.9, 0.1])
    assert (monitor.stop_reason, monitor.epochs) == (StopReason.EARLY_STOPPING, 4)
    assert (monitor.score, monitor.epoch) == (0.03, 4)  # which is the objective's all the same


def test_a_gain_below_min_delta_is_none():
    assert watching([1.0, 0.95, 0.91, 0.1], min_delta=0.1).epochs == 3
    assert watching([1.0, 0.95, 0.85, 0.84, 0.83], min_delta=0.1).epochs == 5


def test_patience_counts_from_an_epoch_on():
    assert watching([0.1, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], start_from=3).epochs == 6


def test_a_monitor_that_nobody_reports_is_told():
    monitor = Monitor(MAX, Limits(5, watch=MIN))
    with pytest.raises(MetricError, match="the problem's monitor 'val_loss' is none of: val_accuracy"):
        monitor.after_epoch({"val_accuracy": 0.5}, 1.0)
