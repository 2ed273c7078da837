"""The fast path computes what Keras' own fit computes, reproducibly, and continues bit for bit."""

import keras
import numpy as np
import pytest

from registry.core.objective import Objective
from registry.values.stop_reason import StopReason
from search.data.arrays import sample_order
from search.errors import CannotContinue, Interrupted, ProblemError
from search.problems.problem import Data
from search.training.fitting.own_callbacks import are_of_epochs
from search.training.kernels.dropout import cheap_dropout
from search.training.monitor import Limits, Monitor
from search.training.resident.arrays import ResidentArrays
from search.training.resident.epochs import ResidentEpochs
from search.training.state.snapshot import Snapshot
from search.training.trainer import Trainer

OBJECTIVE = Objective("val_loss", "min")
SEED = 3


def arrays(samples=83, seed=0):
    """Return uint8 images of shape (samples, 4, 4) and their classes."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (samples, 4, 4), dtype=np.uint8), rng.integers(0, 3, samples)


def network(optimizer="sgd", dropout=0.3):
    """Return a compiled classifier with dropout and batch normalization, the same at every call."""
    keras.utils.set_random_seed(SEED)
    made = {
        "sgd": lambda: keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
        "adam": lambda: keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.01, 30), weight_decay=1e-3),
    }
    model = keras.Sequential(
        [
            keras.Input((4, 4), dtype="uint8"),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Flatten(),
            keras.layers.Dense(8, "relu", use_bias=False),  # batch normalization would cancel a bias
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(dropout),
            keras.layers.Dense(3, "softmax"),
        ]
    )
    model.compile(made[optimizer](), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def trained(epochs, *, model=None, resume=None, **options):
    """Train by the fast path; return the trainer."""
    monitor = Monitor(OBJECTIVE, Limits(epochs))
    trainer = Trainer(model or network(), monitor, **options)
    trainer.fit_resident(
        ResidentArrays(arrays()), ResidentArrays(arrays(40, seed=1)), batch_size=16, seed=SEED, resume=resume
    )
    return trainer


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_same_batches_give_the_same_weights_as_keras_fit(optimizer):
    x, y = arrays()
    validation = arrays(40, seed=1)
    ours, keras_model = network(optimizer), network(optimizer)
    epochs = ResidentEpochs(ours, ResidentArrays((x, y)), ResidentArrays(validation), batch_size=16, seed=SEED)
    for epoch in (1, 2):
        metrics = epochs.run(epoch)
        order = sample_order(len(x), SEED, epoch)
        with cheap_dropout():  # the same masks
            history = keras_model.fit(
                x[order], y[order], batch_size=16, shuffle=False, verbose=0, validation_data=validation
            ).history
        assert metrics == pytest.approx({name: values[-1] for name, values in history.items()}, rel=1e-5, abs=1e-6)
    for mine, theirs in zip(ours.get_weights(), keras_model.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)


def test_the_same_seed_gives_the_same_curves_bit_for_bit():
    assert trained(3).monitor.curves == trained(3).monitor.curves


def test_the_length_of_a_call_changes_nothing():
    def clock_of(seconds):
        return lambda now=[0.0]: now.__setitem__(0, now[0] + seconds) or now[0]

    def curves(clock):
        train, validation = ResidentArrays(arrays()), ResidentArrays(arrays(40, seed=1))
        epochs = ResidentEpochs(network(), train, validation, batch_size=4, seed=SEED, clock=clock)
        return [epochs.run(epoch) for epoch in (1, 2)]

    assert curves(clock_of(100.0)) == curves(clock_of(0.0))


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_continued_training_equals_one_never_interrupted(optimizer):
    whole = trained(5, model=network(optimizer))
    first = trained(2, model=network(optimizer))
    resume = Snapshot.from_bytes(first.snapshot.to_bytes())
    second = trained(5, model=network(optimizer), resume=resume)
    assert second.monitor.curves == whole.monitor.curves
    assert (second.monitor.score, second.monitor.epoch) == (whole.monitor.score, whole.monitor.epoch)
    for mine, theirs in zip(second.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_the_best_epochs_weights_are_restored():
    seen = []
    trainer = trained(4, on_epoch=lambda trainer: seen.append(trainer.model.get_weights()))
    for mine, then in zip(trainer.model.get_weights(), seen[trainer.monitor.epoch - 1], strict=True):
        np.testing.assert_array_equal(mine, then)
    x, y = arrays(40, seed=1)
    loss, _ = trainer.model.evaluate(x, y, batch_size=40, verbose=0)
    assert loss == pytest.approx(trainer.monitor.score, rel=1e-5)


def test_a_stop_inside_an_epoch_keeps_the_last_finished_one():
    stop = []
    model, monitor = network(), Monitor(OBJECTIVE, Limits(9))
    trainer = Trainer(model, monitor, on_epoch=lambda _: stop.append(1), should_stop=lambda: len(stop) == 2)
    data = ResidentArrays(arrays()), ResidentArrays(arrays(40, seed=1))
    with pytest.raises(Interrupted):
        trainer.fit_resident(*data, batch_size=16, seed=SEED, resume=None)
    assert trainer.snapshot.monitor["curves"] == trained(2).monitor.curves


def test_a_checkpoint_of_another_model_is_refused():
    snapshot = trained(1).snapshot
    other = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    other.compile("sgd", "mse")
    with pytest.raises(CannotContinue, match="the checkpoint's model variables have shapes"):
        snapshot.apply(other)


def test_a_batch_larger_than_the_data_is_one_step():
    x, y = arrays(5)
    epochs = ResidentEpochs(network(), ResidentArrays((x, y)), ResidentArrays((x, y)), batch_size=64, seed=0)
    assert set(epochs.run(1)) == {"loss", "accuracy", "val_loss", "val_accuracy"}


def test_inputs_may_be_dicts_and_samples_may_have_weights():
    x, y = arrays()
    weights = np.linspace(0.0, 1.0, len(x), dtype=np.float32)
    left, right = keras.Input((4, 4), name="left"), keras.Input((4, 4), name="right")
    flat = keras.layers.Flatten()(keras.layers.Add()([left, right]))
    model = keras.Model({"left": left, "right": right}, keras.layers.Dense(3, "softmax")(flat))
    model.compile("sgd", "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
    data = ({"left": x.astype(np.float32), "right": x.astype(np.float32)}, y, weights)
    metrics = ResidentEpochs(model, ResidentArrays(data), ResidentArrays(data), batch_size=16, seed=0).run(1)
    assert set(metrics) == {"loss", "accuracy", "val_loss", "val_accuracy"}


@pytest.mark.parametrize("data", [(np.zeros((0, 2)), np.zeros(0)), (np.zeros((3, 2)), np.zeros(4))])
def test_arrays_that_do_not_fit_are_refused(data):
    with pytest.raises(ProblemError, match="expected equally many, at least 1"):
        ResidentArrays(data)


def fit_by_keras(fit, *, epochs=3, resume=None, should_stop=lambda: False):
    """Train by a HyperModel's own fit; return the trainer."""
    monitor = Monitor(OBJECTIVE, Limits(epochs))
    trainer = Trainer(network(), monitor, should_stop=should_stop)
    data = Data(arrays(), arrays(40, seed=1))
    trainer.fit_keras(fit, data, batch_size=16, seed=3, resume=resume)
    return trainer


