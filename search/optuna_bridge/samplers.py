"""Optuna's samplers by name, seeded for each trial."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import optuna
from optuna.samplers import BaseSampler

from registry.core.errors import UsageError
from search.errors import SettingsError
from search.optuna_bridge.exploring import ExploringTPE
from search.records.settings import Settings, derive_seed

POPULATION = 20  # of NSGA-II: Optuna's 50 are more than most studies of models have


@dataclass(frozen=True, slots=True)
class Draw:
    """The trial that a sampler is made for.

    Args:
        settings: the study's.
        number: the trial's number.
        grid_point: returns the point of the grid that is this trial's.
    """

    settings: Settings
    number: int
    grid_point: Callable[[], dict[str, Any]]

    @property
    def seed(self) -> int:
        """What the sampler's random numbers come from."""
        return derive_seed(self.settings.seed, self.number)


# By name; each makes the sampler of one trial.
SAMPLERS: Mapping[str, Callable[[Draw], BaseSampler]] = {
    "tpe": lambda draw: ExploringTPE(seed=draw.seed),
    "gp": lambda draw: optuna.samplers.GPSampler(seed=draw.seed),
    "cmaes": lambda draw: optuna.samplers.CmaEsSampler(seed=draw.seed),
    "nsga2": lambda draw: optuna.samplers.NSGAIISampler(population_size=POPULATION, seed=draw.seed),
    "random": lambda draw: optuna.samplers.RandomSampler(seed=draw.seed),
    # All trials draw from one sequence, so its scrambling has the study's seed.
    "qmc": lambda draw: optuna.samplers.QMCSampler(
        seed=draw.settings.seed, scramble=True, warn_independent_sampling=False, warn_asynchronous_seeding=False
    ),
    "grid": lambda draw: GridPoint(draw.grid_point()),
}
OF_SEVERAL = ("tpe", "nsga2", "random")  # those that take several objectives


def make_sampler(settings: Settings, *, number: int, grid_point: Callable[[], dict[str, Any]]) -> BaseSampler:
    """Return the study's sampler for one trial.

    Each trial gets a sampler of its own, seeded by the study's seed and the trial's number, so that what it
    proposes does not depend on which worker asks; all that the sampler learns from is in the database.

    Args:
        settings: the study's.
        number: the trial's number.
        grid_point: returns the point of the grid that is this trial's.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return SAMPLERS[settings.sampler](Draw(settings, number, grid_point))


def check_sampler(settings: Settings) -> None:
    """Check that there is such a sampler, that it takes the objectives, and that what it needs is installed.

    Raises:
        UsageError: no sampler has that name, or it takes one objective only.
        SettingsError: something is not installed.
    """
    if settings.sampler not in SAMPLERS:
        raise UsageError(f"the sampler is {settings.sampler!r}; expected one of: {', '.join(SAMPLERS)}")
    if settings.several_objectives and settings.sampler not in OF_SEVERAL:
        raise UsageError(
            f"the sampler {settings.sampler} takes one objective, and there are several: {settings.objectives}; "
            f"choose --sampler {', '.join(OF_SEVERAL[:-1])} or {OF_SEVERAL[-1]}"
        )
    if settings.sampler == "gp" and find_spec("torch") is None:
        raise SettingsError(
            "the sampler gp needs PyTorch: install it (pip install 'studies[gp]'), or choose another --sampler"
        )


class GridPoint(BaseSampler):
    """Proposes one point of a grid.

    Optuna's GridSampler lists all points beforehand and hands them out at random, so many workers may get the same
    point; here a slot's number is its point.

    Args:
        point: what is sampled, by name.
    """

    def __init__(self, point: dict[str, Any]) -> None:
        self._point = point

    def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, Any]:
        """Return nothing: each param is proposed by itself."""
        return {}

    def sample_relative(self, study: Any, trial: Any, search_space: Any) -> dict[str, Any]:
        """Return nothing: each param is proposed by itself."""
        return {}

    def sample_independent(self, study: Any, trial: Any, param_name: str, param_distribution: Any) -> Any:
        """Return the point's value.

        Raises:
            SettingsError: the model asks for a hyperparameter that the grid does not have.
        """
        if param_name not in self._point:
            raise SettingsError(
                f"the grid has no {param_name!r}: the HyperModel asks for it only while it trains, or not every time; "
                "ask for it in build, too, or choose another --sampler"
            )
        return self._point[param_name]


def nth_point(points: Any, number: int) -> dict[str, Any]:
    """Return the point of a grid by its number, from 0.

    Raises:
        SettingsError: the grid has fewer points.
    """
    for point in itertools.islice(points, number, number + 1):
        return dict(point)
    raise SettingsError(f"the grid has no point {number}: it is used up")
