"""A taught model learns from the teacher's predictions; its metrics and its validation are of the labels."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from registry import Registry, Source, save_model
from registry.core.errors import NotFoundError, UsageError
from registry.core.objective import Objective
from registry.values.trainings import own_curve
from search.errors import ProblemError
from search.problems.inspection import make_hypermodel
from search.problems.models.teachable import check_teachable
from search.problems.problem import Data, Problem
from search.space.hyperparameters import recorded_hyperparameters
from search.training.job import Job
from search.training.keras_training import KerasTraining
from search.training.monitor import Limits, Monitor
from search.training.teaching.taught import with_targets
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


def trained(model, y, targets, *, validation=None, epochs=1, **fields):
    """Train with a teacher that predicts the targets; return the first epoch's metrics, and the trained model."""
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
    monitor = Monitor(problem.objective, Limits(epochs))
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


def of_logits():
    """Return a model that predicts logits, and its probabilities."""
    model = network(keras.losses.SparseCategoricalCrossentropy(from_logits=True), activation=None)
    return model, keras.ops.convert_to_numpy(keras.ops.softmax(model.predict(X, verbose=0)))


def test_of_logits_the_probabilities_learn():
    model, predicted = of_logits()
    assert trained(model, LABELS, SOFT)[0]["loss"] == pytest.approx(cross_entropy(SOFT, predicted), rel=1e-5)


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
    _, model = trained(model, LABELS, aims, validation=(X, aims.argmax(axis=1)), epochs=30)
    assert (model.predict(X, verbose=0).argmax(axis=1) == aims.argmax(axis=1)).mean() > 0.9


def test_samples_weigh_as_before():
    model = network("sparse_categorical_crossentropy")
    predicted = model.predict(X, verbose=0)
    each = -np.sum(SOFT * np.log(predicted), axis=1) * np.where(LABELS == 1, 5.0, 1.0)
    metrics, _ = trained(model, LABELS, SOFT, class_weight={1: 5.0})
    assert metrics["loss"] == pytest.approx(each.mean(), rel=1e-5)


def test_data_without_one_y_of_arrays_are_refused():
    model = network("sparse_categorical_crossentropy")
    check_teachable(model, (X, LABELS), own_fit=False)
    batches = tf.data.Dataset.from_tensor_slices((X, LABELS)).batch(5)
    for train in (batches, (X,), (X, {"a": LABELS, "b": LABELS})):
        with pytest.raises(ProblemError, match=r"as arrays \(x, y\), with one y that is no dict or list"):
            check_teachable(model, train, own_fit=False)


@pytest.mark.parametrize("targets", [SOFT * 2, SOFT - 1, np.ones((20, 5), "float32")])
def test_what_is_no_distribution_over_classes_is_no_target_for_labels(targets):
    with pytest.raises(
        ProblemError, match="then it must give the probabilities of classes, from 0 to 1, with the sum 1"
    ):
        with_targets(Data(train=(X, LABELS), validation=(X, LABELS)), targets)


@pytest.mark.parametrize("labels", [LABELS + 1, LABELS - 1, X[:, 0]])
def test_what_is_no_number_of_a_class_is_taught_by_no_distribution(labels):
    with pytest.raises(ProblemError, match="and the labels be their numbers"):
        with_targets(Data(train=(X, labels), validation=(X, labels)), SOFT)


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
    own = OwnLoss()
    own.compile("sgd")
    added = network("mse")
    added.compile("sgd")
    for model, own_fit, said in [
        (own, False, "trained by Keras' own fit, train_step, compute_loss, compute_metrics"),
        (network("mse"), True, "trained by Keras' own fit"),
        (added, False, "compiled with one loss; this one has 0"),
    ]:
        with pytest.raises(ProblemError, match=said):
            check_teachable(model, (X, LABELS), own_fit=own_fit)
    by_name = network("mse")
    by_name = keras.Model(by_name.inputs, {"kind": by_name.outputs[0]})
    by_name.compile("sgd", "mse")
    with pytest.raises(ProblemError, match="with one output, which is no member of a dict or list"):
        trained(by_name, LABELS, SOFT)
    four = np.hstack([SOFT, np.zeros((20, 1), "float32")])
    with pytest.raises(ProblemError, match=r"the teacher predicts arrays of shape \[4\] a sample, the model of \[3\]"):
        trained(network("sparse_categorical_crossentropy"), LABELS, four)
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
    predicted = predictions_of_teacher(url, setting, "p", X)
    np.testing.assert_allclose(predicted, model.predict(X, verbose=0), rtol=1e-5)
    assert pin_teacher(registry, setting.replace("net/1", "net/7")) == setting  # as another registry numbers it
    with pytest.raises(NotFoundError, match="no version of 'net' here has the weights of the teacher net/1#0123"):
        pin_teacher(registry, "net/1#0123456789ab")
    with pytest.raises(ProblemError, match="net/1 cannot predict the training data"):
        predictions_of_teacher(url, setting, "p", X[:, :2])


def test_of_a_teacher_that_gives_logits_the_probabilities_are_learnt(registry, sqlite_engine):
    model, probabilities = of_logits()
    setting = pin_teacher(registry, registered(registry, model).ref)
    predicted = predictions_of_teacher(sqlite_engine.url.render_as_string(), setting, "p", X)
    np.testing.assert_allclose(predicted, probabilities, rtol=1e-5)


def test_a_teacher_that_cannot_be_one_is_refused(registry):
    refit = registered(registry, network("mse"), tags={"refit": "s"})
    fold = registered(registry, network("mse"), curves={"val_loss": [0.5], own_curve("fold", 1, "val_loss"): [0.5]})
    for version in (refit, fold):
        with pytest.raises(UsageError, match=f"the teacher {version.ref} was trained on validation data, too"):
            pin_teacher(registry, version.ref)
    with pytest.raises(UsageError, match="a reference is of type ModelVersion"):
        pin_teacher(registry, refit)
    registry.drop_weights("net", [1])
    with pytest.raises(NotFoundError, match="the teacher net/1 has no weights any more"):
        pin_teacher(registry, refit.ref)
