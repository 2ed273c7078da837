"""Train the models of a problem's KerasTuner ``HyperModel``."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import keras_tuner
import tensorflow as tf

from registry.core.error_text import one_line
from search.data.arrays import are_arrays
from search.data.class_weight import weighted
from search.errors import FatalProblem, ProblemError
from search.problems.inspection import make_hypermodel
from search.problems.models.compiled import check_model
from search.problems.models.hypermodel import has_own_fit, takes_epochs
from search.problems.models.teachable import check_teachable
from search.problems.problem import Data, Problem
from search.space.hyperparameters import build_model
from search.system.process_settings import clear_session, settings_kept
from search.training.fitting.fast_path import takes_fast_path
from search.training.fitting.own_callbacks import are_of_epochs, as_callbacks, without_ours
from search.training.job import Job
from search.training.metrics import MetricReader
from search.training.replicas.epochs import ReplicatedEpochs
from search.training.resident.arrays import ResidentArrays
from search.training.state.averages import keep_averages
from search.training.state.snapshot import Snapshot
from search.training.teaching.taught import learn_from_targets, with_targets
from search.training.trainer import Trainer

logger = logging.getLogger(__name__)


class KerasTraining:
    """Build, train and continue one model after another, on data that are loaded once.

    Args:
        problem: what is searched.
        hypermodel: the problem's; where that asks for the number of epochs, another one is made for each number.
        data: the problem's, as it was loaded.
        strategy: the ``tf.distribute.Strategy`` of the devices that train each model together; None for one device.
        predict: a teacher's predictions, which the models learn from instead of the labels; None for the labels.

    Raises:
        ProblemError: there is a strategy or a teacher, but the problem is none that the fast path trains.
    """

    def __init__(
        self,
        problem: Problem,
        hypermodel: Any,
        data: Data,
        strategy: Any = None,
        predict: Callable[[Any], Any] | None = None,
    ) -> None:
        if problem.class_weight is not None:
            data = Data(train=weighted(data.train, problem.class_weight), validation=data.validation)
        self._problem, self._hypermodel, self._data = problem, hypermodel, data
        self._told: dict[int, Any] | None = {} if takes_epochs(problem.hypermodel) else None  # by number of epochs
        self._trainer: Trainer | None = None
        self._resident: tuple[ResidentArrays, ResidentArrays] | None = None
        self._read = MetricReader()
        self._own_fit = has_own_fit(hypermodel)
        self._strategy, self._taught = strategy, predict is not None
        tuples = isinstance(data.train, tuple) and isinstance(data.validation, tuple)
        if tuples and not self._own_fit and are_arrays(data.train) and are_arrays(data.validation):
            if predict is not None:
                data = with_targets(data, predict(data.train[0]))
            self._resident = (ResidentArrays(data.train), ResidentArrays(data.validation))
        elif strategy is not None or self._taught:
            raise self._not_fast()

    def run(self, job: Job) -> Any:
        """Build a model, train it to its end and return it with its best weights; see `Training`.

        Raises:
            CannotContinue: the checkpoint does not fit the model; nothing was trained.
        """
        # Layers are numbered from the first, whatever came before; within a strategy's scope, this would end it.
        clear_session(free_memory=False)
        try:
            with settings_kept():
                return self._run(job) if self._strategy is None else self._run_on_all(job)
        except tf.errors.ResourceExhaustedError as failure:
            raise MemoryError(one_line(failure)) from failure
        except keras_tuner.errors.FatalError as failure:
            raise FatalProblem(f"the problem stopped the study: {one_line(failure)}") from failure

    def checkpoint(self) -> bytes | None:
        """Return the state after the last finished epoch; None before the first."""
        if self._trainer is None or self._trainer.snapshot is None:
            return None
        try:
            return self._trainer.snapshot.to_bytes()
        except (TypeError, ValueError) as error:  # something in it that no file holds
            logger.warning("no checkpoint can be kept of this trial: %s", one_line(error))
            return None

    def inexact(self) -> tuple[str, ...]:
        """Return what a training that was continued could not take over; nothing where it went on exactly."""
        return () if self._trainer is None else self._trainer.inexact

    def holds_back(self) -> bool:
        """Tell whether a HyperModel's fit keeps a part of its training data for validation."""
        return self._trainer is not None and self._trainer.holds_back

    def end(self) -> None:
        """Let go of the model."""
        self._trainer = None
        clear_session()  # it collects garbage, too

    def _run_on_all(self, job: Job) -> Any:
        with self._strategy.scope():
            trained = self._run(job)
        model = build_model(self._hypermodel_for(job), job.hp)  # an ordinary one, of this device alone
        model.set_weights(trained.get_weights())
        return model

    def _run(self, job: Job) -> Any:
        keras.utils.set_random_seed(job.seed)
        hypermodel = self._hypermodel_for(job)
        model = build_model(hypermodel, job.hp)
        check_model(model, self._problem, own_fit=self._own_fit)
        if self._problem.ema_momentum is not None:
            keep_averages(model, self._problem.ema_momentum)
        if self._taught:
            check_teachable(model, self._data.train, own_fit=self._own_fit)
            learn_from_targets(model)
        job.started(job.hp.params)
        job.built(model)
        resume = None if job.resume is None else Snapshot.from_bytes(job.resume)
        asked = self._asked_batch_size(job)
        batch_size = asked or self._problem.batch_size
        self._trainer = Trainer(
            model,
            job.monitor,
            on_epoch=lambda trainer: job.after_epoch(),
            should_stop=job.should_stop,
            read=self._read,
        )
        own = without_ours(as_callbacks(self._problem.callbacks()))
        job.monitor.limits = replace(job.monitor.limits, **self._problem.early_stopping)
        if self._resident is not None and takes_fast_path(model) and are_of_epochs(own):
            options: dict[str, Any] = {"seed": job.seed, "resume": resume, "callbacks": own}
            if self._strategy is not None:
                options["make_epochs"] = ReplicatedEpochs
            self._trainer.fit_resident(*self._resident, batch_size=batch_size, **options)
            return model
        if self._strategy is not None or self._taught:
            raise self._not_fast()
        fit = hypermodel.fit

        def fit_with_hp(*args: Any, **kwargs: Any) -> Any:
            return fit(job.hp, *args, **kwargs | {"callbacks": [*own, *kwargs["callbacks"]]})

        self._trainer.fit_keras(
            fit_with_hp,
            self._data,
            batch_size=batch_size,
            seed=job.seed,
            resume=resume,
            asked_batch_size=asked,
            later=self._own_fit or type(model).fit is not keras.Model.fit,
        )
        return self._trainer.trained

    def _hypermodel_for(self, job: Job) -> Any:
        if self._told is None:
            return self._hypermodel
        epochs = job.monitor.limits.max_epochs
        if epochs not in self._told:
            self._told[epochs] = make_hypermodel(self._problem, epochs)
        return self._told[epochs]

    def _asked_batch_size(self, job: Job) -> int | None:
        """Return the hyperparameter ``batch_size``; None without one, or where a ``fit`` means something else by it."""
        asked = job.hp.params.get("batch_size")
        if asked is None or (self._own_fit and not isinstance(asked, int | float)):
            return None
        return int(asked)

    def _not_fast(self) -> ProblemError:
        option = "--teacher" if self._taught else "--gpus-per-trial"
        cannot = "learn from a teacher" if self._taught else "be trained on several GPUs at once"
        return ProblemError(
            f"the problem {self._problem.name!r} cannot {cannot}: {option} needs arrays, Keras' own fit and "
            "train_step, and no callback that sees single batches; leave it out"
        )
