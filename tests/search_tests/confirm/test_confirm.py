"""A confirmation: whose turn a slot is, how configurations are ranked, and when the champion moves."""

import json
import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import search
from registry import Registry, Source
from registry.core.database.transaction import writing
from registry.core.errors import UsageError
from registry.core.objective import Objective
from registry.values.known_tags import MEAN_TAG, SEEDS_TAG
from search.api.study import Study
from search.confirm.champion import promote_champion, stand_against
from search.confirm.ranking import hold_back, rank_configurations
from search.confirm.start import NEW_SEEDS, begin, best_trials, newer_trials
from search.coordination import slots
from search.creation.changes.problem import note_changes_since
from search.errors import SettingsError
from search.optuna_bridge import tables
from search.optuna_bridge.storage import closing_storage
from search.records.confirm_plan import Confirmation
from search.records.history.events import CHOSEN, find_note, note_once
from search.records.settings import Settings, derive_seed, trial_seed
from search.records.trials import read_trials
from tests.support.filled import make_tables

PLAN = Confirmation("s", (7, 3), ({"x": 1.5}, {"x": None}), 2)
HIGH, LOW = Objective("val_accuracy", "max"), Objective("val_loss", "min")


@given(configurations=st.integers(1, 6), seeds=st.integers(1, 6))
def test_each_configuration_has_each_seed_once(configurations, seeds):
    plan = Confirmation("s", tuple(range(configurations)), ({},) * configurations, configurations)
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


def ranked(make, scores, objective=HIGH, **changes):
    """Rank two configurations: trial 7, the better before, and 3."""
    before = [trial(make, 3, 0.5), trial(make, 7, 0.6)]
    trained = [trial(make, number, score, **changes.get(f"of_{number}", {})) for number, score in enumerate(scores)]
    return rank_configurations(PLAN, objective, before, trained)


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
    assert [one.trial for one in ranked(make, scores, objective)] == order


def test_a_tie_goes_to_the_cheaper(make):
    large, small = {"parameters": 9, "seconds": 1.0}, {"parameters": 8, "seconds": 2.0}
    costs = {"of_0": large, "of_2": large, "of_1": small, "of_3": small}
    assert [one.trial for one in ranked(make, [0.5] * 4, **costs)] == [3, 7]
    fast = {"parameters": 9, "seconds": 0.5}
    costs |= {"of_1": fast, "of_3": fast}
    assert [one.trial for one in ranked(make, [0.5] * 4, **costs)] == [3, 7]


def test_a_standing_knows_its_figures(make):
    first, second = ranked(make, [0.5, 0.7, 0.6, 0.9])
    assert (first.trial, first.rank_before, first.score_before, first.scores) == (3, 2, 0.5, (0.7, 0.9))
    assert first.mean == pytest.approx(0.8)
    assert first.spread == pytest.approx(0.1414, abs=1e-4)
    assert (first.slots, first.best_slot(HIGH), first.best_slot(LOW)) == ((1, 3), 3, 1)
    assert (second.params, second.whole) == ({"x": 7}, True)


def test_a_dropped_or_running_training_has_no_score(make):
    assert ranked(make, [0.5, 0.7, 0.6, 0.9], of_3={"dropped": True})[1].scores == (0.7, None)
    assert ranked(make, [0.5, 0.7, 0.6, 0.9], of_3={"state": "running"})[1].scores == (0.7, None)


@pytest.mark.parametrize(
    ("scores", "changes", "held"),
    [
        ([0.5, 0.6, 0.7, 0.8], {}, ""),
        ([0.5, 0.6, None, 0.8], {}, ""),  # what failed is behind
        (
            [0.9, 0.6, None, 0.8],
            {},
            "trial 7, which is ahead, lacks a score",
        ),
        ([0.9, 0.6, None, 0.8], {"of_2": {"dropped": True}}, ""),
        (
            [None, 0.6, 0.7, None],
            {},
            "every configuration lacks a score, because trainings failed: search retry c 0 3,",
        ),
        ([None, 0.6, 0.7, None], {"of_0": {"dropped": True}, "of_3": {"dropped": True}}, "no configuration of 'c'"),
        ([math.inf, 0.6, 0.7, 0.8], {"objective": LOW}, ""),
    ],
)
def test_a_choice_waits_for_what_failed_though_it_is_ahead(make, scores, changes, held):
    objective = changes.pop("objective", HIGH)
    found = hold_back(ranked(make, scores, objective, **changes), objective, "c", "--as c-confirm")
    assert found.startswith(held)
    assert bool(found) == bool(held)


