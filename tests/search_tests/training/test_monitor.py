"""The monitor is fed numbers; nothing is trained."""

import math

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
