"""How configurations stand after each was trained on several seeds, and which of them wins: no database, no Keras."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Any

from registry.core.objective import Objective
from search.records.confirm_plan import Confirmation
from search.records.trials import TrialRecord


def rounded(mean: float) -> float:
    """Round a mean to the six digits by which means are compared: scores are float32."""
    return float(f"{mean:.6g}")


@dataclass(frozen=True)
class RankedConfiguration:
    """A configuration and its scores over the seeds.

    Args:
        trial: its number in the study that is confirmed.
        rank_before: its rank there among those confirmed, from 1.
        score_before: its score there, of one seed.
        scores: one per seed, in the order of the seeds; None where the training failed or has not ended.
        slots: the numbers of the trainings in the study that confirms, in the same order.
        failed: those of them that failed and were not dropped.
        params: the configuration.
        parameters: how many the model has.
        seconds: the mean time of a training; None where none has ended.
    """

    trial: int
    rank_before: int
    score_before: float | None
    scores: tuple[float | None, ...]
    slots: tuple[int, ...]
    failed: tuple[int, ...]
    params: Mapping[str, Any] = field(repr=False)
    parameters: int | None
    seconds: float | None

    @property
    def mean(self) -> float | None:
        """The mean of the scores so far."""
        scores = self._present_scores
        return fmean(scores) if scores else None

    @property
    def spread(self) -> float | None:
        """Their standard deviation; None for fewer than two."""
        scores = self._present_scores
        return stdev(scores) if len(scores) > 1 else None

    @property
    def whole(self) -> bool:
        """Whether every seed has a score."""
        return None not in self.scores

    @property
    def _present_scores(self) -> list[float]:
        return [score for score in self.scores if score is not None]

    def best_slot(self, objective: Objective) -> int:
        """Return the number of the training with the best score, the first of equals."""
        pairs = zip(self.scores, self.slots, strict=True)
        return min((objective.key(score), slot) for score, slot in pairs if score is not None)[1]


def rank_configurations(
    plan: Confirmation, objective: Objective, before: Sequence[TrialRecord], trained: Sequence[TrialRecord]
) -> list[RankedConfiguration]:
    """Return how the configurations stand, the best mean first, and behind them those that lack a score.

    Ties go to what costs less: fewer parameters, then fewer seconds a training, then the better rank before.

    Args:
        plan: of the study that confirms.
        objective: what is compared.
        before: the trials of the study that is confirmed.
        trained: the slots of the study that confirms.
    """
    by_number = {trial.trial: trial for trial in before}
    ranked = []
    for place, number in enumerate(plan.trials):
        own = [slot for slot in trained if plan.place(slot.slot) == place]
        seconds = [slot.seconds for slot in own if slot.seconds is not None]
        original = by_number[number]
        ranked.append(
            RankedConfiguration(
                trial=number,
                rank_before=place + 1,
                score_before=original.score,
                scores=tuple(map(_score, own)),
                slots=tuple(slot.slot for slot in own),
                failed=tuple(slot.slot for slot in own if _has_failed(slot)),
                params=original.params,
                parameters=next((slot.parameters for slot in own if slot.parameters is not None), None),
                seconds=fmean(seconds) if seconds else None,
            )
        )
    return sorted(ranked, key=lambda configuration: _order(configuration, objective))


def _has_failed(slot: TrialRecord) -> bool:
    return slot.state == "finished" and not slot.dropped and _score(slot) is None


def _score(slot: TrialRecord) -> float | None:
    usable = slot.state == "finished" and not slot.dropped and slot.score is not None and math.isfinite(slot.score)
    return slot.score if usable else None


def _order(configuration: RankedConfiguration, objective: Objective) -> tuple[Any, ...]:
    mean = configuration.mean
    if mean is None:
        return (True, True, 0, 0, 0, configuration.rank_before)
    return (
        not configuration.whole,
        False,
        objective.key(rounded(mean)),
        math.inf if configuration.parameters is None else configuration.parameters,
        math.inf if configuration.seconds is None else configuration.seconds,
        configuration.rank_before,
    )


def hold_back(ranked: Sequence[RankedConfiguration], objective: Objective, study: str, again: str) -> str:
    """Return why no winner can be chosen yet, and what to do; nothing where it can.

    A configuration that lacks a score cannot win. If its other scores are ahead, it holds the choice back until its
    failed trainings are tried again or dropped. Where neither helps, ``again`` is the option to start another with.
    """
    first = ranked[0]
    ahead = [
        configuration
        for configuration in ranked
        if configuration.failed
        and configuration.mean is not None
        and first.whole
        and objective.is_better(configuration.mean, than=first.mean or 0.0)
    ]
    if first.whole and not ahead:
        return ""
    failed = [slot for configuration in ahead or ranked for slot in configuration.failed]
    named = " ".join(map(str, failed))
    if not failed:
        return f"no configuration of {study!r} has a score for each seed: confirm again with {again}"
    retry = f"because trainings failed: search retry {shlex.quote(study)} {named}"
    if not ahead:
        return f"every configuration lacks a score, {retry}, or confirm again with {again}"
    return (
        f"trial {ahead[0].trial}, which is ahead, lacks a score, {retry}, "
        f"or to go on without: search drop {shlex.quote(study)} {named}"
    )


@dataclass(frozen=True)
class Confirmed:
    """How a confirmation stands.

    Args:
        study: the study that confirms.
        of: the study that is confirmed.
        objective: what is compared.
        finished: trainings that have ended.
        budget: trainings in all.
        ranked: the configurations, as `rank_configurations` orders them.
        winner: the version that stands for the winner: the best of its seeds; None before the end.
        test: the winner on the test data, metric to one value per seed; empty where the problem has none, or before the
            end.
        champion: what became of the alias, in a sentence.
        held: why no winner can be chosen though all trainings have ended, and what to do.
        newer: trials that are among the study's best by now and are not confirmed here.
        again: the option that gives another confirmation a free name.
    """

    study: str
    of: str
    objective: Objective
    finished: int
    budget: int
    ranked: tuple[RankedConfiguration, ...]
    winner: str | None = None
    test: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    champion: str = ""
    held: str = ""
    newer: tuple[int, ...] = ()
    again: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON types."""
        return {
            "study": self.study,
            "of": self.of,
            "metric": self.objective.metric,
            "direction": self.objective.direction,
            "finished": self.finished,
            "budget": self.budget,
            "winner": self.winner,
            "test": {
                name: {"mean": fmean(values), "spread": stdev(values) if len(values) > 1 else None, "values": values}
                for name, values in self.test.items()
            },
            "champion": self.champion,
            "held": self.held,
            "newer": self.newer,
            "configurations": [
                {
                    "rank": rank,
                    "rank_before": configuration.rank_before,
                    "trial": configuration.trial,
                    "score_before": configuration.score_before,
                    "mean": configuration.mean,
                    "spread": configuration.spread,
                    "scores": configuration.scores,
                    "parameters": configuration.parameters,
                    "seconds": configuration.seconds,
                    "params": dict(configuration.params),
                }
                for rank, configuration in enumerate(self.ranked, 1)
            ],
        }
