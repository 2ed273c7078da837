"""The pool's rules, with small processes of their own kind instead of workers."""

import subprocess
import sys

import pytest

from search.pool.contract import CRASHED, FAILED, IN_ORDER, Child
from search.pool.pool import MAX_RESTARTS, REPORT_AFTER_POLLS, Pool
from search.system.memory import resident_bytes
from search.system.placement import Place
from search.system.process_exit import WorkerExit, classify_exit, memory_kills
from search.timing import EXIT_SECONDS, LOADING_SECONDS, SAVE_SECONDS, STOP_SECONDS
from search.worker.process.words import Word


class FakeProcess:
    """A process that runs until it is told how it ended."""

    def __init__(self, pid):
        self.exitcode = None
        self.pid = pid
        self.signals = []
        self.words = []

    def is_alive(self):
        return self.exitcode is None

    def terminate(self):
        self.signals.append("terminate")

    def kill(self):
        self.signals.append("kill")
        self.exitcode = -9

    def join(self, timeout=None):
        return None

    def say(self, word, text=None):
        self.words.append((word, text))

    def end(self, code, word=None, text=None):
        if word is not None:
            self.say(word, text)
        self.exitcode = code

    def hear(self):
        said, self.words = self.words, []
        return said


class Nursery:
    """Starts fake processes for a pool, keeps its books and its clock."""

    def __init__(self, places, pid, *, held=True, memory_limit=None):
        self.places, self.processes, self.released, self.left = [], [], [], []
        self.late, self.beaten_for, self.asked_about = [], [], []
        self.held, self.now, self.pid = held, 0.0, pid
        self.pool = Pool(self.start, lambda: f"worker-{len(self.places)}", self, memory_limit, lambda: self.now)
        self.pool.start(places)

    def release(self, worker, death):
        self.released.append((worker, death.outcome))
        return self.held

    def leave(self, worker):
        self.left.append(worker)

    def overdue(self, workers):
        self.asked_about = list(workers)
        return [worker for worker in self.late if worker in workers]

    def beat_for(self, workers):
        self.beaten_for = list(workers)

    def start(self, place, worker):
        self.places.append(place)
        self.processes.append(FakeProcess(self.pid))
        return Child(self.processes[-1], self.processes[-1].hear)


