"""Train and register one refit; it runs in a child process, for it imports TensorFlow."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registry import Registry
from registry.values.version import Param
from search.errors import ProblemError
from search.problems.finding.resolve import load_problem
from search.problems.inspection import load_data, make_hypermodel
from search.problems.problem import Data
from search.records.studies import StudyRecord
from search.refit.last_epoch import LastEpoch
from search.training.job import Job
from search.training.monitor import Limits
from search.worker.recording.derived import register_derived
from search.worker.recording.winner import attempted, winner_of

if TYPE_CHECKING:
    from search.training.keras_training import KerasTraining


@dataclass(frozen=True)
class Plan:
    """A refit.

    Args:
        study: whose problem it is.
        params: the winner's.
        epochs: how many are trained.
        max_epochs: how many the winner could have, for what makes a schedule of them.
        seed: what all random numbers come from.
        origin: what the version's record says of the winner.
        tags: for the version.
    """

    study: StudyRecord
    params: Mapping[str, Param]
    epochs: int
    max_epochs: int
    seed: int
    origin: str
    tags: Mapping[str, str]


def train_refit(url: str, plan: Plan) -> str:
    """Train and register a refit; return the version.

    The version has no score: its validation data are among those that it was trained on. It learns from the labels,
    also where the winner had a teacher, which does not know those of the validation data.

    Raises:
        ProblemError: the problem does not load, its data cannot be joined, its ``fit`` trains otherwise, or the
            training diverges.
    """
    from search.data.first import first_inputs
    from search.data.joined import join
    from search.training.keras_training import KerasTraining

    study = plan.study
    problem = load_problem(study.problem)
    data = load_data(problem)
    joined = Data(train=join(data.train, data.validation, plan.seed), validation=data.validation)
    training = KerasTraining(problem, make_hypermodel(problem), joined)
    monitor = LastEpoch(study.objective, Limits(plan.max_epochs), last=plan.epochs)
    model = training.run(_job(plan, monitor, training))
    if not monitor.epochs or not all(math.isfinite(value[-1]) for value in monitor.curves.values()):
        raise ProblemError(
            f"the training with seed {plan.seed} diverged at epoch {monitor.epochs}; try another version"
        )
    winner = winner_of(model, attempted(lambda: first_inputs(data.validation)))
    trained = {name: values for name, values in monitor.curves.items() if not name.startswith("val_")}
    trained.pop(study.objective.metric, None)  # of other data than the study's trials have been measured on
    with Registry(url) as registry:
        version = register_derived(
            registry,
            study,
            winner,
            origin=plan.origin,
            seed=plan.seed,
            score=math.nan,
            epoch=monitor.epochs,
            params=plan.params,
            curves=trained,
            stop_reason="max_epochs",
            seconds=monitor.seconds,
            parameters=attempted(lambda: int(model.count_params())),
            tags=plan.tags,
        )
    return version.ref


def _job(plan: Plan, monitor: LastEpoch, training: KerasTraining) -> Job:
    from search.space.hyperparameters import SampledHyperParameters

    def missing(dimension: Any) -> Any:
        raise ProblemError(
            f"the problem {plan.study.problem!r} has a hyperparameter {dimension.name!r} that the params lack"
        )

    def check_whole() -> None:
        if training.holds_back():
            raise ProblemError(
                "the HyperModel's fit holds back a part of its data by validation_split, so that a refit would not be "
                "trained on all; let it take validation_data, which it is given"
            )

    hp = SampledHyperParameters(missing)
    hp.values = dict(plan.params)
    return Job(hp, monitor, plan.seed, after_epoch=check_whole)
