"""A confirmation: whose turn a slot is, how configurations are ranked, and when the champion moves."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import search
from registry import Registry, Source, UserError
from registry.errors import UsageError
from registry.reports.versions import CONFIRM_TAG
from search import slots
from search.champion import crown, stand_against
from search.confirmation import Confirmation
from search.confirmed import Standing, stand, winner_of
from search.confirming import NEW_SEEDS, best_trials
from search.problem import Objective
from search.records import read_trials
from search.seeds import derive_seed, trial_seed
from search.settings import Settings
from search.storage import closing_storage
from search.study import Study

PLAN = Confirmation("s", (7, 3), ({"x": 1.5}, {"x": None}))
HIGH, LOW = Objective("val_accuracy", "max"), Objective("val_loss", "min")


@given(configurations=st.integers(1, 6), seeds=st.integers(1, 6))
def test_each_configuration_has_each_seed_once(configurations, seeds):
    plan = Confirmation("s", tuple(range(configurations)), ({},) * configurations)
    settings = Settings(confirms=plan, seed=5)
    turns = [(plan.place(number), trial_seed(settings, number)) for number in range(configurations * seeds)]
    assert len(set(turns)) == configurations * seeds
    assert len({seed for _, seed in turns}) == seeds


def test_the_seeds_are_new():
    first = {derive_seed(0, number) for number in range(10_000)}
    confirming = Settings(confirms=PLAN, seed=derive_seed(0, NEW_SEEDS))
    assert not first & {trial_seed(confirming, number) for number in range(20)}
    assert trial_seed(Settings(seed=3), 4) == derive_seed(3, 4)


def test_settings_keep_what_is_confirmed():
    settings = Settings(confirms=PLAN)
    assert Settings.from_dict(json.loads(json.dumps(settings.as_dict()))) == settings
    assert settings.differences(Settings()) == {"confirms": (PLAN, None)}
    assert "confirms" not in Settings().as_dict()


def test_a_claim_takes_the_params_to_confirm(engine, make_study, add_worker):
    study = make_study(engine, budget=3)
    worker = add_worker(engine, study)
    points = [{"x": 1}, None, {"x": 2}]
    for number, point in enumerate(points):
        claim = slots.claim(engine, study.id, worker, fixed_params=points.__getitem__)
        assert claim.number == number
        with closing_storage(engine) as storage:
            attrs = storage.get_trial(claim.trial_id).system_attrs
        assert attrs.get("fixed_params") == point


def trial(make, number, score, **changes):
    """Return a trial's record of a given score."""
    fields = {"slot": number, "trial": number, "state": "finished", "score": score, "params": {"x": number}}
    return make(**fields | changes)


@pytest.fixture
def make(engine, make_study):
    """Give a function that makes a trial's record of some fields, the others empty."""
    empty = read_trials(engine, make_study(engine, name="empty", budget=1).id)[0]
    return lambda **fields: replace(empty, **fields)


def standings(make, scores, objective=HIGH, **changes):
    """Rank two configurations: trial 7, the better before, and 3."""
    before = [trial(make, 3, 0.5), trial(make, 7, 0.6)]
    trained = [trial(make, number, score, **changes.get(f"of_{number}", {})) for number, score in enumerate(scores)]
    return stand(PLAN, objective, before, trained)


@pytest.mark.parametrize(
    ("scores", "objective", "order"),
    [
        ([0.5, 0.6, 0.7, 0.8], HIGH, [3, 7]),
        ([0.5, 0.6, 0.7, 0.8], LOW, [7, 3]),
        ([0.9, 0.8, 0.7, 0.1], HIGH, [7, 3]),
        ([0.9, 0.6, None, 0.1], HIGH, [3, 7]),  # a training that failed cannot win
        ([None, 0.1, None, None], HIGH, [3, 7]),
        ([0.1 + 0.2, 0.3, 0.3, 0.1 + 0.2], HIGH, [7, 3]),  # the same mean, the same cost: the better before
    ],
)
def test_the_best_mean_comes_first(make, scores, objective, order):
    assert [one.trial for one in standings(make, scores, objective)] == order


def test_a_tie_goes_to_the_cheaper(make):
    large, small = {"parameters": 9, "seconds": 1.0}, {"parameters": 8, "seconds": 2.0}
    costs = {"of_0": large, "of_2": large, "of_1": small, "of_3": small}
    assert [one.trial for one in standings(make, [0.5] * 4, **costs)] == [3, 7]
    fast = {"parameters": 9, "seconds": 0.5}
    costs |= {"of_1": fast, "of_3": fast}
    assert [one.trial for one in standings(make, [0.5] * 4, **costs)] == [3, 7]


def test_a_standing_knows_its_figures(make):
    first, second = standings(make, [0.5, 0.7, 0.6, 0.9])
    assert (first.trial, first.rank_before, first.score_before, first.scores) == (3, 2, 0.5, (0.7, 0.9))
    assert first.mean == pytest.approx(0.8)
    assert first.spread == pytest.approx(0.1414, abs=1e-4)
    assert (first.slots, first.best_slot(HIGH), first.best_slot(LOW)) == ((1, 3), 3, 1)
    assert (second.params, second.whole) == ({"x": 7}, True)


def test_a_dropped_or_running_training_has_no_score(make):
    assert standings(make, [0.5, 0.7, 0.6, 0.9], of_3={"dropped": True})[1].scores == (0.7, None)
    assert standings(make, [0.5, 0.7, 0.6, 0.9], of_3={"state": "running"})[1].scores == (0.7, None)


