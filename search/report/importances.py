"""How much each hyperparameter mattered, by PED-ANOVA and fANOVA, from the trials that Optuna keeps of a study.

The methods: "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary Subspaces" (Watanabe et al.,
IJCAI 2023), and for params that exist under a condition "Conditional PED-ANOVA" (KDD 2026);
"An Efficient Approach for Assessing Hyperparameter Importance" (Hutter et al., ICML 2014).
"""

from __future__ import annotations

import functools
import math
import random
import re
import statistics
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from registry.core.errors import UserError
from registry.core.objective import Direction
from registry.reports import Importances, computed

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

LEAST_TRIALS = 20
TOP_SHARE = 0.2
METHOD = "PED-ANOVA: how far a param's values among the best fifth differ from those among all"
FANOVA_METHOD = "fANOVA: how much of the scores' variance a param explains by itself, in a random forest"
FANOVA_TRIALS = 200  # the forest's time grows faster than the number of trials
FANOVA_TREES = 32
MOST_CATEGORIES = 8  # with a column each, every further one doubles the forest's time
TRIALS_A_PARAM = 3  # with fewer, what no param explains is shared out by chance
DRAWS, DRAWN_TRIALS = 8, 60


def importances(
    engine: Engine, study: str, direction: Direction, scores: Mapping[int, float], *, ranges: bool = True
) -> tuple[Importances, Importances]:
    """Return each param's share in the scores by PED-ANOVA and by fANOVA; or why there is none, such as too few trials.

    Args:
        engine: the database.
        study: the study's name.
        direction: ``max`` or ``min``.
        scores: trial number to score, of the trials that count.
        ranges: whether to tell the shares' uncertainty, which takes most of the time.
    """
    import optuna

    try:
        scored = _scored(engine, study, scores)
    except (UserError, SQLAlchemyError, KeyError, optuna.exceptions.OptunaError) as error:
        missing = Importances(missing=f"Optuna's trials could not be read ({type(error).__name__})")
        return missing, missing
    params = len(_varied(scored))
    least = max(LEAST_TRIALS, TRIALS_A_PARAM * params)
    if len(scored) < least:
        varied = "1 hyperparameter" if params == 1 else f"{params} hyperparameters"
        why = f"they need {least} trials with a score for {varied}, and there are {len(scored)}"
        return Importances(missing=why), Importances(missing=why)
    if not params:
        same = Importances(missing="no hyperparameter took more than one value")
        return same, same
    # Optuna refuses what it cannot reckon with, such as a range that depends on another param.
    return (
        computed(lambda: _ped_anova(scored, direction, ranges), lambda why: Importances(missing=why)),
        computed(lambda: _fanova(scored, direction, ranges), lambda why: Importances(missing=why)),
    )


def _ped_anova(trials: list[FrozenTrial], direction: Direction, ranges: bool) -> Importances:
    names = _varied(trials)
    shares = _evaluate(trials, direction, names)
    around = _ranges(trials, shares, lambda drawn: _evaluate(drawn, direction, names)) if ranges else {}
    return Importances(shares, len(trials), METHOD, ranges=around)


