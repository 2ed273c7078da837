"""The answer that a report begins with: what won, by how much, and at what cost."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from registry.core.durations import duration_text
from registry.core.numbers import number_text
from registry.reports.analysis.losses import ranked_by_loss
from registry.reports.analysis.noise import baseline_lines, noise_lines, second_line
from registry.reports.document.parts import Pictures
from registry.reports.document.table import Cell, exact
from registry.reports.facts.digits import mean_text, score_writer
from registry.reports.facts.evidence import Repeats
from registry.reports.facts.params import params_by_importance
from registry.reports.facts.study import UNFINISHED, ReportedStudy, ReportedTrial, score_of
from registry.reports.facts.text import count_text, counted, share_text
from registry.reports.sections.headline.standing import standing
from registry.reports.sections.headline.verdict import Figure, figures_of, verdict_sentence
from registry.values.stop_reason import StopReason

MOST_PARAMS = 24
_SPARING = {StopReason.PRUNED: "pruning", StopReason.EARLY_STOPPING: "early stopping"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said first of a study.

    Args:
        best: the winner; None where no trial has a score.
        caption: what the number is.
        score: the winner's score, rounded and exact; of a confirmed one the mean over its trainings.
        spread: its standard deviation, where the number is a mean.
        subject: who the winner is, in a sentence.
        params: its params with their values; the most important of very many.
        left_out: how many params are not among them, in a sentence; empty where there are none.
        lines: sentences about it.
        outcomes: how the trials ended, in one line.
        cost: time and epochs, in one line.
        verdict: who won, by how much and whether by luck, in one sentence; empty where nobody has.
        figures: the four numbers that are shown large.
        standing: the winner beside what it is held against, a dot a training; None where it stands alone.
    """

    best: ReportedTrial | None
    caption: str
    score: Cell | None
    spread: str
    subject: str
    params: Mapping[str, Any]
    left_out: str
    lines: tuple[str, ...]
    outcomes: str
    cost: str
    verdict: str = ""
    figures: tuple[Figure, ...] = ()
    standing: Pictures | None = None


def answer(study: ReportedStudy) -> Answer:
    """Return a study's answer."""
    ranked = study.ranked
    counts = ", ".join(f"{count_text(count)} {outcome}" for outcome, count in study.counts.items() if count)
    imported = sum(trial.imported for trial in study.trials)
    brought = f" and {count_text(imported)} imported" if imported else ""
    outcomes = f"{counted(study.budget, 'trial')}{brought}: {counts or 'none has begun'}"
    if study.kind == "versions":
        outcomes = f"{count_text(len(study.trials))} versions"
    if not ranked:
        return Answer(None, "", None, "", "", {}, "", (_nothing(study),), outcomes, _cost(study))
    best = study.leaders[0]
    caption, score, spread = f"best {study.metric}", exact(best.score, _write(study)(score_of(best))), ""
    confirmed = study.repeats_of(best) if best.number == study.confirmed else None
    if confirmed is not None:
        caption = f"{study.metric} of the best: mean and standard deviation over {len(confirmed.scores)} seeds"
        score = exact(confirmed.mean, score_writer(study)(confirmed.mean))
        spread = f"± {score_writer(study)(confirmed.spread)}"
    subject = _subject(study, best, confirmed is not None)
    params, left_out = best.params, ""
    if len(params) > MOST_PARAMS:
        params = {name: params[name] for name in params_by_importance(study) if name in params}
        params = dict(itertools.islice(params.items(), MOST_PARAMS))
        left_out = f"{len(best.params) - MOST_PARAMS} more params are in the leaderboard."
    return Answer(
        best,
        caption,
        score,
        spread,
        subject,
        params,
        left_out,
        tuple(_lines(study)),
        outcomes,
        _cost(study),
        verdict_sentence(study),
        figures_of(study),
        standing(study),
    )


def no_answer(_study: ReportedStudy, why: str) -> Answer:
    """Return what stands in the place of an answer that could not be computed."""
    return Answer(None, "", None, "", "", {}, "", (f"The answer could not be made: {why}.",), "No counts", "")


def _write(study: ReportedStudy) -> Callable[[float], str]:
    return score_writer(study)


def _nothing(study: ReportedStudy) -> str:
    counts = study.counts
    if counts["failed"]:
        return f"No trial has a score: {count_text(counts['failed'])} failed, for the reasons below."
    if counts["complete"] or counts["pruned"]:
        return "No trial has a score that counts."
    return "No trial has finished yet."