@pytest.fixture(scope="module")
def pid():
    """Give the id of a real process that has nothing to do with any pool, for what the system is asked about it."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process.pid
    process.communicate(b"\n")


@pytest.fixture
def begin(pid):
    """Give a function that begins a pool at some places; by default at one on the CPU."""
    return lambda places=None, **options: Nursery(places or [Place(None)], pid, **options)


@pytest.fixture
def two(begin):
    """Give two workers, one on the CPU and one on a GPU."""
    return begin([Place(None), Place("0")])


@pytest.mark.parametrize(
    ("code", "said"), [(-11, "ended by signal 11 (SIGSEGV)"), (0, "ended with exit code 0"), (1, "with exit code 1")]
)
def test_a_worker_that_ends_without_a_last_word_is_replaced_and_its_slot_handed_back(two, caplog, code, said):
    two.processes[1].say(Word.TRAINING)
    two.processes[1].end(code)
    assert two.pool.alive()
    assert two.places == [Place(None), Place("0"), Place("0")]
    assert two.released == [("worker-1", "crashed")]
    assert f"{said}; another takes its place" in caplog.text


def test_a_place_whose_workers_die_before_they_claim_is_given_up(begin):
    nursery = begin(held=False)
    for _ in range(MAX_RESTARTS + 3):
        nursery.processes[-1].exitcode = 0
        nursery.pool.alive()
    assert len(nursery.processes) == MAX_RESTARTS + 1
    assert not nursery.pool.alive()
    assert nursery.pool.endings == [CRASHED]


def test_a_worker_whose_study_has_changed_is_replaced_until_the_pool_is_stopped(two):
    two.processes[0].end(0, Word.OUTDATED)
    assert two.pool.alive()
    assert (two.places, two.released) == ([Place(None), Place("0"), Place(None)], [])
    two.pool.stop()
    for process in two.processes[1:]:
        process.end(0, Word.OUTDATED)
    assert not two.pool.alive()
    assert (len(two.processes), two.pool.endings) == (3, [IN_ORDER, IN_ORDER])


@pytest.mark.parametrize(("word", "ending"), [(Word.DONE, IN_ORDER), (Word.FAILED, FAILED)])
def test_a_worker_that_said_its_last_word_is_not_replaced(two, word, ending):
    for process in two.processes:
        process.end(0, word)
    assert not two.pool.alive()
    assert len(two.processes) == 2
    assert two.pool.endings == [ending, ending]
    two.pool.kill()  # their ids may be other processes' by now
    assert [process.signals for process in two.processes] == [[], []]
    assert two.left == ["worker-0", "worker-1"]
    assert two.released == []


def test_why_a_worker_could_not_go_on_is_said_where_others_do(two, caplog):
    two.processes[1].end(0, Word.FAILED, "no module 'mine'")
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
        process.end(0, Word.FAILED, "the disk is full")
    assert not two.pool.alive()
    assert two.pool.failures == ["the disk is full"]
    assert caplog.text == ""


def test_a_stopped_pool_replaces_nobody(two):
    two.pool.stop()
    assert [process.signals for process in two.processes] == [["terminate"], ["terminate"]]
    two.processes[0].exitcode = -15
    two.pool.alive()
    assert len(two.processes) == 2
    assert two.released == [("worker-0", "lost")]


def test_a_worker_that_does_not_stop_is_ended_and_its_slot_handed_back(two):
    for process in two.processes:
        process.say(Word.TRAINING)
    assert two.pool.alive()
    two.pool.stop()
    two.processes[1].say(Word.STOPPING)
    two.now = STOP_SECONDS
    assert two.pool.alive()
    assert two.released == [("worker-0", "preempted")]
    two.now = STOP_SECONDS + SAVE_SECONDS
    assert not two.pool.alive()
    assert two.released == [("worker-0", "preempted"), ("worker-1", "preempted")]


def test_a_killed_pool_hands_all_slots_back(two):
    two.pool.kill()
    assert two.released == [("worker-0", "preempted"), ("worker-1", "preempted")]
    assert not two.pool.alive()
    two.pool.kill()
    assert len(two.released) == 2


def test_a_worker_that_misses_its_trials_time_limit_is_ended_and_replaced(two, caplog):
    for process in two.processes:
        process.say(Word.TRAINING)
    two.late = ["worker-0"]
    assert two.pool.alive()
    assert two.processes[0].signals == ["kill"]
    assert two.released == [("worker-0", "overdue")]
    assert len(two.processes) == 3
    assert "did not answer at its trial's time limit and was ended; another takes its place" in caplog.text


def test_only_workers_that_train_are_held_to_the_time_limit(two):
    two.processes[0].say(Word.TRAINING)
    two.processes[0].say(Word.RECORDING)
    two.processes[1].say(Word.TRAINING)
    assert two.pool.alive()
    assert two.asked_about == ["worker-1"]


def test_leases_are_kept_for_workers_that_live(two):
    two.processes[0].say(Word.TRAINING)
    assert two.pool.alive()
    assert two.beaten_for == ["worker-0"]  # the other has not begun yet


def test_a_process_that_threads_keep_after_its_last_word_is_ended(begin):
    nursery = begin()
    nursery.processes[0].say(Word.DONE)
    assert nursery.pool.alive()
    nursery.now = EXIT_SECONDS
    assert not nursery.pool.alive()
    assert (nursery.pool.endings, nursery.released) == ([IN_ORDER], [])


def test_a_problem_that_loads_for_long_is_said_once(begin, caplog):
    nursery = begin()
    for nursery.now in (0.0, LOADING_SECONDS, 2 * LOADING_SECONDS):
        assert nursery.pool.alive()
    assert caplog.text.count("worker-0 on cpu has been loading the problem for 60 s") == 1


def test_trials_that_kill_their_workers_do_not_use_up_a_place(begin):
    nursery = begin()
    for _ in range(2 * MAX_RESTARTS):
        nursery.processes[-1].exitcode = -9
        assert nursery.pool.alive()
    assert nursery.released[-1][1] == "lost"


def test_a_worker_over_its_memory_limit_is_ended_and_replaced(begin, caplog):
    small = begin(memory_limit=10)
    assert small.pool.alive()
    assert small.processes[0].signals == ["kill"]
    assert small.released == [("worker-0", "out_of_memory")]
    assert "MB of memory; its limit is 10 bytes; another takes its place" in caplog.text
    large = begin(memory_limit=10**12)
    assert large.pool.alive()
    assert large.released == []


@pytest.mark.parametrize(
    ("code", "more", "death"),
    [
        (-9, {}, WorkerExit("lost", "ended by signal 9 (SIGKILL)")),
        (-15, {}, WorkerExit("lost", "ended by signal 15 (SIGTERM)")),
        (-11, {}, WorkerExit("crashed", "ended by signal 11 (SIGSEGV)")),
        (-6, {"system_killed": True}, WorkerExit("crashed", "ended by signal 6 (SIGABRT)")),
        (0, {}, WorkerExit("crashed", "ended with exit code 0")),
        (3, {}, WorkerExit("crashed", "ended with exit code 3")),
        (-99, {}, WorkerExit("crashed", "ended by signal 99 (unknown)")),
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
