"""A refit ends after its epochs, keeps the last weights, and refuses what it cannot count."""

import math

import pytest

from registry.core.objective import Objective
from registry.values.stop_reason import StopReason
from search.errors import ProblemError
from search.refit.last_epoch import LastEpoch
from search.training.monitor import Limits


def follow(*losses, last=3):
    monitor = LastEpoch(Objective("val_accuracy", "max"), Limits(50, patience=1), last=last)
    for place, loss in enumerate(losses):
        assert monitor.after_epoch({"loss": loss, "val_accuracy": 0.9 - place / 10}, 1.0)  # each is the best so far
    return monitor


def test_it_ends_after_its_epochs_whatever_the_validation_says():
    assert follow(0.5, 0.6).stop_reason is None
    monitor = follow(0.5, 0.6, 0.7)
    assert (monitor.stop_reason, monitor.epoch, monitor.seconds) == (StopReason.MAX_EPOCHS, 3, 3.0)
    assert monitor.curves["loss"] == [0.5, 0.6, 0.7]
    assert monitor.limits.max_epochs == 50  # what schedules of learning rates go by


def test_a_training_that_diverges_ends():
    assert follow(math.nan).stop_reason is StopReason.NAN


def test_what_a_fit_returns_changes_nothing():
    assert follow(0.5).conclude({"val_accuracy": 0.99})
    with pytest.raises(ProblemError, match="fit reports no epochs, so nothing can end it"):
        follow().conclude({"val_accuracy": 0.99})


def test_folds_are_refused():
    with pytest.raises(ProblemError, match="trains several times, as for folds; a refit is one training"):
        follow(0.5).begin_stretch()