def _subject(study: ReportedStudy, best: ReportedTrial, confirmed: bool) -> str:
    name = best.name if best.label else f"{best.name[0].upper()}{best.name[1:]}"
    aliases = f" ({', '.join(best.aliases)})" if best.aliases else ""
    scored = f" scored {_write(study)(score_of(best))} at" if confirmed else ","
    text = f"{name}{scored} epoch {best.epoch} of {best.epochs}, {best.stop_reason or best.outcome}"
    if best.label:
        return f"{text}{aliases}."
    if best.stand_in:
        return f"{text}. {best.stand_in}{aliases} is registered for it: the same params, trained with a new seed."
    return f"{text}; " + (f"registered as {best.version}{aliases}." if best.version else "not registered.")


def _lines(study: ReportedStudy) -> list[str]:
    ranked = study.ranked
    best = study.leaders[0]
    repeated = study.repeats_of(best)
    lines = []
    if repeated and best.number != study.confirmed:
        write = score_writer(study)
        lines.append(
            f"Over {len(repeated.scores)} {repeated.over}: {write(repeated.mean)} ± {write(repeated.spread)} "
            "(mean and standard deviation)."
        )
    if ranked[0] in study.rivals:
        alone = f"{ranked[0].name} ({_write(study)(score_of(ranked[0]))})"
        lines.append(f"It is the best in the mean over seeds; by one training of each, {alone} was.")
    if confirms := study.settings.get("confirms"):
        otherwise = study.settings.get("confirms with")
        lines.append(f"This study trains {confirms} again on new seeds{f', with {otherwise}' if otherwise else ''}.")
    if (teacher := study.settings.get("teacher")) and not best.imported:
        lines.append(f"It learnt from the predictions of {str(teacher).partition('#')[0]} instead of the labels.")
    if measured := _on_test(best, repeated, best.number == study.confirmed):
        lines.append(f"On the test data: {measured}.")
    lines += second_line(study, _write(study))
    lines += noise_lines(study)
    lines += baseline_lines(study)
    lines += filter(None, [ranked_by_loss(study)])
    if any(study.counts[state] for state in UNFINISHED):
        lines.append("The search is not over: a better one may come.")
    if study.kind == "study":
        once = "" if repeated else ", of one training with one seed"
        lines.append(f"Every score is on the data that the search chose by{once}.")
    return lines


def _on_test(best: ReportedTrial, repeated: Repeats | None, confirmed: bool) -> str:
    """Return what was measured on test data, with mean and standard deviation where several trainings were."""
    shown = {name: number_text(value) for name, value in best.test.items()}
    for name, values in (repeated.tests if repeated else {}).items():
        if len(values) > 1:
            mean = mean_text(values)
            own = shown.get(name)
            shown[name] = mean if confirmed or own is None else f"{own} ({mean} over {len(values)} seeds)"
    return ", ".join(f"{name} {text}" for name, text in shown.items())


def _cost(study: ReportedStudy) -> str:
    epochs = sum(trial.epochs for trial in study.trials)
    if not epochs:
        return "Nothing has been trained yet."
    seconds = sum(trial.seconds or 0.0 for trial in study.trials)
    time = duration_text(seconds) if study.timed else "an unknown time"
    parts = [f"{counted(epochs, 'epoch')} in {time} of training"]
    if study.wall_seconds is not None:
        parts.append(f"{duration_text(study.wall_seconds)} from the first trial's beginning to the last one's end")
    if study.confirming_seconds:
        parts.append(f"{duration_text(study.confirming_seconds)} more for the trainings that confirmed the best")
    return " ".join(filter(None, ["; ".join(parts) + ".", _saved(study)]))


def _saved(study: ReportedStudy) -> str:
    """Return what pruning and early stopping spared: epochs, and their time.

    A trial's own speed counts, but no less than the study's mean: what is paid once a trial makes short ones seem slow.
    """
    most = int(study.settings.get("max_epochs") or 0)
    trained = [trial for trial in study.trials if trial.epochs and trial.seconds]
    usual = sum(t.seconds or 0.0 for t in trained) / max(1, sum(t.epochs for t in trained))
    stopped = [trial for trial in study.trials if trial.stop_reason in _SPARING]
    parts = []
    for reason, name in _SPARING.items():
        those = [trial for trial in stopped if trial.stop_reason == reason]
        epochs = sum(max(0, most - trial.epochs) for trial in those)
        paces = [(max(0, most - t.epochs), min(usual, (t.seconds or 0.0) / t.epochs)) for t in those if t.epochs]
        seconds = sum(spared * pace for spared, pace in paces)
        if epochs:
            parts.append(f"{name} spared {counted(epochs, 'epoch')}, about {duration_text(seconds)}")
    if not parts:
        return ""
    ended = sum(1 for trial in study.trials if trial.stop_reason)
    saved = sum(max(0, most - trial.epochs) for trial in stopped)
    text = " and ".join(parts)
    return (
        f"{text[0].upper()}{text[1:]}: {share_text(saved, most * ended)} of what {count_text(ended)} full trials take."
    )
