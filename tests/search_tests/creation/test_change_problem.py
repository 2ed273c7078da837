"""A study that no trial was judged in follows a mended problem; any other keeps its own, and says what differs."""

from dataclasses import replace

import optuna
import pytest
import sqlalchemy as sa

from registry.core.database.transaction import reading
from registry.core.errors import UsageError
from registry.core.objective import Objective
from search.coordination import slots
from search.coordination.lease import Lease
from search.creation.changes.differences import check_unchanged, differences
from search.creation.changes.problem import accept, follow
from search.errors import ChangedProblem
from search.optuna_bridge.storage import closing_storage
from search.problems.inspection import Inspection
from search.records.confirm_plan import Confirmation
from search.records.history.versions import read_versions
from search.schema import slots as table

SPACE = {"hyperparameters": [], "ambiguous": [], "defaults": {}}
SAME = Inspection("search.toy:toy", "toy", "val_accuracy", "max", SPACE, "space", "data", 0)
LOSS = replace(SAME, metric="val_loss", direction="min")
UNITS = {"name": "units", "class": "Int", "min_value": 8, "max_value": 64, "step": 1, "sampling": "linear"}
OTHER_SPACE = replace(SAME, space={**SPACE, "hyperparameters": [UNITS]}, space_fingerprint="other")


def begun(engine, study, worker):
    """Claim a trial, let it ask for its params, and hand it back."""
    claim = slots.claim(engine, study.id, worker)
    with closing_storage(engine) as storage:
        trial = optuna.load_study(study_name=study.name, storage=storage)
        frozen = trial.get_trials(deepcopy=False)[0]
        optuna.Trial(trial, frozen._trial_id).suggest_int("units", 2, 4)
    Lease(engine, claim, 60.0).release("failed", "no such metric")


def test_it_follows_a_mended_objective_and_begins_its_trials_again(engine, make_study, add_worker):
    study = make_study(engine, "s")
    begun(engine, study, add_worker(engine, study))
    followed = follow(engine, study, LOSS)
    assert (followed.objective, followed.stopping, followed.error) == (Objective("val_loss", "min"), False, None)
    with closing_storage(engine) as storage:
        loaded = optuna.load_study(study_name="s", storage=storage)
        assert loaded.direction == optuna.study.StudyDirection.MINIMIZE
        assert [trial.params for trial in loaded.trials] == [{}]
    with reading(engine) as connection:
        assert set(connection.execute(sa.select(table.c.epoch, table.c.score))) == {(0, None)}
    assert follow(engine, followed, LOSS) is followed


def test_it_follows_a_mended_space_and_says_so(engine, make_study, caplog):
    study = make_study(engine, "s")
    followed = follow(engine, study, OTHER_SPACE)
    assert followed.space["hyperparameters"] == [UNITS]
    check_unchanged(followed, OTHER_SPACE)
    assert caplog.messages == ["s has no trial yet and follows its problem: units (8..64) is new"]


def test_not_while_a_trial_is_being_trained(engine, make_study, add_worker):
    study = make_study(engine, "s")
    slots.claim(engine, study.id, add_worker(engine, study))
    with pytest.raises(
        ChangedProblem, match=r"optimizes 'val_accuracy' \(max\), and its problem now 'val_loss' \(min\)"
    ):
        follow(engine, study, LOSS)
    assert follow(engine, study, OTHER_SPACE) is study


def test_a_confirmation_keeps_its_problem(sqlite_engine, make_study):
    study = make_study(sqlite_engine, "s-confirm", confirms=Confirmation("s", (0,), ({},), 1))
    assert follow(sqlite_engine, study, OTHER_SPACE) is study


def test_changed_folds_are_refused_until_they_are_accepted(sqlite_engine, make_study, add_worker):
    study = make_study(sqlite_engine, "s")
    slots.claim(sqlite_engine, study.id, add_worker(sqlite_engine, study))
    folded = replace(SAME, folds=3)
    with pytest.raises(
        ChangedProblem, match="'s' began with: folds: 1 became 3. .*--accept-changes .accept_changes=True in Python.$"
    ):
        check_unchanged(study, folded)
    accepted = accept(sqlite_engine, study, folded)
    assert (accepted.folds, accepted.version) == (3, 2)
    check_unchanged(accepted, folded)
    with reading(sqlite_engine) as connection:
        assert [version.changes for version in read_versions(connection, study.id)] == [("folds: 1 became 3",)]
    assert accept(sqlite_engine, accepted, folded) is accepted


def test_a_study_without_a_trial_follows_its_folds(sqlite_engine, make_study):
    assert follow(sqlite_engine, make_study(sqlite_engine, "s"), replace(SAME, folds=3)).folds == 3


def test_folds_do_not_go_with_repeats(sqlite_engine, make_study):
    with pytest.raises(UsageError, match="folds=3, each a training of its own"):
        accept(sqlite_engine, make_study(sqlite_engine, "s", repeats=2), replace(SAME, folds=3))


def hp(name, **more):
    return {"name": name, "class": "Int", "conditions": [], **more}


