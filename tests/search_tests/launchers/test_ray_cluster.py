"""What a Ray cluster is asked for, and how a pool on it ends; a small cluster of its own kind stands in for Ray."""

import socket
import sys

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from registry.core.database.transaction import writing
from registry.core.errors import UsageError
from search import schema
from search.api.study import Study
from search.coordination import slots
from search.errors import ClusterError
from search.launchers.ray_cluster import RayPool, check_reachable, describe_failure
from search.launchers.ray_resources import Share, check_database, place_on_ray
from search.launchers.ray_task import Task, run_task
from search.launchers.target import check_target, host_and_port


@pytest.mark.parametrize("on", ["local", "ray", "ray://head:10001", "ray://10.0.0.1:1", "ray://[::1]:10001"])
def test_places_to_run_workers(on):
    assert check_target(on) == on


@pytest.mark.parametrize(
    "on", ["", "slurm", "Ray", "ray://", "ray://head", "ray://head:99999", "ray://a b:1", "head:1"]
)
def test_a_wrong_place_is_named(on):
    with pytest.raises(UsageError, match="expected local, ray or ray://HOST:PORT") as caught:
        check_target(on)
    assert repr(on) in str(caught.value)


@pytest.mark.parametrize("address", ["", "auto", "local"])
def test_some_addresses_name_no_host(address):
    assert host_and_port(address) is None


def test_an_address_of_ray_may_leave_its_scheme_out():
    assert host_and_port("10.0.0.1:6379") == ("10.0.0.1", 6379)
    assert host_and_port("ray://[::1]:10001") == ("::1", 10001)


BIG, SMALL, HEAD = {"CPU": 16.0, "GPU": 2.0}, {"CPU": 3.0, "memory": 1e9}, {"memory": 1e9}


@pytest.mark.parametrize(
    ("workers", "device", "per_gpu", "nodes", "placed"),
    [
        (None, "auto", 1, [HEAD, SMALL, SMALL], (6, Share(1, 0.0))),
        (None, "cpu", 1, [BIG, SMALL], (19, Share(1, 0.0))),
        (None, "auto", 1, [BIG, SMALL], (2, Share(1, 1.0))),
        (None, "gpu", 3, [BIG, BIG], (12, Share(1, 0.3333))),
        (None, "gpu", 4, [{"CPU": 2.0, "GPU": 1.0}], (2, Share(1, 0.25))),
        (40, "cpu", 1, [SMALL], (40, Share(1, 0.0))),
        (2, "gpu", 1, [SMALL], (2, Share(1, 1.0))),
        (None, "auto", 1, [{"CPU": 1.5}, {"CPU": 0.5}], (1, Share(1, 0.0))),
    ],
)
def test_placement_on_ray(workers, device, per_gpu, nodes, placed):
    assert place_on_ray(workers=workers, device=device, per_gpu=per_gpu, nodes=nodes) == placed


@given(st.integers(1, 64), st.integers(0, 8), st.integers(0, 256))
def test_workers_that_share_gpus_fit_on_their_node(per_gpu, gpus, cpus):
    node = {"CPU": float(cpus), "GPU": float(gpus)}
    if not min(cpus, gpus):
        return
    count, share = place_on_ray(workers=None, device="gpu", per_gpu=per_gpu, nodes=[node])
    assert 0 < share.gpus <= 1
    assert count == min(cpus, gpus * per_gpu)
    assert per_gpu * share.gpus <= 1


@pytest.mark.parametrize(
    ("wishes", "error", "message"),
    [
        ({"workers": 0}, UsageError, "--workers is 0; expected 1 to 10000, or auto"),
        ({"per_gpu": 0}, UsageError, "--per-gpu is 0; expected 1 to 10000"),
        ({"device": "gpu:0"}, UsageError, "is 'gpu:0'; on Ray expected auto, cpu or gpu: Ray chooses which GPU"),
        ({"device": "gpu"}, ClusterError, "no worker fits on the Ray cluster, whose nodes have: 3 CPUs and 0 GPUs"),
        ({"nodes": []}, ClusterError, "whose nodes have: nothing; add nodes, or say with --workers how many"),
    ],
)
def test_wrong_wishes_are_named(wishes, error, message):
    asked = {"workers": None, "device": "cpu", "per_gpu": 1, "nodes": [SMALL]} | wishes
    with pytest.raises(error) as caught:
        place_on_ray(**asked)
    assert message in str(caught.value)


def test_a_sqlite_file_is_for_one_machine():
    check_database("sqlite", ["here"], "here")
    check_database("postgresql", ["a", "b"], "here")
    for hosts, found in ((["here", "here"], "2 nodes"), (["there"], "its node on there")):
        with pytest.raises(ClusterError) as caught:
            check_database("sqlite", hosts, "here")
        assert str(caught.value) == (
            "the study is in a SQLite file, which only one machine can use, but the Ray cluster has "
            f"{found}; create the study in PostgreSQL: --storage postgresql://USER@HOST/NAME"
        )


def test_a_cluster_that_does_not_answer_is_named(monkeypatch):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # and does not listen
        place = f"127.0.0.1:{bound.getsockname()[1]}"
        with pytest.raises(ClusterError, match=f"no Ray cluster answers at ray://{place} \\(Connection refused\\)"):
            check_reachable(f"ray://{place}")
        monkeypatch.setenv("RAY_ADDRESS", place)
        with pytest.raises(ClusterError, match=f"no Ray cluster answers at {place}"):
            check_reachable("ray")
    monkeypatch.setenv("RAY_ADDRESS", "auto")
    check_reachable("ray")