def test_a_fit_of_the_users_own_is_bounded_and_monitored():
    trainer = fit_by_keras(lambda model, *args, **kwargs: model.fit(*args, shuffle=False, **kwargs))
    assert trainer.monitor.stop_reason is StopReason.MAX_EPOCHS
    assert [len(values) for values in trainer.monitor.curves.values()] == [3, 3, 3, 3]


def test_a_fit_that_names_its_own_epochs_keeps_them():
    trainer = fit_by_keras(lambda model, *args, **kwargs: model.fit(*args, epochs=2, batch_size=8, **kwargs))
    assert trainer.monitor.epochs == 2


def test_a_fit_of_more_epochs_is_stopped_at_the_limit():
    trainer = fit_by_keras(lambda model, *args, **kwargs: model.fit(*args, epochs=99, **kwargs))
    assert trainer.monitor.epochs == 3


def test_a_fit_that_returns_a_number_or_a_dict_is_one_epoch():
    trainer = fit_by_keras(lambda model, *args, **kwargs: 0.25)
    assert (trainer.monitor.score, trainer.monitor.epoch) == (0.25, 1)
    trainer = fit_by_keras(lambda model, *args, **kwargs: {"val_loss": 0.5, "other": 1.0})
    assert trainer.monitor.curves == {"val_loss": [0.5], "other": [1.0]}