def test_the_best_trials_have_different_params(engine, make_study, make):
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
    assert [one.trial for one in best_trials(study.record, found, 2)] == [0, 2]
    assert [one.trial for one in best_trials(study.record, found, 9)] == [0, 2, 6]


def test_a_confirmation_grows_by_seeds_only(engine, make_study):
    study = Study(engine, make_study(engine, name="s-confirm", budget=4, confirms=PLAN))
    with pytest.raises(UsageError, match=r"search confirm s --as s-confirm --seeds N"):
        study.add(1)


def test_what_is_asked_again_may_be_left_out(engine, make_study):
    parent = Study(engine, make_study(engine))
    make_study(engine, name="s-confirm", budget=0, confirms=PLAN)
    assert begin(parent.engine, parent.record).name == begin(parent.engine, parent.record, top=2).name == "s-confirm"
    with pytest.raises(SettingsError, match="the best 2 of 's', not 3: leave out --top, or say --as s-confirm-2"):
        begin(parent.engine, parent.record, top=3)
    with pytest.raises(
        SettingsError, match="have 10 epochs at most, not 20: leave out --max-epochs, or say --as s-con"
    ):
        begin(parent.engine, parent.record, name="s-confirm", max_epochs=20)
    make_study(engine, name="other", budget=0)
    with pytest.raises(SettingsError, match="does not confirm 's'; say --as s-confirm-2"):
        begin(parent.engine, parent.record, name="other")
    with pytest.raises(UsageError, match="the study's name"):
        begin(parent.engine, parent.record, name=" ")


def test_a_closed_confirmation_is_not_changed(engine, make_study, add_worker):
    parent = Study(engine, make_study(engine))
    study = Study(engine, make_study(engine, name="s-confirm", budget=2, confirms=PLAN))
    claim = slots.claim(engine, study.record.id, add_worker(engine, study.record))
    with writing(engine) as connection:
        assert note_once(connection, study.record.id, CHOSEN, lambda: {"trial": 7}) == {"trial": 7}
        assert note_once(connection, study.record.id, CHOSEN, lambda: {"trial": 3}) == {"trial": 7}
    for change in (study.retry, study.drop, study.prune):
        with pytest.raises(UsageError, match="is closed: its winner has been chosen"):
            change(claim.number)
    with pytest.raises(UsageError, match="is closed.* say search confirm s --as s-confirm-2"):
        begin(parent.engine, parent.record, seeds=5)
    assert study.status().budget == 2


def test_changes_since_the_study_are_kept_by_its_confirmation(engine, make_study):
    study = Study(engine, make_study(engine))
    note_changes_since(study.engine, study.record, study.record)
    note_changes_since(study.engine, study.record, replace(study.record, data_fingerprint="other"))
    with engine.connect() as connection:
        assert find_note(connection, study.record.id, "accept-changes") == {
            "fingerprints_were": ["space", "other"],
            "fingerprints_are": ["space", "data"],
            "changes": ["the data changed"],
        }


def test_a_training_that_is_tried_again_keeps_what_it_confirms(engine, make_study, add_worker):
    study = make_study(engine, budget=1)
    claim = slots.claim(engine, study.id, add_worker(engine, study), fixed_params=lambda number: {"x": 1})
    with writing(engine) as connection:
        tables.reopen_trial(connection, claim.trial_id)
    with closing_storage(engine) as storage:
        assert storage.get_trial(claim.trial_id).system_attrs["fixed_params"] == {"x": 1}


def test_better_trials_that_came_later_are_named(engine, make_study, make):
    study = Study(engine, make_study(engine))
    found = [trial(make, number, score) for number, score in ((7, 0.5), (3, 0.9), (8, 0.6))]
    assert newer_trials(study.record, found, PLAN) == [8]
    assert newer_trials(study.record, [], PLAN) == []


@pytest.fixture
def registry(database_url, fill):
    """Give a registry on each kind of database."""
    fill(database_url, make_tables)
    made = Registry(database_url)
    yield made
    made.close()


