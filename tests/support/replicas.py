"""Trainings on two logical CPU devices beside one, for a process of its own: TensorFlow makes devices but once."""

from __future__ import annotations

from typing import Any

DEVICES = ("CPU:0", "CPU:1")
PARAMS = {"learning_rate": 0.05, "momentum": 0.9}


def trained_on_both(samples: int, interrupted: bool = False) -> dict[str, Any]:
    """Train the same model on one device and on two; return curves, weights, and the stored models' predictions.

    Args:
        samples: of the training data; batches have 16.
        interrupted: the training on two devices is given up after an epoch, and continued from its checkpoint.
    """
    import tensorflow as tf

    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * len(DEVICES))
    from search.training.replicas.strategy import strategy_of

    one, two = train(samples, None), train(samples, strategy_of(DEVICES), interrupted)
    return {"one": one, "two": two}


def refused(batch_size: int) -> str:
    """Return why two devices do not share a batch."""
    import tensorflow as tf

    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * len(DEVICES))
    from search.errors import ProblemError
    from search.training.replicas.strategy import strategy_of

    try:
        train(48, strategy_of(DEVICES), batch_size=batch_size)
    except ProblemError as error:
        return str(error)
    return ""


def train(samples: int, strategy: Any, interrupted: bool = False, batch_size: int = 16) -> dict[str, Any]:
    """Train three epochs by `KerasTraining`; return its curves, weights and predictions."""
    import numpy as np

    from registry.core.objective import Objective
    from search.errors import Interrupted
    from search.problems.problem import Data, Problem
    from search.space.hyperparameters import SampledHyperParameters
    from search.training.job import Job
    from search.training.keras_training import KerasTraining
    from search.training.monitor import Limits, Monitor

    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (samples, 4, 4), dtype=np.uint8), rng.integers(0, 3, samples)
    other = rng.integers(0, 256, (43, 4, 4), dtype=np.uint8), rng.integers(0, 3, 43)
    objective = Objective("val_loss", "min")
    data = Data(train=(x, y), validation=other)
    problem = Problem("shared", objective, build, lambda: data, batch_size=batch_size)
    resume = None
    stops = [1] if interrupted else []
    while True:
        training, monitor = KerasTraining(problem, as_model(), data, strategy), Monitor(objective, Limits(3))
        hp = SampledHyperParameters(lambda dimension: PARAMS[dimension.name])

        def after_epoch(monitor: Monitor = monitor) -> None:
            if stops and monitor.epochs == stops[0]:
                stops.clear()
                raise Interrupted

        try:
            model = training.run(Job(hp, monitor, 7, resume, lambda params: None, after_epoch, lambda: False))
            break
        except Interrupted:
            resume = training.checkpoint()
    assert model._distribute_strategy is None
    return {
        "curves": monitor.curves,
        "weights": model.get_weights(),
        "predicted": model.predict(other[0], verbose=0),
    }


def as_model() -> Any:
    """Return the HyperModel."""
    from search.problems.models.hypermodel import as_hypermodel

    return as_hypermodel(build)


def build(hp: Any) -> Any:
    """Return a compiled network without random layers and batch normalization."""
    import keras

    model = keras.Sequential([keras.Input((4, 4), dtype="uint8"), keras.layers.Rescaling(1 / 255)])
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dense(8, "tanh"))
    model.add(keras.layers.Dense(3, "softmax"))
    rate, momentum = (hp.Float(name, 1e-3, 1.0) for name in PARAMS)
    model.compile(
        keras.optimizers.SGD(rate, momentum=momentum, nesterov=True),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model
