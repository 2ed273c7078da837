"""Read a project of KerasTuner: the folder where a tuner kept its trials as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, TrialState

from registry.core.error_text import one_line
from registry.core.errors import NotFoundError, UsageError, did_you_mean
from registry.core.objective import Objective
from search.trial_import.past import PastStudy, PastTrial

if TYPE_CHECKING:
    from search.space.discovery import Space

LARGEST_STEP = 10**6  # an epoch's; curves have a place for each
OWN = "tuner/"  # how the names begin that Hyperband's tuner puts among the values
SUM = "multi_objective"  # of several objectives, which KerasTuner makes one metric that no training reports
ENDED = {"COMPLETED": TrialState.COMPLETE, "FAILED": TrialState.FAIL, "INVALID": TrialState.FAIL}


@dataclass(frozen=True, slots=True)
class Project:
    """A project's files, read without Keras.

    Args:
        folder: where they lie.
        oracle: what the tuner's oracle wrote.
        ended: what it wrote of each trial that has ended.
        left_out: how many trials have not.
        objective: what was optimized.
    """

    folder: Path
    oracle: Mapping[str, Any]
    ended: Sequence[Mapping[str, Any]]
    left_out: int
    objective: Objective


def find_project(directory: str, objective: str | None = None) -> Project:
    """Return the files of a project of KerasTuner.

    Args:
        directory: the project's folder, or the tuner's where that holds one project.
        objective: the metric that was optimized; None for the one whose best value is every trial's score.

    Raises:
        NotFoundError: there is no project.
        UsageError: a file that cannot be read, or several objectives.
    """
    folder = _project_in(Path(directory))
    oracle = _read(folder / "oracle.json")
    with _as_keras_tuner_writes(folder):
        leave_out = (
            "take the trial out of start_order in oracle.json" if "start_order" in oracle else "move its folder away"
        )
        trials = [_read(path, f", or {leave_out} to leave it out") for path in _trial_files(folder, oracle)]
        ended = [trial for trial in trials if trial["status"] in ENDED]
        return Project(folder, oracle, ended, len(trials) - len(ended), _objective(folder, ended, objective))


def read_project(project: Project) -> PastStudy:
    """Return a project of KerasTuner with its trials that have ended. It imports Keras.

    Raises:
        UsageError: KerasTuner writes other files, or a value that the space does not have.
    """
    from search.space.discovery import Space  # which brings Keras
    from search.space.hyperparameters import SampledHyperParameters

    with _as_keras_tuner_writes(project.folder):
        own = SampledHyperParameters.from_config(_without_own(project.oracle["hyperparameters"]))
        space = Space(tuple(own.space), ())
        past = [_past(place, trial, space, project.objective) for place, trial in enumerate(project.ended)]
    folder = project.folder
    return PastStudy(str(folder.resolve()), folder.name, (project.objective,), past, project.left_out, space.record())


@contextmanager
def _as_keras_tuner_writes(folder: Path) -> Iterator[None]:
    """Refuse a project whose files hold something else."""
    try:
        yield
    except UsageError:
        raise
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:  # KerasTuner's own among them
        raise UsageError(f"{folder} is no project that KerasTuner 1.0 to 1.4 wrote: {one_line(error)}") from error


def _project_in(directory: Path) -> Path:
    if not directory.is_dir():
        raise NotFoundError(f"there is no folder {str(directory)!r}; give the folder of one project of KerasTuner")
    if (directory / "oracle.json").is_file():
        return directory
    inside = sorted(path.parent for path in directory.glob("*/oracle.json"))
    if len(inside) == 1:
        return inside[0]
    contents = f"holds {len(inside)} projects: {', '.join(map(str, inside))}" if inside else "holds no oracle.json"
    raise NotFoundError(f"{directory} {contents}; give the folder of one project of KerasTuner")


def _trial_files(folder: Path, oracle: Mapping[str, Any]) -> list[Path]:
    """Return the trials' files in the order of their beginning, in KerasTuner 1.0 and 1.1 that of the files' times."""
    if "start_order" not in oracle:
        return sorted(folder.glob("trial_*/trial.json"), key=lambda path: (path.stat().st_mtime_ns, path))
    return [folder / f"trial_{trial}" / "trial.json" for trial in dict.fromkeys(oracle["start_order"])]


def _read(path: Path, or_else: str = "") -> dict[str, Any]:
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(
            f"{path} cannot be read, so nothing is imported: {one_line(error)}; restore it{or_else}"
        ) from error
    if not isinstance(value, dict):
        raise UsageError(f"{path} holds no JSON object, so nothing is imported")
    return value


def _without_own(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return hyperparameters without those that a tuner added for itself; KerasTuner 1.0 writes no conditions."""
    space = [
        {**each, "config": {"conditions": [], **each["config"]}}
        for each in config["space"]
        if not each["config"]["name"].startswith(OWN)
    ]
    return {"space": space, "values": {n: value for n, value in config["values"].items() if not n.startswith(OWN)}}


def _objective(folder: Path, trials: Sequence[Mapping[str, Any]], name: str | None) -> Objective:
    """Return what was optimized, which KerasTuner does not write down: the metric whose best value is the score."""
    scored = [trial for trial in trials if trial["score"] is not None and not math.isnan(trial["score"])]
    if not scored:
        raise UsageError(f"no trial of {folder} has a score: there is nothing to import")
    histories = scored[0]["metrics"]["metrics"]
    directions = {metric: history["direction"] for metric, history in histories.items() if metric != SUM}
    fitting = [metric for metric in directions if all(_is_score(trial, metric) for trial in scored)]
    if name is not None:
        fitting = [_metric(folder, directions, name)]
    if len(fitting) != 1:
        raise UsageError(
            f"which metric {folder} optimized cannot be told from its scores; say --objective with one of: "
            f"{', '.join(directions)} (several objectives cannot be imported)"
        )
    return Objective(fitting[0], directions[fitting[0]])


