"""A search while it runs, in numbers: the curves of running trials, and the scores of those that have ended."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from registry.database import reading
from search.records import StudyRecord
from search.schema import slots

BLOCKS = "▁▂▃▄▅▆▇█"
LEAST_TO_CLIP = 10

# Optuna's own tables, as far as they are read here.
_studies = sa.table("studies", sa.column("study_id"), sa.column("study_name"))
_trials = sa.table("trials", sa.column("trial_id"), sa.column("study_id"), sa.column("number"), sa.column("state"))
_values = sa.table(
    "trial_intermediate_values", sa.column("trial_id"), sa.column("step"), sa.column("intermediate_value")
)


@dataclass(frozen=True, slots=True)
class LiveCurves:
    """The numbers that `search status --watch` draws.

    Args:
        running: trial to its objective, one value an epoch so far.
        scores: of the trials that have ended, in the order in which they did.
    """

    running: Mapping[int, Sequence[float]] = field(default_factory=dict)
    scores: Sequence[float] = ()


def read_live_curves(engine: Engine, study: StudyRecord) -> LiveCurves:
    """Return a study's numbers of one moment."""
    curves = (
        sa.select(_trials.c.number, _values.c.intermediate_value)
        .join_from(_values, _trials, _trials.c.trial_id == _values.c.trial_id)
        .join(_studies, _studies.c.study_id == _trials.c.study_id)
        .where(_studies.c.study_name == study.name, sa.cast(_trials.c.state, sa.Text) == "RUNNING")
        .order_by(_trials.c.number, _values.c.step)
    )
    ended = (
        sa.select(slots.c.score)
        .where(slots.c.study_id == study.id, slots.c.state == "finished", slots.c.score.is_not(None), ~slots.c.dropped)
        .order_by(slots.c.finished_at, slots.c.number)
    )
    running: dict[int, list[float]] = {}
    with reading(engine) as connection:
        for number, value in connection.execute(curves):
            running.setdefault(number, []).append(math.nan if value is None else value)
        scores = [float(score) for score in connection.scalars(ended)]
    return LiveCurves(running, scores)


def sparkline(values: Sequence[float], width: int) -> str:
    """Return the last values as a row of blocks, the lowest of them the lowest block; a space where there is no number.

    Of ten values and more, those that lie far from the rest have the lowest or highest block, so that the rest differ.

    Example:
        >>> sparkline([0.1, 0.5, 0.9], 10)
        '▁▅█'
    """
    shown = list(values)[-width:]
    known = sorted(value for value in shown if math.isfinite(value))
    if not known:
        return " " * len(shown)
    low, high = _usual(known)
    if low == high:
        return "".join(BLOCKS[len(BLOCKS) // 2] if math.isfinite(value) else " " for value in shown)
    steps = (len(BLOCKS) - 1) / (high - low)
    return "".join(
        BLOCKS[round((min(max(value, low), high) - low) * steps)] if math.isfinite(value) else " " for value in shown
    )


def _usual(known: Sequence[float]) -> tuple[float, float]:
    """Return from where to where sorted values reach, inside the quartiles and 1.5 times their distance around them."""
    first, third = known[len(known) // 4], known[3 * len(known) // 4]
    reach = 1.5 * (third - first)
    if len(known) < LEAST_TO_CLIP or reach == 0:
        return known[0], known[-1]
    return max(known[0], first - reach), min(known[-1], third + reach)


def squeezed(values: Sequence[float], width: int) -> list[float]:
    """Return so many values at most, evenly chosen, the first and the last among them.

    Example:
        >>> squeezed([1, 2, 3, 4, 5, 6, 7], 4)
        [1, 3, 5, 7]
    """
    if len(values) <= width or width < 2:
        return list(values)[-width:]
    return [values[round(index * (len(values) - 1) / (width - 1))] for index in range(width)]
