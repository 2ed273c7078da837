"""A trial that is trained several times: what its curves say, when it ends, and how it goes on after a kill."""

import math
from statistics import fmean, stdev

import numpy as np
import pytest

from registry.core.objective import Objective
from registry.values.stop_reason import StopReason
from registry.values.trainings import Training, of_first_training, trainings_of
from search.errors import CannotContinue, Interrupted, ProblemError
from search.problems.problem import Data
from search.records.settings import Settings, derive_seed
from search.space.hyperparameters import SampledHyperParameters
from search.toy import load_data, make_hypermodel, toy
from search.training.job import Job
from search.training.keras_training import KerasTraining
from search.training.monitor import Limits, Monitor
from search.training.repeats.combined import combine
from search.training.repeats.make import make_training
from search.training.repeats.repeated import Progress, RepeatedTraining

ACCURACY = Objective("val_accuracy", "max")
nan = math.nan


def state(*values, seconds=1.0, **others):
    best = max((v for v in values if math.isfinite(v)), default=None)
    curves = {"val_accuracy": list(values), **{name: list(curve) for name, curve in others.items()}}
    epoch = None if best is None else values.index(best) + 1
    return {"curves": curves, "epochs": len(values), "score": best, "epoch": epoch, "seconds": seconds}


def test_the_first_training_alone_is_what_a_trial_is():
    now = combine("repeat", [state(0.5, 0.7, 0.6, loss=(3, 2, 1))], ACCURACY)
    assert (now.score, now.epoch, now.epochs) == (0.7, 2, 3)
    assert now.curves["val_accuracy"] == now.curves["repeat_1_val_accuracy"] == [0.5, 0.7, 0.6]
    assert "val_accuracy_std" not in now.curves


def test_behind_the_first_training_stands_the_mean_at_the_best_epochs():
    first, second = state(0.5, 0.7, 0.6, loss=(3, 2, 1)), state(0.4, 0.3, 0.9, loss=(9, 8, 7))
    now = combine("fold", [first, second], ACCURACY)
    assert now.curves["val_accuracy"] == pytest.approx([0.5, 0.7, 0.6, 0.55, 0.55, 0.8])
    assert now.curves["loss"] == pytest.approx([3, 2, 1, (2 + 9) / 2, (2 + 9) / 2, (2 + 7) / 2])
    assert now.curves["val_accuracy_std"][3:] == pytest.approx([stdev([0.7, v]) for v in (0.4, 0.4, 0.9)])
    assert now.curves["fold_2_loss"] == [9, 8, 7]
    assert (now.epochs, now.seconds, now.epoch) == (6, 2.0, 6)
    assert now.score == now.curves["val_accuracy"][5] == fmean([0.7, 0.9])


def test_a_training_without_a_value_yet_leaves_the_score_as_it_was():
    now = combine("repeat", [state(0.5, 0.7), state(nan)], ACCURACY)
    assert (now.score, now.epoch) == (0.7, 2)
    three = combine("repeat", [state(0.5), state(0.7), state(nan)], ACCURACY)
    assert (three.score, three.epoch) == (0.6, 2)
    nothing = combine("repeat", [], ACCURACY)
    assert (nothing.score, nothing.epoch, nothing.epochs, nothing.curves) == (None, None, 0, {})


def test_the_trainings_are_told_again_from_the_curves():
    now = combine("repeat", [state(0.5, 0.7), state(0.9, 0.3, nan)], ACCURACY)
    assert trainings_of(now.curves, ACCURACY) == [Training(0.7, 2, 2), Training(0.9, 1, 3)]
    assert trainings_of({"val_accuracy": [0.5], "repeat_1_loss": [1.0]}, ACCURACY) == []
    assert of_first_training(now.curves, "val_accuracy") == [0.5, 0.7]
    assert of_first_training({"loss": [1.0]}, "loss") == [1.0]


class Model:
    """A model that is its weights."""

    def __init__(self, weights):
        self.weights = [np.array(weight, dtype=float) for weight in weights]

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        if [w.shape for w in weights] != [w.shape for w in self.weights]:
            raise ValueError("shapes")
        self.weights = list(weights)


