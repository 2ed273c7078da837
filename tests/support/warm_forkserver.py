"""The server that tests in one process fork their children from, whichever test needs it first."""

from __future__ import annotations

import pytest

from search.system.forkserver import processes, warm_up
from tests.support.killing import IMPORTED


@pytest.fixture(scope="session", autouse=True)
def warm_forkserver() -> None:
    """Let it import TensorFlow: where a test that needs none comes first, every later child would import its own."""
    processes().set_forkserver_preload(["search.worker.process.preload", *IMPORTED])
    warm_up()
