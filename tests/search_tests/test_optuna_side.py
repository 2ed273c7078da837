"""What Optuna sees: samplers, pruning with patience, the ask and the tell."""

import optuna
import pytest
from optuna.trial import TrialState

from search.errors import SettingsError
from search.pruning import StalledPruner, make_pruner
from search.results import StopReason, TrialResult
from search.samplers import make_sampler, nth_point
from search.settings import SAMPLERS, Settings
from search.storage import closing_storage
from search.tell import attach_trial, tell


@pytest.fixture
def optuna_study(sqlite_engine):
    """Give a study in a real database."""
    with closing_storage(sqlite_engine) as storage:
        yield optuna.create_study(study_name="s", storage=storage, direction="maximize")


def result(score, reason=StopReason.MAX_EPOCHS, epoch=1):
    """Return a finished trial."""
    return TrialResult(trial=0, seed=0, params={}, stop_reason=reason, curves={}, score=score, epoch=epoch, seconds=1.0)


def objective(trial):
    """Ask for a number, a step, a log and a choice."""
    return (
        trial.suggest_float("a", 0, 1),
        trial.suggest_int("b", 1, 9, step=2),
        trial.suggest_float("c", 1e-3, 1, log=True),
        trial.suggest_categorical("d", ["x", None, True]),
    )


@pytest.mark.parametrize("name", SAMPLERS)
def test_each_sampler_proposes_the_same_again_for_the_same_trial(name, tmp_path):
    if name == "gp":
        pytest.importorskip("torch")
    point = {"a": 0.5, "b": 3, "c": 0.1, "d": None}

    def proposals():
        study = optuna.create_study(direction="maximize")
        seen = []
        for number in range(14):
            study.sampler = make_sampler(Settings(sampler=name, seed=1), number=number, grid_point=lambda: point)
            trial = study.ask()
            seen.append(objective(trial))
            study.tell(trial, seen[-1][0])
        return seen

    first = proposals()
    assert first == proposals()
    assert len(set(first)) == (1 if name == "grid" else 14)


def test_a_grid_without_the_asked_param_says_what_to_do():
    sampler = make_sampler(Settings(sampler="grid"), number=0, grid_point=lambda: {"a": 1})
    with pytest.raises(SettingsError, match="the grid has no 'b': .* put it in an hp.conditional_scope"):
        sampler.sample_independent(None, None, "b", None)


def test_a_used_up_grid_says_so():
    assert nth_point(iter([{"a": 1}, {"a": 2}]), 1) == {"a": 2}
    with pytest.raises(SettingsError, match="the grid has no point 2: it is used up"):
        nth_point(iter([{"a": 1}, {"a": 2}]), 2)


def test_a_trial_that_a_dead_worker_made_is_found_again(optuna_study):
    made = attach_trial(optuna_study, slot=3, trial=None, first_params=None)
    assert attach_trial(optuna_study, slot=3, trial=None, first_params=None)._trial_id == made._trial_id
    assert attach_trial(optuna_study, slot=3, trial=made.number, first_params=None)._trial_id == made._trial_id
    assert attach_trial(optuna_study, slot=4, trial=None, first_params=None)._trial_id != made._trial_id
    assert len(optuna_study.trials) == 2


def test_the_first_trial_may_take_given_params(optuna_study):
    frozen = attach_trial(optuna_study, slot=0, trial=None, first_params={"a": 0.25})
    trial = optuna.trial.Trial(optuna_study, frozen._trial_id)
    assert trial.suggest_float("a", 0, 1) == 0.25


def test_a_continued_trial_keeps_its_params(optuna_study):
    frozen = attach_trial(optuna_study, slot=0, trial=None, first_params=None)
    values = objective(optuna.trial.Trial(optuna_study, frozen._trial_id))
    optuna_study.sampler = optuna.samplers.RandomSampler(seed=99)
    assert objective(optuna.trial.Trial(optuna_study, frozen._trial_id)) == values