def _fanova(trials: list[FrozenTrial], direction: Direction, ranges: bool) -> Importances:
    """Return fANOVA's shares of the params that all trials have; of many trials, those at even steps of rank count."""
    trials = sorted(trials, key=lambda trial: trial.value or 0.0)
    trials = [_numbered(trial) for trial in trials[:: -(-len(trials) // FANOVA_TRIALS)]]
    common = set.intersection(*(set(trial.params) for trial in trials))
    names = [name for name in _varied(trials) if name in common]
    if len({trial.value for trial in trials}) < 2 or not names:
        return Importances(missing="it needs params that all trials have, and different scores")
    shares = _evaluate(trials, direction, names, trees=FANOVA_TREES)
    draw = functools.partial(_evaluate, direction=direction, names=names, trees=FANOVA_TREES // 4)
    return Importances(shares, len(trials), FANOVA_METHOD, ranges=_ranges(trials, shares, draw) if ranges else {})


def _numbered(trial: FrozenTrial) -> FrozenTrial:
    """Return a trial whose params of many categories are the categories' numbers: parts of a range of equal length."""
    from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
    from optuna.trial import create_trial

    params, distributions = dict(trial.params), dict[str, BaseDistribution](trial.distributions)
    for name, kind in trial.distributions.items():
        if isinstance(kind, CategoricalDistribution) and len(kind.choices) > MOST_CATEGORIES:
            params[name] = int(kind.to_internal_repr(params[name]))
            distributions[name] = IntDistribution(0, len(kind.choices) - 1)
    return create_trial(value=trial.value, params=params, distributions=distributions)


def _ranges(
    trials: list[FrozenTrial],
    shares: Mapping[str, float],
    shares_of: Callable[[list[FrozenTrial]], dict[str, float]],
) -> dict[str, tuple[float, float]]:
    """Return a range around each share: how far eight of ten lie from their median when trials are drawn again.

    They are drawn at random, with replacement. Where some are drawn twice, or fewer than there are, small shares are
    larger in all draws; so it is the draws' spread that is laid around the share, not the draws themselves. That of
    fewer trials is made narrower, as it shrinks with the root of their number. Source: B. Efron, "Bootstrap Methods:
    Another Look at the Jackknife", 1979.
    """
    numbers = random.Random(0)  # noqa: S311 - no secret
    size = min(len(trials), DRAWN_TRIALS)
    drawn = [shares_of(numbers.choices(trials, k=size)) for _ in range(DRAWS)]
    narrower = math.sqrt(size / len(trials))
    ranges = {}
    for name, share in shares.items():
        draws = [draw.get(name, 0.0) for draw in drawn]
        middle, deciles = statistics.median(draws), statistics.quantiles(draws, n=10, method="inclusive")
        low, high = (share + (end - middle) * narrower for end in (deciles[0], deciles[-1]))
        ranges[name] = (max(0.0, low), min(1.0, high))
    return ranges


def _scored(engine: Engine, study: str, scores: Mapping[int, float]) -> list[FrozenTrial]:
    """Return the trials that count, as completed ones with the scores that they count with."""
    from optuna.trial import TrialState, create_trial

    from search.optuna_bridge.storage import closing_storage

    with closing_storage(engine, readonly=True) as storage:
        ended = storage.get_all_trials(
            storage.get_study_id_from_name(study), deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED)
        )
    return [
        create_trial(value=scores[trial.number], params=trial.params, distributions=trial.distributions)
        for trial in ended
        if trial.number in scores
    ]


def _varied(trials: list[FrozenTrial]) -> list[str]:
    names = sorted({name for trial in trials for name in trial.params})
    return [name for name in names if len({repr(trial.params.get(name)) for trial in trials}) > 1]


def _evaluate(trials: list[FrozenTrial], direction: Direction, names: list[str], *, trees: int = 0) -> dict[str, float]:
    import optuna
    from optuna.importance import (
        FanovaImportanceEvaluator,
        PedAnovaImportanceEvaluator,
        get_param_importances,
    )

    from search.optuna_bridge.direction import OPTUNA_DIRECTIONS

    if not names:
        return {}
    storage = optuna.storages.InMemoryStorage()
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # a study in memory is not worth logging
    study_id = storage.create_new_study([OPTUNA_DIRECTIONS[direction]], "importances")
    study = optuna.load_study(study_name="importances", storage=storage)
    for trial in trials:
        storage.create_new_trial(study_id, template_trial=trial)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about branches with very few trials, whose share is small
        evaluator = (
            FanovaImportanceEvaluator(n_trees=trees, seed=0)
            if trees
            else PedAnovaImportanceEvaluator(target_quantile=TOP_SHARE)
        )
        shares = get_param_importances(study, evaluator=evaluator, params=names)
    # What is sampled for a hyperparameter may be called name#steps, name#mirrored or name#share.
    return {re.sub("#(steps|mirrored|share)$", "", name): float(share) for name, share in shares.items()}
