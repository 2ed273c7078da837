"""The budget and its leases, on SQLite and PostgreSQL."""

import math
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from registry.database import clock, writing
from search import slots
from search.errors import LeaseLost
from search.records import read_trials, set_stopping
from search.results import StopReason, TrialResult
from search.schema import workers
from search.status import read_status


@pytest.fixture
def worker(engine):
    """Give a function that registers a worker of a study and returns its id."""

    def register(study, name="w"):
        now = clock(engine.dialect.name)
        row = {"host": socket.gethostname(), "pid": 1, "device": "cpu", "state": "idle"}
        with writing(engine) as connection:
            connection.execute(
                sa.insert(workers).values(id=name, study_id=study.id, started_at=now, beat_at=now, **row)
            )
        return name

    return register


def result(score=0.5, reason=StopReason.MAX_EPOCHS, **changes):
    """Return a finished trial of two epochs."""
    fields = {
        "trial": 0,
        "seed": 1,
        "params": {"x": 1},
        "stop_reason": reason,
        "curves": {"val_accuracy": (0.1, 0.2)},
        "score": score,
        "epoch": 2,
        "seconds": 3.0,
    }
    return TrialResult(**(fields | changes))


def test_slots_are_claimed_in_order_and_only_once(engine, make_study, worker):
    study = make_study(engine, budget=3)
    name = worker(study)
    claims = [slots.claim(engine, study.id, name) for _ in range(4)]
    assert [c and c.number for c in claims] == [0, 1, 2, None]


def test_many_claimers_share_the_budget_exactly(engine, make_study, worker):
    study = make_study(engine, budget=40)
    names = [worker(study, f"w{index}") for index in range(8)]

    def claim_all(name):
        found = []
        while (claimed := slots.claim(engine, study.id, name)) is not None:
            found.append(claimed.number)
        return found

    with ThreadPoolExecutor(8) as pool:
        numbers = [number for found in pool.map(claim_all, names) for number in found]
    assert sorted(numbers) == list(range(40))


def test_an_expired_lease_is_claimed_by_another_who_fences_the_first_out(engine, make_study, worker):
    study = make_study(engine, budget=1)
    first, second = worker(study, "first"), worker(study, "second")
    dead = slots.Lease(engine, slots.claim(engine, study.id, first, seconds=-1))
    again = slots.claim(engine, study.id, second)
    assert (again.number, again.lease) == (0, 2)
    for write in (
        dead.beat,
        lambda: dead.attach(0),
        lambda: dead.start({}),
        lambda: dead.progress(1, 0.5, 1),
        lambda: dead.save_checkpoint(1, "hash", b"data"),
        lambda: dead.finish(result()),
        dead.release,
    ):
        with pytest.raises(LeaseLost):
            write()
    alive = slots.Lease(engine, again)
    assert alive.load_checkpoint() is None
    alive.finish(result())
    assert read_status(engine, "s").trials["complete"] == 1


def test_a_beat_keeps_the_lease(engine, make_study, worker):
    study = make_study(engine, budget=1)
    name = worker(study)
    lease = slots.Lease(engine, slots.claim(engine, study.id, name, seconds=-1))
    lease.beat()
    assert slots.claim(engine, study.id, name) is None


def test_a_released_slot_keeps_its_trial_and_its_checkpoint(engine, make_study, worker):
    study = make_study(engine, budget=1)
    name = worker(study)
    lease = slots.Lease(engine, slots.claim(engine, study.id, name))
    lease.attach(0)
    lease.save_checkpoint(1, "one", b"1")
    lease.save_checkpoint(2, "two", b"22")
    lease.release()
    again = slots.Lease(engine, slots.claim(engine, study.id, name))
    assert again.claim.trial == 0
    assert again.load_checkpoint() == ("two", b"22")


def test_a_finished_slot_is_final_and_its_checkpoint_gone(engine, make_study, worker):
    study = make_study(engine, budget=1)
    name = worker(study)
    lease = slots.Lease(engine, slots.claim(engine, study.id, name))
    lease.save_checkpoint(1, "one", b"1")
    lease.finish(result(curves={"loss": (math.nan, 0.5), "val_accuracy": (0.1, math.inf)}))
    assert lease.load_checkpoint() is None
    with pytest.raises(LeaseLost):
        lease.finish(result())
    trial = read_trials(engine, study.id)[0]
    assert trial.curves == {"loss": [None, 0.5], "val_accuracy": [0.1, None]}
    assert (trial.state, trial.stop_reason, trial.params) == ("finished", StopReason.MAX_EPOCHS, {"x": 1})


def test_a_dead_workers_slot_is_handed_back_at_once(engine, make_study, worker):
    study = make_study(engine, budget=1)
    name = worker(study)
    lease = slots.Lease(engine, slots.claim(engine, study.id, name))
    assert slots.release_worker(engine, name) == 1
    with pytest.raises(LeaseLost):
        lease.beat()
    assert slots.claim(engine, study.id, name).number == 0


def test_nothing_is_claimed_while_the_study_is_being_stopped(engine, make_study, worker):
    study = make_study(engine, budget=1)
    name = worker(study)
    set_stopping(engine, study.id, stopping=True)
    assert slots.claim(engine, study.id, name) is None
    set_stopping(engine, study.id, stopping=False)
    assert slots.claim(engine, study.id, name) is not None


def test_a_budget_grows_and_never_shrinks(engine, make_study):
    study = make_study(engine, budget=3)
    with writing(engine) as connection:
        assert slots.add_slots(connection, study.id, 5) == 2
        assert slots.add_slots(connection, study.id, 4) == 0
    assert slots.unfinished(engine, study.id) == 5


def test_the_status_counts_every_kind_of_trial(engine, make_study, worker):
    study = make_study(engine, budget=6)
    name = worker(study)
    ends = [
        result(0.5),
        result(0.7, trial=1, params={"x": 2}),
        result(0.9, reason=StopReason.PRUNED, trial=2),
        result(None, reason=StopReason.NAN, trial=3, epoch=None),
    ]
    for end in ends:
        lease = slots.Lease(engine, slots.claim(engine, study.id, name))
        lease.attach(end.trial)
        lease.finish(end)
    slots.Lease(engine, slots.claim(engine, study.id, name)).attach(4)
    status = read_status(engine, "s")
    assert status.trials == {"complete": 2, "pruned": 1, "failed": 1, "running": 1, "waiting": 1}
    assert (status.budget, status.finished) == (6, 4)
    assert (status.best.trial, status.best.score, status.best.epoch) == (2, 0.9, 2)
    assert [(w.id, w.trial) for w in status.workers] == [(name, 4)]
