"""Where an optimizer averages weights, the averages are measured and kept, and the training goes on from the others."""

import keras
import numpy as np
import pytest

from registry.core.objective import Objective
from search.data.arrays import sample_order
from search.errors import ProblemError
from search.problems.problem import Data
from search.training.kernels.dropout import cheap_dropout
from search.training.monitor import Limits, Monitor
from search.training.resident.arrays import ResidentArrays
from search.training.state.averages import averaged, keep_averages
from search.training.state.snapshot import Snapshot
from search.training.trainer import Trainer

OBJECTIVE = Objective("val_loss", "min")
SEED, MOMENTUM = 3, 0.9


def arrays(samples, seed):
    """Return points of shape (samples, 4) and their classes."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(samples, 4)).astype("float32"), rng.integers(0, 3, samples)


TRAIN, VALIDATION = arrays(83, 0), arrays(40, 1)


def network(momentum=MOMENTUM, optimizer=keras.optimizers.SGD):
    """Return a compiled classifier whose weights are averaged, the same at every call."""
    keras.utils.set_random_seed(SEED)
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(8, "relu"), keras.layers.Dropout(0.3), keras.layers.Dense(3, "softmax")]
    )
    model.compile(optimizer(0.5), "sparse_categorical_crossentropy", metrics=["accuracy"])
    if momentum is not None:
        keep_averages(model, momentum)
    return model


def by_arrays(epochs, *, resume=None, model=None, **options):
    trainer = Trainer(model or network(), Monitor(OBJECTIVE, Limits(epochs)), **options)
    data = ResidentArrays(TRAIN), ResidentArrays(VALIDATION)
    trainer.fit_resident(*data, batch_size=16, seed=SEED, resume=resume)
    return trainer


def by_keras(epochs, *, resume=None, model=None, **options):
    """Train by a fit that is left to Keras' own loop; it swaps averages itself, as its users do."""
    sees_batches = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)

    def fit(model, *args, callbacks, **kwargs):
        swap = keras.callbacks.SwapEMAWeights()
        return model.fit(*args, callbacks=[swap, sees_batches, *callbacks], **kwargs)

    trainer = Trainer(model or network(), Monitor(OBJECTIVE, Limits(epochs)), **options)
    trainer.fit_keras(fit, Data(TRAIN, VALIDATION), batch_size=16, seed=SEED, resume=resume)
    return trainer


WAYS = pytest.mark.parametrize("train", [by_arrays, by_keras])


def test_an_epoch_is_measured_and_kept_as_keras_does_with_its_own_callback():
    theirs = network()
    order = sample_order(len(TRAIN[0]), SEED, 1)
    with cheap_dropout():  # the same masks
        history = theirs.fit(
            *(part[order] for part in TRAIN),
            batch_size=16,
            shuffle=False,
            verbose=0,
            validation_data=VALIDATION,
            callbacks=[keras.callbacks.SwapEMAWeights()],
        ).history
    ours = by_arrays(1)
    assert ours.monitor.score == pytest.approx(history["val_loss"][0], rel=1e-5)
    for mine, its in zip(ours.model.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-4, atol=1e-6)


@WAYS
def test_the_score_is_that_of_the_weights_that_are_kept(train):
    trainer = train(4)
    loss, _ = trainer.model.evaluate(*VALIDATION, verbose=0)
    assert loss == pytest.approx(trainer.monitor.score, rel=1e-5)
    plain = train(4, model=network(momentum=None))
    assert trainer.monitor.curves["loss"] == plain.monitor.curves["loss"]  # averages change nothing of the training
    assert trainer.monitor.curves["val_loss"] != plain.monitor.curves["val_loss"]


def test_both_ways_are_alike():
    for name, values in by_arrays(3).monitor.curves.items():
        assert by_keras(3).monitor.curves[name] == pytest.approx(values, rel=1e-5)


@WAYS
@pytest.mark.parametrize("optimizer", [keras.optimizers.SGD, keras.optimizers.Adam])
def test_a_continued_training_equals_one_never_interrupted(train, optimizer):
    whole = train(5, model=network(optimizer=optimizer))
    first = train(2, model=network(optimizer=optimizer)).snapshot
    again = train(5, model=network(optimizer=optimizer), resume=Snapshot.from_bytes(first.to_bytes()))
    assert again.monitor.curves == whole.monitor.curves
    for mine, its in zip(again.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, its)


def test_a_model_has_its_weights_again_after_it_was_looked_at():
    seen = []
    trainer = by_arrays(2, on_epoch=lambda trainer: seen.append(trainer.model.get_weights()))
    model = trainer.model
    model.set_weights(seen[-1])
    with averaged(model):
        assert any((mine != its).any() for mine, its in zip(model.get_weights(), seen[-1], strict=True))
    for mine, its in zip(model.get_weights(), seen[-1], strict=True):
        np.testing.assert_array_equal(mine, its)


def test_a_mixed_precision_optimizer_is_looked_into():
    model = network(optimizer=lambda rate: keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(rate)))
    assert by_arrays(2, model=model).monitor.score == pytest.approx(model.evaluate(*VALIDATION, verbose=0)[0], rel=1e-5)
    assert model.optimizer.inner_optimizer.use_ema


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda model: model.fit(*TRAIN, verbose=0), "has an optimizer that was used before"),
        (lambda model: setattr(model, "optimizer", None), "is not compiled"),
    ],
)
def test_an_optimizer_that_cannot_begin_to_average(prepare, message):
    model = network(momentum=None)
    prepare(model)
    with pytest.raises(ProblemError, match=f"ema_momentum needs a model that build compiles anew; this one {message}"):
        keep_averages(model, MOMENTUM)