def described(space=(), **description):
    shown = {"keras": "3", "python": "3.11", **description}
    return replace(SAME, space={**SPACE, "hyperparameters": list(space), "description": shown})


def source(**parts):
    return {"module": "mine", "parts": parts}


LAYERS = [["Dense", "a"], ["Dropout", "b"], ["Dense", "c"]]
NUMBERS = {"min_value": 8, "max_value": 64, "step": 1, "sampling": "linear"}


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (described(), described(), []),
        (
            described([hp("units", **NUMBERS)]),
            replace(described([hp("units", **NUMBERS | {"max_value": 32})]), space_fingerprint="x"),
            ["units: 8..64 became 8..32"],
        ),
        (
            described([hp("kind", values=["a", "b"]), hp("gone", value=1)]),
            replace(
                described([hp("kind", values=["a"]), hp("rate", **NUMBERS | {"sampling": "log"})]),
                space_fingerprint="x",
            ),
            ["kind: a, b became a", "gone is gone", "rate (8..64, log) is new"],
        ),
        (
            described([hp("units", **NUMBERS)]),
            replace(described([hp("units", **NUMBERS, conditions=[["a", [1]]])]), space_fingerprint="x"),
            ["when units is asked for changed"],
        ),
        (
            described(data={"train": ["float32 (800, 4)"], "validation": ["float32 (8, 4)"]}),
            replace(
                described(data={"train": ["float32 (700, 4)"], "validation": ["float32 (8, 4)"]}), data_fingerprint="x"
            ),
            ["the train data: float32 (800, 4) became float32 (700, 4)"],
        ),
        (SAME, replace(SAME, data_fingerprint="x"), ["the data changed"]),
        (
            described(data={"train": ["a"]}),
            replace(described(data={"train": ["a"]}), data_fingerprint="x"),
            ["the data's values changed, in the same shapes"],
        ),
        (
            described(optimizer={"class": "SGD", "momentum": 0.0}),
            described(optimizer={"class": "Adam", "beta_1": 0.9}),
            ["the optimizer: SGD became Adam"],
        ),
        (
            described(optimizer={"class": "SGD", "momentum": 0.0}),
            described(optimizer={"class": "SGD", "momentum": 0.9}),
            ["the optimizer's momentum: 0.0 became 0.9"],
        ),
        (
            described(optimizer={"class": "SGD", "learning_rate": 0.0010000000474974513}),
            described(optimizer={"class": "SGD", "learning_rate": 0.009999999776482582}),
            ["the optimizer's learning_rate: 0.001 became 0.01"],
        ),
        (
            described(optimizer={"class": "SGD", "momentum": 0.9}),
            described(optimizer={"class": "SGD", "momentum": 0.9000000000000001}),
            ["the optimizer's momentum: 0.9 became 0.9000000000000001"],
        ),
        (described(loss="mse"), described(loss="mae"), ["the loss: mse became mae"]),
        (
            described(loss={"class_name": "Huber"}),
            described(loss={"class_name": "Dice"}),
            ["the loss: Huber became Dice"],
        ),
        (
            described(weighted_metrics=None),
            described(weighted_metrics=["f1"]),
            ["the weighted metrics: none became f1"],
        ),
        (described(loss_weights=[0, 1]), described(loss_weights=[1, 0]), ["the loss weights: 0, 1 became 1, 0"]),
        (
            described(metrics=[{"class_name": "Recall", "config": {"k": 1}}]),
            described(metrics=[{"class_name": "Recall", "config": {"k": 2}}]),
            ["the metrics changed"],
        ),
        (described(metrics=["accuracy"]), described(metrics=["auc"]), ["the metrics: accuracy became auc"]),
        (
            described(model="x", layers=LAYERS),
            described(model="y", layers=[LAYERS[0], ["Dropout", "z"], LAYERS[2]]),
            ["layer 2 (Dropout) changed"],
        ),
        (
            described(model="x", layers=LAYERS),
            described(model="y", layers=LAYERS[:1]),
            ["the layers: Dense, Dropout, Dense became Dense"],
        ),
        (
            described(model="x", layers=LAYERS),
            described(model="y", layers=LAYERS),
            ["how the model's layers are joined changed"],
        ),
        (
            described(source=source(Network="a", other="b")),
            described(source=source(Network="c", other="b", more="d")),
            ["the source of mine changed: Network, more"],
        ),
        (described(source=source(Network="a")), described(source=source(Network="c"), python="3.12"), []),
        (described(loss="mse"), described(loss="mae", keras="4"), []),
        (SAME, described(loss="mae"), []),
    ],
)
def test_what_differs_is_said_in_words(before, now, said):
    assert differences(before, now) == said


def test_the_refusal_says_what_to_do(sqlite_engine, make_study):
    study = make_study(sqlite_engine, "s")
    with pytest.raises(
        ChangedProblem,
        match=r"'s' began with: units \(8..64\) is new. .*--accept-changes .accept_changes=True in Python.$",
    ):
        check_unchanged(study, OTHER_SPACE)
