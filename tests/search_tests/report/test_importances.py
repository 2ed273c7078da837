"""What mattered, where a hyperparameter has many choices."""

from __future__ import annotations

import math

import optuna
from sqlalchemy.engine import Engine

from registry.core.database.url import with_password
from search.report.importances import importances

LAYERS = tuple(f"backbone {number}" for number in range(24))


def test_a_choice_of_many_is_reckoned_with_in_linear_time(sqlite_engine: Engine) -> None:
    """With a column for each choice, a forest that splits all of them would be asked 2 ** 24 times."""
    study = optuna.create_study(study_name="s", storage=with_password(sqlite_engine.url))
    kinds = {
        "backbone": optuna.distributions.CategoricalDistribution(LAYERS),
        "rate": optuna.distributions.FloatDistribution(0, 1),
    }
    for number in range(48):
        params = {"backbone": LAYERS[number % 24], "rate": number / 48}
        score = math.sin(number % 24) + 0.01 * params["rate"]
        study.add_trial(optuna.trial.create_trial(value=score, params=params, distributions=kinds))
    scores = {trial.number: trial.value for trial in study.trials}
    for found in importances(sqlite_engine, "s", "min", scores, ranges=False):
        assert found.missing == ""
        assert found.shares["backbone"] > 0.5 > found.shares["rate"]
