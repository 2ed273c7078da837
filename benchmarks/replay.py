"""Replay recorded learning curves in virtual time: a study whose every trial has been trained before.

Workers, sampler and schedule are the program's own; only the training is looked up. A proposed point is answered by
the nearest recorded configuration that is still free, which the sampler is then told it had proposed; or by a curve
that a forest has learned from all recorded ones.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import TrialState

from benchmarks.recording import Row
from registry.core.objective import Objective
from search.optuna_bridge.pruners import PRUNERS, StalledPruner
from search.records.settings import Settings
from search.schedules.contract import Begin, Resume, Schedule, Step
from search.schedules.curves import CurveTable
from search.schedules.curves import TrialState as Doing
from search.schedules.predict import levels_from
from search.worker.scheduling.sampler_view import begin_trial

START_SECONDS = 0.9  # to build a network, trace it and take its checkpoint: once for each start and resumption
SMALLEST_ERROR = 1e-3  # of which the logarithm is learned
OBJECTIVE = Objective("val_accuracy", "max")
MakeSampler = Callable[[int, int], optuna.samplers.BaseSampler]


@dataclass
class Space:
    """Recorded configurations as points of a unit cube."""

    rows: Sequence[Row]

    @cached_property
    def distributions(self) -> dict[str, BaseDistribution]:
        """What each param was sampled from."""
        return {name: one for row in self.rows for name, one in row.distributions.items()}

    @cached_property
    def points(self) -> np.ndarray[Any, Any]:
        """The configurations, one a row; NaN where a param was not asked for."""
        return np.array([self.place(row.params) for row in self.rows])

    def place(self, params: Mapping[str, Any]) -> list[float]:
        """Return where a configuration is."""
        return [
            _place(distribution, params[name]) if name in params else math.nan
            for name, distribution in self.distributions.items()
        ]

    @property
    def most(self) -> float:
        """How many trials there can be."""
        return len(self.rows)

    def answer(self, trial: Any, taken: Collection[int]) -> tuple[Row, float]:
        """Return the nearest configuration that is not taken, and its distance: root mean square over the params.

        Two categories that differ are 1 apart, and so is a param that only one of the two has.

        Args:
            trial: of Optuna, with its params.
            taken: numbers of rows.
        """
        params = trial.params
        point = np.array(self.place(params))
        apart = np.abs(self.points - point)
        categorical = [isinstance(one, CategoricalDistribution) for one in self.distributions.values()]
        apart[:, categorical] = np.where(apart[:, categorical] > 0, 1.0, apart[:, categorical])
        one_only = np.isnan(self.points) != np.isnan(point)
        neither = np.isnan(self.points) & np.isnan(point)
        apart = np.where(one_only, 1.0, np.where(neither, 0.0, apart))
        free = [row.number not in taken for row in self.rows]
        distances = np.where(free, np.sqrt((apart**2).mean(axis=1)), math.inf)
        index = int(np.argmin(distances))
        return self.rows[index], float(distances[index])


@dataclass
class Forest(Space):
    """A space of which every point has a curve: what extremely randomized trees have learned from the recorded ones.

    Eggensperger et al., Efficient Benchmarking of Hyperparameter Optimizers via Surrogates, AAAI 2015. No point is
    better than the best recorded one, and most good regions are smoother than they are.
    """

    @property
    def most(self) -> float:
        """How many trials there can be: any number."""
        return math.inf

    @cached_property
    def _trees(self) -> tuple[Any, Any]:
        from sklearn.ensemble import ExtraTreesRegressor

        length = max(len(row.values) for row in self.rows)
        curves = [row.values + row.values[-1:] * (length - len(row.values)) for row in self.rows]
        inputs = [self._inputs(row.params) for row in self.rows]
        errors, seconds = (ExtraTreesRegressor(400, max_features=0.7, random_state=0) for _ in range(2))
        errors.fit(inputs, np.log(np.maximum(1 - np.array(curves), SMALLEST_ERROR)))
        return errors, seconds.fit(inputs, [np.log(np.mean(row.seconds)) for row in self.rows])

    def answer(self, trial: Any, taken: Collection[int]) -> tuple[Row, float]:
        """Return the trial's own params with the curve and the seconds that are expected of them."""
        errors, seconds = self._trees
        inputs = [self._inputs(trial.params)]
        values = [float(value) for value in 1 - np.exp(errors.predict(inputs)[0])]
        each = [float(np.exp(seconds.predict(inputs)[0]))] * len(values)
        return Row(trial.number, dict(trial.params), dict(trial.distributions), values, each), 0.0

    def _inputs(self, params: Mapping[str, Any]) -> list[float]:
        """Return a configuration's place: a choice as one number a category, and -1 where a param was not asked for."""
        inputs: list[float] = []
        for (name, distribution), place in zip(self.distributions.items(), self.place(params), strict=True):
            if isinstance(distribution, CategoricalDistribution):
                inputs += [float(params.get(name) == choice) for choice in distribution.choices]
            else:
                inputs.append(-1.0 if math.isnan(place) else place)
        return inputs