class Scripted:
    """A training whose epochs have given values; its model's weight is its number."""

    def __init__(self, values, weight):
        self.values, self.weight = values, weight

    def run(self, job):
        if job.resume is not None:
            so_far = state(*self.values[: int(job.resume)], seconds=float(job.resume))
            job.monitor.restore(so_far | {"stretch": [0, None, 0]})
        self.monitor = job.monitor
        job.started({})
        while job.monitor.stop_reason is None and job.monitor.epochs < len(self.values):
            job.should_stop()
            job.monitor.after_epoch({"val_accuracy": self.values[job.monitor.epochs]}, 1.0)
            job.after_epoch()
        return Model([self.weight] if np.ndim(self.weight) == 0 else self.weight)

    def checkpoint(self):
        return str(self.monitor.epochs).encode() if self.monitor.epochs else None

    def inexact(self):
        return ("scripted",)

    def end(self):
        pass


def trained(values, *, limits=None, prune=None, resume=None, after_epoch=lambda: None, monitor=None, weights=None):
    """Train repeats whose epochs have given values; return the training, its monitor and its model."""
    weights = weights or list(range(1, len(values) + 1))
    training = RepeatedTraining("repeat", len(values), lambda number: Scripted(values[number], weights[number]))
    monitor = monitor or Monitor(ACCURACY, limits or Limits(3), prune or (lambda epoch, value: None))
    started = []
    job = Job(None, monitor, 7, resume, started.append, after_epoch, lambda: False)
    model = training.run(job)
    assert len(started) == 1  # the params are those of the trial, not of each training
    return training, monitor, model


THREE = [(0.1, 0.6, 0.2), (0.9, 0.1, 0.2), (0.1, 0.2, 0.3)]


def test_the_mean_counts_and_the_best_weights_stay():
    training, monitor, model = trained(THREE)
    assert monitor.score == fmean([0.6, 0.9, 0.3])
    assert (monitor.epoch, monitor.epochs, monitor.stop_reason) == (9, 9, StopReason.MAX_EPOCHS)
    assert model.get_weights() == [2.0]
    assert training.inexact() == ("scripted",)


def test_peers_are_compared_at_the_same_steps_however_long_they_trained():
    seen = []
    trained([(0.1, 0.6), *THREE[1:]], limits=Limits(3), prune=lambda step, value: seen.append((step, round(value, 6))))
    assert seen == [
        (1, 0.1), (2, 0.6),
        (4, 0.75), (5, 0.75), (6, 0.75), (6, 0.75),
        (7, round((0.6 + 0.9 + 0.1) / 3, 6)), (8, round((0.6 + 0.9 + 0.2) / 3, 6)), (9, 0.6),
    ]  # fmt: skip


@pytest.mark.parametrize("step", [2, 4, 6])
def test_a_pruned_trial_ends_with_what_it_has(step):
    verdict = {"pruner": "median"}
    _, monitor, model = trained(THREE, prune=lambda at, value: verdict if at >= step else None)
    assert (monitor.stop_reason, monitor.pruned_by, monitor.epochs) == (StopReason.PRUNED, verdict, step)
    assert monitor.score == monitor.curves["val_accuracy"][monitor.epoch - 1]
    assert model.get_weights() == [1.0 if step == 2 else 2.0]


def test_a_training_that_diverges_ends_the_trial():
    _, monitor, _ = trained([(0.5, 0.6), (nan, 0.9), (0.5, 0.5)], limits=Limits(2))
    assert (monitor.stop_reason, monitor.epochs) == (StopReason.NAN, 3)


def test_the_time_limit_is_that_of_all_trainings():
    _, monitor, _ = trained(THREE, limits=Limits(3, seconds=4.5))
    assert (monitor.stop_reason, monitor.epochs) == (StopReason.TIME_LIMIT, 5)


def test_who_asks_from_outside_ends_the_trial():
    monitor = Monitor(ACCURACY, Limits(3))

    def ask():
        if monitor.epochs == 5:
            monitor.stop_reason = StopReason.PRUNED

    trained(THREE, monitor=monitor, after_epoch=ask)
    assert (monitor.stop_reason, monitor.epochs) == (StopReason.PRUNED, 5)


@pytest.mark.parametrize("epoch", range(1, 9))
def test_a_kill_after_any_epoch_goes_on_in_the_training_that_was_under_way(epoch):
    whole = trained(THREE)[1]
    training = RepeatedTraining("repeat", 3, lambda number: Scripted(THREE[number], number + 1))
    monitor = Monitor(ACCURACY, Limits(3))

    def kill():
        if monitor.epochs == epoch:
            raise Interrupted

    with pytest.raises(Interrupted):
        training.run(Job(None, monitor, 7, None, lambda params: None, kill, lambda: False))
    checkpoint = training.checkpoint()
    assert len(Progress.from_bytes(checkpoint).ended) == epoch // 3
    seen = []
    _, again, model = trained(THREE, resume=checkpoint, prune=lambda step, value: seen.append(step))
    assert min(seen) == epoch + 1
    assert (again.score, again.epoch, again.seconds) == (whole.score, whole.epoch, whole.seconds)
    assert {n: np.array(v).tolist() for n, v in again.curves.items()}.keys() == whole.curves.keys()
    for name, curve in whole.curves.items():
        np.testing.assert_array_equal(again.curves[name], curve)
    assert model.get_weights() == [2.0]