def test_a_fit_that_returns_nothing_is_told_what_was_expected():
    with pytest.raises(ProblemError, match="returned NoneType, which is no measure; expected that it passes"):
        fit_by_keras(lambda model, *args, **kwargs: None)


class Slower(keras.callbacks.ReduceLROnPlateau):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)


@pytest.mark.parametrize("make", [keras.callbacks.ReduceLROnPlateau, Slower])
def test_a_fit_of_the_users_own_continues_bit_for_bit_with_its_callbacks(make):
    def fit(model, *args, callbacks, **kwargs):
        slower = make("loss", factor=0.5, patience=1, min_delta=1e9)
        return model.fit(*args, callbacks=[*callbacks, slower], **kwargs)

    whole = fit_by_keras(fit, epochs=4)
    assert len(set(whole.monitor.curves["learning_rate"])) == 3
    half = fit_by_keras(fit, epochs=2).snapshot
    keras.utils.set_random_seed(99)
    again = fit_by_keras(fit, epochs=4, resume=Snapshot.from_bytes(half.to_bytes()))
    assert again.monitor.curves == whole.monitor.curves


def test_a_fit_of_the_users_own_on_arrays_takes_the_fast_path():
    slower = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate)
    fit = lambda model, *args, callbacks, **kwargs: model.fit(*args, callbacks=[*callbacks, slower], **kwargs)  # noqa: E731
    curves = dict(fit_by_keras(fit).monitor.curves)
    assert curves.pop("learning_rate")
    assert curves == trained(3).monitor.curves


