"""The budget, its leases and what is written under them, on SQLite and PostgreSQL."""

import math
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from registry.core.database.engine import open_engine
from registry.core.database.transaction import reading, writing
from registry.core.errors import UserError
from registry.values.stop_reason import StopReason
from search.coordination import control, slots
from search.coordination.checkpointing.store import StoredCheckpoint
from search.coordination.ending.given_up import MOST_KILLS
from search.coordination.ending.worker_exits import release_worker
from search.coordination.lease import Lease
from search.creation.changes.budget import add_trials
from search.errors import LeaseLost
from search.launchers.watch import current_status
from search.optuna_bridge.storage import closing_storage
from search.optuna_bridge.tables import Changes
from search.records.results import TrialResult
from search.records.shown.status import read_status
from search.records.studies import set_stopping
from search.records.trials import read_trials
from search.schema import attempts, checkpoint_chunks
from search.system.process_exit import WorkerExit

NOTHING = Changes()


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


def finish(engine, lease, end):
    """Close a lease's slot with a result."""
    with writing(engine) as connection:
        lease.finish(connection, end, NOTHING)


def ended(engine):
    """Return how the attempts ended, in the order of slots and claims."""
    with engine.connect() as connection:
        query = sa.select(attempts.c.outcome).order_by(attempts.c.slot_id, attempts.c.lease)
        return list(connection.execute(query).scalars())


def optuna_trials(engine, name="s"):
    """Return the trials as Optuna's own tools read them."""
    import optuna

    with closing_storage(engine, readonly=True) as storage:
        return optuna.load_study(study_name=name, storage=storage).trials


def test_slots_are_claimed_in_order_and_only_once(engine, make_study, add_worker):
    study = make_study(engine, budget=3)
    name = add_worker(engine, study)
    claims = [slots.claim(engine, study.id, name) for _ in range(4)]
    assert [c and c.number for c in claims] == [0, 1, 2, None]
    assert [t.number for t in optuna_trials(engine)] == [0, 1, 2]


def test_many_claimers_share_the_budget_exactly(engine, make_study, add_worker):
    study = make_study(engine, budget=40)
    names = [add_worker(engine, study, f"w{index}") for index in range(8)]

    def claim_all(name):
        found = []
        while (claimed := slots.claim(engine, study.id, name)) is not None:
            found.append(claimed.number)
        return found

    with ThreadPoolExecutor(8) as pool:
        numbers = [number for found in pool.map(claim_all, names) for number in found]
    assert sorted(numbers) == list(range(40))
    assert [t.number for t in optuna_trials(engine)] == list(range(40))


def test_an_expired_lease_is_claimed_by_another_who_fences_the_first_out(engine, make_study, add_worker):
    study = make_study(engine, budget=1)
    first, second = add_worker(engine, study, "first"), add_worker(engine, study, "second")
    dead = Lease(engine, slots.claim(engine, study.id, first))
    expire(engine)
    again = slots.claim(engine, study.id, second)
    assert (again.number, again.lease, again.trial_id) == (0, 2, dead.claim.trial_id)
    for write in (
        dead.beat,
        lambda: dead.start({}, NOTHING, 0),
        lambda: dead.progress(1, 0.5, 1, Changes(reports={1: 0.5})),
        lambda: dead.save_checkpoint(StoredCheckpoint(1, "hash", b"data")),
        lambda: finish(engine, dead, result()),
        lambda: dead.release("preempted"),
    ):
        with pytest.raises(LeaseLost):
            write()
    assert optuna_trials(engine)[0].intermediate_values == {}
    alive = Lease(engine, again)
    assert alive.load_checkpoint() is None
    finish(engine, alive, result())
    assert read_status(engine, "s").trials["complete"] == 1
    assert ended(engine) == ["lost", "finished"]


def expire(engine):
    """Let all leases run out, and a server have been up for long enough to know."""
    with writing(engine) as connection:
        connection.execute(sa.update(slots.slots).where(slots.slots.c.state == "running").values(expires_at=0.0))


@pytest.fixture(autouse=True)
def old_server(monkeypatch):
    """Let the grace that a server which has just started gives be over at once."""
    monkeypatch.setattr(slots, "GRACE_SECONDS", 0.0)


