"""All that one worker needs for trial after trial."""

from __future__ import annotations

import json
import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import optuna
from sqlalchemy.engine import Engine

from registry import Registry
from registry.core.database.transaction import reading
from registry.values.known_tags import CHANGES_TAG, CLASSES_TAG
from search.creation.imported.fit import Ranges
from search.optuna_bridge.asked import AskedRanges, forget_proposal
from search.optuna_bridge.pruners import StalledPruner, make_pruner
from search.optuna_bridge.samplers import check_sampler
from search.optuna_bridge.view.worker_storage import OptunaView
from search.records.history.events import accepted_changes
from search.records.studies import StudyRecord
from search.system.retry import Retry
from search.training.job import Training
from search.worker.process.words import Say, say_nothing
from search.worker.recording.winner import LONGEST_TAG, attempted
from search.worker.scheduling.scheduler import Scheduler

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

    from search.problems.problem import Data, Problem
    from search.records.settings import Settings
    from search.space.dimensions import Dimension
    from search.space.discovery import Space

Suggest = Callable[[str, "BaseDistribution"], Any]


@dataclass
class WorkerContext:
    """All that one worker needs for trial after trial.

    Args:
        engine: the database.
        study: the study that is worked on.
        view: its trials, as Optuna sees them.
        optuna_study: the study, as samplers and pruners see it.
        registry: where winners go.
        scheduler: decides what this worker does next.
        training: trains the models.
        samples: a few inputs to check loaded models by, in the structure that the model takes; or None.
        space: the problem's, to find a grid's points.
        should_stop: True once the worker was asked to stop.
        retry: how to wait for a database that is unavailable.
        say: tells who started the worker how far it is.
        tags: what is said of every version.
        ranges: what is sampled now, where the problem has changed since the study began; None where it has not. An
            objective's are known as it asks.
        recipe: makes what is kept of how its versions were made, packed; None where that cannot be told.
        make_params: returns what a trial's params are asked from, as its training takes it, given the trial, what
            asks the sampler for one of them, and the trial's pruner.
        watch: makes a trial's pruner.
        versions_without_model: whether the best trials become versions also where no model is left.
    """

    engine: Engine
    study: StudyRecord
    view: OptunaView
    optuna_study: optuna.Study
    registry: Registry
    scheduler: Scheduler
    training: Training
    samples: Any
    space: Callable[[], Space]
    should_stop: Callable[[], bool]
    retry: Retry
    say: Say = say_nothing
    tags: Mapping[str, str] = field(default_factory=dict)
    ranges: Ranges | AskedRanges | None = None
    recipe: Callable[[], bytes | None] = lambda: None
    make_params: Callable[[optuna.Trial, Suggest, Any], Any] = field(kw_only=True)
    watch: Callable[[optuna.Study, optuna.Trial, Settings], StalledPruner] = StalledPruner
    versions_without_model: bool = True

    def close(self) -> None:
        """Close all connections to the database."""
        self.registry.close()
        self.engine.dispose()


def open_own_context(engine: Engine, url: str, study: StudyRecord, stop: threading.Event) -> WorkerContext:
    """Open what a study's trials are trained with: its objective, or its problem's models and data.

    Raises:
        UserError: it does not load here, or is not the one that the study began with.
    """
    open_ = open_objective_context if study.is_objective else open_keras_context
    return open_(engine, url, study, stop)


def open_objective_context(engine: Engine, url: str, study: StudyRecord, stop: threading.Event) -> WorkerContext:
    """Load the study's objective; TensorFlow is imported only where the objective does so."""
    from search.creation.changes.differences import check_unchanged
    from search.problems.finding.resolve import load_objective
    from search.problems.objectives.identity import identify_objective
    from search.training.objective.asked_pruner import AskedPruner
    from search.training.objective.folder import study_folder
    from search.training.objective.training import ObjectiveTraining
    from search.training.objective.trial import ObjectiveTrial

    objective = load_objective(study.problem)
    check_unchanged(study, identify_objective(objective))
    metrics = [each.metric for each in study.objectives]
    training = ObjectiveTraining(objective.call, study_folder(url, study.name), metrics)
    context = open_context(engine, url, study, stop, training, space=lambda: None)
    asked = AskedRanges(_last_begun(context) if context.ranges is not None else -1)
    context.ranges = asked
    context.make_params, context.watch = partial(ObjectiveTrial, asked=asked), AskedPruner
    context.versions_without_model = False
    context.optuna_study._thread_local.in_optimize_loop = True  # so that `trial.study.stop()` may be called
    return context


