"""Trials that have had their time, as their pool sees them from the database, and leases that it keeps for workers."""

import pytest
import sqlalchemy as sa

from registry.core.database.engine import open_engine
from registry.core.database.transaction import clock, reading, writing
from registry.values.stop_reason import StopReason
from search.coordination import control
from search.coordination.ending.worker_exits import release_worker
from search.coordination.lease import Lease
from search.coordination.slots import claim, reap
from search.coordination.time_limits import beat_for, close_overdue, overdue_workers
from search.errors import LeaseLost
from search.optuna_bridge.tables import Changes
from search.records.shown.status import read_status
from search.records.trials import read_trials
from search.schema import attempts, slots, workers
from search.system.process_exit import WorkerExit

LIMIT = 60.0


@pytest.fixture
def study(engine, make_study):
    """Give a study whose trials may train for a minute."""
    return make_study(engine, trial_seconds=LIMIT)


def claimed(engine, study, add_worker, name):
    """Claim a slot by a new worker; return its lease."""
    add_worker(engine, study, name)
    return Lease(engine, claim(engine, study.id, name))


def age(engine, lease, seconds):
    """Let an attempt have begun earlier, as if the time had passed."""
    with writing(engine) as connection:
        this = sa.and_(attempts.c.slot_id == lease.claim.slot, attempts.c.lease == lease.claim.lease)
        connection.execute(sa.update(attempts).where(this).values(started_at=attempts.c.started_at - seconds))


def test_a_trial_over_its_limit_is_closed_with_the_score_of_its_best_epoch(engine, study, add_worker):
    lease = claimed(engine, study, add_worker, "a")
    lease.start({"units": 4}, Changes(), 0)
    lease.progress(1, 0.25, 1, Changes(reports={1: 0.25}))
    lease.progress(2, 0.25, 1, Changes(reports={2: 0.125}))
    age(engine, lease, LIMIT + 5)
    assert overdue_workers(engine, study, ["a"]) == []  # it may still end by itself
    assert not close_overdue(engine, study, "a")
    age(engine, lease, 1)
    assert overdue_workers(engine, study, ["a"]) == ["a"]
    assert close_overdue(engine, study, "a")
    assert not close_overdue(engine, study, "a")
    trial = read_trials(engine, study.id)[0]
    assert (trial.stop_reason, trial.score, trial.best_epoch) == (StopReason.TIME_LIMIT, 0.25, 1)
    assert (trial.curves, trial.params) == ({"val_accuracy": [0.25, 0.125]}, {"units": 4})
    assert read_status(engine, "s").trials["complete"] == 1
    with pytest.raises(LeaseLost):
        lease.beat()


def test_a_trial_over_its_limit_without_an_epoch_has_failed_and_can_be_tried_again(engine, study, add_worker):
    age(engine, claimed(engine, study, add_worker, "a"), LIMIT + 6)
    assert close_overdue(engine, study, "a")
    trial = read_trials(engine, study.id)[0]
    assert (trial.stop_reason, trial.score) == (StopReason.TIME_LIMIT, None)
    assert "did not answer at the time limit" in trial.error
    assert read_status(engine, "s").trials["failed"] == 1
    control.retry(engine, study, [0])
    assert read_trials(engine, study.id)[0].state == "waiting"


def test_what_earlier_attempts_took_counts_but_not_what_was_lost(engine, study, add_worker):
    first = claimed(engine, study, add_worker, "a")
    age(engine, first, 50)
    first.release("preempted")
    second = claimed(engine, study, add_worker, "b")
    assert second.claim.seconds == pytest.approx(50, abs=1)
    age(engine, second, 60)
    with writing(engine) as connection:  # its machine went away at once, and nobody noticed for a minute
        silent = sa.update(workers).where(workers.c.id == "b")
        connection.execute(silent.values(beat_at=workers.c.beat_at - 60))
    release_worker(engine, study, "b", WorkerExit("lost", "its node is gone"))
    third = claimed(engine, study, add_worker, "c")
    assert third.claim.seconds == pytest.approx(50, abs=1)
    age(engine, third, 15)
    assert overdue_workers(engine, study, ["c"]) == []
    age(engine, third, 1)
    assert overdue_workers(engine, study, ["c"]) == ["c"]


def test_an_attempt_gets_the_grace_also_where_the_time_is_up_before_it_begins(engine, study, add_worker):
    first = claimed(engine, study, add_worker, "a")
    age(engine, first, 1000)
    release_worker(engine, study, "a", WorkerExit("preempted", "ended at once when its pool was stopped"))
    second = claimed(engine, study, add_worker, "b")
    assert overdue_workers(engine, study, ["b"]) == []
    age(engine, second, 6)
    assert overdue_workers(engine, study, ["b"]) == ["b"]


def test_workers_of_others_and_studies_without_a_limit_are_left_alone(engine, study, make_study, add_worker):
    age(engine, claimed(engine, study, add_worker, "a"), 1000)
    assert overdue_workers(engine, study, ["b"]) == []
    free = make_study(engine, "free")
    age(engine, claimed(engine, free, add_worker, "c"), 1000)
    assert overdue_workers(engine, free, ["c"]) == []


def test_a_pool_keeps_the_leases_of_workers_that_cannot(engine, study, add_worker):
    lease = claimed(engine, study, add_worker, "a")
    assert beat_for(engine, ["a"]) == 0  # it beats by itself
    with writing(engine) as connection:
        connection.execute(sa.update(slots).where(slots.c.id == lease.claim.slot).values(expires_at=0.0))
        connection.execute(sa.update(workers).values(beat_at=0.0))
    assert beat_for(engine, ["b"]) == 0
    assert beat_for(engine, ["a"]) == 1
    assert reap(engine, study.id) == 0
    with reading(engine) as connection:
        now = connection.execute(sa.select(clock(engine.dialect.name))).scalar_one()
        assert connection.execute(sa.select(workers.c.beat_at)).scalar_one() == pytest.approx(now, abs=5)
    lease.beat()


def test_a_beat_holds_no_lock_while_its_thread_waits_for_the_interpreter(engine, study, add_worker):
    lease = claimed(engine, study, add_worker, "a")
    beats, others = open_engine(engine.url), open_engine(engine.url)
    written = []

    @sa.event.listens_for(beats, "after_cursor_execute")
    def _write_meanwhile(*_arguments):  # native code that keeps the interpreter may stop the beat here, for ever
        with others.connect().execution_options(sqlite_begin="IMMEDIATE") as connection, connection.begin():
            if others.name == "postgresql":
                connection.exec_driver_sql("SET lock_timeout = 1000")  # SQLite has its own
            written.append(connection.execute(sa.update(slots).values(crashes=0)).rowcount)

    assert lease.beat() is False  # the study's own engine, without the listener
    assert Lease(beats, lease.claim).beat() is False
    assert len(written) == 3
    others.dispose()
    beats.dispose()
