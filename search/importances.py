"""How much each hyperparameter mattered, by PED-ANOVA, from the trials that Optuna keeps of a study.

The method: "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary Subspaces" (Watanabe et al.,
IJCAI 2023), and for params that exist under a condition "Conditional PED-ANOVA" (KDD 2026).
"""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Literal

from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from registry.errors import UserError
from registry.reports.facts import Importances

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

LEAST_TRIALS = 20
TOP_SHARE = 0.2
METHOD = "How far a param's values among the best fifth differ from those among all (PED-ANOVA)"


def importances(engine: Engine, study: str, direction: Literal["max", "min"]) -> Importances:
    """Return each param's share in reaching the best scores; or why not, such as too few trials.

    Pruned trials count with the score of their best epoch: that they were not among the best is known.
    """
    import optuna

    try:
        trials = _scored(engine, study)
    except (UserError, SQLAlchemyError, KeyError, optuna.exceptions.OptunaError) as error:
        return Importances(missing=f"Optuna's trials could not be read ({type(error).__name__})")
    if len(trials) < LEAST_TRIALS:
        return Importances(missing=f"they need {LEAST_TRIALS} trials with a score, and there are {len(trials)}")
    shares = _evaluate(trials, direction)
    if not shares:
        return Importances(missing="no hyperparameter took more than one value")
    return Importances(shares, len(trials), METHOD)


def _scored(engine: Engine, study: str) -> list[FrozenTrial]:
    """Return the trials that have a score, as completed ones."""
    from optuna.trial import TrialState, create_trial

    from search.storage import closing_storage

    with closing_storage(engine, readonly=True) as storage:
        ended = storage.get_all_trials(
            storage.get_study_id_from_name(study), deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED)
        )
    return [
        create_trial(value=trial.value, params=trial.params, distributions=trial.distributions)
        for trial in ended
        if trial.value is not None and math.isfinite(trial.value)
    ]


def _evaluate(trials: list[FrozenTrial], direction: Literal["max", "min"]) -> dict[str, float]:
    import optuna
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    varied = sorted({name for trial in trials for name in trial.params})
    varied = [name for name in varied if len({repr(trial.params.get(name)) for trial in trials}) > 1]
    if not varied:
        return {}
    storage = optuna.storages.InMemoryStorage()
    way = optuna.study.StudyDirection.MAXIMIZE if direction == "max" else optuna.study.StudyDirection.MINIMIZE
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # a study in memory is nobody's news
    study_id = storage.create_new_study([way], "importances")
    study = optuna.load_study(study_name="importances", storage=storage)
    for trial in trials:
        storage.create_new_trial(study_id, template_trial=trial)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about branches with very few trials, whose share is small
        found = get_param_importances(
            study, evaluator=PedAnovaImportanceEvaluator(target_quantile=TOP_SHARE), params=varied
        )
    # The sampled counterpart of a hyperparameter with steps on a log scale is called name#steps.
    return {name.removesuffix("#steps").removesuffix("#mirrored"): share for name, share in found.items()}
