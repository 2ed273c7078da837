"""What a process has started is found and ended with it, also where nobody can ask it."""

import os
import signal
import subprocess
import sys

import pytest

from search.pool.guard import Orphan, end_orphans
from search.system.process_tree import MARK, end_session, is_stopped, session_members

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only process groups are ended")

# Begins a session, starts a process in it and one that leaves it, says who they are, and does what it is told to.
LEADER = """
import os, subprocess, sys
from search.system.process_tree import begin_session
begin_session()
begin_session()
wait = [sys.executable, "-c", "input()"]
children = [subprocess.Popen(wait, stdin=subprocess.PIPE, start_new_session=own) for own in (False, True)]
print(*(child.pid for child in children), flush=True)
{act}
"""
HOLD = "import ctypes; ctypes.PyDLL(None).pause()"  # holds the interpreter's lock: no thread and no handler runs


@pytest.fixture
def lead():
    """Give a function that starts a leader which then acts; it returns the leader and its children's ids."""
    leaders = []

    def start(act="input()"):
        command = [sys.executable, "-c", LEADER.format(act=act)]
        leader = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        leaders.append(leader)
        return leader, [int(pid) for pid in leader.stdout.readline().split()]

    yield start
    for leader in leaders:
        end_session(leader.pid)
        leader.communicate()


def gone(pid):
    """Wait until a process that is not our child has ended; a zombie has."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    import select

    ended = bool(select.select([descriptor], [], [], 30)[0])
    os.close(descriptor)
    return ended


def test_a_session_ends_with_all_that_was_started_in_it(lead):
    leader, children = lead()
    assert sorted(session_members(leader.pid)) == sorted([leader.pid, *children])
    end_session(leader.pid)
    assert leader.wait() == -signal.SIGKILL
    assert all(gone(child) for child in children)
    end_session(leader.pid)  # nobody is left


def test_what_a_process_leaves_behind_ends_after_it(lead):
    leader, children = lead("os._exit(0)")
    assert leader.wait() == 0
    end_session(leader.pid)
    assert all(gone(child) for child in children)


def test_others_are_left_alone(lead):
    leader, _ = lead()
    other, _ = lead()
    assert os.getpid() not in session_members(leader.pid)
    end_session(leader.pid)
    assert other.poll() is None
    assert MARK not in os.environ


def test_orphans_are_ended_where_they_do_not_stop_and_their_slots_given_up(lead):
    held, children = lead(HOLD)
    stopping, _ = lead("os._exit(0)")
    orphans = {"held": Orphan(held.pid), "stopped": Orphan(stopping.pid)}
    stopping.wait()
    released = []
    end_orphans(orphans, 0.0, released.append)
    assert released == ["held", "stopped"]
    assert held.wait() == -signal.SIGKILL
    assert all(gone(child) for child in children)


def test_a_stopped_process_is_told_from_one_that_runs(lead):
    leader, _ = lead()
    assert not is_stopped(leader.pid)
    os.kill(leader.pid, signal.SIGSTOP)
    os.waitpid(leader.pid, os.WUNTRACED)
    assert is_stopped(leader.pid)
    os.kill(leader.pid, signal.SIGCONT)
    assert not is_stopped(-1)


# Ends with the pipe that it is given, whatever it does; and with the process that forked it.
HELD_TO_A_PIPE = f"""
import sys
from search.system.process_tree import end_at_end_of_file
end_at_end_of_file(int(sys.argv[1]))
print("ready", flush=True)
{HOLD}
"""


def test_a_process_ends_with_a_pipe_also_where_its_python_cannot_run():
    reader, writer = os.pipe()
    command = [sys.executable, "-c", HELD_TO_A_PIPE, str(reader)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, pass_fds=[reader]) as process:
        assert process.stdout.readline() == "ready\n"
        assert process.poll() is None
        os.close(writer)
        assert process.wait(30) == -signal.SIGKILL
    os.close(reader)
