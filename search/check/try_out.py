"""Try a problem out as a worker would train it, on a few batches."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from registry.core.error_text import placed_line
from registry.core.objective import Objective
from registry.values.stop_reason import StopReason
from search.check.data_faults import data_warnings, first_not_finite, scales_inputs
from search.check.findings import Findings, TriedModel
from search.data.fingerprint import describe_data
from search.errors import ProblemError
from search.problems.finding.resolve import load_problem
from search.problems.inspection import inspect_problem, load_data, make_hypermodel
from search.problems.models.hypermodel import has_own_fit
from search.problems.problem import Data, Problem
from search.training.job import Job, Training
from search.training.monitor import Limits, Monitor

if TYPE_CHECKING:
    from search.space.hyperparameters import SampledHyperParameters
    from search.space.names import Names

BATCHES, TIMED_BATCHES, RANDOM_MODELS = 2, 40, 3
EXACTLY = "an interrupted trial goes on after its last checkpoint exactly, on a CPU bit for bit"
INEXACT = (
    "an interrupted trial goes on after its last checkpoint; exactly only if nothing is drawn outside the callbacks, "
    "and a loop of your own begins again"
)


def try_out(spec: str) -> Findings:
    """Build the default and three random models, and train two batches of each.

    Raises:
        NotFoundError: no such problem.
        ProblemError: no study of it could begin: it does not load, its default model does not build or reports no
            such metric.
    """
    from search.data.arrays import are_arrays  # which brings Keras
    from search.space.names import Names

    inspection = inspect_problem(spec)
    problem = load_problem(spec)
    hypermodel, data = make_hypermodel(problem), load_data(problem)
    problem = replace(problem, hypermodel=hypermodel)  # which is not told of the one epoch that is trained here
    own_fit = has_own_fit(hypermodel)
    names = Names.of_record(inspection.space)
    few = _first_of(_odd_ahead(data, problem.batch_size * BATCHES), problem.batch_size, BATCHES)
    tried = [
        _try(problem, hypermodel, few, names, None if number == 0 else _random_values(number))
        for number in range(RANDOM_MODELS + 1)
    ]
    scaling = [model.scales_inputs for model in tried if model.scales_inputs is not None]
    told: dict[str, Any] = {"scaled": bool(scaling) and all(scaling), "class_weight": problem.class_weight}
    known = {each["name"] for each in inspection.space["hyperparameters"]}
    of_fit = dict.fromkeys(name for model in tried for name in model.params if own_fit and name not in known)
    faults = [f"{_called(place)}: {model.error}" for place, model in enumerate(tried) if model.error]
    fast = not own_fit and all(isinstance(part, tuple) and are_arrays(part) for part in (few.train, few.validation))
    return Findings(
        problem=spec,
        model=inspection.model,
        objective=", ".join(f"{each.metric} ({each.direction})" for each in inspection.objectives),
        space=[
            *map(_in_words, inspection.space["hyperparameters"]),
            *(f"{name}: known as fit asks for it" for name in of_fit),
        ],
        data=[f"{name}: {', '.join(shapes)}" for name, shapes in describe_data(data).items()],
        data_bytes=_bytes_of(data),
        models=tried,
        epoch_seconds=None if tried[0].error else _epoch_seconds(problem, hypermodel, data, names),
        path="fast path" if fast else "model.fit",
        continued=EXACTLY if fast else INEXACT,
        faults=faults,
        warnings=[*inspection.warnings, *data_warnings(data, tried[0].metrics, **told)],
    )


def _called(place: int) -> str:
    return "the default model" if place == 0 else f"random model {place}"


def _random_values(seed: int) -> Callable[[Any], Any]:
    """Return what samples each dimension at random, by Optuna's own sampler."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    trial = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed)).ask()
    return lambda dimension: trial._suggest(dimension.name, dimension.distribution)


