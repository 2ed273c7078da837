"""Optuna's TPE with a share of its choices drawn anew, so that it does not stay with the first that was good.

Once the few best trials have one category in common, a model of theirs gives the other categories next to nothing, and
of its candidates the likeliest wins: TPE then never asks for another activation again, however good that would be with
the rest as it is (Watanabe, Tree-Structured Parzen Estimator, arXiv 2304.11127, on the bandwidth of categories). BOHB
(Falkner et al. 2018) draws a third of its trials at random for that; a single choice drawn anew keeps all else good.
"""

from __future__ import annotations

from typing import Any

from optuna.distributions import CategoricalDistribution
from optuna.samplers import TPESampler

SHARE = 1 / 3  # of the trials after the first random ones; BOHB's


class ExploringTPE(TPESampler):
    """Propose what TPE does, but in a third of the trials with another category for one of the choices.

    Only choices that all trials have are drawn anew, for TPE proposes those together; and none for several objectives,
    where it proposes each param by itself.
    """

    def sample_relative(self, study: Any, trial: Any, search_space: dict[str, Any]) -> dict[str, Any]:
        """Return TPE's proposal, in a third of the trials with one choice drawn anew."""
        proposal = super().sample_relative(study, trial, search_space)
        others = {
            name: [category for category in distribution.choices if category != proposal[name]]
            for name, distribution in search_space.items()
            if name in proposal and isinstance(distribution, CategoricalDistribution)
        }
        names = [name for name, categories in others.items() if categories]
        rng = self._rng.rng
        if not names or rng.random_sample() >= SHARE:
            return proposal
        name = names[rng.randint(len(names))]
        return {**proposal, name: others[name][rng.randint(len(others[name]))]}
