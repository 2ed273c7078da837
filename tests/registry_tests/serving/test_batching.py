"""What waits together is answered together, and nobody fails by another's samples."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import numpy as np
import pytest

from registry.core.errors import LoadError
from registry.serving.model import batching
from registry.serving.model.batching import Batcher, BusyError
from registry.serving.model.served_model import ServedModel


class Doubling:
    """A model that doubles numbers, waits for its gate, and fails on negative ones."""

    def __init__(self) -> None:
        self.gate, self.batches = threading.Event(), []
        version: Any = None
        self.served = ServedModel(version, (), False, (), {"": "numbers"}, self.forward)

    def forward(self, inputs: Any) -> Any:
        self.gate.wait(30)
        self.batches.append(len(inputs))
        if (inputs < 0).any():
            raise ValueError("negative")
        return inputs * 2


def numbers(*values: float, width: int = 1) -> dict[str, Any]:
    return {"x": np.array([[value] * width for value in values])}


def answers(model: Doubling, requests: list[Any], max_batch: int = 8) -> list[Any]:
    """Return what requests that arrive while the model runs get; it runs on the first alone."""

    async def ask() -> list[Any]:
        batcher = Batcher(max_batch, lambda samples: None)
        tasks = []
        for request in requests:
            tasks.append(asyncio.create_task(batcher.predict(model.served, request)))
            await asyncio.sleep(0)
        model.gate.set()
        try:
            return await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            batcher.close()

    return asyncio.run(ask())


def test_what_arrives_while_the_model_runs_is_one_batch():
    model = Doubling()
    assert answers(model, [numbers(n) for n in range(6)]) == [[2.0 * n] for n in range(6)]
    assert model.batches == [1, 5]


def test_a_batch_holds_no_more_than_it_may_and_a_large_request_comes_in_pieces():
    model = Doubling()
    found = answers(model, [numbers(0), numbers(1, 2, 3), numbers(4), numbers(*range(10))], max_batch=4)
    assert found == [[0], [2, 4, 6], [8], [2 * n for n in range(10)]]
    assert model.batches == [1, 4, 4, 4, 2]


def test_samples_of_other_shapes_are_batches_of_their_own():
    model = Doubling()
    found = answers(model, [numbers(0), numbers(1), numbers(2, width=2), numbers(3)])
    assert found == [[0], [2], [[4, 4]], [6]]
    assert model.batches == [1, 2, 1]


def test_who_sends_what_the_model_fails_on_fails_alone():
    model = Doubling()
    first, wrong, right = answers(model, [numbers(0), numbers(-1), numbers(2)])
    assert (first, right) == ([0], [4])
    assert isinstance(wrong, LoadError)
    assert str(wrong) == "the model fails on these samples: ValueError: negative"


def test_too_many_that_wait_are_told_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(batching, "MOST_WAITING", 2)
    found = answers(Doubling(), [numbers(n) for n in range(4)])
    assert found[:3] == [[0], [2], [4]]
    assert isinstance(found[3], BusyError)
