"""What a training takes from a problem and its hyperparameters."""

from __future__ import annotations

from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf

from registry.core.objective import Objective
from search.errors import ProblemError
from search.problems.inspection import make_hypermodel
from search.problems.models.metric_check import check_metrics
from search.problems.problem import Data, Problem
from search.space.hyperparameters import SampledHyperParameters
from search.training.job import Job
from search.training.keras_training import KerasTraining
from search.training.monitor import Limits, Monitor

OBJECTIVE = Objective("val_loss", "min")
SIZES = {"small": 2, "large": 4}


class Sized(keras_tuner.HyperModel):
    """Calls its batch sizes by names."""

    def build(self, hp: Any) -> Any:
        hp.Choice("batch_size", list(SIZES))
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    def fit(self, hp: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        return model.fit(*args, batch_size=SIZES[hp.get("batch_size")], **kwargs)


def test_a_batch_size_that_is_a_name_is_left_to_the_fit_that_knows_it() -> None:
    data = Data(train=(np.ones((8, 2)), np.ones(8)), validation=(np.ones((4, 2)), np.ones(4)))
    training = KerasTraining(Problem("p", OBJECTIVE, Sized, data), Sized(), data)
    monitor = Monitor(OBJECTIVE, Limits(1))
    model = training.run(Job(SampledHyperParameters(), monitor, seed=0))
    assert (monitor.epochs, int(model.optimizer.iterations)) == (1, 8 // SIZES["small"])


@pytest.mark.parametrize(("endless", "steps"), [("train", "steps_per_epoch"), ("validation", "validation_steps")])
def test_data_that_never_end_are_refused_where_no_fit_says_how_many_steps(endless: str, steps: str) -> None:
    arrays = tf.data.Dataset.from_tensor_slices((np.ones((8, 2)), np.ones(8))).batch(2)
    data = Data(**{part: arrays.repeat() if part == endless else arrays for part in ("train", "validation")})
    message = f"data are a tf.data.Dataset that repeats for ever, .*, or a HyperModel whose fit says {steps}"
    problem, monitor = Problem("p", OBJECTIVE, Sized, data), Monitor(OBJECTIVE, Limits(1))
    with pytest.raises(ProblemError, match=message):
        KerasTraining(problem, Sized(), data).run(Job(SampledHyperParameters(), monitor, seed=0))
    with pytest.raises(ProblemError, match=message):
        check_metrics(problem, None, data, ["val_loss"])


class Falling(keras_tuner.HyperModel):
    """Its learning rate falls to zero in as many epochs as it is trained."""

    def __init__(self, max_epochs: int = 3) -> None:
        super().__init__()
        self.epochs = max_epochs

    def build(self, hp: Any) -> Any:
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, self.epochs)), "mse")
        return model


def test_each_model_is_told_how_long_it_is_trained() -> None:
    data = Data(train=(np.ones((8, 2)), np.ones(8)), validation=(np.ones((4, 2)), np.ones(4)))
    training = KerasTraining(Problem("p", OBJECTIVE, Falling, data), Falling(), data)

    def steps(epochs: int) -> int:
        model = training.run(Job(SampledHyperParameters(), Monitor(OBJECTIVE, Limits(epochs)), seed=0))
        return int(model.optimizer._learning_rate.decay_steps)

    assert [steps(1), steps(2)] == [1, 2]


@pytest.mark.parametrize(
    "hypermodel",
    [Falling, lambda: Falling, lambda hp, max_epochs=3: Falling(max_epochs).build(hp)],
    ids=["class", "function that gives it", "build function"],
)
def test_whatever_asks_is_told_and_made_once_for_each_number_of_epochs(hypermodel: Any) -> None:
    data = Data(train=(np.ones((8, 2)), np.ones(8)), validation=(np.ones((4, 2)), np.ones(4)))
    problem = Problem("p", OBJECTIVE, hypermodel, data)
    training = KerasTraining(problem, make_hypermodel(problem), data)
    jobs = [Job(SampledHyperParameters(), Monitor(OBJECTIVE, Limits(epochs)), seed=0) for epochs in (2, 5, 2)]
    told = [training._hypermodel_for(job) for job in jobs]
    assert [each.build(jobs[0].hp).optimizer._learning_rate.decay_steps for each in told] == [2, 5, 2]
    assert told[0] is told[2]


class Stepping(Sized):
    """Says how many steps an epoch has."""

    def fit(self, hp: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        return model.fit(*args, steps_per_epoch=3, validation_steps=1, **kwargs)


def test_data_that_never_end_are_trained_for_as_many_steps_as_the_fit_says() -> None:
    batches = tf.data.Dataset.from_tensor_slices((np.ones((8, 2)), np.ones(8))).batch(2).repeat()
    data, monitor = Data(train=batches, validation=batches), Monitor(OBJECTIVE, Limits(1))
    training = KerasTraining(Problem("p", OBJECTIVE, Stepping, data), Stepping(), data)
    model = training.run(Job(SampledHyperParameters(), monitor, seed=0))
    assert int(model.optimizer.iterations) == 3


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_validation_on_no_sample_is_no_score() -> None:
    arrays = tf.data.Dataset.from_tensor_slices((np.ones((8, 2)), np.ones(8))).batch(2)
    data = Data(train=arrays, validation=arrays.filter(lambda x, y: tf.reduce_sum(x) < 0))
    with pytest.raises(ProblemError, match="the validation data gave no samples"):
        KerasTraining(Problem("p", OBJECTIVE, Falling, data), Falling(), data).run(
            Job(SampledHyperParameters(), Monitor(OBJECTIVE, Limits(1)), seed=0)
        )