def test_a_server_that_has_just_started_takes_nobodys_slot(engine, make_study, add_worker, monkeypatch):
    study = make_study(engine, budget=1)
    Lease(engine, slots.claim(engine, study.id, add_worker(engine, study)))
    expire(engine)
    monkeypatch.setattr(slots, "GRACE_SECONDS", 1e9)
    taken = slots.claim(engine, study.id, add_worker(engine, study, "second"), seconds=1e9)
    assert (taken is None) == (engine.dialect.name == "postgresql")


def test_a_beat_keeps_the_lease_and_tells_when_to_stop(engine, make_study, add_worker):
    study = make_study(engine, budget=1)
    lease = Lease(engine, slots.claim(engine, study.id, add_worker(engine, study)))
    expire(engine)
    assert lease.beat() is False
    assert slots.claim(engine, study.id, add_worker(engine, study, "second")) is None
    set_stopping(engine, study.id, stopping=True)
    assert lease.beat() is True


def test_expired_slots_are_handed_back_also_when_nobody_claims(engine, make_study, add_worker):
    study = make_study(engine, budget=2)
    name = add_worker(engine, study)
    lease = Lease(engine, slots.claim(engine, study.id, name))
    assert slots.reap(engine, study.id) == 0
    expire(engine)
    assert slots.reap(engine, study.id) == 1
    assert read_status(engine, "s").trials["waiting"] == 2
    assert ended(engine) == ["lost"]
    with pytest.raises(LeaseLost):
        lease.beat()


def test_who_may_only_read_is_told_how_it_stands_though_a_lease_has_expired(sqlite_engine, make_study, add_worker):
    study = make_study(sqlite_engine, budget=2)
    slots.claim(sqlite_engine, study.id, add_worker(sqlite_engine, study))
    expire(sqlite_engine)
    reader = open_engine(f"sqlite:///file:{sqlite_engine.url.database}?mode=ro&uri=true")
    assert current_status(reader, study).trials["running"] == 1
    reader.dispose()
    assert current_status(sqlite_engine, study).trials["running"] == 0


def test_a_released_slot_keeps_its_trial_and_its_checkpoint(engine, make_study, add_worker, monkeypatch):
    monkeypatch.setattr("search.coordination.checkpointing.store.CHUNK_BYTES", 3)
    study = make_study(engine, budget=1)
    name = add_worker(engine, study)
    lease = Lease(engine, slots.claim(engine, study.id, name))
    lease.save_checkpoint(StoredCheckpoint(1, "one", b"1" * 10))
    lease.save_checkpoint(StoredCheckpoint(2, "two", b"22345678"))
    lease.release("preempted", "why not")
    again = Lease(engine, slots.claim(engine, study.id, name))
    assert again.claim.trial_id == lease.claim.trial_id
    assert again.load_checkpoint() == ("two", b"22345678")
    assert ended(engine) == ["preempted", None]


def test_a_finished_slot_is_final_and_its_checkpoint_gone(engine, make_study, add_worker):
    study = make_study(engine, budget=1)
    lease = Lease(engine, slots.claim(engine, study.id, add_worker(engine, study)))
    lease.save_checkpoint(StoredCheckpoint(1, "one", b"1"))
    finish(engine, lease, result(curves={"loss": (math.nan, 0.5), "val_accuracy": (0.1, math.inf)}))
    assert lease.load_checkpoint() is None
    with engine.connect() as connection:
        assert connection.execute(sa.select(checkpoint_chunks)).all() == []
    # The answer to a commit may be lost on the way: the same again is no fault, and changes nothing.
    finish(engine, lease, result(score=0.9))
    with pytest.raises(LeaseLost):
        lease.progress(3, 0.5, 1, NOTHING)
    trial = read_trials(engine, study.id)[0]
    assert trial.curves == {"loss": [None, 0.5], "val_accuracy": [0.1, None]}
    assert (trial.state, trial.stop_reason, trial.score) == ("finished", StopReason.MAX_EPOCHS, 0.5)


