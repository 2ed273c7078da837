"""Requests that wait together are answered together: one thread runs the model, on all that came meanwhile."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registry.core.error_text import one_line
from registry.core.errors import LoadError
from registry.serving.model.served_model import ServedModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

Arrays = Mapping[str, "NDArray[Any]"]
MOST_WAITING = 2000  # requests; beyond, the service says that it is busy instead of growing


class BusyError(Exception):
    """More requests wait than can be answered soon."""


@dataclass(frozen=True, eq=False, slots=True)
class _Waiting:
    model: ServedModel
    arrays: Arrays
    samples: int
    answer: asyncio.Future[list[Any]]

    def joins(self, other: _Waiting) -> bool:
        """Tell whether one batch can hold both: the same version, of independent samples, of the same shapes."""
        shapes = ([array.shape[1:] for array in each.arrays.values()] for each in (self, other))
        return self.model is other.model and not self.model.carries and next(shapes) == next(shapes)


class Batcher:
    """Joins requests into batches; nothing waits on purpose while the model is free.

    Args:
        max_batch: the most samples that the model is given at once.
        seen: is told the samples of each batch.
    """

    def __init__(self, max_batch: int, seen: Callable[[int], None]) -> None:
        self._max_batch, self._seen = max_batch, seen
        self._waiting: deque[_Waiting] = deque()
        self._thread = ThreadPoolExecutor(1, "model")
        self._running: asyncio.Task[None] | None = None

    async def predict(self, model: ServedModel, arrays: Arrays) -> list[Any]:
        """Return a version's predictions for the samples of a request, one a sample.

        Raises:
            BusyError: too many requests wait.
            LoadError: the model fails on these samples.
        """
        if len(self._waiting) >= MOST_WAITING:
            raise BusyError
        answer: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        samples = len(next(iter(arrays.values())))
        self._waiting.append(_Waiting(model, arrays, samples, answer))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await answer

    def close(self) -> None:
        """End the thread; whoever waits has been answered by then."""
        self._thread.shutdown()

    async def _run(self) -> None:
        """Answer all that wait, batch after batch."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch = self._take()
            answers = await loop.run_in_executor(self._thread, self._answers, batch)
            for waiting, answer in zip(batch, answers, strict=True):
                if waiting.answer.done():
                    continue  # whoever asked has gone
                if isinstance(answer, Exception):
                    waiting.answer.set_exception(answer)
                else:
                    waiting.answer.set_result(answer)
        self._running = None

    def _take(self) -> list[_Waiting]:
        """Return the oldest request, and those that can be joined to it; at least that one."""
        first = self._waiting.popleft()
        batch, samples, others = [first], first.samples, deque[_Waiting]()
        while self._waiting and samples < self._max_batch:
            each = self._waiting.popleft()
            if samples + each.samples <= self._max_batch and each.joins(first):
                batch.append(each)
                samples += each.samples
            else:
                others.append(each)
        self._waiting.extendleft(reversed(others))
        return batch

    def _answers(self, batch: Sequence[_Waiting]) -> list[list[Any] | Exception]:
        """Return each request's predictions, or why the model fails on it; runs in the thread."""
        import numpy as np

        first = batch[0]
        arrays = {name: [each.arrays[name] for each in batch] for name in first.arrays}
        try:
            joined = {name: parts[0] if len(parts) == 1 else np.concatenate(parts) for name, parts in arrays.items()}
            predictions = self._in_pieces(first.model, joined, sum(each.samples for each in batch))
        except Exception as error:  # the model's own code
            if len(batch) > 1:  # so that nobody fails by another's samples
                return [answer for each in batch for answer in self._answers([each])]
            return [LoadError(f"the model fails on these samples: {one_line(error)}")]
        ends = np.cumsum([each.samples for each in batch]).tolist()
        return [predictions[end - each.samples : end] for each, end in zip(batch, ends, strict=True)]

    def _in_pieces(self, model: ServedModel, arrays: Arrays, samples: int) -> list[Any]:
        predictions: list[Any] = []
        most = samples if model.carries else self._max_batch
        for start in range(0, samples, most):
            piece = {name: array[start : start + most] for name, array in arrays.items()}
            predictions += model.predictions(piece)
            self._seen(min(most, samples - start))
        return predictions
