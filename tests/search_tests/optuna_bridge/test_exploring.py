"""TPE that draws a choice anew now and then."""

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import create_trial

from search.optuna_bridge.exploring import ExploringTPE

KINDS = CategoricalDistribution(["tanh", "relu", "gelu", "elu"])


def trapped(trials: int = 30) -> optuna.Study:
    """Return a study whose good trials all have tanh."""
    study = optuna.create_study(direction="maximize")
    for number in range(trials):
        kind = "tanh" if number % 2 else KINDS.choices[number // 2 % 4]
        x = number / trials
        params, ranges = {"kind": kind, "x": x}, {"kind": KINDS, "x": FloatDistribution(0, 1)}
        study.add_trial(create_trial(value=x + (kind == "tanh"), params=params, distributions=ranges))
    return study


def proposals(study: optuna.Study, make, count: int = 40) -> list[tuple[str, float]]:
    asked = []
    for seed in range(count):
        study.sampler = make(seed=seed)
        trial = study.ask()
        asked.append((trial.suggest_categorical("kind", KINDS.choices), trial.suggest_float("x", 0, 1)))
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
    return asked


def test_other_choices_are_tried_though_the_best_trials_share_one():
    alone = proposals(trapped(), optuna.samplers.TPESampler)
    exploring = proposals(trapped(), ExploringTPE)
    others = [kind for kind, _ in exploring if kind != "tanh"]
    assert sum(kind != "tanh" for kind, _ in alone) <= 2
    assert 5 <= len(others) <= 22
    assert set(others) == {"relu", "gelu", "elu"}
    assert sum(x > 0.5 for _, x in exploring) > 30  # what is no choice stays TPE's


def test_the_same_seed_proposes_the_same():
    assert proposals(trapped(), ExploringTPE, 8) == proposals(trapped(), ExploringTPE, 8)


@pytest.mark.parametrize("trials", [0, 5])
def test_the_first_trials_are_drawn_at_random_as_ever(trials):
    assert proposals(trapped(trials), ExploringTPE, 5) == proposals(trapped(trials), optuna.samplers.TPESampler, 5)


def test_a_space_without_choices_is_sampled_as_by_tpe():
    def asked(make) -> list[float]:
        study = optuna.create_study(sampler=make(seed=3))
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=15)
        return [trial.params["x"] for trial in study.trials]

    assert asked(ExploringTPE) == asked(optuna.samplers.TPESampler)