@pytest.mark.parametrize(
    ("told", "state", "value"),
    [
        (result(0.7), TrialState.COMPLETE, 0.7),
        (result(0.7, StopReason.PRUNED), TrialState.PRUNED, 0.7),
        (result(0.7, StopReason.EARLY_STOPPING), TrialState.COMPLETE, 0.7),
        (result(None, StopReason.NAN, None), TrialState.FAIL, None),
        (result(None, StopReason.ERROR, None), TrialState.FAIL, None),
    ],
)
def test_the_told_value_is_the_best_epochs(optuna_study, told, state, value):
    frozen = attach_trial(optuna_study, slot=0, trial=None, first_params=None)
    trial = optuna.trial.Trial(optuna_study, frozen._trial_id)
    for epoch, reported in enumerate((0.7, 0.2), 1):
        trial.report(reported, epoch)
    tell(optuna_study, frozen._trial_id, told)
    kept = optuna_study.trials[0]
    assert (kept.state, kept.value, kept.user_attrs["stop_reason"]) == (state, value, told.stop_reason)


def judge(study, settings, curves):
    """Let trials report their curves one after another; return the epoch at which each was pruned, or None."""
    ends = []
    for slot, curve in enumerate(curves):
        frozen = attach_trial(study, slot=slot, trial=None, first_params=None)
        trial = optuna.trial.Trial(study, frozen._trial_id)
        study.pruner = make_pruner(settings)
        pruner = StalledPruner(study, trial, settings)
        end = next((epoch for epoch, value in enumerate(curve, 1) if pruner(epoch, value)), None)
        ends.append(end)
        reached = curve[: end or len(curve)]
        reason = StopReason.PRUNED if end else StopReason.MAX_EPOCHS
        tell(study, frozen._trial_id, result(max(reached), reason))
    return ends


GOOD = [0.5, 0.6, 0.7, 0.8, 0.9, 0.91]
RISING = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
STALLED = [0.1, 0.2, 0.2, 0.2, 0.15, 0.6]


@pytest.mark.parametrize("pruner", ["median", "percentile", "asha", "hyperband"])
def test_a_trial_that_still_improves_is_left_alone(optuna_study, pruner):
    settings = Settings(pruner=pruner, prune_patience=2, max_epochs=6)
    assert judge(optuna_study, settings, [GOOD] * 6 + [RISING] * 3) == [None] * 9


def test_a_stalled_trial_is_pruned_when_its_peers_say_so(optuna_study):
    settings = Settings(pruner="median", prune_patience=2, max_epochs=6)
    # Its best is of epoch 2; PatientPruner waits for epochs that are strictly worse than the best before.
    assert judge(optuna_study, settings, [GOOD] * 6 + [STALLED]) == [None] * 6 + [None]
    assert judge(optuna_study, settings, [[0.3, 0.2, 0.1, 0.1, 0.1, 0.1]])[-1] == 3


def test_a_verdict_of_a_rung_stands_until_the_trial_stalls(optuna_study):
    settings = Settings(pruner="asha", prune_patience=1, max_epochs=6)
    hopeless = [0.1, 0.2, 0.25, 0.24, 0.3, 0.3]  # loses at the rungs of epochs 1 and 3, stalls at epoch 4
    assert judge(optuna_study, settings, [GOOD] * 6 + [hopeless])[-1] == 4


def test_without_patience_the_pruner_is_heard_at_once(optuna_study):
    settings = Settings(pruner="median", prune_patience=0, max_epochs=6)
    assert judge(optuna_study, settings, [GOOD] * 6 + [RISING])[-1] == 1


def test_no_pruner_prunes_nothing(optuna_study):
    settings = Settings(pruner="none", prune_patience=0, max_epochs=6)
    assert judge(optuna_study, settings, [GOOD] * 6 + [STALLED]) == [None] * 7


def test_a_pruned_trial_says_against_whom(optuna_study):
    settings = Settings(pruner="median", prune_patience=0, max_epochs=6)
    judge(optuna_study, settings, [GOOD] * 5)
    frozen = attach_trial(optuna_study, slot=9, trial=None, first_params=None)
    optuna_study.pruner = make_pruner(settings)
    verdict = StalledPruner(optuna_study, optuna.trial.Trial(optuna_study, frozen._trial_id), settings)(1, 0.4)
    assert (verdict["pruner"], verdict["epoch"], verdict["value"]) == ("median", 1, 0.4)
    assert (verdict["peers"], verdict["better_peers"], verdict["median"]) == (5, 5, 0.5)
    assert verdict["best_peers"][0] == {"trial": 0, "value": 0.5}
