"""Tags and names of metrics that searches and reports agree on."""

from __future__ import annotations

from collections.abc import Mapping

BASELINE_TAG, CONFIRM_TAG = ("kind", "baseline"), "confirm"
# The study whose models it averages, or whose winner it trains again; an average of refits has both.
ENSEMBLE_TAG, REFIT_TAG = "ensemble", "refit"
TEACHER_TAG = "teacher"  # the version whose predictions it learnt from, with the beginning of the weights' hash
EPOCHS_TAG = "confirm_max_epochs"  # of what confirms a study's configurations with another number of epochs
NO_WEIGHTS_TAG = "no_weights"  # why a version was registered without a file
CHANGES_TAG = "accepted_changes"  # how the problem had changed since the study began, where somebody went on with it
OBJECTIVES_TAG = "objectives"  # what the study optimizes, where that is several metrics
CLASSES_TAG = "classes"  # what the classes are called, as a JSON list
TEST = "test_"  # with which the names of metrics on test data begin
MEAN_TAG, SPREAD_TAG, SEEDS_TAG = "confirm_mean", "confirm_spread", "confirm_seeds"  # of what was confirmed


def trained_with(tags: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Return what a version's tags say of its training beside its params: two that differ in it are not alike."""
    return tags.get(TEACHER_TAG), tags.get(EPOCHS_TAG)