@pytest.mark.parametrize(
    ("end", "state", "value", "feasible"),
    [
        (result(0.7), "COMPLETE", 0.7, True),
        (result(0.7, StopReason.PRUNED), "PRUNED", 0.7, True),
        (result(0.7, StopReason.EARLY_STOPPING), "COMPLETE", 0.7, True),
        (result(None, StopReason.NAN, epoch=None), "PRUNED", None, False),
        (result(None, StopReason.OUT_OF_MEMORY, epoch=None), "PRUNED", None, False),
        (result(None, StopReason.ERROR, epoch=None), "FAIL", None, True),
        (result(None, StopReason.CRASHED, epoch=None), "FAIL", None, True),
    ],
)
def test_optunas_value_is_the_best_epochs_and_the_impossible_is_a_constraint(
    sqlite_engine, make_study, add_worker, end, state, value, feasible
):
    study = make_study(sqlite_engine, budget=1)
    lease = Lease(sqlite_engine, slots.claim(sqlite_engine, study.id, add_worker(sqlite_engine, study)))
    lease.progress(2, 0.7, 1, Changes(reports={1: 0.7, 2: 0.2}))
    finish(sqlite_engine, lease, end)
    kept = optuna_trials(sqlite_engine)[0]
    assert (kept.state.name, kept.value, kept.user_attrs["stop_reason"]) == (state, value, end.stop_reason)
    assert kept.intermediate_values == {1: 0.7, 2: 0.2}
    assert all(broken <= 0 for broken in kept.constraints.values()) == feasible


def held(engine, make_study, add_worker, **settings):
    """Return a study, a worker and its lease of the only slot, one epoch trained."""
    study = make_study(engine, budget=1, **settings)
    name = add_worker(engine, study)
    lease = Lease(engine, slots.claim(engine, study.id, name))
    lease.start({"x": 1}, NOTHING, 0)
    lease.progress(1, 0.5, 1, Changes(reports={1: 0.5}))
    return study, name, lease


def test_a_dead_workers_slot_is_handed_back_at_once(engine, make_study, add_worker):
    study, name, lease = held(engine, make_study, add_worker)
    assert release_worker(engine, study, name, WorkerExit("lost", "ended by signal 9 (SIGKILL)"))
    assert not release_worker(engine, study, name, WorkerExit("lost", "again"))
    with pytest.raises(LeaseLost):
        lease.beat()
    assert slots.claim(engine, study.id, name).number == 0
    assert ended(engine) == ["lost", None]


def test_an_attempt_says_from_which_epoch_it_really_went_on(sqlite_engine, make_study, add_worker):
    study, name, lease = held(sqlite_engine, make_study, add_worker)
    lease.progress(4, 0.5, 1, NOTHING)  # the last checkpoint may be of an earlier epoch
    release_worker(sqlite_engine, study, name, WorkerExit("lost", "ended by signal 9 (SIGKILL)"))
    again = Lease(sqlite_engine, slots.claim(sqlite_engine, study.id, name))
    assert again.claim.epoch == 4
    again.start({"x": 1}, NOTHING, 2)
    assert read_trials(sqlite_engine, study.id)[0].epoch == 2
    again.release("preempted")
    with reading(sqlite_engine) as connection:
        rows = connection.execute(sa.select(attempts).order_by(attempts.c.lease)).all()
    assert [(row.first_epoch, row.last_epoch) for row in rows] == [(1, 4), (3, 2)]


def test_a_trial_that_crashes_its_workers_is_given_up_after_its_retries(engine, make_study, add_worker):
    study, name, _ = held(engine, make_study, add_worker, max_retries=1)
    crash = WorkerExit("crashed", "ended by signal 11 (SIGSEGV)")
    release_worker(engine, study, name, crash)
    assert read_trials(engine, study.id)[0].state == "waiting"
    slots.claim(engine, study.id, name)
    release_worker(engine, study, name, crash)
    trial = read_trials(engine, study.id)[0]
    assert (trial.state, trial.stop_reason, trial.error) == ("finished", StopReason.CRASHED, crash.detail)
    assert (trial.params, trial.curves) == ({"x": 1}, {"val_accuracy": [0.5]})
    assert optuna_trials(engine)[0].state.name == "FAIL"
    assert ended(engine) == ["crashed", "crashed"]


def test_a_trial_that_eats_its_workers_memory_is_not_tried_again(engine, make_study, add_worker):
    study, name, _ = held(engine, make_study, add_worker)
    release_worker(engine, study, name, WorkerExit("out_of_memory", "used 9 MB of memory; its limit is 8 MB"))
    assert read_trials(engine, study.id)[0].stop_reason is StopReason.OUT_OF_MEMORY


def test_a_trial_that_is_killed_again_and_again_before_its_first_epoch_is_given_up(engine, make_study, add_worker):
    study = make_study(engine, budget=2)
    name = add_worker(engine, study)
    kill = WorkerExit("lost", "ended by signal 9 (SIGKILL)")
    for _ in range(MOST_KILLS):
        assert slots.claim(engine, study.id, name).number == 0
        release_worker(engine, study, name, kill)
    trial = read_trials(engine, study.id)[0]
    assert (trial.stop_reason, trial.error) == (
        StopReason.CRASHED,
        f"{kill.detail}, {MOST_KILLS} times before an epoch had ended",
    )
    assert slots.claim(engine, study.id, name).number == 1
    assert ended(engine) == ["lost"] * MOST_KILLS + [None]