def _last_begun(context: WorkerContext) -> int:
    """Return the highest number of a trial that has begun."""
    context.retry(lambda: context.view.get_all_trials(context.study.optuna_id, deepcopy=False))
    return context.view.last_begun


def open_keras_context(engine: Engine, url: str, study: StudyRecord, stop: threading.Event) -> WorkerContext:
    """Load the study's problem and its data, and open what trains its models.

    Raises:
        UserError: the problem does not load here, or is not the one that the study began with.
    """
    from search.creation.changes.differences import check_unchanged
    from search.problems.finding.resolve import load_problem
    from search.problems.identity import identify
    from search.problems.inspection import load_data, make_hypermodel
    from search.space.description import describe_model, describe_source
    from search.space.discovery import discover
    from search.training.repeats.make import make_training
    from search.training.repeats.mean_pruner import MeanPruner
    from search.training.teaching.teacher import teacher_of, teacher_tag

    problem = load_problem(study.problem)
    hypermodel = make_hypermodel(problem)
    data = load_data(problem)
    described: dict[str, Any] = {}  # the first model, that of the defaults

    def describe(model: Any) -> None:
        described.update({} if described else describe_model(model))

    space = cache(lambda: discover(hypermodel, describe))
    space()
    check_unchanged(study, identify(space(), data, described | describe_source(hypermodel), problem.folds))
    predict = teacher_of(study.settings.teacher, url, study.problem)  # reads the teacher from the database
    training = Retry(stop.wait)(lambda: make_training(problem, hypermodel, data, study.settings, predict))
    context = open_context(engine, url, study, stop, training, samples=_samples(data), space=space)
    context.watch = StalledPruner if study.settings.trainings == 1 else MeanPruner
    context.tags = {**context.tags, **_class_names(problem), **teacher_tag(study.settings.teacher)}
    return context


def open_context(
    engine: Engine,
    url: str,
    study: StudyRecord,
    stop: threading.Event,
    training: Training,
    *,
    samples: Any = None,
    space: Callable[[], Any],
) -> WorkerContext:
    """Open Optuna's and the registry's side of the database around a training."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    check_sampler(study.settings)
    most = "auto" if study.is_objective else study.settings.max_epochs
    retry = Retry(stop.wait)
    view = OptunaView(engine, study)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        optuna_study = optuna.load_study(study_name=study.name, storage=view, pruner=make_pruner(study.settings, most))
    registry = retry(lambda: Registry(url, create=True))
    accepted = retry(lambda: _accepted(engine, study))
    ranges = Ranges.of(study.name, study.space)
    return WorkerContext(
        engine=engine,
        study=study,
        view=view,
        optuna_study=optuna_study,
        registry=registry,
        scheduler=Scheduler(engine, view, study, registry),
        training=training,
        samples=samples,
        space=space,
        should_stop=stop.is_set,
        retry=retry,
        tags={CHANGES_TAG: "; ".join(accepted)[:LONGEST_TAG]} if accepted else {},
        ranges=ranges if accepted or ranges.later else None,
        make_params=lambda trial, suggest, pruner: _hyperparameters(study, trial, suggest, ranges),
    )


def _hyperparameters(study: StudyRecord, trial: optuna.Trial, suggest: Suggest, ranges: Ranges) -> Any:
    """Return KerasTuner's ``HyperParameters`` whose values a sampler proposes."""
    from search.space.hyperparameters import SampledHyperParameters
    from search.space.names import Names

    def ask(dimension: Dimension) -> Any:
        if ranges.note(dimension.name, dimension.distribution):
            trial.study._thread_local.cached_all_trials = None  # now it is known which of them fit
        forget_proposal(trial, dimension.name, dimension.distribution)
        return suggest(dimension.name, dimension.distribution)

    return SampledHyperParameters(ask, Names.of_record(study.space))


def _accepted(engine: Engine, study: StudyRecord) -> tuple[str, ...]:
    """Return, in words, the changes of its problem that a study went on with."""
    with reading(engine) as connection:
        return accepted_changes(connection, study.id)


def _class_names(problem: Problem) -> dict[str, str]:
    """Return the tag by which a version tells what its classes are called; nothing where that is too long."""
    names = json.dumps(problem.class_names, ensure_ascii=False)
    return {CLASSES_TAG: names} if problem.class_names and len(names) <= LONGEST_TAG else {}


def _samples(data: Data) -> Any:
    """Return a few validation inputs to check loaded models by, in the model's structure; None where there are none."""
    from search.data.first import first_inputs

    return attempted(lambda: first_inputs(data.validation))
