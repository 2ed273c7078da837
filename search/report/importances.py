"""How much each hyperparameter mattered, by PED-ANOVA and fANOVA, from the trials that Optuna keeps of a study.

The methods: "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary Subspaces" (Watanabe et al.,
IJCAI 2023), and for params that exist under a condition "Conditional PED-ANOVA" (KDD 2026);
"An Efficient Approach for Assessing Hyperparameter Importance" (Hutter et al., ICML 2014).
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Collection
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
FANOVA_TRIALS = 400  # the forest's time grows faster than the number of trials
FANOVA_TREES = 32


def importances(
    engine: Engine, study: str, direction: Direction, trials: Collection[int] | None = None
) -> tuple[Importances, Importances]:
    """Return each param's share in the scores by PED-ANOVA and by fANOVA; or why there is none, such as too few trials.

    Pruned trials count with the score of their best epoch: that they were not among the best is known.

    Args:
        engine: the database.
        study: the study's name.
        direction: ``max`` or ``min``.
        trials: the numbers of the trials that count; None for all.
    """
    import optuna

    try:
        scored = _scored(engine, study, trials)
    except (UserError, SQLAlchemyError, KeyError, optuna.exceptions.OptunaError) as error:
        missing = Importances(missing=f"Optuna's trials could not be read ({type(error).__name__})")
        return missing, missing
    if len(scored) < LEAST_TRIALS:
        few = Importances(missing=f"they need {LEAST_TRIALS} trials with a score, and there are {len(scored)}")
        return few, few
    if not _varied(scored):
        same = Importances(missing="no hyperparameter took more than one value")
        return same, same
    # Optuna refuses what it cannot reckon with, such as a range that depends on another param.
    return (
        computed(lambda: _ped_anova(scored, direction), lambda why: Importances(missing=why)),
        computed(lambda: _fanova(scored, direction), lambda why: Importances(missing=why)),
    )


def _ped_anova(trials: list[FrozenTrial], direction: Direction) -> Importances:
    return Importances(_evaluate(trials, direction, _varied(trials)), len(trials), METHOD)


def _fanova(trials: list[FrozenTrial], direction: Direction) -> Importances:
    """Return fANOVA's shares of the params that all trials have; of many trials, those at even steps of rank count."""
    trials = sorted(trials, key=lambda trial: trial.value or 0.0)
    trials = trials[:: -(-len(trials) // FANOVA_TRIALS)]
    common = set.intersection(*(set(trial.params) for trial in trials))
    names = [name for name in _varied(trials) if name in common]
    if len({trial.value for trial in trials}) < 2 or not names:
        return Importances(missing="it needs params that all trials have, and different scores")
    return Importances(_evaluate(trials, direction, names, fanova=True), len(trials), FANOVA_METHOD)


def _scored(engine: Engine, study: str, numbers: Collection[int] | None) -> list[FrozenTrial]:
    """Return the trials that have a score, as completed ones."""
    from optuna.trial import TrialState, create_trial

    from search.optuna_bridge.storage import closing_storage

    with closing_storage(engine, readonly=True) as storage:
        ended = storage.get_all_trials(
            storage.get_study_id_from_name(study), deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED)
        )
    return [
        create_trial(value=trial.value, params=trial.params, distributions=trial.distributions)
        for trial in ended
        if trial.value is not None and math.isfinite(trial.value) and (numbers is None or trial.number in numbers)
    ]


def _varied(trials: list[FrozenTrial]) -> list[str]:
    names = sorted({name for trial in trials for name in trial.params})
    return [name for name in names if len({repr(trial.params.get(name)) for trial in trials}) > 1]


def _evaluate(
    trials: list[FrozenTrial], direction: Direction, names: list[str], *, fanova: bool = False
) -> dict[str, float]:
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
            FanovaImportanceEvaluator(n_trees=FANOVA_TREES, seed=0)
            if fanova
            else PedAnovaImportanceEvaluator(target_quantile=TOP_SHARE)
        )
        shares = get_param_importances(study, evaluator=evaluator, params=names)
    # What is sampled for a hyperparameter may be called name#steps, name#mirrored or name#share.
    return {re.sub("#(steps|mirrored|share)$", "", name): float(share) for name, share in shares.items()}