def _place(distribution: Any, value: Any) -> float:
    if isinstance(distribution, CategoricalDistribution):
        return float(distribution.choices.index(value))
    if distribution.log:
        return math.log(value / distribution.low) / math.log(distribution.high / distribution.low)
    return float((value - distribution.low) / (distribution.high - distribution.low))


@dataclass(frozen=True)
class Policy:
    """How a study is searched.

    Args:
        sampler: makes the sampler of a trial from (seed of the study, number of the trial).
        schedule: decides what a free worker does.
        trials: the budget.
        settings: patience, pruner, epochs.
    """

    sampler: MakeSampler
    schedule: Schedule
    trials: int
    settings: Settings


@dataclass
class Replayed:
    """What a replayed study came to.

    Args:
        gains: (virtual seconds, epochs trained in sum, best score so far) at each gain, of any epoch that was trained.
        epochs: trained in sum.
        seconds: of virtual time until the study ended.
        distances: of each proposed point from the configuration that answered it.
    """

    gains: list[tuple[float, int, float]] = field(default_factory=list)
    epochs: int = 0
    seconds: float = 0.0
    distances: list[float] = field(default_factory=list)

    @property
    def best(self) -> float:
        """The best score of all."""
        return self.gains[-1][2] if self.gains else -math.inf

    def epochs_to(self, score: float) -> float:
        """Return after how many epochs a score was reached; infinity where it was not."""
        return next((epochs for _, epochs, best in self.gains if best >= score), math.inf)

    def seconds_to(self, score: float) -> float:
        """Return after how many virtual seconds a score was reached; infinity where it was not."""
        return next((seconds for seconds, _, best in self.gains if best >= score), math.inf)

    def best_after(self, epochs: int) -> float:
        """Return the best score within the first epochs."""
        return max((best for _, count, best in self.gains if count <= epochs), default=-math.inf)


@dataclass
class _Training:
    """A trial of the replay."""

    number: int
    row: Row
    trial: optuna.Trial
    pruner: StalledPruner
    until: int = 0
    done: int = 0
    state: Doing = Doing.RUNNING


