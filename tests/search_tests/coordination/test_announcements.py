"""What hooks hear of a study: that it is over, once, and that a worker was lost."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from registry.core.database.transaction import reading, writing
from registry.hooks import hooks
from registry.hooks.outbox import KINDS
from registry.schema import deliveries, metadata
from registry.values.stop_reason import StopReason
from search.coordination.ending.conditions import end_study, fail_study
from search.coordination.ending.worker_exits import release_worker
from search.coordination.lease import Lease
from search.coordination.slots import claim, reap
from search.optuna_bridge.tables import Changes
from search.records.results import TrialResult
from search.records.shown.status import read_status
from search.records.studies import set_stopping
from search.records.trials import ranked, read_trials
from search.report.collect import collect
from search.schema import slots
from search.system.process_exit import WorkerExit


@pytest.fixture
def told(engine):
    """Give a function that returns what a hook for everything is told, as kinds and data."""
    from datetime import UTC, datetime

    with writing(engine) as connection:
        now = datetime.now(UTC)
        hooks.add(connection, "true", KINDS, model=None, secret_env=None, actor="ann", now=now)

    def read():
        with reading(engine) as connection:
            rows = connection.execute(sa.select(deliveries).order_by(deliveries.c.id)).all()
        return [(row.kind, json.loads(row.body)["data"]) for row in rows]

    return read


def finish(engine, lease, score=0.5):
    result = TrialResult(
        trial=lease.claim.number, seed=0, params={}, stop_reason=StopReason.MAX_EPOCHS, curves={}, score=score,
        epoch=1, seconds=1.0,
    )  # fmt: skip
    with writing(engine) as connection:
        lease.finish(connection, result, Changes())


def test_a_study_is_over_with_its_last_trial(engine, make_study, add_worker, told):
    study = make_study(engine, budget=2)
    worker = add_worker(engine, study)
    leases = [Lease(engine, claim(engine, study.id, worker)) for _ in range(2)]
    finish(engine, leases[1], 0.25)
    assert told() == []
    finish(engine, leases[0], 0.75)
    ((kind, data),) = told()
    assert kind == "study-ended"
    assert data["best"] == {"trial": 0, "score": 0.75, "epoch": 1}
    assert (data["study"], data["trials"], data["reason"], data["error"]) == (
        "s",
        2,
        "its budget of trials is used up",
        None,
    )


def test_of_equal_scores_the_first_to_end_is_the_best_as_its_version_is_the_older(engine, make_study, add_worker, told):
    study = make_study(engine, budget=2)
    worker = add_worker(engine, study)
    leases = [Lease(engine, claim(engine, study.id, worker)) for _ in range(2)]
    finish(engine, leases[1])
    with writing(engine) as connection:  # the clock of SQLite is a millisecond's
        connection.execute(sa.update(slots).where(slots.c.number == 1).values(finished_at=1.0))
    finish(engine, leases[0])
    ((_, data),) = told()
    assert data["best"] == {"trial": 1, "score": 0.5, "epoch": 1}
    assert read_status(engine, "s").best.trial == 1
    assert [trial.trial for trial in ranked(study.objective, read_trials(engine, study.id))] == [1, 0]
    assert [trial.number for trial in collect(engine, ["s"]).studies[0].ranked] == [1, 0]


def test_of_two_that_end_at_once_one_says_so(engine, make_study, add_worker, told):
    study = make_study(engine, budget=8)
    leases = [Lease(engine, claim(engine, study.id, add_worker(engine, study, f"w{n}"))) for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda lease: finish(engine, lease), leases))
    assert [kind for kind, _ in told()] == ["study-ended"]


def test_a_study_that_ends_itself_says_why_and_says_it_once(engine, make_study, add_worker, told):
    study = make_study(engine, budget=2)
    lease = Lease(engine, claim(engine, study.id, add_worker(engine, study)))
    for _ in range(2):
        end_study(engine, study, "it has reached its target")
    finish(engine, lease)
    assert [(kind, data["reason"]) for kind, data in told()] == [("study-ended", "it has reached its target")]


def test_a_study_that_cannot_go_on_says_its_error_once(engine, make_study, told):
    study = make_study(engine)
    for _ in range(2):
        fail_study(engine, study, "no such metric")
    assert [(kind, data["error"]) for kind, data in told()] == [("study-ended", "no such metric")]
    set_stopping(engine, study.id, stopping=False)  # somebody mends it, and it fails again
    fail_study(engine, study, "no such layer")
    assert len(told()) == 2


def test_a_worker_that_was_killed_is_told(engine, make_study, add_worker, told):
    study = make_study(engine)
    for name, exit_ in (("idle", WorkerExit("lost", "SIGKILL")), ("asked", WorkerExit("preempted", "to stop"))):
        release_worker(engine, study, add_worker(engine, study, name), exit_)
    claim(engine, study.id, add_worker(engine, study, "busy"))
    release_worker(engine, study, "busy", WorkerExit("crashed", "SIGSEGV"))
    release_worker(engine, study, "never there", WorkerExit("crashed", "SIGSEGV"))
    assert [(kind, data["worker"], data["outcome"], data["detail"]) for kind, data in told()] == [
        ("worker-lost", "idle", "lost", "SIGKILL"),
        ("worker-lost", "busy", "crashed", "SIGSEGV"),
    ]


def test_a_lease_that_expires_is_a_worker_that_is_lost(engine, make_study, add_worker, told):
    study = make_study(engine, budget=1)
    claim(engine, study.id, add_worker(engine, study, "first"), seconds=-1)
    claim(engine, study.id, add_worker(engine, study, "second"), seconds=-1)
    if engine.dialect.name == "sqlite":  # a server that has just started takes no lease for expired
        reap(engine, study.id)
        assert [data["worker"] for _, data in told()] == ["first", "second"]


def test_how_a_study_stands_is_told_also_where_there_are_no_hooks_yet(sqlite_engine, make_study, add_worker):
    study = make_study(sqlite_engine, budget=1)
    claim(sqlite_engine, study.id, add_worker(sqlite_engine, study), seconds=-1)
    with writing(sqlite_engine) as connection:
        tables = [table for name, table in metadata.tables.items() if "hook" in name or "deliver" in name]
        metadata.drop_all(connection, tables)
    assert reap(sqlite_engine, study.id) == 1
