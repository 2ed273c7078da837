"""Optuna's TPE with a share of its choices drawn anew, so that it does not stay with the first that was good.

Once the few best trials have one category in common, a model of theirs gives the other categories next to nothing, and
of its candidates the likeliest wins: TPE then never asks for another activation again, however good that would be with
the rest as it is (Watanabe, Tree-Structured Parzen Estimator, arXiv 2304.11127, on the bandwidth of categories). BOHB
(Falkner et al. 2018) draws a third of its trials at random for that; a single choice drawn anew keeps all else good.
"""

from __future__ import annotations

from typing import Any

from optuna.distributions import CategoricalDistribution
from optuna.samplers import RandomSampler, TPESampler

SHARE = 0.5  # of the trials after the first random ones


class ExploringTPE(TPESampler):
    """Propose what TPE does, but in half of the trials one of the choices at random.

    Args:
        seed: what its random numbers come from; a sampler proposes one trial.
    """

    def __init__(self, *, seed: int) -> None:
        super().__init__(seed=seed)
        self._anew: str | None = None
        self._random = RandomSampler(seed=seed)

    def sample_relative(self, study: Any, trial: Any, search_space: dict[str, Any]) -> dict[str, Any]:
        """Return TPE's proposal, without the choice that is drawn anew."""
        proposal = super().sample_relative(study, trial, search_space)
        choices = [name for name in proposal if isinstance(search_space[name], CategoricalDistribution)]
        rng = self._rng.rng
        if choices and rng.random_sample() < SHARE:
            self._anew = choices[rng.randint(len(choices))]
        return {name: value for name, value in proposal.items() if name != self._anew}

    def sample_independent(self, study: Any, trial: Any, param_name: str, param_distribution: Any) -> Any:
        """Return a param's value, at random where it is the one that is drawn anew."""
        if param_name == self._anew:
            return self._random.sample_independent(study, trial, param_name, param_distribution)
        return super().sample_independent(study, trial, param_name, param_distribution)
