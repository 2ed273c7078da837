"""What the rest of a study's budget would probably bring, from its own scores."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Engine

from registry.core.database.transaction import reading
from search.records.studies import StudyRecord
from search.schema import results, slots

FEWEST = 10  # trials that tell anything
SLOWEST = 0.9  # a doubling of the trials gains this part of the one before, at most


@dataclass(frozen=True, slots=True)
class Outlook:
    """What more trials would probably bring.

    Args:
        trials: how many may still begin.
        gain: by how much the best score is expected to get better.
        noise: how much a score jumps from epoch to epoch at the end of the best trial: a gain below that is luck; None
            where the curve is too short to tell.
    """

    trials: int
    gain: float
    noise: float | None


def read_outlook(engine: Engine, study: StudyRecord) -> Outlook | None:
    """Return what the trials that have not begun would probably bring; see `outlook`."""
    own = sa.and_(slots.c.study_id == study.id, ~slots.c.dropped)
    query = sa.select(slots.c.id, slots.c.score).where(own, slots.c.score.is_not(None), slots.c.state != "running")
    new = sa.select(sa.func.count()).where(own, slots.c.state != "finished", slots.c.trial_id.is_(None))
    with reading(engine) as connection:
        scores = {row.id: study.objective.gain(row.score, over=0.0) for row in connection.execute(query)}
        if not scores:
            return None
        best = sa.select(results.c.curves).where(results.c.slot_id == max(scores, key=lambda slot: scores[slot]))
        curves = connection.execute(best).scalar() or {}
        trials_left = int(connection.execute(new).scalar_one())
    curve = [math.nan if value is None else value for value in curves.get(study.objective.metric, [])]
    return outlook(list(scores.values()), trials_left, curve)


def outlook(scores: Sequence[float], trials_left: int, curve: Sequence[float]) -> Outlook | None:
    """Return what more trials would probably bring; None where that cannot be told, or nothing is left.

    How good the best of half and of a quarter of the trials would have been is known in the mean over all halves and
    quarters. The gain of a doubling is taken to go on shrinking as it did between those two.

    Args:
        scores: of the trials that have one, turned so that more is better.
        trials_left: how many may still begin.
        curve: the objective of the best trial after each epoch.
    """
    finite = np.sort([score for score in scores if math.isfinite(score)])
    count = len(finite)
    if count < FEWEST or trials_left < 1:
        return None
    quarter, half, whole = (_expected_best(finite, size) for size in (count // 4, count // 2, count))
    shrinks = min(max(whole - half, 0.0) / (half - quarter), SLOWEST) if half > quarter else 0.0
    doublings = math.log2((count + trials_left) / count)
    gain = max(whole - half, 0.0) * shrinks * (1 - shrinks**doublings) / (1 - shrinks)
    return Outlook(trials_left, gain, _noise(curve))


def _expected_best(ascending: NDArray[np.float64], size: int) -> float:
    """Return the mean, over all choices of ``size`` of the scores, of the best of them."""
    count = len(ascending)
    total = _log_choose(count, size)
    # The chance that the best of a choice is the one of that rank, from the worst.
    chances = [math.exp(_log_choose(rank - 1, size - 1) - total) for rank in range(size, count + 1)]
    return float(chances @ ascending[size - 1 :])


def _log_choose(total: int, part: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(part + 1) - math.lgamma(total - part + 1)


def _noise(curve: Sequence[float]) -> float | None:
    """Return the standard deviation of a curve's second half around a line, epoch by epoch.

    From the second differences, to which a trend adds nothing and independent noise sixfold.
    """
    late = np.array([value for value in curve[len(curve) // 2 :] if math.isfinite(value)])
    if len(late) < 5:
        return None
    return float(np.sqrt(np.mean(np.diff(late, 2) ** 2) / 6))
