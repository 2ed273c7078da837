"""A search in the background is waited for, stopped, and tells its error to whoever waits."""

import threading

import pytest

from search.errors import SettingsError
from search.launchers.background import BackgroundRun


def test_whoever_waits_gets_what_the_run_returns():
    release = threading.Event()
    run = BackgroundRun("s", lambda: release.wait() and "status", release.set)
    assert not run.done
    assert "runs in the background" in repr(run)
    with pytest.raises(TimeoutError, match=r"'s' has not ended after 0.001 seconds; it goes on"):
        run.wait(0.001)
    release.set()
    assert run.wait() == "status"
    assert repr(run) == "<'s' has ended>"


def test_stop_asks_until_the_workers_have_ended():
    asked = threading.Semaphore(0)

    def run():
        asked.acquire()  # the first wish comes before the workers, which take it back
        asked.acquire()
        return "stopped"

    assert BackgroundRun("s", run, asked.release).stop() == "stopped"


def test_an_error_reaches_whoever_waits():
    def run():
        raise SettingsError("this cannot work")

    failed = BackgroundRun("s", run, lambda: None)
    with pytest.raises(SettingsError, match="this cannot work"):
        failed.wait()
    assert repr(failed) == "<'s' has ended: this cannot work>"
