"""A taught model learns from the teacher's predictions; its metrics and its validation are of the labels."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from registry import Registry, Source, save_model
from registry.core.errors import NotFoundError, UsageError
from registry.core.objective import Objective
from search.errors import ProblemError
from search.problems.inspection import make_hypermodel
from search.problems.problem import Data, Problem
from search.space.hyperparameters import recorded_hyperparameters
from search.training.job import Job
from search.training.keras_training import KerasTraining
from search.training.monitor import Limits, Monitor
from search.training.teaching.taught import taught, teach
from search.training.teaching.teacher import pin_teacher, predictions_of_teacher

CLASSES = 3
RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 4)).astype("float32")
LABELS = RNG.integers(0, CLASSES, 20)
SOFT = RNG.dirichlet(np.ones(CLASSES), 20).astype("float32")


def network(loss, *, units=CLASSES, activation="softmax", penalty=0.0):
    """Return a compiled model that does not learn, so that its losses are those of its first weights."""
    keras.utils.set_random_seed(1)
    dense = keras.layers.Dense(units, activation, kernel_regularizer=keras.regularizers.L2(penalty))
    model = keras.Sequential([keras.Input((4,)), dense])
    model.compile(keras.optimizers.SGD(0.0), loss, metrics=["accuracy"])
    return model


def trained(model, y, targets, *, validation=None, **fields):
    """Train one epoch with a teacher that predicts the targets; return the metrics, and the trained model."""
    problem = Problem(
        name="taught",
        objective=Objective("val_loss", "min"),
        hypermodel=lambda hp: model,
        load_data=lambda: None,
        batch_size=20,
        **fields,
    )
    data = Data(train=(X, y), validation=validation or (X, y))
    training = KerasTraining(problem, make_hypermodel(problem), data, predict=lambda x: targets)
    monitor = Monitor(problem.objective, Limits(1))
    model = training.run(Job(recorded_hyperparameters("taught", {}), monitor, 1))
    return {name: values[0] for name, values in monitor.curves.items()}, model


def cross_entropy(aims, predicted):
    return float(-np.sum(aims * np.log(predicted), axis=1).mean())


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_the_loss_is_the_cross_entropy_of_both_distributions_and_what_is_measured_is_of_the_labels(shape):
    model = network("sparse_categorical_crossentropy", penalty=0.1)
    predicted = model.predict(X, verbose=0)
    penalty = 0.1 * float((model.get_weights()[0] ** 2).sum())
    metrics, model = trained(model, LABELS.reshape(shape), SOFT)
    assert metrics["loss"] == pytest.approx(cross_entropy(SOFT, predicted) + penalty, rel=1e-5)
    assert metrics["val_loss"] == pytest.approx(cross_entropy(np.eye(CLASSES)[LABELS], predicted) + penalty, rel=1e-5)
    right = float((predicted.argmax(axis=1) == LABELS).mean())
    assert metrics["accuracy"] == metrics["val_accuracy"] == pytest.approx(right)
    assert save_model(model)


def test_of_logits_the_probabilities_are_learnt():
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model = network(loss, activation=None)
    predicted = keras.ops.convert_to_numpy(keras.ops.softmax(model.predict(X, verbose=0)))
    logits = np.log(SOFT) + 2.0  # the same distribution
    assert trained(model, LABELS, logits)[0]["loss"] == pytest.approx(cross_entropy(SOFT, predicted), rel=1e-5)


def test_where_labels_and_targets_have_one_shape_the_model_s_own_loss_is_taken():
    model = network("mse", units=1, activation=None)
    predicted = model.predict(X, verbose=0)
    values = RNG.normal(size=(20, 1)).astype("float32")
    expected = float(((predicted - values) ** 2).mean())
    for labels in (X[:, :1], X[:, 0]):
        assert trained(network("mse", units=1, activation=None), labels, values)[0]["loss"] == pytest.approx(expected)


def test_the_model_learns_what_the_teacher_says_and_not_the_labels():
    model = network("sparse_categorical_crossentropy")
    model.optimizer.learning_rate = 1.0
    aims = np.eye(CLASSES)[(X[:, 0] > 0).astype(int)].astype("float32")
    for _ in range(30):
        _, model = trained(model, LABELS, aims)
    assert (model.predict(X, verbose=0).argmax(axis=1) == aims.argmax(axis=1)).mean() > 0.9


def test_samples_weigh_as_before():
    model = network("sparse_categorical_crossentropy")
    predicted = model.predict(X, verbose=0)
    each = -np.sum(SOFT * np.log(predicted), axis=1) * np.where(LABELS == 1, 5.0, 1.0)
    metrics, _ = trained(model, LABELS, SOFT, class_weight={1: 5.0})
    assert metrics["loss"] == pytest.approx(each.mean(), rel=1e-5)


def test_data_without_one_y_of_arrays_are_refused():
    arrays = (X, LABELS)
    for train, said in [
        (tf.data.Dataset.from_tensor_slices(arrays).batch(5), "as arrays"),
        ((X,), "as arrays"),
        ((X, {"a": LABELS, "b": LABELS}), "several"),
    ]:
        with pytest.raises(ProblemError, match=said):
            taught(Data(train=train, validation=arrays), lambda x: SOFT)


class OfBatches(keras.callbacks.Callback):
    """What sees single batches."""

    def on_train_batch_end(self, batch, logs=None):
        pass


class OwnLoss(keras.Model):
    """A model whose loss nobody can exchange."""

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(CLASSES)

    def call(self, x):
        return self.dense(x)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return keras.ops.mean(keras.ops.square(y_pred))


def test_models_that_nobody_can_teach_are_refused():
    with pytest.raises(ProblemError, match=r"trained by Keras' own train_step, compute_loss, compute_metrics"):
        teach(OwnLoss())
    with pytest.raises(ProblemError, match=r"the teacher predicts arrays of shape \[2\] a sample, the model of \[3\]"):
        trained(network("sparse_categorical_crossentropy"), LABELS, SOFT[:, :2])
    with pytest.raises(ProblemError, match="cannot learn from a teacher: --teacher needs arrays, Keras' own fit"):
        trained(network("sparse_categorical_crossentropy"), LABELS, SOFT, callbacks=lambda: [OfBatches()])


@pytest.fixture
def registry(sqlite_engine):
    """Give the registry of a database with all tables."""
    with Registry(sqlite_engine.url.render_as_string()) as opened:
        yield opened


def registered(registry, model, **fields):
    """Register a model."""
    metric = {"metric": "val_loss", "direction": "min", "score": 0.5, "epoch": 1}
    return registry.register("net", weights=save_model(model), source=Source(), **metric, **fields)


def test_a_teacher_is_meant_for_good(registry, sqlite_engine):
    model = network("sparse_categorical_crossentropy")
    version = registered(registry, model)
    registry.set_alias("net", "best", version.version)
    setting = pin_teacher(registry, "net@best")
    assert setting == pin_teacher(registry, setting) == f"net/1#{version.weights.sha256[:12]}"
    url = sqlite_engine.url.render_as_string()
    predicted = predictions_of_teacher(url, setting, X)
    np.testing.assert_allclose(predicted, model.predict(X, verbose=0), rtol=1e-5)
    assert pin_teacher(registry, setting.replace("net/1", "net/7")) == setting  # as another registry numbers it
    with pytest.raises(NotFoundError, match="no version of 'net' here has the weights of the teacher net/1#0123"):
        pin_teacher(registry, "net/1#0123456789ab")
    with pytest.raises(ProblemError, match="the teacher net/1 cannot predict the training data"):
        predictions_of_teacher(url, setting, X[:, :2])


def test_a_teacher_that_cannot_be_one_is_refused(registry):
    refit = registered(registry, network("mse"), tags={"refit": "s"})
    with pytest.raises(UsageError, match="the teacher net/1 was trained on the validation data, too"):
        pin_teacher(registry, refit.ref)
    registry.drop_weights("net", [1])
    with pytest.raises(NotFoundError, match="the teacher net/1 has no weights any more"):
        pin_teacher(registry, refit.ref)
