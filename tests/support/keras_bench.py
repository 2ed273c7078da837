"""A study of a tiny real Keras model, whose every trouble a test can ask for, and workers of it in this process."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from search.coordination.lease import Lease
from search.errors import Interrupted
from search.problems.inspection import inspect_problem
from search.records.settings import Settings
from search.records.studies import read_study
from search.worker.attempt.attempt import Attempt
from search.worker.context import open_keras_context
from tests.support.bench import Bench

MODULE = """
import keras, keras_tuner, numpy as np, tensorflow as tf
from search import Data, Objective, Problem

x = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
y = (x.sum(axis=1) > 0).astype(np.float32)[:, None]

class Model(keras_tuner.HyperModel):
    def build(self, hp):
        rate = hp.Float("rate", 0.01, 1.0, sampling="log", default=0.1)
        self.trouble(hp)
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6, "tanh"), keras.layers.Dropout(0.2),
                                  keras.layers.Dense(1, "sigmoid")])
        model.compile(keras.optimizers.SGD(rate, momentum=0.9), self.loss, metrics=["accuracy"])
        return model
    loss = "binary_crossentropy"
    def trouble(self, hp):
        pass

def data():
    return Data((x, y), (x, y))

def of(metric="val_loss", direction="min", **members):
    return Problem("toy", Objective(metric, direction), type("Trouble", (Model,), members), data, batch_size=16)

plain = of()
wrong_metric = of("val_acc", "max")

def no_number(true, predicted):
    return tf.reduce_mean(predicted) * float("nan")
not_a_number = of(loss=staticmethod(no_number))

def raise_for_some(error):
    def trouble(self, hp):
        if hp.Boolean("bad", default=False):
            raise error
    return trouble
failing = of(trouble=raise_for_some(RuntimeError("no luck\\nat all")))
leaving = of(trouble=raise_for_some(SystemExit(0)))
interrupting = of(trouble=raise_for_some(KeyboardInterrupt()))
fatal = of(trouble=raise_for_some(keras_tuner.errors.FatalTypeError("the data are not mine")))
greedy = of(trouble=raise_for_some(tf.errors.ResourceExhaustedError(None, None, "OOM when allocating")))

def own_fit(self, hp, model, *args, **kwargs):
    return model.fit(*args, batch_size=hp.Choice("batch_size", [8, 16]), **kwargs)
own = of(fit=own_fit)

class Endless(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        while waits:
            self.model.asked()
waits = []

def slow_fit(self, hp, model, *args, callbacks, **kwargs):
    def second_epoch(epoch, logs):
        waits.append(epoch)
    model.asked = lambda: callbacks[0].on_train_batch_end(0)
    ends = keras.callbacks.LambdaCallback(on_epoch_end=second_epoch)
    try:
        return model.fit(*args, callbacks=[*callbacks, ends, Endless()], **kwargs)
    except Exception:
        if hp.Boolean("swallow", default=True):
            return 0.0
        raise
slow = of(fit=slow_fit)
"""


class KerasBench(Bench):
    """A study of a problem of the module above.

    Args:
        url: of its database.
        problem: its name.
        trials: its budget.
        settings: the study's; ``metric`` is the objective's, unchecked.
    """

    def __init__(self, url: str, problem: str, trials: int, settings: dict[str, Any]) -> None:
        metric = settings.pop("metric", None)
        fields = {"max_epochs": 3, "pruner": "none", "sampler": "random", "schedule": "full"} | settings
        points = trials if fields["sampler"] == "grid" else 0
        inspection = replace(inspect_problem(problem, points), **({} if metric is None else {"metric": metric}))
        super().__init__(url, inspection, Settings(**fields), trials, open_keras_context)

    def claim(self, lease_type: type[Lease] = Lease) -> Lease:
        """Claim a slot by a worker of its own; return the lease."""
        worker = self.worker()
        worker._register()
        return lease_type(self.engine, worker._claim())

    def reopen(self) -> None:
        """Take up how the study is now, as a worker that begins does."""
        self.context.close()
        self.record = read_study(self.engine, "s")
        self.context = open_keras_context(self.engine, str(self.engine.url), self.record, self.stop)

    def interrupt_after(self, epochs: int) -> None:
        """Work on one trial, and stop after some epochs."""
        stop = self.stop

        class Stopper(Lease):
            def progress(self, epoch: int, *others: Any) -> Any:
                if epoch == epochs:
                    stop.set()
                return super().progress(epoch, *others)

        with pytest.raises(Interrupted):
            Attempt(self.context, self.claim(Stopper)).run()
        self.stop.clear()
