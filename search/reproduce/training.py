"""In the child process: load the problem, train one trial as a worker does, compare its weights."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from registry.core.error_text import one_line
from registry.core.errors import NotFoundError, UserError
from registry.core.objective import Objective
from registry.values.recipes.retrained import WeightsCompared
from registry.values.stop_reason import StopReason
from registry.values.trainings import trainings_of
from registry.values.version import ModelVersion
from search.errors import ProblemError
from search.recipe.make import recipe_maker
from search.records.settings import Settings
from search.reproduce.recorded_code import find_first_in
from search.system.placement import Place
from search.system.runtime import configure

# Why a training was ended by others than itself: another one is cut off after as many epochs.
CUT = (StopReason.PRUNED, StopReason.TIME_LIMIT)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be trained again.

    Args:
        url: the database.
        ref: the version.
        problem: its problem.
        settings: its study's.
        place: where to train.
        files: the folder of its recorded source; None for the current one.
        folder: where the user stands, from which problems and their data are found.
    """

    url: str
    ref: str
    problem: str
    settings: Settings
    place: Place
    files: str | None
    folder: str


def train_again(order: Order) -> dict[str, Any]:
    """Return the fields of `Retrained`, but for its notes.

    Raises:
        NotFoundError: no such problem, or the version has no seed.
        ProblemError: the problem does not load, or its code does not train.
    """
    from registry import Registry
    from search.data.fingerprint import fingerprint_data
    from search.problems.finding.resolve import load_problem
    from search.problems.inspection import load_data, make_hypermodel
    from search.training.repeats.make import make_training
    from search.training.teaching.teacher import teacher_of

    os.chdir(order.folder)
    configure(order.place.gpu, order.place.threads, mixed_precision=order.settings.mixed_precision)
    spec = order.problem if order.files is None else find_first_in(order.files, order.problem)
    problem = load_problem(spec)
    hypermodel, data = make_hypermodel(problem), load_data(problem)
    recipe = replace(recipe_maker(spec, order.settings.as_dict(), order.place)(), problem=order.problem)
    with Registry(order.url) as registry:
        version = registry.get(order.ref)
        monitor = _monitor(version, order.settings)
        predict = teacher_of(order.settings.teacher, order.url, order.problem)
        training = make_training(problem, hypermodel, data, order.settings, predict)
        try:
            model = training.run(_job(version, monitor))
        except UserError:
            raise
        except Exception as error:
            raise ProblemError(f"{version.ref} cannot be trained again: {one_line(error)}") from error
        return {
            "curves": {metric: tuple(values) for metric, values in monitor.curves.items()},
            "score": monitor.score,
            "epoch": monitor.epoch,
            "stop_reason": str(monitor.stop_reason or StopReason.MAX_EPOCHS),
            "weights": _compared(version, model, hypermodel),
            "data_fingerprint": fingerprint_data(data),
            "recipe": recipe,
        }


def _monitor(version: ModelVersion, settings: Settings) -> Any:
    """Return what follows the training: it ends as it did before, also where others had ended it."""
    from search.training.monitor import Limits, Monitor, never_prune

    objective = Objective(version.metric, version.direction)
    curves = {name: curve.values for name, curve in version.curves.items()}
    last = max(map(len, curves.values()), default=settings.max_epochs)
    if trainings := trainings_of(curves, objective):  # of which each begins at a step of its own
        last = (len(trainings) - 1) * settings.max_epochs + trainings[-1].epochs

    def cut(epoch: int, _value: float) -> Mapping[str, Any] | None:
        return {"epoch": epoch} if epoch >= last else None

    limits = Limits(settings.max_epochs, settings.patience)
    return Monitor(objective, limits, cut if version.stop_reason in CUT else never_prune)


def _job(version: ModelVersion, monitor: Any) -> Any:
    from search.training.job import Job

    if version.source.seed is None:
        raise NotFoundError(f"{version.ref} has no seed on record: another seed would train another model")
    return Job(_hyperparameters(version), monitor, version.source.seed)


def _hyperparameters(version: ModelVersion) -> Any:
    from search.space.hyperparameters import recorded_hyperparameters

    return recorded_hyperparameters(str(version.source.problem), version.params)


def _compared(version: ModelVersion, model: Any, hypermodel: Any) -> WeightsCompared:
    """Compare a trained model's weights with a version's, number by number."""
    import numpy as np

    from search.space.hyperparameters import build_model

    if version.weights is None:
        return WeightsCompared("unknown", why="the version has no weights any more")
    new = model.get_weights()
    try:
        old = version.load(rebuild=lambda *_: build_model(hypermodel, _hyperparameters(version))).get_weights()
    except UserError as error:
        return WeightsCompared("unknown", why=str(error))
    shapes = [[list(array.shape) for array in arrays] for arrays in (old, new)]
    if shapes[0] != shapes[1]:
        return WeightsCompared("different", why=f"the shapes were {shapes[0]}, and are {shapes[1]}")
    if all(before.tobytes() == after.tobytes() for before, after in zip(old, new, strict=True)):
        return WeightsCompared("equal", 0.0)
    apart = [np.abs(before - after).max() for before, after in zip(old, new, strict=True) if before.size]
    return WeightsCompared("close", float(np.max(apart)))