class Replay:
    """A study in virtual time.

    Args:
        space: the recorded configurations.
        policy: how they are searched.
        workers: that train at once, each at the speed of a core of its own.
        seed: of the study.
    """

    def __init__(self, space: Space, policy: Policy, *, workers: int, seed: int) -> None:
        self._space, self._policy, self._seed, self._workers = space, policy, seed, workers
        pruner = PRUNERS[policy.settings.pruner](policy.settings.max_epochs)
        self._study = optuna.create_study(direction="maximize", pruner=pruner, study_name=f"replay-{seed}")
        self._taken: set[int] = set()
        self._trainings: list[_Training] = []
        self._result = Replayed()

    def run(self) -> Replayed:
        """Search until nothing is left to do."""
        events: list[tuple[float, int, _Training]] = []
        idle, now = self._workers, 0.0
        while True:
            while idle and (training := self._start()) is not None:
                idle -= 1
                heapq.heappush(events, (now + START_SECONDS + self._next_seconds(training), training.number, training))
            if not events:
                break
            now, _, training = heapq.heappop(events)
            if self._after_epoch(training, now):
                heapq.heappush(events, (now + self._next_seconds(training), training.number, training))
            else:
                idle += 1
        self._result.seconds = now
        return self._result

    def _next_step(self) -> Step | None:
        table = CurveTable(self._policy.schedule.levels)
        for training in self._trainings:
            table.put(training.number, training.state, training.row.values[: training.done])
        left = int(min(self._policy.trials, self._space.most)) - len(self._trainings)
        return self._policy.schedule.next_step(table.curves(), left)

    def _start(self) -> _Training | None:
        step = self._next_step()
        if isinstance(step, Resume):
            training = self._trainings[step.number]
            training.until, training.state = step.until, Doing.RUNNING
            self._told(training.trial, state=TrialState.RUNNING)
            return training
        return self._begin(step) if isinstance(step, Begin) else None

    def _begin(self, step: Begin) -> _Training:
        number = len(self._trainings)
        self._study.sampler = self._policy.sampler(self._seed, number)
        levels = levels_from(self._policy.schedule.levels[0], self._policy.settings.max_epochs)
        trial_id = self._study._storage.create_new_trial(self._study._study_id)
        trial = begin_trial(self._study, trial_id, levels)
        self._propose(trial)
        row, distance = self._space.answer(trial, self._taken)
        self._taken.add(row.number)
        self._result.distances.append(distance)
        self._told(trial, params=dict(row.params), distributions=dict(row.distributions))
        pruner = StalledPruner(self._study, trial, self._policy.settings)
        training = _Training(number, row, trial, pruner, until=step.until)
        self._trainings.append(training)
        return training

    def _propose(self, trial: optuna.Trial) -> None:
        """Ask for a trial's params as its HyperModel does; a layer's size only where there are that many layers."""
        for name, distribution in self._space.distributions.items():
            layer = int(name[6:]) if name.startswith("units_") else 0
            if layer <= trial.params.get("hidden_layers", math.inf):
                trial._suggest(name, distribution)

    def _next_seconds(self, training: _Training) -> float:
        row = training.row
        return row.seconds[training.done] if training.done < len(row.seconds) else float(np.mean(row.seconds or [1.0]))

    def _after_epoch(self, training: _Training, now: float) -> bool:
        """Take a finished epoch; tell whether the trial trains on."""
        self._result.epochs += 1
        values = training.row.values
        if training.done == len(values):  # here it became NaN
            return self._end(training, TrialState.FAIL)
        training.done += 1
        best = max(values[: training.done])
        if best > self._result.best:
            self._result.gains.append((now, self._result.epochs, best))
        settings = self._policy.settings
        verdict = training.pruner(training.done, values[training.done - 1])
        if training.done >= settings.max_epochs or self._stalled(training):
            return self._end(training, TrialState.COMPLETE)
        if verdict is not None:
            return self._end(training, TrialState.PRUNED)
        return training.done < training.until or self._goes_on(training)

    def _stalled(self, training: _Training) -> bool:
        values = training.row.values[: training.done]
        return len(values) - 1 - int(np.argmax(values)) >= self._policy.settings.patience

    def _goes_on(self, training: _Training) -> bool:
        """Pause a trial, unless it is the very one that its worker would resume."""
        training.state = Doing.PAUSED
        step = self._next_step()
        if isinstance(step, Resume) and step.number == training.number:
            training.until, training.state = step.until, Doing.RUNNING
            return True
        self._told(training.trial, state=TrialState.PRUNED, values=[max(training.row.values[: training.done])])
        return False

    def _end(self, training: _Training, state: TrialState) -> bool:
        training.state = Doing.ENDED
        values = None if state is TrialState.FAIL else [max(training.row.values[: training.done])]
        self._told(training.trial, state=state, values=values)
        return False

    def _told(self, trial: optuna.Trial, **facts: Any) -> None:
        """Change what the sampler is told of a trial: the storage in memory hands out its own."""
        frozen = self._study._storage._get_trial(trial._trial_id)  # type: ignore[attr-defined]
        for name, value in facts.items():
            setattr(frozen, name, value)
