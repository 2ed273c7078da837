"""Optuna's samplers by name, seeded for each trial anew."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import optuna
from optuna.samplers import BaseSampler

from search.errors import SettingsError
from search.records.settings import Settings, derive_seed


def make_sampler(settings: Settings, *, number: int, grid_point: Callable[[], dict[str, Any]]) -> BaseSampler:
    """Return the study's sampler for one trial.

    Each trial gets a sampler of its own, seeded by the study's seed and the trial's number, so that what it
    proposes does not depend on which worker asks; all that the sampler learns from is in the database.

    Args:
        settings: the study's.
        number: the trial's number.
        grid_point: returns the point of the grid that is this trial's.
    """
    seed = derive_seed(settings.seed, number)
    match settings.sampler:
        case "random":
            return optuna.samplers.RandomSampler(seed=seed)
        case "cmaes":
            return optuna.samplers.CmaEsSampler(seed=seed)
        case "qmc":
            # All trials draw from one sequence, so its scrambling has the study's seed.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                return optuna.samplers.QMCSampler(
                    seed=settings.seed,
                    scramble=True,
                    warn_independent_sampling=False,
                    warn_asynchronous_seeding=False,
                )
        case "gp":
            return _gp(seed)
        case "grid":
            return GridPoint(grid_point())
        case _:
            return optuna.samplers.TPESampler(seed=seed)


def check_sampler(settings: Settings) -> None:
    """Check that what the sampler needs is installed.

    Raises:
        SettingsError: it is not.
    """
    if settings.sampler == "gp" and find_spec("torch") is None:
        raise SettingsError(
            "the sampler gp needs PyTorch: install it (pip install -e '.[gp]' in the checkout), "
            "or choose another --sampler"
        )


def _gp(seed: int) -> BaseSampler:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.GPSampler(seed=seed)


class GridPoint(BaseSampler):
    """Proposes one point of a grid.

    Optuna's GridSampler lists all points beforehand and hands them out at random, which many workers may do twice;
    here a slot's number is its point.

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
                f"the grid has no {param_name!r}: the HyperModel asks for it only on some branch; "
                "put it in an hp.conditional_scope, or choose another --sampler"
            )
        return self._point[param_name]


def nth_point(points: Any, number: int) -> dict[str, Any]:
    """Return the grid's point of a number, from 0.

    Raises:
        SettingsError: the grid has fewer points.
    """
    for point in itertools.islice(points, number, number + 1):
        return dict(point)
    raise SettingsError(f"the grid has no point {number}: it is used up")