def test_a_trial_that_is_closed_while_paused_gives_its_best_weights_and_trains_no_more():
    ended = Progress([state(0.9, 0.2), state(0.5, 0.1)], None, [np.array(4.0)], of="3 repeats")
    monitor = Monitor(ACCURACY, Limits(2), stop_reason=StopReason.PRUNED)
    _, monitor, model = trained([(0, 0)] * 3, resume=ended.to_bytes(), monitor=monitor)
    assert (monitor.score, monitor.epochs, monitor.stop_reason) == (0.7, 4, StopReason.PRUNED)
    assert model.get_weights() == [4.0]


def test_what_cannot_be_continued_is_said():
    with pytest.raises(CannotContinue, match="damaged"):
        trained(THREE, resume=b"no archive")
    with pytest.raises(CannotContinue, match="the checkpoint is of 5 folds; expected one of 3 repeats"):
        trained(THREE, resume=Progress([state(0.9, 0.2)], of="5 folds").to_bytes())
    with pytest.raises(ProblemError, match="each repeat of a trial must train the same model"):
        trained(THREE, weights=[[1.0], [[1.0, 2.0]], [3.0]])


PARAMS = {"learning_rate": 0.1, "units": 4, "activation": "tanh"}


def toy_job(monitor, seed=5, resume=None, after_epoch=lambda: None):
    hp = SampledHyperParameters(lambda dimension: pytest.fail(f"asked for {dimension.name}"))
    hp.values = dict(PARAMS)
    return Job(hp, monitor, seed, resume, lambda params: None, after_epoch, lambda: False)


def toy_training(problem=toy, **settings):
    return make_training(problem, make_hypermodel(), load_data(), Settings(**settings))


def test_real_repeats_are_trainings_of_other_seeds_and_go_on_bit_for_bit():
    alone = []
    for seed in (5, derive_seed(5, 1)):
        monitor = Monitor(ACCURACY, Limits(2))
        KerasTraining(toy, make_hypermodel(), load_data()).run(toy_job(monitor, seed))
        alone.append(monitor)
    whole = Monitor(ACCURACY, Limits(2))
    model = toy_training(repeats=2).run(toy_job(whole))
    for number, own in enumerate(alone, 1):
        assert {name: whole.curves[f"repeat_{number}_{name}"] for name in own.curves} == own.curves
    assert whole.score == fmean(own.score for own in alone)
    x, y = load_data().validation
    best = max(own.score for own in alone)
    assert model.evaluate(x, y, verbose=0, return_dict=True)["accuracy"] == pytest.approx(best)

    training, killed = toy_training(repeats=2), Monitor(ACCURACY, Limits(2))

    def kill():
        if killed.epochs == 3:
            raise Interrupted

    with pytest.raises(Interrupted):
        training.run(toy_job(killed, after_epoch=kill))
    again = Monitor(ACCURACY, Limits(2))
    second = toy_training(repeats=2).run(toy_job(again, resume=training.checkpoint()))
    np.testing.assert_equal(again.curves, whole.curves)
    for mine, theirs in zip(second.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_folds_train_and_validate_on_all_samples_in_turn():
    x = np.arange(12, dtype="float32")[:, None].repeat(4, axis=1)
    y = (x[:, :1] > 5).astype("float32")
    seen = []

    class Seen(type(make_hypermodel())):
        def fit(self, hp, model, x, y, *, validation_data, **kwargs):
            seen.append((sorted(x[:, 0].tolist()), sorted(validation_data[0][:, 0].tolist())))
            return model.fit(x, y, validation_data=validation_data, **kwargs)

    data = Data(train=(x[:9], y[:9]), validation=(x[9:], y[9:]))
    monitor = Monitor(ACCURACY, Limits(1))
    make_training(toy, Seen(), data, Settings(folds=3)).run(toy_job(monitor))
    assert [sorted(train + validation) for train, validation in seen] == [x[:, 0].tolist()] * 3
    assert sorted(sample for _, validation in seen for sample in validation) == x[:, 0].tolist()
    assert {name for name in monitor.curves if name.endswith("val_loss")} == {"val_loss"} | {
        f"fold_{number}_val_loss" for number in (1, 2, 3)
    }
