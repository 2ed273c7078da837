"""The server that tests in one process fork their children from, whichever test needs it first."""

from __future__ import annotations

import pytest

from search.system.forkserver import warm_up


@pytest.fixture(scope="session", autouse=True)
def warm_forkserver() -> None:
    """Let it import TensorFlow: where a test that needs none comes first, every later child would import its own."""
    warm_up()
