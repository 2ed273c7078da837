"""What programs do while they import what is heavy."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from registry.core.starting.tensorflow import collection_held


@pytest.fixture(params=[True, False])
def collects(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Tell whether garbage is collected, which it is afterwards as before."""
    before = gc.isenabled()
    (gc.enable if request.param else gc.disable)()
    yield request.param
    (gc.enable if before else gc.disable)()


def test_garbage_is_collected_afterwards_as_it_was_before(collects: bool) -> None:
    with collection_held():
        assert not gc.isenabled()
    assert gc.isenabled() is collects


def raise_while_held() -> None:
    with collection_held():
        raise ImportError


def test_garbage_is_collected_again_after_an_import_that_failed(collects: bool) -> None:
    with pytest.raises(ImportError):
        raise_while_held()
    assert gc.isenabled() is collects
