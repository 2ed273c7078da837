"""What trains a study's trials: once, on several seeds, or on several folds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from search.problems.problem import Data, Problem
from search.records.settings import Settings
from search.training.job import Training
from search.training.keras_training import KerasTraining
from search.training.replicas.strategy import strategy_of, visible_gpus

Predict = Callable[[Any], Any]


def make_training(
    problem: Problem, hypermodel: Any, data: Data, settings: Settings, predict: Predict | None = None
) -> Training:
    """Return what trains a configuration as often as a study's settings say, on all GPUs that this process sees.

    Args:
        problem: what is searched.
        hypermodel: the problem's.
        data: the problem's, as it was loaded.
        settings: the study's; its seed splits the folds, so that all trials have the same.
        predict: its teacher's predictions; None for the labels.

    Raises:
        ProblemError: the data cannot be split into folds, or the problem not be trained on several GPUs or by a
            teacher.
        UserError: what the teacher's predictions raise.
    """
    strategy = strategy_of(visible_gpus())
    if settings.folds > 1:
        from search.data.folds import Folds
        from search.training.repeats.repeated import RepeatedTraining

        folds = Folds(data, settings.folds, settings.seed)

        def train_fold(number: int) -> KerasTraining:
            train, validation = folds.split(number)
            return KerasTraining(problem, hypermodel, Data(train=train, validation=validation), strategy)

        return RepeatedTraining("fold", settings.folds, train_fold)
    training = KerasTraining(problem, hypermodel, data, strategy, predict)
    if settings.repeats == 1:
        return training
    from search.training.repeats.repeated import RepeatedTraining

    return RepeatedTraining("repeat", settings.repeats, lambda _number: training)
