"""The pool's rules, with small processes of their own kind instead of workers."""

import pytest

from search.placement import Place
from search.pool import FAILED, MAX_CRASHES, Pool


class FakeProcess:
    """A process that runs until it is told how it ended."""

    def __init__(self):
        self.exitcode = None
        self.signals = []

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

    def __init__(self, places):
        self.places, self.processes, self.released = [], [], []
        self.pool = Pool(self.start, lambda: f"worker-{len(self.places)}", self.released.append)
        self.pool.start(places)

    def start(self, place, worker):
        self.places.append(place)
        self.processes.append(FakeProcess())
        return self.processes[-1]


@pytest.fixture
def two():
    """Give two workers, one on the CPU and one on a GPU."""
    return Nursery([Place(None), Place("0")])


def test_a_crashed_worker_is_replaced_at_its_place_and_its_slot_handed_back(two, caplog):
    two.processes[1].exitcode = -11
    assert two.pool.alive()
    assert two.places == [Place(None), Place("0"), Place("0")]
    assert two.released == ["worker-1"]
    assert "worker worker-1 on gpu:0 ended by signal 11; another continues its trial" in caplog.text


def test_a_worker_that_keeps_crashing_is_given_up():
    one = Nursery([Place(None)])
    for _ in range(MAX_CRASHES + 3):
        one.processes[-1].exitcode = 139
        one.pool.alive()
    assert len(one.processes) == MAX_CRASHES + 1
    assert not one.pool.alive()


@pytest.mark.parametrize("code", [0, FAILED])
def test_a_worker_that_ended_by_itself_is_not_replaced(two, code):
    for process in two.processes:
        process.exitcode = code
    assert not two.pool.alive()
    assert len(two.processes) == 2
    assert two.pool.exit_codes == [code, code]


def test_a_stopped_pool_replaces_nobody(two):
    two.pool.stop()
    assert [process.signals for process in two.processes] == [["terminate"], ["terminate"]]
    two.processes[0].exitcode = -15
    two.pool.alive()
    assert len(two.processes) == 2


def test_a_killed_pool_hands_all_slots_back(two):
    two.pool.kill()
    assert two.released == ["worker-0", "worker-1"]
    assert not two.pool.alive()
