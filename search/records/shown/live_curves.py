"""The curves of running trials and the scores of those that have ended."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from registry.core.database.transaction import reading
from search.records.studies import StudyRecord
from search.schema import slots

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
        running: trial to its objective, one value per epoch so far.
        scores: of the trials that have ended, in the order of their ends.
    """

    running: Mapping[int, Sequence[float]] = field(default_factory=dict)
    scores: Sequence[float] = ()


def read_live_curves(engine: Engine, study: StudyRecord) -> LiveCurves:
    """Return a study's curves and scores, read at one moment."""
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
