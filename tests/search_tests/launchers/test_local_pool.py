"""The pool's rules, with small processes of their own kind instead of workers."""

import os

import pytest

from registry.core.errors import UsageError
from search.launchers.contract import FAILED, Child
from search.launchers.local_pool import MAX_RESTARTS, REPORT_AFTER_POLLS, Pool
from search.system.memory import parse_size, resident_bytes
from search.system.placement import Place
from search.system.process_exit import WorkerExit, classify_exit, memory_kills


class FakeProcess:
    """A process that runs until it is told how it ended."""

    def __init__(self):
        self.exitcode = None
        self.pid = os.getpid()
        self.signals = []
        self.reason = None

    def is_alive(self):
        return self.exitcode is None

    def terminate(self):
        self.signals.append("terminate")

    def kill(self):
        self.signals.append("kill")
        self.exitcode = -9

    def join(self, timeout=None):
        return None


class Nursery:
    """Starts fake processes for a pool, and remembers them and whose slots were handed back."""

    def __init__(self, places, *, held=True, memory_limit=None):
        self.places, self.processes, self.released = [], [], []
        self.held = held
        self.pool = Pool(self.start, lambda: f"worker-{len(self.places)}", self.release, memory_limit)
        self.pool.start(places)

    def release(self, worker, death):
        self.released.append((worker, death.outcome))
        return self.held

    def start(self, place, worker):
        self.places.append(place)
        self.processes.append(FakeProcess())
        process = self.processes[-1]
        return Child(process, lambda: process.reason)


@pytest.fixture
def two():
    """Give two workers, one on the CPU and one on a GPU."""
    return Nursery([Place(None), Place("0")])


def test_a_crashed_worker_is_replaced_at_its_place_and_its_slot_handed_back(two, caplog):
    two.processes[1].exitcode = -11
    assert two.pool.alive()
    assert two.places == [Place(None), Place("0"), Place("0")]
    assert two.released == [("worker-1", "crashed")]
    assert "worker worker-1 on gpu:0 ended by signal 11 (SIGSEGV); another takes its place" in caplog.text


def test_a_place_whose_workers_die_before_they_claim_is_given_up():
    one = Nursery([Place(None)], held=False)
    for _ in range(MAX_RESTARTS + 3):
        one.processes[-1].exitcode = 139
        one.pool.alive()
    assert len(one.processes) == MAX_RESTARTS + 1
    assert not one.pool.alive()


@pytest.mark.parametrize("code", [0, FAILED])
def test_a_worker_that_ended_by_itself_is_not_replaced(two, code):
    for process in two.processes:
        process.exitcode = code
    assert not two.pool.alive()
    assert len(two.processes) == 2
    assert two.pool.exit_codes == [code, code]


def test_why_a_worker_could_not_go_on_is_said_where_others_do(two, caplog):
    two.processes[1].exitcode, two.processes[1].reason = FAILED, "no module 'mine'"
    for _ in range(REPORT_AFTER_POLLS - 1):
        assert two.pool.alive()
    assert caplog.text == ""  # the other may be about to end, too
    for _ in range(9):
        assert two.pool.alive()
    assert caplog.text.count("worker worker-1 on gpu:0 ended: no module 'mine'") == 1
    assert len(two.processes) == 2


def test_why_all_workers_could_not_go_on_is_for_the_caller_to_say(two, caplog):
    for process in two.processes:
        assert two.pool.alive()
        process.exitcode, process.reason = FAILED, "the disk is full"
    assert not two.pool.alive()
    assert two.pool.failures == ["the disk is full"]
    assert caplog.text == ""


def test_a_stopped_pool_replaces_nobody(two):
    two.pool.stop()
    assert [process.signals for process in two.processes] == [["terminate"], ["terminate"]]
    two.processes[0].exitcode = -15
    two.pool.alive()
    assert len(two.processes) == 2


def test_a_killed_pool_hands_all_slots_back(two):
    two.pool.kill()
    assert two.released == [("worker-0", "preempted"), ("worker-1", "preempted")]
    assert not two.pool.alive()


def test_trials_that_kill_their_workers_do_not_use_up_a_place():
    one = Nursery([Place(None)])
    for _ in range(2 * MAX_RESTARTS):
        one.processes[-1].exitcode = -9
        assert one.pool.alive()
    assert one.released[-1][1] == "lost"


def test_a_worker_over_its_memory_limit_is_ended_and_replaced(caplog):
    one = Nursery([Place(None)], memory_limit=10)
    assert one.pool.alive()
    assert one.processes[0].signals == ["kill"]
    assert one.released == [("worker-0", "out_of_memory")]
    assert "MB of memory; its limit is 0 MB; another takes its place" in caplog.text
    two = Nursery([Place(None)], memory_limit=10**12)
    assert two.pool.alive()
    assert two.released == []


@pytest.mark.parametrize(
    ("code", "more", "death"),
    [
        (-9, {}, WorkerExit("lost", "ended by signal 9 (SIGKILL)")),
        (-15, {}, WorkerExit("lost", "ended by signal 15 (SIGTERM)")),
        (-11, {}, WorkerExit("crashed", "ended by signal 11 (SIGSEGV)")),
        (-6, {"system_killed": True}, WorkerExit("crashed", "ended by signal 6 (SIGABRT)")),
        (3, {}, WorkerExit("crashed", "ended with exit code 3")),
        (-99, {}, WorkerExit("crashed", "ended by signal 99 (unknown)")),
        (-9, {"over_limit": "too much"}, WorkerExit("out_of_memory", "too much")),
        (
            -9,
            {"system_killed": True},
            WorkerExit(
                "out_of_memory", "ended by signal 9 (SIGKILL), while the system ended processes for want of memory"
            ),
        ),
    ],
)
def test_what_a_process_died_of(code, more, death):
    assert classify_exit(code, **more) == death


def test_the_systems_own_kills_are_counted_where_it_counts_them(tmp_path):
    (tmp_path / "vmstat").write_text("pgfault 5\noom_kill 3\n")
    assert memory_kills(tmp_path / "vmstat") == 3
    assert memory_kills(tmp_path / "nowhere") == 0


def test_memory_is_read_where_the_system_tells(tmp_path):
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "status").write_text("Name:\tx\nVmRSS:\t  2048 kB\n")
    assert resident_bytes(7, tmp_path) == 2048 * 1024
    assert resident_bytes(8, tmp_path) is None


@pytest.mark.parametrize(("text", "size"), [("800M", 800e6), ("1.5g", 1.5e9), ("4GB", 4e9), ("512", 512)])
def test_memory_sizes(text, size):
    assert parse_size(text, "--memory-limit") == size


@pytest.mark.parametrize("text", ["", "4T", "-1G", "0", "lots"])
def test_wrong_memory_sizes(text):
    with pytest.raises(UsageError, match="--memory-limit is .* expected an amount of memory such as 800M or 4G"):
        parse_size(text, "--memory-limit")
