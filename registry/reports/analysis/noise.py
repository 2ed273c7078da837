"""Is a difference more than noise? By repeated trainings where there are some, else by how much scores jitter."""

from __future__ import annotations

import math
import statistics
import warnings
from collections.abc import Callable, Sequence
from statistics import fmean

from registry.core.numbers import number_format
from registry.reports.facts.digits import score_writer
from registry.reports.facts.evidence import Baseline, means_over
from registry.reports.facts.study import ReportedStudy, ReportedTrial, score_of
from registry.values.known_tags import TEST

LEAST_EPOCHS, LEAST_LATER = 5, 4
STRAIGHT = 1e-9  # of the values: what is left of a straight line by rounding
SIGNIFICANT = 0.05


def value_of(study: ReportedStudy, trial: ReportedTrial) -> float:
    """Return the best that is known of a trial's configuration: the mean over seeds or folds, or else its score."""
    repeated = study.repeats_of(trial)
    return repeated.mean if repeated else score_of(trial)


def lead(study: ReportedStudy, first: ReportedTrial, second: ReportedTrial) -> float:
    """Return by how much one is better than another; less than 0 where it is worse."""
    value = value_of if by_means(study, first, second) else lambda _, trial: score_of(trial)
    return study.objective.gain(value(study, first), over=value(study, second))


def by_means(study: ReportedStudy, first: ReportedTrial, second: ReportedTrial) -> bool:
    """Tell whether two are held against each other by means; chosen versions only where both have one."""
    return study.kind == "study" or None not in (study.repeats_of(first), study.repeats_of(second))


def jitter(study: ReportedStudy, trial: ReportedTrial) -> float | None:
    """Return how far the objective moves from epoch to epoch beside its trend, as a standard deviation.

    From the second differences of the later half of the curve, in which a steady rise or fall cancels out: their mean
    square is six times the variance of independent noise. It is the least that another seed would change; None where
    the curve is too short, or a straight line.
    """
    values = [value for value in trial.curves.get(study.metric, ()) if math.isfinite(value)]
    later = values[min(len(values) // 2, max(0, len(values) - LEAST_LATER)) :]
    if len(values) < LEAST_EPOCHS:
        return None
    bends = [before - 2 * here + after for before, here, after in zip(later, later[1:], later[2:], strict=False)]
    moved = math.sqrt(fmean([bend * bend for bend in bends]) / 6)
    return moved if moved > STRAIGHT * max(map(abs, later)) else None


def second_line(study: ReportedStudy, write: Callable[[float], str]) -> list[str]:
    """Return a sentence on how far the winner is ahead of the second.

    Args:
        study: with a trial that has a score.
        write: how to write a score of one training.
    """
    best, second = study.leaders[0], study.second
    if second is None:
        return [f"It is the only {'configuration' if len(study.leaders) > 1 else 'one'} with a score."]
    ahead = lead(study, best, second)
    means = by_means(study, best, second)
    write_mean = score_writer(study)
    value = f"mean {write_mean(value_of(study, second))}"
    if not means or study.repeats_of(second) is None:
        value = write(score_of(second))
    word = "equal to" if ahead == 0 else f"{write_mean(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'}"
    unsure = study.confirmed is not None and study.repeats_of(second) is None
    which = "which was not confirmed" if ahead < 0 and unsure else "the second"
    return [f"It is {word} {second.name}, {which} ({value})."]


def noise_lines(study: ReportedStudy) -> list[str]:
    """Return sentences on whether the winner's lead over the second is more than noise."""
    second = study.second
    if second is None:
        return []
    best = study.leaders[0]
    ahead = lead(study, best, second)
    of_best, of_next = study.repeats_of(best), study.repeats_of(second)
    if of_best and of_next:
        return [
            f"In the means over {means_over((of_best, of_next))}, that is {verdict(of_best.scores, of_next.scores)}."
        ]
    if ahead < 0:
        return []  # the second was not confirmed, so its score may be a lucky one
    if ahead == 0:
        return ["Nothing but their order tells the two apart."]
    write = score_writer(study)
    if of_best:
        word = "more than" if ahead > 2 * of_best.spread else "no more than"
        return [f"That is {word} twice the spread over {of_best.over} ({write(of_best.spread)})."]
    moved = jitter(study, best)
    if moved is None:
        return ["Whether that is more than noise is not known: each was trained once, with one seed."]
    word = "more than twice" if ahead > 2 * moved else "within twice"
    text = f"That is {word} what its {study.metric} moves from epoch to epoch"
    if ahead > 2 * moved:
        return [f"{text} ({write(moved)}); only more seeds can tell whether it is more than noise."]
    return [f"{text} ({write(moved)}): it may be noise."]


def verdict(first: Sequence[float], second: Sequence[float]) -> str:
    """Return whether the means differ by more than noise, with the test's p-value."""
    p = welch(first, second)
    text = "more than noise" if p < SIGNIFICANT else "not more than noise"
    value = "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
    return f"{text} (Welch's t-test, {value})"


def welch(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the p-value of Welch's t-test; 1 where both have one and the same value, 0 where only the means differ."""
    if statistics.pvariance(first) == statistics.pvariance(second) == 0:
        return 1.0 if first[0] == second[0] else 0.0
    from scipy import stats

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Precision loss", RuntimeWarning)  # where one of the two has equal values
        return float(stats.ttest_ind(first, second, equal_var=False).pvalue)


def baseline_lines(study: ReportedStudy) -> list[str]:
    """Return a sentence on how the winner stands to the baselines."""
    leaders = study.leaders
    if not leaders or not study.baselines:
        return []
    value = value_of(study, leaders[0])
    objective = study.objective
    strongest = min(study.baselines, key=lambda baseline: objective.key(baseline.score))
    beaten = sum(objective.is_better(value, than=baseline.score) for baseline in study.baselines)
    difference = objective.gain(value, over=strongest.score)
    repeated = study.repeats_of(leaders[0])
    spread = repeated.spread if repeated else jitter(study, leaders[0])
    more = ""
    if spread is not None:
        of = f"spread over {repeated.over}" if repeated else "movement from epoch to epoch"
        more = f", {'more' if abs(difference) > 2 * spread else 'no more'} than twice its {of}"
    word = "ahead of" if difference > 0 else "behind"
    distance = score_writer(study)(abs(difference))
    lines = [
        f"It beats {beaten} of {len(study.baselines)} baselines; it is {distance} {word} the strongest, "
        f"{strongest.label}{more}."
    ]
    return lines + _on_test(study, leaders[0], strongest)


def _on_test(study: ReportedStudy, best: ReportedTrial, baseline: Baseline) -> list[str]:
    """Return a sentence on how the two stand on test data, where the objective was measured there, too."""
    repeated = study.repeats_of(best)
    name = f"{TEST}{study.metric.removeprefix('val_')}"
    values = repeated.tests.get(name, ()) if repeated else ()
    value = fmean(values) if values else best.test.get(name)
    if value is None or name not in baseline.test:
        return []
    ahead = study.objective.gain(value, over=baseline.test[name])
    word = "ahead of" if ahead > 0 else "behind"
    write = number_format([value, baseline.test[name]])
    return [
        f"On the test data it is {write(abs(ahead))} {word} that ({write(value)} and {write(baseline.test[name])})."
    ]