def _try(
    problem: Problem, hypermodel: Any, data: Data, names: Names, suggest: Callable[[Any], Any] | None
) -> TriedModel:
    from search.space.hyperparameters import SampledHyperParameters
    from search.training.keras_training import KerasTraining

    monitor = Monitor(problem.objective, Limits(max_epochs=1))
    hp = SampledHyperParameters(suggest, names)
    try:
        model = _train(KerasTraining(problem, hypermodel, data), monitor, hp)
    except ProblemError:
        raise
    except BaseException as error:  # of the problem's code; Ctrl-C is not heard where problems are looked at
        return TriedModel(hp.params, None, None, {}, None, placed_line(error))
    size = sum(int(np.asarray(variable).nbytes) for variable in _variables(model))
    reported = {name: values[-1] for name, values in monitor.curves.items()}
    failure = _failure(monitor, problem.objective, reported)
    finite = {name: value for name, value in reported.items() if math.isfinite(value)}
    return TriedModel(hp.params, model.count_params(), size, finite, scales_inputs(model), failure)


def _variables(model: Any) -> list[Any]:
    return [*model.weights, *(model.optimizer.variables if model.optimizer is not None else ())]


def _failure(monitor: Monitor, objective: Objective, reported: Mapping[str, float]) -> str | None:
    if monitor.stop_reason is not StopReason.NAN:
        return None
    wrong = [name for name, value in reported.items() if not math.isfinite(value)]
    return f"after {BATCHES} batches {' and '.join(wrong or [objective.metric])} is not a finite number"


def _train(
    training: Training, monitor: Monitor, hp: SampledHyperParameters, after_epoch: Callable[[], None] = lambda: None
) -> Any:
    return training.run(Job(hp, monitor, seed=0, after_epoch=after_epoch))


def _epoch_seconds(problem: Problem, hypermodel: Any, data: Data, names: Names) -> float | None:
    """Measure the second epoch of the default model on some batches: the first one also traces and compiles."""
    from search.data.first import count_batches
    from search.space.hyperparameters import SampledHyperParameters
    from search.training.keras_training import KerasTraining

    batches = count_batches(data.train, problem.batch_size)
    if batches is None:
        return None
    few = _first_of(data, problem.batch_size, TIMED_BATCHES)
    seconds: list[float] = []
    monitor = Monitor(problem.objective, Limits(max_epochs=2))
    hp = SampledHyperParameters(None, names)
    _train(KerasTraining(problem, hypermodel, few), monitor, hp, lambda: seconds.append(monitor.seconds))
    last = monitor.seconds - seconds[0] if seconds else monitor.seconds
    return last * batches / (count_batches(few.train, problem.batch_size) or batches)


def _first_of(data: Data, batch_size: int, batches: int) -> Data:
    from search.data.first import first_batches

    return Data(*(first_batches(part, batch_size, batches) for part in (data.train, data.validation)))


def _odd_ahead(data: Data, samples: int) -> Data:
    """Return data with one sample that is not finite, of each array that has some, among the first ones.

    So the model has to show what it makes of it. What gives batches stays as it is.
    """
    import keras

    from search.data.arrays import are_arrays

    def ahead(part: Any) -> Any:
        if not isinstance(part, tuple) or not are_arrays(part):
            return part
        odd = {row for leaf in keras.tree.flatten(part) if (row := first_not_finite(leaf)) is not None}
        late = sorted(row for row in odd if row >= samples)[:samples]
        rows = [*range(samples - len(late)), *late]
        return keras.tree.map_structure(lambda leaf: np.asarray(leaf)[rows], part) if late else part

    return Data(ahead(data.train), ahead(data.validation))


def _bytes_of(data: Data) -> int | None:
    import keras

    leaves = keras.tree.flatten((data.train, data.validation))
    return sum(int(leaf.nbytes) for leaf in leaves) if all(hasattr(leaf, "nbytes") for leaf in leaves) else None


def _in_words(declared: Mapping[str, Any]) -> str:
    """Return a hyperparameter in a line."""
    if "values" in declared:
        text = "one of " + ", ".join(map(str, declared["values"]))
    elif "min_value" in declared:
        step = f", step {declared['step']:g}" if declared.get("step") not in (None, 1) else ""
        log = f", {declared['sampling']}" if declared.get("sampling") not in (None, "linear") else ""
        text = f"{declared['min_value']:g} to {declared['max_value']:g}{step}{log}"
    else:
        text = str(declared.get("value", "True or False"))
    where = " and ".join(f"{name} is {' or '.join(map(str, values))}" for name, values in declared["conditions"])
    return f"{declared['name']}: {text}" + (f" (where {where})" if where else "")