def confirmed(registry, mean, data="data", parameters=10, metric="val_accuracy", **tags):
    """Register a version with the tags of one that was confirmed."""
    return registry.register(
        "m",
        weights=b"weights",
        metric=metric,
        score=0.5,
        source=Source(data_fingerprint=data),
        parameters=parameters,
        tags={MEAN_TAG: repr(mean), SEEDS_TAG: "2"} | tags,
    )


def record_of(name, **changes):
    """Return what is read here of a study."""
    fields = {"model": "m", "name": name, "objective": HIGH, "data_fingerprint": "data", "settings": Settings()}
    return SimpleNamespace(**fields | changes)


def test_the_first_confirmed_becomes_champion(registry):
    chosen = confirmed(registry, 0.6)
    assert promote_champion(registry, record_of("a"), chosen) == "m@champion is m/1"
    assert registry.get("m@champion").ref == "m/1"
    assert registry.history("m@champion")[0].detail == "mean val_accuracy 0.6 over 2 seeds"
    assert promote_champion(registry, record_of("a"), chosen) == "m@champion is m/1"


@pytest.mark.parametrize(
    ("mean", "parameters", "moves"),
    [
        (0.61, 10, True),
        (0.59, 9, False),
        (0.6 + 1e-9, 9, True),  # the same to six digits, at less cost
        (0.6 + 1e-9, 10, False),
    ],
)
def test_a_confirmed_champion_yields_to_a_better_mean(registry, mean, parameters, moves):
    promote_champion(registry, record_of("a"), confirmed(registry, 0.6))
    said = promote_champion(registry, record_of("b"), confirmed(registry, mean, parameters=parameters))
    assert registry.get("m@champion").ref == ("m/2" if moves else "m/1")
    assert ("stays on m/1" in said) != moves


@pytest.mark.parametrize("changes", [{SEEDS_TAG: "", MEAN_TAG: "none"}, {"data": "other"}, {"metric": "val_loss"}])
def test_a_champion_that_is_not_comparable_yields(registry, changes):
    before = confirmed(registry, 0.9, **changes)
    registry.set_alias("m", "champion", before.version)
    done = promote_champion(registry, record_of("b"), confirmed(registry, 0.5))
    assert done == "m@champion is m/2 now; it was m/1 (back there: registry rollback m@champion)"


def test_a_protected_champion_stays(registry):
    promote_champion(registry, record_of("a"), confirmed(registry, 0.5))
    registry.protect_alias("m", "champion")
    assert "is protected" in promote_champion(registry, record_of("b"), confirmed(registry, 0.99))
    assert registry.get("m@champion").ref == "m/1"


def test_a_champion_that_others_approve_is_asked_for(registry):
    promote_champion(registry, record_of("a"), confirmed(registry, 0.5))
    registry.protect_alias("m", "champion", approvals=1)
    better = confirmed(registry, 0.99)
    said = promote_champion(registry, record_of("b"), better)
    assert said == f"m@champion is {better.ref} once somebody else runs `registry request approve 1`"
    assert registry.get("m@champion").ref == "m/1"


def test_a_study_stands_against_the_champion(registry):
    def said(score, study="b", **changes):
        return stand_against(registry, record_of(study, **changes), SimpleNamespace(score=score))

    chosen = confirmed(registry, 0.6, confirm="a")
    assert said(0.5) == ""
    promote_champion(registry, record_of("a"), chosen)
    about = "champion m/1: val_accuracy 0.6000 in the mean of 2 seeds, "
    assert said(0.55) == about + "0.0500 better than this study's best"
    assert said(0.65) == about + "which this study's best beats by 0.0500: search confirm b"
    confirming = Settings(confirms=Confirmation("of all", (0,), ({},), 1))
    assert said(0.65, settings=confirming).endswith(": search confirm 'of all' --as b")
    assert said(0.55, study="a") == said(0.55, data_fingerprint="other") == said(0.55, objective=LOW) == ""


def test_only_what_has_been_chosen_asks_for_the_test_data():
    package = Path(search.__file__).parent
    defining = package / "problems/problem.py"
    asking = [path.name for path in package.rglob("*.py") if path != defining and ".load_test" in path.read_text()]
    assert asking == ["held_out.py"]
    importing = {str(path.relative_to(package)) for path in package.rglob("*.py") if "held_out" in path.read_text()}
    assert importing == {"confirm/conclude.py", "ensemble/make.py", "refit/refit.py"}
