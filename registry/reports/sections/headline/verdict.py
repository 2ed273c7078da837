"""The verdict in one sentence, and in four figures: the score, the test, the strongest baseline, the cost."""

from __future__ import annotations

from dataclasses import dataclass

from registry.core.durations import duration_text
from registry.core.numbers import number_text
from registry.reports.analysis.fronts import front_text
from registry.reports.analysis.noise import SIGNIFICANT, by_means, jitter, lead, value_of, welch
from registry.reports.facts.digits import mean_and_spread, score_writer
from registry.reports.facts.study import UNFINISHED, ReportedStudy, ReportedTrial, score_of
from registry.reports.facts.text import count_text, counted
from registry.values.known_tags import TEST


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that is shown large.

    Args:
        caption: what it is.
        text: the number; a dash where it is not known.
        note: how sure it is, or whom it is held against.
        spread: its standard deviation over seeds or folds; empty where there is none.
    """

    caption: str
    text: str
    note: str
    spread: str = ""


def verdict_sentence(study: ReportedStudy) -> str:
    """Return who won, by how much, and whether that is more than luck; of several objectives also the front.

    A study without a score has no verdict.
    """
    return "; ".join(filter(None, [_who_won(study), front_text(study)])) + "."


def _who_won(study: ReportedStudy) -> str:
    best = study.leaders[0]
    name = best.name if best.label else f"{best.name[0].upper()}{best.name[1:]}"
    leads = "leads so far" if any(study.counts[state] for state in UNFINISHED) else "won"
    second = study.second
    means = second is None or by_means(study, best, second)
    value = value_of(study, best) if means else score_of(best)
    mean = "a mean " if means and study.repeats_of(best) else ""
    text = f"{name} {leads} with {mean}{study.metric} {'of ' if mean else ''}{score_writer(study)(value)}"
    if second is None:
        return f"{text}; {'no other configuration' if len(study.leaders) > 1 else 'nothing else'} has a score"
    ahead = lead(study, best, second)
    if ahead == 0:
        return f"{text}, equal to {second.name}, the second"
    if ahead < 0:
        return f"{text}, the best of those that were confirmed on several seeds"
    return f"{text}, {score_writer(study)(ahead)} ahead of {second.name}, the second: {luck(study, best, second)}"


def luck(study: ReportedStudy, best: ReportedTrial, second: ReportedTrial) -> str:
    """Return in a few words whether a lead over the second is more than luck, by seeds where there are some."""
    ahead = lead(study, best, second)
    of_best, of_next = study.repeats_of(best), study.repeats_of(second)
    if of_best and of_next:
        return "more than luck" if welch(of_best.scores, of_next.scores) < SIGNIFICANT else "that may be luck"
    moved = of_best.spread if of_best else jitter(study, best)
    if moved is not None and ahead <= 2 * moved:
        return "that may be luck"
    return "whether by luck, only more seeds can tell"


def figures_of(study: ReportedStudy) -> tuple[Figure, ...]:
    """Return the four figures; the score's is exact in the answer itself."""
    best = study.leaders[0]
    repeated, write = study.repeats_of(best), score_writer(study)
    score = Figure(study.metric, write(score_of(best)), "one training with one seed")
    if repeated:
        over, spread = f"over {len(repeated.scores)} {repeated.over}", f"± {write(repeated.spread)}"
        score = Figure(study.metric, write(score_of(best)), f"{write(repeated.mean)} {spread} {over}")
        if best.number == study.confirmed:
            score = Figure(study.metric, write(repeated.mean), f"mean and deviation {over}", spread)
    return (score, _test(study), _baseline(study), _cost(study))


def _test(study: ReportedStudy) -> Figure:
    """Return the result on test data: the objective's own metric, or else the first that was measured."""
    best = study.leaders[0]
    repeated = study.repeats_of(best)
    over = {name: values for name, values in (repeated.tests if repeated else {}).items() if len(values) > 1}
    names = [*over, *best.test]
    metric = f"{TEST}{study.metric.removeprefix('val_')}"
    name = metric if metric in names else next(iter(names), "")
    if not name:
        return Figure("on test data", "–", "not measured")
    if name in over:
        mean, spread = mean_and_spread(over[name])
        return Figure(name, mean, f"over {len(over[name])} seeds", spread)
    return Figure(name, number_text(best.test[name]), "of one training")


def _baseline(study: ReportedStudy) -> Figure:
    if not study.baselines:
        none = "none is registered" if study.kind == "study" else "none takes part"
        return Figure("against a baseline", "–", none)
    strongest = min(study.baselines, key=lambda baseline: study.objective.key(baseline.score))
    ahead = study.objective.gain(value_of(study, study.leaders[0]), over=strongest.score)
    word = "ahead of" if ahead > 0 else "behind" if ahead < 0 else "equal to"
    return Figure(f"{word} the strongest baseline", score_writer(study)(abs(ahead)), strongest.label)


def _cost(study: ReportedStudy) -> Figure:
    epochs = sum(trial.epochs for trial in study.trials)
    seconds = sum(trial.seconds or 0.0 for trial in study.trials)
    trained = counted(epochs, "epoch")
    if study.kind == "versions":
        return Figure("time of their trainings", duration_text(seconds), trained)
    trials = "one trial" if len(study.trials) == 1 else f"{count_text(len(study.trials))} trials"
    if not study.timed:
        return Figure("cost", "–", f"{trained} in {trials}, of unknown time")
    more = f"; {duration_text(study.confirming_seconds)} more to confirm" if study.confirming_seconds else ""
    return Figure("cost", duration_text(seconds), f"{trained} in {trials}{more}")