def test_nobody_wins_without_all_scores(make):
    with pytest.raises(UserError, match="no configuration has a score for each seed"):
        winner_of(standings(make, [None, 0.5, 0.6, None]))


def test_the_best_trials_have_different_params(engine, make_study, monkeypatch, make):
    study = Study(engine, make_study(engine))
    found = [
        trial(make, 0, 0.9),
        trial(make, 1, 0.9, params={"x": 0}),
        trial(make, 2, 0.8),
        trial(make, 3, 0.99, dropped=True),
        trial(make, 4, 0.99, state="running"),
        trial(make, 5, None),
        trial(make, 6, 0.7),
    ]
    monkeypatch.setattr(study, "trials", lambda: found)
    assert [one.trial for one in best_trials(study, 2)] == [0, 2]
    assert [one.trial for one in best_trials(study, 9)] == [0, 2, 6]


def test_a_confirmation_grows_by_seeds_only(engine, make_study):
    study = Study(engine, make_study(engine, name="s-confirm", budget=4, confirms=PLAN))
    with pytest.raises(UsageError, match=r"search confirm s --seeds N"):
        study.add(1)


@pytest.fixture
def registry(database_url):
    """Give a registry on each kind of database."""
    made = Registry(database_url, create=True)
    yield made
    made.close()


def confirmed(registry, study, scores, x=1, data="data", parameters=10, tags=None):
    """Register the trainings of one configuration; return the best version."""
    versions = [
        registry.register(
            "m",
            weights=None,
            metric="val_accuracy",
            score=score,
            params={"x": x},
            source=Source(study=study, trial=number, seed=number, data_fingerprint=data),
            parameters=parameters,
            tags={CONFIRM_TAG: "s"} if tags is None else tags,
        )
        for number, score in enumerate(scores)
    ]
    return max(versions, key=lambda version: version.score)


def crowned(registry, study, chosen, scores):
    """Try to make a version the champion."""
    winner = Standing(0, 1, 0.0, tuple(scores), tuple(range(len(scores))), {}, 10, 1.0)
    return crown(registry, record_of(study), winner, chosen)


def record_of(study, **changes):
    """Return what is read here of a study."""
    return SimpleNamespace(**{"model": "m", "name": study, "objective": HIGH, "data_fingerprint": "data"} | changes)


def test_the_first_confirmed_becomes_champion(registry):
    chosen = confirmed(registry, "a", [0.5, 0.7])
    assert crowned(registry, "a", chosen, [0.5, 0.7]) == "m@champion is m/2"
    assert registry.get("m@champion").ref == "m/2"
    assert registry.history("m@champion")[0].detail == "mean val_accuracy 0.6 over 2 seeds"
    assert crowned(registry, "a", chosen, [0.5, 0.7]) == "m@champion is m/2"


@pytest.mark.parametrize(
    ("scores", "changes", "champion"),
    [
        ([0.6, 0.7], {}, "m/4"),  # a better mean
        ([0.1, 0.9], {}, "m/2"),  # one better seed is not enough
        ([0.6, 0.6], {"parameters": 9}, "m/3"),  # the same mean at less cost
        ([0.6, 0.6], {"parameters": 10}, "m/2"),
    ],
)
def test_a_confirmed_champion_yields_to_a_better_mean(registry, scores, changes, champion):
    crowned(registry, "a", confirmed(registry, "a", [0.5, 0.7]), [0.5, 0.7])
    said = crowned(registry, "b", confirmed(registry, "b", scores, x=2, **changes), scores)
    assert registry.get("m@champion").ref == champion
    assert ("stays on m/2" in said) == (champion == "m/2")


@pytest.mark.parametrize("changes", [{"tags": {}}, {"data": "other"}])
def test_a_champion_that_is_not_comparable_yields(registry, changes):
    before = confirmed(registry, "a", [0.9], **changes)
    registry.set_alias("m", "champion", before.version)
    assert crowned(registry, "b", confirmed(registry, "b", [0.5]), [0.5]) == "m@champion is m/2 now; it was m/1"


def test_a_protected_champion_stays(registry):
    before = confirmed(registry, "a", [0.9], tags={})
    registry.set_alias("m", "champion", before.version)
    registry.protect_alias("m", "champion")
    assert "is protected" in crowned(registry, "b", confirmed(registry, "b", [0.99]), [0.99])
    assert registry.get("m@champion").ref == "m/1"


def test_a_study_stands_against_the_champion(registry):
    def said(score, study="b", **changes):
        return stand_against(registry, record_of(study, **changes), SimpleNamespace(score=score))

    chosen = confirmed(registry, "a", [0.5, 0.7])
    assert said(0.5) == ""
    crowned(registry, "a", chosen, [0.5, 0.7])
    about = "champion m/2: val_accuracy 0.6000 in the mean of 2 seeds, "
    assert said(0.55) == about + "0.0500 better than this study's best"
    assert said(0.65) == about + "which this study's best beats by 0.0500: search confirm b"
    assert said(0.55, study="a") == said(0.55, data_fingerprint="other") == said(0.55, objective=LOW) == ""


def test_only_one_place_of_a_search_asks_for_the_test_data():
    package = Path(search.__file__).parent
    asking = [path.name for path in package.rglob("*.py") if ".load_test" in path.read_text()]
    assert asking == ["held_out.py"]
    importing = [path.name for path in package.rglob("*.py") if "held_out" in path.read_text()]
    assert importing == ["confirming.py"]
