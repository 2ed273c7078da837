"""Folders of a test's own for the data."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.fmnist_files import Places


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Give folders that are not there yet."""
    return Places(tmp_path)