class SeesBatches(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.batches = []

    def on_train_batch_end(self, batch, logs=None):
        self.batches.append(batch)


def test_a_callback_that_sees_batches_sees_each_and_changes_nothing():
    seen = SeesBatches()
    fit = lambda model, *args, callbacks, **kwargs: model.fit(*args, callbacks=[*callbacks, seen], **kwargs)  # noqa: E731
    curves = fit_by_keras(fit).monitor.curves
    assert seen.batches == [*range(6)] * 3
    for name, values in trained(3).monitor.curves.items():
        assert curves[name] == pytest.approx(values, rel=1e-5)


@pytest.mark.parametrize("options", [{"class_weight": {0: 1.0, 1: 2.0, 2: 1.0}}, {"steps_per_epoch": 2}])
def test_a_fit_that_asks_for_more_is_left_to_keras(options):
    curves = fit_by_keras(lambda model, *args, **kwargs: model.fit(*args, **options, **kwargs), epochs=2).monitor.curves
    assert len(curves["loss"]) == 2
    assert curves["loss"] != trained(2).monitor.curves["loss"]


class Traced(keras.layers.Layer):
    """Counts how often it is traced."""

    times = 0

    def call(self, x):
        type(self).times += 1
        return x


def test_fits_in_a_row_are_traced_once_until_the_model_is_compiled_anew():
    counts, weights = [], []

    def fit(model, *args, **kwargs):
        model = keras.Sequential([keras.Input((4, 4), dtype="uint8"), Traced(), *network().layers])
        for rate in (0.05, None, 0.0):
            if rate is not None:
                model.compile(keras.optimizers.SGD(rate), "sparse_categorical_crossentropy")
            history = model.fit(*args, epochs=1, **kwargs)
            counts.append(Traced.times)
            weights.append(model.trainable_weights[0].numpy())
        return history

    assert fit_by_keras(fit).monitor.epochs == 3
    assert counts[0] == counts[1] < counts[2]
    assert (weights[0] != weights[1]).any()
    np.testing.assert_array_equal(weights[1], weights[2])


def test_an_interrupted_fit_raises_and_keeps_no_half_epoch():
    with pytest.raises(Interrupted):
        fit_by_keras(lambda model, *args, **kwargs: model.fit(*args, **kwargs), should_stop=lambda: True)


def test_a_dataset_is_trained_by_keras_own_fit():
    import tensorflow as tf

    train = tf.data.Dataset.from_tensor_slices(arrays()).batch(16)
    monitor = Monitor(OBJECTIVE, Limits(2))
    trainer = Trainer(network(), monitor)
    fit = lambda model, *args, **kwargs: model.fit(*args, **kwargs)  # noqa: E731
    trainer.fit_keras(fit, Data(train, train), batch_size=16, seed=3, resume=None)
    assert monitor.epochs == 2


class Decay(keras.callbacks.Callback):
    """Halve the learning rate after each second epoch, and end the training after so many."""

    def __init__(self, last=99):
        super().__init__()
        self.last = last
        self.seen = 0

    def on_train_begin(self, logs=None):
        self.seen = 0

    def on_epoch_end(self, epoch, logs=None):
        self.seen += 1
        assert "val_loss" in logs
        if self.seen % 2 == 0:
            self.model.optimizer.learning_rate = self.model.optimizer.learning_rate / 2
        self.model.stop_training = self.seen == self.last


def with_callbacks(epochs, *callbacks, resume=None):
    trainer = Trainer(network(), Monitor(OBJECTIVE, Limits(epochs)))
    data = ResidentArrays(arrays()), ResidentArrays(arrays(40, seed=1))
    trainer.fit_resident(*data, batch_size=16, seed=SEED, resume=resume, callbacks=callbacks)
    return trainer


def test_a_problems_own_callbacks_are_called_after_each_epoch_and_remember_across_a_stop():
    whole = with_callbacks(5, Decay())
    assert float(whole.model.optimizer.learning_rate) == pytest.approx(0.05 / 4)
    assert whole.monitor.curves != trained(5).monitor.curves
    first = with_callbacks(3, Decay()).snapshot
    again = with_callbacks(5, Decay(), resume=Snapshot.from_bytes(first.to_bytes()))
    assert again.monitor.curves == whole.monitor.curves


class Counts(keras.callbacks.Callback):
    """Count epochs in what it was made with and in what it keeps to itself, and let the learning rate fall by both."""

    def __init__(self, first=0, seen=0):
        super().__init__()
        self.first, self.seen, self._epochs = first, seen, []

    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.learning_rate = 0.05 / (1 + self.seen + len(self._epochs))

    def on_epoch_end(self, epoch, logs=None):
        self.seen += 1
        self._epochs.append(epoch)


def test_what_a_callback_counts_in_its_arguments_or_keeps_to_itself_is_remembered_across_stops():
    whole = with_callbacks(5, Counts())
    first = with_callbacks(2, Counts()).snapshot
    again = with_callbacks(4, Counts(), resume=Snapshot.from_bytes(first.to_bytes()))
    callback = Counts(first=7)  # an argument that it leaves alone is what it is made with now
    last = with_callbacks(5, callback, resume=Snapshot.from_bytes(again.snapshot.to_bytes()))
    assert last.monitor.curves == whole.monitor.curves
    assert (last.inexact, callback.first, callback.seen) == ((), 7, 5)


def test_a_callback_may_derive_from_a_type_that_does_not_say_what_it_is_made_with():
    class OwnError(keras.callbacks.Callback, Exception):
        pass

    assert with_callbacks(1, OwnError()).inexact == ()


def test_what_a_callback_keeps_to_itself_and_cannot_be_stored_is_told():
    class Keeps(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self._last = {epoch: object()}

    first = with_callbacks(1, Keeps()).snapshot
    assert with_callbacks(2, Keeps(), resume=first).inexact == ("what Keeps remembers is not kept",)


def test_a_callback_may_end_the_training():
    trainer = with_callbacks(9, Decay(last=3))
    assert (trainer.monitor.epochs, trainer.monitor.stop_reason) == (3, StopReason.MAX_EPOCHS)


def test_a_callback_that_compiles_the_model_anew_is_refused_as_keras_refuses_it():
    class Compiles(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.compile("sgd", "sparse_categorical_crossentropy")

    with pytest.raises(ProblemError, match="compiled the model in the middle of its training"):
        with_callbacks(2, Compiles())


def test_callbacks_that_ask_for_batches_are_told_from_others():
    class OfBatches(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            pass

    assert are_of_epochs([Decay(), keras.callbacks.ReduceLROnPlateau()])
    assert not are_of_epochs([Decay(), OfBatches()])