def _metric(folder: Path, directions: Mapping[str, str], name: str) -> str:
    """Return the metric that is named, also as the other commands take objectives: ``METRIC:min``."""
    metric, colon, way = name.rpartition(":")
    if colon and metric in directions:
        if way != directions[metric]:
            raise UsageError(f"KerasTuner wrote that {metric} is {directions[metric]}, not {way!r}; say {metric!r}")
        return metric
    if "," in name and name not in directions:
        raise UsageError(
            f"several objectives cannot be imported; say --objective with one metric of {folder}: "
            f"{', '.join(directions)}"
        )
    if name not in directions:
        raise UsageError(f"the trials of {folder} have no metric {name!r}; {did_you_mean(name, list(directions))}")
    return name


def _is_score(trial: Mapping[str, Any], metric: str) -> bool:
    history = trial["metrics"]["metrics"].get(metric)
    values = [] if history is None else _numbers(_values(history["observations"])).values()
    best = Objective(metric, history["direction"]).best(values) if values and history["direction"] else None
    return best is not None and math.isclose(best, trial["score"])


def _values(observations: Sequence[Mapping[str, Any]]) -> dict[int, float]:
    """Return a metric by step; several executions of a trial count with their mean."""
    by_step = {}
    for each in observations:
        values = each["value"] if isinstance(each["value"], list) else [each["value"]]
        step = int(each["step"])
        if not 0 <= step <= LARGEST_STEP:
            raise ValueError(f"the step {step}")
        by_step[step] = fmean(values)
    return by_step


def _numbers(values: Mapping[int, float]) -> dict[int, float]:
    return {step: value for step, value in values.items() if not math.isnan(value)}


def _past(place: int, trial: Mapping[str, Any], space: Space, objective: Objective) -> PastTrial:
    from search.space.hyperparameters import SampledHyperParameters

    hp = SampledHyperParameters.from_config(_without_own(trial["hyperparameters"]))
    params, distributions = _sampled(trial["trial_id"], hp, space)
    curves = {name: _curve(_values(history["observations"])) for name, history in trial["metrics"]["metrics"].items()}
    state, message = ENDED[trial["status"]], trial.get("message")
    if state is TrialState.COMPLETE and math.isnan(trial["score"]) and not _numbers(_own(trial, objective)):
        # For KerasTuner it ended well.
        state, message = TrialState.FAIL, f"its {objective.metric} was not a number"
    own, score, best_step = _scored(trial, objective) if state is TrialState.COMPLETE else ({}, None, None)
    optuna = FrozenTrial(
        number=place,
        trial_id=-1,
        state=state,
        value=score,
        datetime_start=None,
        datetime_complete=None,
        params=params,
        distributions=distributions,
        user_attrs={"keras_tuner_trial": trial["trial_id"]},
        system_attrs={"fail_reason": str(message)} if message else {},
        intermediate_values=own,
    )
    best_epoch = None if best_step is None else best_step + 1
    active = {name: value for name, value in hp.values.items() if value is not None}
    return PastTrial(optuna, active, curves, best_epoch)


def _own(trial: Mapping[str, Any], objective: Objective) -> dict[int, float]:
    """Return a trial's objective by step."""
    return _values(trial["metrics"]["metrics"].get(objective.metric, {"observations": ()})["observations"])


def _scored(trial: Mapping[str, Any], objective: Objective) -> tuple[dict[int, float], float, int]:
    """Return the objective by step, a trial's score and its step.

    They are as KerasTuner wrote them; where it optimized another metric or did not tell the step, the objective's best.
    """
    values = _own(trial, objective)
    if not (known := _numbers(values)):
        raise UsageError(f"trial {trial['trial_id']} ended well without {objective.metric}; say another --objective")
    best = min(known, key=lambda step: objective.key(known[step]))
    if not _is_score(trial, objective.metric):
        return values, values[best], best
    return values, trial["score"], int(trial["best_step"]) if trial.get("best_step") in values else best


def _curve(values: Mapping[int, float]) -> list[float | None]:
    """Return a metric by epoch, of which KerasTuner counts the first as step 0 and mostly keeps the best alone."""
    by_epoch = [values.get(step) for step in range(max(values, default=-1) + 1)]
    return [value if value is not None and math.isfinite(value) else None for value in by_epoch]


def _sampled(trial: str, hp: Any, space: Space) -> tuple[dict[str, Any], dict[str, BaseDistribution]]:
    """Return what a sampler of ours would have proposed for a trial's active hyperparameters."""
    params, distributions = {}, {}
    for declared, asked in space.dimensions():
        if declared.name not in hp.values or not hp.is_active(declared):
            continue
        value = hp.values[declared.name]
        try:
            raw = asked.encode(value)
            known = asked.distribution._contains(asked.distribution.to_internal_repr(raw))
        except (TypeError, ValueError):
            known = False
        if not known:
            raise UsageError(f"{declared.name} of trial {trial} is {value!r}, which the project's space does not have")
        params[asked.name], distributions[asked.name] = raw, asked.distribution
    return params, distributions