def test_a_trial_that_gets_on_between_kills_is_never_given_up(sqlite_engine, make_study, add_worker):
    study, name, _ = held(sqlite_engine, make_study, add_worker)
    for _ in range(MOST_KILLS + 1):
        release_worker(sqlite_engine, study, name, WorkerExit("lost", "ended by signal 9 (SIGKILL)"))
        assert slots.claim(sqlite_engine, study.id, name).number == 0


def test_nothing_is_claimed_while_the_study_is_being_stopped(engine, make_study, add_worker):
    study = make_study(engine, budget=1)
    name = add_worker(engine, study)
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


def test_a_failed_trial_may_be_tried_again_with_the_same_params(engine, make_study, add_worker):
    study, name, lease = held(engine, make_study, add_worker)
    finish(engine, lease, result(None, StopReason.ERROR, epoch=None, error="no luck"))
    control.retry(engine, study, [0, 0])
    trial = read_trials(engine, study.id)[0]
    assert (trial.state, trial.stop_reason, trial.epoch, trial.params) == ("waiting", None, 0, {"x": 1})
    again = Lease(engine, slots.claim(engine, study.id, name))
    assert again.claim.trial_id == lease.claim.trial_id
    finish(engine, again, result(0.8))
    kept = optuna_trials(engine)
    assert [(t.state.name, t.value) for t in kept] == [("COMPLETE", 0.8)]
    assert kept[0].intermediate_values == {}


def test_a_worker_hears_that_its_trial_is_to_be_pruned(engine, make_study, add_worker):
    study, _, lease = held(engine, make_study, add_worker)
    control.prune(engine, study, [0])
    assert lease.progress(2, 0.5, 1, NOTHING) is True


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (control.retry, "trial 0 is running; only a failed trial can be tried again"),
        (control.drop, "trial 0 is running; prune it first, then drop it"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(sqlite_engine, make_study, add_worker, act, message):
    study, _, lease = held(sqlite_engine, make_study, add_worker)
    with pytest.raises(Exception, match=message):
        act(sqlite_engine, study, [0])
    with pytest.raises(Exception, match="has no trial 7; see `search report s`"):
        act(sqlite_engine, study, [7])
    finish(sqlite_engine, lease, result())
    with pytest.raises(Exception, match=r"trial 0 has ended \(max_epochs\)"):
        control.prune(sqlite_engine, study, [0])


@pytest.mark.parametrize("act", [control.retry, control.drop, control.prune])
def test_a_number_that_no_trial_can_have_is_told_in_a_line(engine, make_study, act):
    with pytest.raises(UserError, match="has no trial|larger than the database holds"):
        act(engine, make_study(engine), [10**23])


def test_a_budget_that_would_fill_the_disk_is_refused(engine, make_study):
    study = make_study(engine, budget=2)
    with pytest.raises(UserError, match=f"the number of trials is {10**23 + 2}; expected 1 to 1000000"):
        add_trials(engine, study, 10**23)
    assert read_status(engine, "s").budget == 2


def test_the_status_counts_every_kind_of_trial_and_passes_over_dropped_ones(engine, make_study, add_worker):
    study = make_study(engine, budget=7)
    name = add_worker(engine, study)
    ends = [
        result(0.5),
        result(0.7, trial=1, params={"x": 2}),
        result(0.9, reason=StopReason.PRUNED, trial=2),
        result(None, reason=StopReason.NAN, trial=3, epoch=None),
        result(0.99, trial=4),
    ]
    for end in ends:
        finish(engine, Lease(engine, slots.claim(engine, study.id, name)), end)
    slots.claim(engine, study.id, name)
    control.drop(engine, study, [4])
    status = read_status(engine, "s")
    assert status.trials == {"complete": 3, "pruned": 1, "failed": 1, "running": 1, "paused": 0, "waiting": 1}
    assert (status.budget, status.finished) == (7, 5)
    assert (status.best.trial, status.best.score, status.best.epoch) == (2, 0.9, 2)
    assert [(w.id, w.trial) for w in status.workers] == [(name, 5)]
