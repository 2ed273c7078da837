"""The answer that a report begins with: what won, by how much, and at what cost."""

from __future__ import annotations

from dataclasses import dataclass

from registry.reports.facts import ReportedStudy, ReportedTrial
from registry.reports.marks import score_of
from registry.reports.noise import baseline_lines, lead, noise_lines, repeats_of, value_of
from registry.reports.numbers import count_text, duration_text, score_format, share_text
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
    if study.kind == "versions":
        outcomes = f"{count_text(len(study.trials))} versions"
    if not ranked:
        return Answer(None, None, (_nothing(study),), outcomes, _cost(study))
    best = study.leaders[0]
    write = score_format([score_of(trial) for trial in ranked])
    return Answer(best, exact(best.score, write(score_of(best))), tuple(_lines(study)), outcomes, _cost(study))


def _nothing(study: ReportedStudy) -> str:
    counts = study.counts
    if counts["failed"]:
        return f"No trial has a score: {count_text(counts['failed'])} failed, for the reasons below."
    return "No trial has finished yet."


def _lines(study: ReportedStudy) -> list[str]:
    ranked = study.ranked
    best = study.leaders[0]
    write = score_format([score_of(trial) for trial in ranked])
    lines = []
    if repeated := repeats_of(study, best):
        lines.append(
            f"Over {len(repeated.scores)} seeds: {write(repeated.mean)} ± {repeated.spread:.2g} "
            "(mean and standard deviation)."
        )
        if best is not ranked[0]:
            alone = f"{ranked[0].name} ({write(score_of(ranked[0]))})"
            lines.append(f"It is the best in the mean over seeds; by one training of each, {alone} was.")
    if best.test:
        measured = ", ".join(f"{name} {value:.4f}" for name, value in best.test.items())
        lines.append(f"On the test data: {measured}.")
    if len(ranked) > 1:
        second = study.leaders[1]
        distance = lead(study, best, second)
        word = "equal to" if distance == 0 else f"{abs(distance):.2g} {'ahead of' if distance > 0 else 'behind'}"
        which = "the second" if distance >= 0 else "which was not confirmed"
        lines.append(f"It is {word} {second.name}, {which} ({write(value_of(study, second))}).")
    else:
        lines.append("It is the only one with a score.")
    lines += noise_lines(study)
    lines += baseline_lines(study)
    if study.counts["running"] or study.counts["waiting"]:
        lines.append("The search is not over: a better one may come.")
    if study.kind == "study":
        lines.append("Every score is on the data that the search chose by" + _once(study) + ".")
    return lines


def _once(study: ReportedStudy) -> str:
    return "" if study.repeats else ", of one training with one seed"


def _cost(study: ReportedStudy) -> str:
    epochs = sum(trial.epochs for trial in study.trials)
    seconds = sum(trial.seconds or 0.0 for trial in study.trials)
    parts = [f"{count_text(epochs)} epochs in {duration_text(seconds)} of training"]
    if study.wall_seconds is not None:
        parts.append(f"{duration_text(study.wall_seconds)} from the first trial's beginning to the last one's end")
    return " ".join(filter(None, ["; ".join(parts) + ".", _saved(study)]))


def _saved(study: ReportedStudy) -> str:
    """Return what pruning and early stopping spared, in epochs and in time at each trial's own speed."""
    most = int(study.settings.get("max_epochs") or 0)
    stopped = [trial for trial in study.trials if trial.stop_reason in ("pruned", "early_stopping")]
    parts = []
    for reason, name in (("pruned", "pruning"), ("early_stopping", "early stopping")):
        those = [trial for trial in stopped if trial.stop_reason == reason]
        epochs = sum(max(0, most - trial.epochs) for trial in those)
        seconds = sum(max(0, most - t.epochs) * (t.seconds or 0.0) / t.epochs for t in those if t.epochs)
        if epochs:
            parts.append(f"{name} spared {count_text(epochs)} epochs, about {duration_text(seconds)}")
    if not parts:
        return ""
    ended = sum(1 for trial in study.trials if trial.stop_reason)
    saved = sum(max(0, most - trial.epochs) for trial in stopped)
    text = " and ".join(parts)
    return (
        f"{text[0].upper()}{text[1:]}: {share_text(saved, most * ended)} of what {count_text(ended)} full trials take."
    )
