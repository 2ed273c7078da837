"""A trial whose mean after a training is worse than its peers' ends then."""

import optuna
import pytest

from search.optuna_bridge.pruners import make_pruner
from search.records.settings import Settings
from search.training.repeats.mean_pruner import MeanPruner


def study_of(settings, *curves):
    """Return a study of finished trials that have reported values by step."""
    study = optuna.create_study(direction="maximize", pruner=make_pruner(settings, settings.max_epochs))
    for curve in curves:
        trial = study.ask()
        for step, value in curve.items():
            trial.report(value, step)
        study.tell(trial, list(curve.values())[-1])
    return study


def judged(settings, value, *, peers=5, step=4):
    """Return what a trial is pruned by that has come to a mean."""
    study = study_of(settings, *({1: 0.1, 2: 0.2, 4: 0.5 + number / 100} for number in range(peers)))
    pruner = MeanPruner(study, study.ask(), settings)
    for epoch, early in enumerate([0.1, 0.2, 0.3], 1):
        assert pruner(epoch, early) is None
    verdict = pruner(step, value)
    assert pruner.state()["steps"] == [1, 2, 3, step]
    return verdict


@pytest.mark.parametrize("pruner", ["hyperband", "asha", "percentile"])
def test_a_mean_below_the_peers_median_ends_the_trial(pruner):
    settings = Settings(pruner=pruner, max_epochs=2, repeats=3, prune_patience=9)
    verdict = judged(settings, 0.51)
    assert (verdict["pruner"], verdict["epoch"], verdict["value"], verdict["median"]) == ("median", 4, 0.51, 0.52)
    assert (verdict["peers"], verdict["better_peers"]) == (5, 3)
    assert judged(settings, 0.53) is None


def test_few_peers_a_step_within_a_training_and_no_pruner_end_nothing():
    settings = Settings(max_epochs=2, repeats=3, prune_patience=9)
    assert judged(settings, 0.4, peers=4) is None
    assert judged(settings, 0.4, step=5) is None
    assert judged(Settings(pruner="none", max_epochs=2, repeats=3), 0.4) is None
