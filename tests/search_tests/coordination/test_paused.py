"""Trials that are set aside, on SQLite and on PostgreSQL."""

from __future__ import annotations

import math

import pytest
import sqlalchemy as sa

from registry.values.stop_reason import StopReason
from search.coordination import control, slots
from search.coordination.checkpointing.store import StoredCheckpoint
from search.coordination.lease import Lease
from search.coordination.paused import close_paused, paused_result
from search.errors import LeaseLost
from search.optuna_bridge import tables
from search.records.results import TrialResult
from search.records.shown.status import read_status
from search.records.trials import read_trials
from search.schema import attempts, checkpoints

VERDICT = {"pruner": "rungs", "epoch": 2, "value": 0.5}


def result(**changes):
    fields = {
        "trial": 0,
        "seed": 1,
        "params": {"x": 1},
        "stop_reason": StopReason.PRUNED,
        "curves": {"val_accuracy": (0.5, math.nan), "loss": (2.0, 1.0)},
        "score": 0.5,
        "epoch": 1,
        "seconds": 3.0,
    }
    return TrialResult(**fields | changes)


@pytest.fixture
def bench(engine, make_study, add_worker):
    """Give an engine, a study of two trials and a worker."""
    study = make_study(engine, budget=2)
    return engine, study, add_worker(engine, study)


def pause_one(engine, study, worker):
    lease = Lease(engine, slots.claim(engine, study.id, worker, until=2))
    assert lease.claim.until == 2
    lease.pause(result(), StoredCheckpoint(2, "hash", b"state"))
    return lease


def test_a_paused_trial_keeps_what_it_has_come_to_and_is_claimed_by_its_schedule_only(bench):
    engine, study, worker = bench
    lease = pause_one(engine, study, worker)
    first, second = read_trials(engine, study.id)
    assert (first.state, first.score, first.epoch, first.curves["loss"]) == ("paused", 0.5, 2, [2.0, 1.0])
    assert read_status(engine, "s").trials == {
        "complete": 0, "pruned": 0, "failed": 0, "running": 0, "paused": 1, "waiting": 1,
    }  # fmt: skip
    assert slots.claim(engine, study.id, worker, new=False) is None
    assert slots.claim(engine, study.id, worker).number == second.slot
    with pytest.raises(LeaseLost):
        lease.beat()
    with engine.connect() as connection:
        ended = sa.select(attempts.c.outcome, attempts.c.last_epoch).where(attempts.c.lease == lease.claim.lease)
        assert connection.execute(ended.where(attempts.c.slot_id == lease.claim.slot)).one() == ("paused", 2)


def test_one_of_many_resumes_it(bench):
    engine, study, worker = bench
    pause_one(engine, study, worker)
    seen = 2
    assert slots.resume(engine, study.id, worker, number=0, lease=seen - 1, until=6) is None
    claim = slots.resume(engine, study.id, worker, number=0, lease=seen, until=6)
    assert (claim.number, claim.until, claim.epoch) == (0, 6, 2)
    assert claim.seconds > 0
    assert slots.resume(engine, study.id, worker, number=0, lease=seen, until=6) is None
    assert close_paused(engine, study, 0, seen, VERDICT) is None
    assert Lease(engine, claim).load_checkpoint() == ("hash", b"state")
    # Whoever goes on with it after a kill pauses where it was told to.
    with engine.begin() as connection:
        slots.release(connection, claim.slot)
    assert slots.claim(engine, study.id, worker, until=1).until == 6


def test_it_is_closed_with_what_it_had_come_to(bench):
    engine, study, worker = bench
    lease = pause_one(engine, study, worker)
    assert paused_result(engine, study, 0, 2, VERDICT).score == 0.5
    closed = close_paused(engine, study, 0, 2, VERDICT)
    assert (closed.epochs, math.isnan(closed.curves["val_accuracy"][1])) == (2, True)
    trial = read_trials(engine, study.id)[0]
    assert (trial.state, trial.stop_reason, trial.score) == ("finished", StopReason.PRUNED, 0.5)
    assert trial.pruned_by == VERDICT
    assert close_paused(engine, study, 0, 3, VERDICT) is None
    with engine.connect() as connection:
        assert connection.execute(sa.select(checkpoints)).all() == []
        (optunas,) = tables.read_trials(connection, [lease.claim.trial_id])
    assert (optunas.state.name, optunas.value) == ("PRUNED", 0.5)


def test_it_cannot_be_dropped_or_tried_again(bench):
    engine, study, worker = bench
    pause_one(engine, study, worker)
    for act in (control.drop, control.retry):
        with pytest.raises(Exception, match="trial 0 is paused"):
            act(engine, study, [0])


def test_a_study_that_is_being_stopped_resumes_nothing(bench):
    from search.records.studies import set_stopping

    engine, study, worker = bench
    pause_one(engine, study, worker)
    set_stopping(engine, study.id, stopping=True)
    assert slots.resume(engine, study.id, worker, number=0, lease=2, until=6) is None


def test_given_params_go_to_the_next_free_slots_and_the_budget_grows_for_them(bench):
    engine, study, worker = bench
    slots.claim(engine, study.id, worker)
    assert control.enqueue(engine, study, [{"x": 1}, {"x": 2}]) == [1, 2]
    assert control.enqueue(engine, study, [{"x": 3}]) == [3]
    assert read_status(engine, "s").budget == 4
    for number in (1, 2, 3):
        claim = slots.claim(engine, study.id, worker, fixed_params=lambda number: {"x": 9})
        with engine.connect() as connection:
            (trial,) = tables.read_trials(connection, [claim.trial_id])
        assert trial.system_attrs[tables.FIXED] == {"x": number}
