"""The answer that a report begins with: what won, by how much, and at what cost."""

from __future__ import annotations

from dataclasses import dataclass

from registry.reports.facts import ReportedStudy, ReportedTrial
from registry.reports.numbers import count_text, duration_text, score_format, share_text
from registry.reports.pictures import score_of
from registry.reports.tables import Cell, exact


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said first of a study.

    Args:
        best: the winner; None where no trial has a score.
        score: its score, rounded and exact.
        lines: sentences about it.
        outcomes: how the trials ended, in one line.
        cost: time and epochs, in one line.
    """

    best: ReportedTrial | None
    score: Cell | None
    lines: tuple[str, ...]
    outcomes: str
    cost: str


def answer(study: ReportedStudy) -> Answer:
    """Return a study's answer."""
    ranked = study.ranked
    counts = ", ".join(f"{count_text(count)} {outcome}" for outcome, count in study.counts.items() if count)
    outcomes = f"{count_text(study.budget)} trials: {counts or 'none has begun'}"
    if not ranked:
        return Answer(None, None, (_nothing(study),), outcomes, _cost(study))
    best = ranked[0]
    write = score_format([score_of(trial) for trial in ranked])
    return Answer(best, exact(best.score, write(score_of(best))), tuple(_lines(study)), outcomes, _cost(study))


def _nothing(study: ReportedStudy) -> str:
    counts = study.counts
    if counts["failed"]:
        return f"No trial has a score: {count_text(counts['failed'])} failed, for the reasons below."
    return "No trial has finished yet."


def _lines(study: ReportedStudy) -> list[str]:
    ranked = study.ranked
    best = ranked[0]
    write = score_format([score_of(trial) for trial in ranked])
    lines = []
    if len(ranked) > 1:
        second = ranked[1]
        distance = abs(score_of(best) - score_of(second))
        word = "equal to" if distance == 0 else f"{distance:.2g} ahead of"
        lines.append(f"It is {word} trial {second.number}, the second ({write(score_of(second))}).")
    else:
        lines.append("It is the only trial with a score.")
    if study.counts["running"] or study.counts["waiting"]:
        lines.append("The search is not over: a better one may come.")
    lines.append("Every score is of one training with one seed, on the data that the search chose by.")
    return lines


def _cost(study: ReportedStudy) -> str:
    epochs = sum(trial.epochs for trial in study.trials)
    seconds = sum(trial.seconds or 0.0 for trial in study.trials)
    parts = [f"{count_text(epochs)} epochs in {duration_text(seconds)} of training"]
    if study.wall_seconds is not None:
        parts.append(f"{duration_text(study.wall_seconds)} from the first trial's beginning to the last one's end")
    return " ".join(filter(None, ["; ".join(parts) + ".", _saved(study)]))


def _saved(study: ReportedStudy) -> str:
    most = int(study.settings.get("max_epochs") or 0)
    stopped = [trial for trial in study.trials if trial.stop_reason in ("pruned", "early_stopping")]
    saved = sum(max(0, most - trial.epochs) for trial in stopped)
    if not saved:
        return ""
    ended = sum(1 for trial in study.trials if trial.stop_reason)
    share = share_text(saved, most * ended)
    return f"Pruning and early stopping spared {count_text(saved)} of {count_text(most * ended)} epochs ({share})."