def test_a_failure_of_the_cluster_is_told_in_one_line_with_its_reason():
    failure = "Failure from server:\nTraceback (most recent call last):\n  File\nRuntimeError: no room\n"
    assert describe_failure(ConnectionAbortedError(failure)) == "Failure from server: RuntimeError: no room"
    assert describe_failure(RuntimeError("first\nsecond")) == "first"
    assert describe_failure(RuntimeError()) == "RuntimeError"


def test_what_to_install_is_said_where_ray_is_not(monkeypatch):
    check_reachable("local")
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ClusterError, match=r"Ray is not installed; install: pip install 'studies\[ray\]'"):
        check_reachable("ray")


class SmallRay:
    """A cluster of one node whose tasks end when they are told to."""

    class exceptions:  # noqa: N801 - as in Ray
        class TaskCancelledError(Exception):
            pass

    def __init__(self):
        self.objects, self.results, self.cancelled = [], {}, []

    def nodes(self):
        me = {"NodeManagerHostname": socket.gethostname(), "Resources": {"CPU": 2.0}}
        return [me | {"Alive": True}, me | {"Alive": False}]

    def put(self, value):
        self.objects.append(value)
        return value.token

    def remote(self, **options):
        self.options = options
        return lambda function: SmallRemote()

    def wait(self, tasks, num_returns=1, timeout=None):
        ended = [task for task in tasks if task in self.results]
        return ended, [task for task in tasks if task not in ended]

    def get(self, task):
        if isinstance(self.results[task], Exception):
            raise self.results[task]
        return self.results[task]

    def cancel(self, task, force=False):
        self.cancelled.append((task, force))
        self.results[task] = self.exceptions.TaskCancelledError()


class SmallRemote:
    """A remote function; its tasks are called as the token that they were given."""

    def remote(self, task):
        return task


@pytest.fixture
def running(sqlite_engine, make_study, add_worker):
    """Give a small cluster with two workers of a study, of which one has begun and holds a slot."""
    record = make_study(sqlite_engine)
    ray = SmallRay()
    pool = RayPool(ray, sqlite_engine, record, None)
    pool.start(workers=None, device="auto", per_gpu=1)
    worker = add_worker(sqlite_engine, record, ray.objects[0].token + "0001")
    slots.claim(sqlite_engine, record.id, worker)
    return ray, pool, Study(sqlite_engine, record)


def test_workers_start_as_many_as_there_is_work_for(sqlite_engine, make_study):
    ray = SmallRay()
    RayPool(ray, sqlite_engine, make_study(sqlite_engine, budget=1), 5).start(workers=7, device="auto", per_gpu=1)
    assert [(task.memory_limit, task.on_gpu) for task in ray.objects] == [(5, False)]
    assert (ray.options["num_cpus"], ray.options["num_gpus"], ray.options["max_retries"]) == (1, 0.0, -1)


def test_a_password_is_not_in_what_ray_may_show_of_a_task():
    assert "secret" not in repr(Task("postgresql://me:secret@host/db", "s", "token", False, None, "/"))


def test_a_stopped_pool_waits_for_what_has_begun_only(running):
    ray, pool, study = running
    pool.stop()
    begun, waiting = [task.token for task in ray.objects]
    assert ray.cancelled == [(waiting, False)]
    assert study.status().stopping
    assert pool.alive()
    ray.results[begun] = ["in order"]
    assert not pool.alive()
    assert pool.endings == ["in order", "in order"]


def test_a_killed_pool_hands_all_slots_back(running):
    ray, pool, study = running
    pool.kill()
    assert ray.cancelled == [(task.token, True) for task in ray.objects]
    assert (study.status().trials["running"], study.status().workers) == (0, ())
    assert not pool.alive()


def test_a_worker_that_ray_cannot_run_is_told_of(running, caplog):
    ray, pool, _ = running
    for task in ray.objects:
        ray.results[task.token] = ValueError("task failed\nModuleNotFoundError: No module named 'search'")
    assert not pool.alive()
    assert pool.endings == ["failed", "failed"]
    assert "could not run: ModuleNotFoundError: No module named 'search' (every node needs" in caplog.text


def test_a_node_that_dies_at_the_end_is_not_waited_for(sqlite_engine, make_study):
    ray, record = SmallRay(), make_study(sqlite_engine, budget=1)
    pool = RayPool(ray, sqlite_engine, record, None)
    pool.start(workers=1, device="cpu", per_gpu=1)
    assert pool.alive()
    with writing(sqlite_engine) as connection:
        connection.execute(sa.update(schema.slots).values(state="finished", stop_reason="max_epochs"))
    assert not pool.alive()
    assert ray.cancelled == [(ray.objects[0].token, False)]


def test_a_task_that_ray_starts_again_first_hands_back_what_it_held(running):
    ray, pool, study = running
    pool.stop()
    assert run_task(ray.objects[0]) == []
    assert (study.status().trials["running"], study.status().workers) == (0, ())


def test_a_task_that_cannot_open_the_database_says_so(tmp_path, caplog):
    assert run_task(Task(f"sqlite:///{tmp_path}/none.db", "s", "token", False, None, "/")) == ["failed"]
    assert "none.db" in caplog.text
