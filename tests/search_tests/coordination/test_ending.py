"""Studies that end themselves, on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from registry.core.errors import UsageError
from registry.core.objective import Objective
from registry.values.stop_reason import StopReason
from search.coordination import control, slots
from search.coordination.ending.conditions import end_study, epochs_left, grant_epochs, why_over
from search.coordination.lease import Lease
from search.creation.changes.checks import check_target
from search.creation.changes.settings import change_settings
from search.errors import NoEpochsLeft
from search.optuna_bridge.tables import Changes
from search.records.results import TrialResult
from search.records.settings import Settings
from search.records.shown.status import read_status
from search.records.studies import read_study, set_stopping
from search.schema import slots as table


def finish(engine, study, worker, score, epochs=2):
    lease = Lease(engine, slots.claim(engine, study.id, worker))
    curve = tuple([score] * epochs)
    result = TrialResult(
        trial=lease.claim.number, seed=0, params={}, stop_reason=StopReason.MAX_EPOCHS,
        curves={"val_accuracy": curve}, score=score, epoch=1, seconds=1.0,
    )  # fmt: skip
    with Session(engine) as session, session.begin():
        lease.finish(session.connection(), result, Changes())
    with engine.begin() as connection:  # the clock of SQLite is a millisecond's
        order = sa.update(table).where(table.c.number == lease.claim.number)
        connection.execute(order.values(finished_at=float(lease.claim.number)))


@pytest.fixture
def bench(engine, make_study, add_worker):
    def begin(budget=9, **settings):
        study = make_study(engine, budget=budget)
        study = change_settings(engine, study, settings)
        return study, add_worker(engine, study)

    return begin


def test_a_target_ends_it_once_a_trial_has_reached_it(engine, bench):
    study, worker = bench(target=0.75)
    assert why_over(engine, study) is None
    finish(engine, study, worker, 0.7)
    assert why_over(engine, study) is None
    finish(engine, study, worker, 0.75)
    assert why_over(engine, study) == "it has reached its target 0.75: 0.7500 by trial 1"


def test_a_study_that_a_dropped_trial_had_ended_has_not_ended(engine, bench):
    study, worker = bench(target=0.75)
    finish(engine, study, worker, 0.5)
    finish(engine, study, worker, 0.8)
    end_study(engine, study, why_over(engine, study))
    control.drop(engine, study, [0])
    assert read_status(engine, "s").state == "ended"  # it is another trial that ended it
    control.drop(engine, study, [1])
    status = read_status(engine, "s")
    assert (status.ended, status.stopping) == (None, True)
    assert why_over(engine, study) is None


def test_a_study_without_epochs_has_ended_whatever_is_dropped(engine, bench):
    study, worker = bench(epochs=2)
    finish(engine, study, worker, 0.5)
    end_study(engine, study, "its budget of 2 epochs is used up")
    control.drop(engine, study, [0])
    assert read_status(engine, "s").state == "ended"


def test_trials_without_a_gain_end_it(engine, bench):
    study, worker = bench(stop_after=2)
    for score in (0.5, 0.6, 0.6):
        finish(engine, study, worker, score)
    assert why_over(engine, study) is None
    finish(engine, study, worker, 0.1)
    assert why_over(engine, study) == "2 trials have ended without a gain since trial 1"


def test_a_study_without_such_wishes_goes_on(engine, bench):
    study, worker = bench()
    finish(engine, study, worker, 1.0)
    assert why_over(engine, study) is None


def test_whoever_claims_together_gets_no_more_epochs_than_there_are(engine, bench):
    study, worker = bench(epochs=7)
    grant = grant_epochs(study)
    claims = [slots.claim(engine, study.id, worker, until=3, grant=grant) for _ in range(3)]
    assert [claim.until for claim in claims] == [3, 3, 1]
    with pytest.raises(NoEpochsLeft):
        slots.claim(engine, study.id, worker, until=3, grant=grant)
    assert read_status(engine, "s").trials["running"] == 3
    # One that ends before gives the rest back.
    with engine.begin() as connection:
        connection.execute(sa.update(table).where(table.c.number == 0).values(epoch=2))
        slots.pause(connection, claims[0].slot)
        assert epochs_left(connection, study) == 1
    assert Lease(engine, claims[2]).extend(9, grant) == 2


def test_a_changed_wish_lets_it_go_on(engine, bench):
    study, _ = bench(target=0.5)
    end_study(engine, study, "it has reached its target")
    status = read_status(engine, "s")
    assert (status.ended, status.stopping) == ("it has reached its target", True)
    assert status.as_dict()["ended"] == "it has reached its target"
    set_stopping(engine, study.id, stopping=False)
    assert read_status(engine, "s").ended is None
    assert change_settings(engine, study, {"target": 0.9}).settings.target == 0.9
    assert read_study(engine, "s").settings.target == 0.9


@pytest.mark.parametrize("target", [1.5, 0.0, -0.2])
def test_a_target_that_no_share_can_be_is_refused(target):
    with pytest.raises(UsageError, match="is a share; expected more than 0, and 1 at most"):
        check_target(Objective("val_accuracy", "max"), Settings(target=target))
    check_target(Objective("val_loss", "min"), Settings(target=target))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"target": float("nan")}, "the target is nan; expected a finite number"),
        ({"epochs": 0}, "epochs is 0; expected 1 or more"),
        ({"stop_after": 0}, "stop_after is 0"),
        ({"keep_paused": -1}, "keep_paused is -1"),
    ],
)
def test_senseless_wishes_are_refused(settings, says):
    with pytest.raises(UsageError, match=says):
        Settings(**settings)
