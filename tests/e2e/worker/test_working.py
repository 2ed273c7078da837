"""A worker in this process, on tiny real Keras models: what it trains, keeps and refuses."""

import sys

import pytest

from registry.values.stop_reason import StopReason
from search.errors import ChangedProblem, MetricError
from search.problems.finding.resolve import load_problem
from search.problems.inspection import load_data
from search.records.shown.status import read_status
from search.worker.context import open_keras_context
from tests.support.keras_bench import MODULE


def test_a_study_is_worked_off(study_anywhere):
    bench = study_anywhere(trials=3, top_k=2)
    trials = bench.work()
    assert [t.stop_reason for t in trials] == [StopReason.MAX_EPOCHS] * 3
    assert trials[0].params["rate"] == pytest.approx(0.1)  # the HyperModel's own default comes first
    for trial, seen in zip(trials, bench.optuna_trials(), strict=True):
        values = trial.curves["val_loss"]
        assert (trial.score, trial.best_epoch) == (min(values), values.index(min(values)) + 1)
        assert seen.value == trial.score
        assert list(seen.intermediate_values.values()) == values
    status = read_status(bench.engine, "s")
    assert status.best.score == min(t.score for t in trials)


def test_the_best_become_versions_whose_weights_are_of_the_best_epoch(study):
    bench = study(trials=3, top_k=2, max_epochs=4)
    trials = bench.work()
    versions = bench.context.registry.list("toy", best_first=True)
    kept = [v for v in versions if v.weights]
    assert [v.score for v in kept] == sorted(t.score for t in trials)[:2]
    x, y = load_data(load_problem("problems:plain")).validation
    for version in kept:
        loaded = version.load()
        assert loaded.evaluate(x, y, batch_size=64, verbose=0)[0] == pytest.approx(version.score, rel=1e-5)
        assert bench.context.registry.load_check(version.ref).status == "equal"
        trial = trials[version.source.trial]
        assert version.params == trial.params
        assert list(version.curves["loss"].values) == trial.curves["loss"]


def test_the_same_study_again_gives_the_same_curves_bit_for_bit(study, begin, tmp_path):
    bench = study(trials=2)
    first = [t.curves for t in bench.work()]
    again = begin(f"sqlite:///{tmp_path}/again.db", trials=2)
    assert [t.curves for t in again.work()] == first


def test_a_fit_of_the_problems_own_is_used_and_its_hyperparameters_are_kept(study):
    trials = study("own", trials=2).work()
    assert {t.params["batch_size"] for t in trials} <= {8, 16}
    assert [t.stop_reason for t in trials] == [StopReason.MAX_EPOCHS] * 2


def test_a_grid_visits_every_point_once(study, tmp_path):
    rate = 'hp.Float("rate", 0.01, 1.0, sampling="log", default=0.1)'
    assert rate in MODULE
    (tmp_path / "problems.py").write_text(MODULE.replace(rate, 'hp.Choice("rate", [0.1, 0.2, 0.4])'))
    trials = study(trials=3, sampler="grid", max_epochs=1).work()
    assert [t.params["rate"] for t in trials] == [0.1, 0.2, 0.4]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    # The new text has another length: Python takes a module of the same length and second for the one it compiled.
    [
        ("0.01, 1.0", "0.025, 1.0", "rate: 0.01..1.0, log became 0.025..1.0, log; "),
        ("default_rng(0)", "default_rng(11)", "the data's values changed, in the same shapes; "),
        ("momentum=0.9", "momentum=0.85", "the optimizer's momentum: 0.9 became 0.85; "),
    ],
)
def test_a_problem_that_has_changed_is_refused_and_the_slots_stay(study, tmp_path, old, new, said):
    bench = study(trials=1)
    assert old in MODULE
    (tmp_path / "problems.py").write_text(MODULE.replace(old, new))
    sys.modules.pop("problems")
    with pytest.raises(ChangedProblem, match=f"not the one that the study 's' began with: {said}.*--accept-changes"):
        open_keras_context(bench.engine, "sqlite://", bench.record, bench.stop)
    assert bench.trials()[0].state == "waiting"


def test_a_metric_that_does_not_exist_stops_the_search_and_hands_the_slot_back(study):
    with pytest.raises(MetricError, match="'val_acc'.* it reports: accuracy, loss, val_accuracy, val_loss"):
        study("wrong_metric", trials=2)  # before there is a study
    bench = study(trials=2, metric="val_acc")  # as one that a former program began
    with pytest.raises(MetricError, match="'val_acc'.* it reports: accuracy, loss, val_accuracy, val_loss"):
        bench.work()
    assert [t.state for t in bench.trials()] == ["waiting", "waiting"]
    assert "'val_acc'" in read_status(bench.engine, "s").error
