"""Follow a training by its numbers: curves, best epoch, early stopping, pruning, time limit."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.core.objective import OF_EPOCHS, Objective
from registry.core.pareto.objectives import SECONDS
from registry.values.stop_reason import StopReason
from search.errors import MetricError

Verdict = Mapping[str, Any]
Prune = Callable[[int, float], Verdict | None]


def never_prune(_epoch: int, _value: float) -> Verdict | None:
    """Answer for a training that has no peers."""
    return None


@dataclass(frozen=True, slots=True)
class Limits:
    """When a training ends at the latest.

    Args:
        max_epochs: epochs that a trial trains at most; each time where its ``fit`` trains several times, as for folds.
        patience: epochs without a better objective before early stopping; None for never.
        seconds: time a trial trains at most; None for any.
        watch: what early stopping watches instead of the objective; ``min_delta``: by how much it has to get better.
        start_from: epochs that pass before patience begins to count.
        seconds_per_epoch: an epoch takes at most; judged from the second one that a process trains on, for the first is
            slower, or by the only one.
    """

    max_epochs: int
    patience: int | None = None
    seconds: float | None = None
    watch: Objective | None = None
    min_delta: float = 0.0
    start_from: int = 0
    seconds_per_epoch: float | None = None


@dataclass
class Stretch:
    """Epochs in a row, of one call of ``model.fit``.

    Args:
        start: how many epochs were finished before.
        score: the best value in it; None before the first.
        epoch: the epoch of that value.
    """

    start: int = 0
    score: float | None = None
    epoch: int = 0


@dataclass
class Monitor:
    """Take each epoch's metrics and say whether the training goes on.

    Args:
        objective: what is optimized.
        limits: when the training ends.
        prune: asked after each epoch with (epoch, objective's value); what a trial is pruned by, or None.

    The fields ``curves`` (one value an epoch, NaN where an epoch had none), ``epochs`` (how many are finished),
    ``score``, ``epoch`` (of the best, from 1), ``stop_reason`` and ``pruned_by`` hold what was seen so far, ``costs``
    what holds for the whole training; `state` and `restore` carry them over to another process.
    """

    objective: Objective
    limits: Limits
    prune: Prune = never_prune
    curves: dict[str, list[float]] = field(default_factory=dict)
    epochs: int = 0
    score: float | None = None
    epoch: int | None = None
    seconds: float = 0.0
    stop_reason: StopReason | None = None
    pruned_by: Verdict | None = None
    stretch: Stretch = field(default_factory=Stretch)
    costs: dict[str, float] = field(default_factory=dict)
    here: int = field(default=0, compare=False)  # epochs that this process has trained

    @property
    def over(self) -> bool:
        """Whether the whole trial has to end: not only this stretch, after which a ``fit`` may begin another."""
        return self.stop_reason not in (None, StopReason.MAX_EPOCHS, StopReason.EARLY_STOPPING)

    def begin_stretch(self) -> None:
        """Begin another call of ``model.fit``: its epochs and its patience are counted from here."""
        if not self.over:
            self.stop_reason = None
            self.stretch = Stretch(self.epochs)

    def after_epoch(self, metrics: Mapping[str, float], seconds: float, *, later: bool = False) -> bool:
        """Take one epoch's metrics; tell whether it is the best so far.

        Args:
            metrics: metric name to value.
            seconds: how long the epoch took.
            later: the objective may come at another epoch, or only when the training has ended.

        Raises:
            MetricError: the objective's metric is not among them, and would not come later.
        """
        value = metrics.get(self.objective.metric)
        if value is None and not later:
            raise self.no_metric(metrics)
        if not later and self._watched.metric not in metrics:
            raise MetricError(
                f"the problem's monitor {self._watched.metric!r} is none of: {', '.join(sorted(metrics))}"
            )
        self._add_place(metrics)
        self.seconds += seconds
        self.here += 1
        self.costs[SECONDS] = min(seconds, self.costs.get(SECONDS, math.inf))
        better = value is not None and self._is_best(value)
        if better:
            self.score, self.epoch = value, self.epochs
        self.stop_reason = self._stop_reason(metrics, value)
        return better

    def no_metric(self, metrics: Mapping[str, float]) -> MetricError:
        """Return the error of a training that reports other metrics than the objective's."""
        return MetricError(
            f"the objective is {self.objective.metric!r}, but the training reports no such metric; "
            f"it reports: {', '.join(sorted(metrics)) or 'nothing'}. Name one of them as the problem's objective, "
            "or add the metric to the model's compile()"
        )

    def conclude(self, returned: Mapping[str, float]) -> bool:
        """Take what a HyperModel's ``fit`` returned as its measure: it counts instead of what the epochs reported.

        Where the objective's curve has the value, it stays as it is and the score is of that epoch: the best, else the
        last. Otherwise the value takes the last epoch's place in the curve, and what the epochs reported is kept as
        ``epoch_`` and the name.

        Args:
            returned: metric to value, the objective's among them.

        Returns:
            Whether the score is of the last epoch: of the model as ``fit`` left it.

        Raises:
            MetricError: the objective is not among them.
        """
        name = self.objective.metric
        if name not in returned:
            raise self.no_metric(returned)
        if not self.epochs:
            self._add_place({})
        value, curve = returned[name], self.curves.get(name, [])
        for other, number in returned.items():
            if other not in self.curves:
                self._put_last(other, number)
        best_again = self.epoch is not None and value == self.score
        if curve and not best_again and curve[-1] != value:
            self.curves[OF_EPOCHS + name] = self.curves.pop(name)
            self._put_last(name, value)
        if not math.isfinite(value):
            self.score, self.epoch, self.stop_reason = None, None, StopReason.NAN
        elif not best_again:
            self.score, self.epoch = value, self.epochs
        return self.epoch == self.epochs

    def _add_place(self, metrics: Mapping[str, float]) -> None:
        """Add an epoch to all curves: a gap where it has no value, and in a new curve one for each epoch before."""
        for name in [*self.curves, *(name for name in metrics if name not in self.curves)]:
            curve = self.curves.setdefault(name, [math.nan] * self.epochs)
            curve.append(float(metrics.get(name, math.nan)))
        self.epochs += 1

    def _put_last(self, name: str, number: float) -> None:
        self.curves[name] = [math.nan] * (self.epochs - 1) + [number]

    def _is_best(self, value: float) -> bool:
        if not math.isfinite(value):
            return False
        if self.stretch.score is None or self.objective.is_better(value, than=self.stretch.score):
            self.stretch.score, self.stretch.epoch = value, self.epochs
        return self.score is None or self.objective.is_better(value, than=self.score)

    def _stop_reason(self, metrics: Mapping[str, float], value: float | None) -> StopReason | None:
        loss = metrics.get("loss", 0.0)
        best_of_all = math.inf if self.objective.highest_first else -math.inf
        if math.isnan(loss) or loss == -math.inf or (value is not None and (math.isnan(value) or value == best_of_all)):
            return StopReason.NAN
        # The peers hear of every epoch, also of one that ends the trial anyway.
        verdict = None if value is None else self.prune(self.epochs, value)
        done = self.epochs - self.stretch.start
        slowest, judged = self.limits.seconds_per_epoch, self.here > 1 or done >= self.limits.max_epochs
        if slowest is not None and judged and self.costs[SECONDS] > slowest:
            return StopReason.TOO_SLOW
        if done >= self.limits.max_epochs:
            return StopReason.MAX_EPOCHS
        patience = self.limits.patience
        if patience is not None and self._watched.metric in self.curves and self._stalled() >= patience:
            return StopReason.EARLY_STOPPING
        if verdict is not None:
            self.pruned_by = verdict
            return StopReason.PRUNED
        if self.limits.seconds is not None and self.seconds >= self.limits.seconds:
            return StopReason.TIME_LIMIT
        return None

    @property
    def _watched(self) -> Objective:
        return self.limits.watch or self.objective

    def _stalled(self) -> int:
        """Return for how many epochs what is watched has not got better by `Limits.min_delta`."""
        best, since = None, self.stretch.start + self.limits.start_from
        for epoch, value in enumerate(self.curves[self._watched.metric][since:], start=since + 1):
            gain = math.inf if best is None else self._watched.gain(value, over=best)
            if math.isfinite(value) and gain > self.limits.min_delta:
                best, since = value, epoch
        return self.epochs - since

    def value(self, metric: str, epoch: int) -> float | None:
        """Return a metric's value at an epoch, from 1, or a cost; None where neither is known."""
        if metric not in self.curves:
            return self.costs.get(metric)
        value = self.curves[metric][epoch - 1]
        return value if math.isfinite(value) else None

    def state(self) -> dict[str, Any]:
        """Return all that a continued training needs to know, as JSON values."""
        return {
            "curves": self.curves,
            "epochs": self.epochs,
            "score": self.score,
            "epoch": self.epoch,
            "seconds": self.seconds,
            "stretch": [self.stretch.start, self.stretch.score, self.stretch.epoch],
            "costs": self.costs,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from another monitor's `state`."""
        self.curves = {name: list(values) for name, values in state["curves"].items()}
        self.epochs, self.score, self.epoch = state["epochs"], state["score"], state["epoch"]
        self.seconds = state["seconds"]
        self.stretch = Stretch(*state["stretch"])
        self.costs = {**state.get("costs", {}), **self.costs}
