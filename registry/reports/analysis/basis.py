"""What a study's trials are compared by: their scores at an epoch that nearly all reached, or complete trials only.

A trial that was pruned after 3 epochs has had less time than one that trained 30. Where their best scores stand beside
each other, a picture of the scores by a param shows mostly who lived longest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from registry.core.objective import OF_EPOCHS
from registry.reports.facts.study import ReportedStudy, ReportedTrial, score_of
from registry.reports.facts.text import count_text

REACHED = 0.8  # of the trials have the common epoch
LEAST_COMPLETE = 10


@dataclass(frozen=True, slots=True)
class Basis:
    """Trials that may be compared.

    Args:
        title: by what, in a few words.
        note: the same in a sentence, with how many trials there are.
        study: the study with these trials and scores only; the winner of the whole study is first of its leaders.
    """

    title: str
    note: str
    study: ReportedStudy


def bases_of(study: ReportedStudy) -> tuple[Basis, ...]:
    """Return by what a study's trials are compared: the usual way first; none where no trial has a score."""
    ranked = study.ranked
    if not ranked:
        return ()
    complete = _only(study, [trial for trial in ranked if trial.outcome == "complete"])
    of_complete = Basis(
        "complete trials only",
        f"Only the {count_text(len(complete.trials))} complete trials of {count_text(len(ranked))} with a score, each "
        "at its best epoch.",
        complete,
    )
    epoch = common_epoch(study)
    if epoch is None:
        return (of_complete,) if complete.trials else ()
    there = _only(study, [at_epoch for trial in ranked if (at_epoch := _at_epoch(study, trial, epoch)) is not None])
    if _scores(there) == _scores(_only(study, ranked)):
        return (Basis("all trials", "All trials with a score, each at its best epoch.", there),)
    common = Basis(
        f"after {epoch} {'epoch' if epoch == 1 else 'epochs'}",
        f"Compared after {epoch} {'epoch' if epoch == 1 else 'epochs'}, by the best score until then: "
        f"{count_text(len(there.trials))} of {count_text(len(ranked))} trials with a score got so far, and none gains "
        "by having lived longer.",
        there,
    )
    return (common, of_complete) if len(complete.trials) >= LEAST_COMPLETE else (common,)


def common_epoch(study: ReportedStudy) -> int | None:
    """Return the last epoch that at least 80 % of the trials with a score reached; None without their curves."""
    lengths = sorted((len(_reported(study, trial)) for trial in study.ranked), reverse=True)
    return (lengths[math.ceil(REACHED * len(lengths)) - 1] or None) if lengths else None


def _at_epoch(study: ReportedStudy, trial: ReportedTrial, epoch: int) -> ReportedTrial | None:
    values = _reported(study, trial)
    if len(values) == epoch and OF_EPOCHS + study.metric in trial.curves:
        return trial  # what was returned at the end counts instead of what was reported
    finite = [value for value in values[:epoch] if math.isfinite(value)]
    if len(values) < epoch or not finite:
        return None
    best = study.objective.best(finite)
    return replace(trial, score=best, epoch=values.index(best) + 1)


def _reported(study: ReportedStudy, trial: ReportedTrial) -> Sequence[float]:
    """Return the objective's values by epochs, as the training reported them."""
    return trial.curves.get(OF_EPOCHS + study.metric) or trial.curves.get(study.metric, ())


def _only(study: ReportedStudy, trials: Sequence[ReportedTrial]) -> ReportedStudy:
    winner = study.leaders[0].number
    there = any(trial.number == winner for trial in trials)
    return replace(study, trials=tuple(trials), repeats=(), confirmed=winner if there else None)


def _scores(study: ReportedStudy) -> dict[int, float]:
    return {trial.number: score_of(trial) for trial in study.trials}
