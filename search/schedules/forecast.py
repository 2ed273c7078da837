"""What trials will probably end with, learned from the learning curves of the study itself.

At each level a linear model tells by how much a trial still gains, from how far it is behind the best and from its last
gain, prolonged as a power law of the epochs. It is learned from the trials that have come further, those near the best
counting most; what has not ended counts with its own forecast and that forecast's error, so each level learns from the
next. While few have come further, the power law holds nearly alone, with an error as wide as what it promises.

Swersky et al., Freeze-Thaw Bayesian Optimization, 2014, arXiv 1406.3896, forecast curves that wait by those that went
on; Wistuba et al., Supervising the Multi-Fidelity Race of Hyperparameter Configurations (DyHPO), NeurIPS 2022, learn
from curves of any length; Kadra et al., Scaling Laws for Hyperparameter Optimization (DPL), NeurIPS 2023, take power
laws. They learn from the params, too; here it is Bayesian linear regression on the curves alone, in milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Places = NDArray[np.int64]

POWER = 2  # what a trial still has to gain falls as one over its epochs to this power
PRIOR = 0.5  # how many trials the power law's own error counts for
DOUBT = 0.5  # the error of a power law that promises nothing, in spreads
NEAR = 2.0  # spreads behind the best at which a trial counts for half
FAR = 10.0  # spreads behind the best beyond which nothing is learned
FEWEST = 3  # trials that have a spread
ROUNDING = 1e-12  # of the largest value: less is no spread


@dataclass(frozen=True, slots=True)
class Forecast:
    """What trials will probably end with: a logistic distribution each, whose tails are wider than a normal one's.

    Args:
        mean: the final best objective, more is better, shape (trials,); minus infinity where nothing is known.
        error: its standard deviation, shape (trials,).
    """

    mean: Floats
    error: Floats

    def improvement(self, over: float) -> Floats:
        """Return by how much each is expected to exceed a score, which is 0 where it ends below; shape (trials,)."""
        ahead = np.where(np.isfinite(self.mean), self.mean - over, -1.0)
        scale = self.error * math.sqrt(3) / math.pi
        uncertain = scale > 0.0
        some = np.where(uncertain, scale, 1.0)
        return np.where(uncertain, some * np.logaddexp(0.0, ahead / some), np.maximum(ahead, 0.0))


def forecast(best: Floats, reached: Places, ended: Mask, levels: Sequence[int]) -> tuple[Forecast, Forecast]:
    """Return what each trial will end with, by all that it has come to, and by what it had come to at the first level.

    Args:
        best: the best objective within the epochs of each level, shape (trials, levels), as in `Curves`.
        reached: the place of the highest level that each has come to, shape (trials,); -1 for what does not count.
        ended: which of them will gain nothing any more, shape (trials,).
        levels: epochs, ascending; the last is the most that a trial trains.
    """
    reached = np.where(np.isfinite(best[:, 0]), reached, -1)
    now = at_first = Forecast(np.where(reached >= 0, best[:, -1], -math.inf), np.zeros(len(best)))
    for level in reversed(range(len(levels) - 1)):
        at_first = _forecast_at(level, best, reached, now, levels)
        here = (reached == level) & ~ended
        now = Forecast(np.where(here, at_first.mean, now.mean), np.where(here, at_first.error, now.error))
    return now, at_first


def spread(values: Floats) -> float:
    """Return the standard deviation of the better half; 0 where it is no more than rounding."""
    return _deviation(np.sort(values)[-max(FEWEST, len(values) // 2) :])


def _deviation(values: Floats) -> float:
    deviation = float(np.std(values)) if len(values) else 0.0
    return deviation if deviation > ROUNDING * float(np.max(np.abs(values), initial=0.0)) else 0.0


def _forecast_at(level: int, best: Floats, reached: Places, further: Forecast, levels: Sequence[int]) -> Forecast:
    """Return what trials that have come to a level will end with, as if none had come further itself.

    Args:
        level: its place.
        best: see `forecast`.
        reached: see `forecast`.
        further: what those that have come further will end with.
        levels: see `forecast`.
    """
    come, learned = reached >= level, reached > level
    value = np.where(come, best[:, level], 0.0)
    final = np.where(learned, further.mean, value)
    unit = spread(final[come]) or _deviation(final[come])  # where the better half is equal
    if unit == 0.0:
        return Forecast(np.where(come, value, -math.inf), np.zeros(len(value)))
    behind = np.minimum((np.max(value[come]) - value) / unit, FAR)
    law = np.ones(len(value)) if level == 0 else _power_law(level, best, come, levels) / unit
    law = np.minimum(law, behind + 1)  # a steep start goes on to no more than a spread beyond the best
    inputs = np.stack([np.ones(len(value)), behind, law], axis=1)
    weights = np.where(learned & (behind < FAR), 1 / (1 + (behind / NEAR) ** 2), 0.0)
    covariance = np.linalg.inv(np.eye(inputs.shape[1]) + inputs.T @ (inputs * weights[:, None]))
    beyond = np.where(weights > 0, (final - value) / unit - law, 0.0)  # what the power law does not tell
    fitted = inputs @ (covariance @ (inputs.T @ (weights * beyond)))
    squares = weights @ ((beyond - fitted) ** 2 + (further.error / unit) ** 2)
    variance = (PRIOR * (law + DOUBT) ** 2 + squares) / (PRIOR + weights.sum())
    error = np.sqrt(variance * (1 + np.sum(inputs @ covariance * inputs, axis=1)))
    gain = np.maximum(law + fitted, 0.0)
    return Forecast(np.where(come, value + unit * gain, -math.inf), np.where(come, unit * error, 0.0))


def _power_law(level: int, best: Floats, come: Mask, levels: Sequence[int]) -> Floats:
    """Return what trials still gain after a level if their gains go on as they did since the level before."""
    since = come & np.isfinite(best[:, level - 1])
    last = np.where(since, best[:, level], 0.0) - np.where(since, best[:, level - 1], 0.0)
    before, here, end = (float(levels[place]) ** -POWER for place in (level - 1, level, -1))
    return last * (here - end) / (before - here)
