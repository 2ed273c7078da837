"""Start a study's workers where they are wanted: on this machine, or on a Ray cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from search import slots
from search.placement import place_workers
from search.pool import find_gpus, usable_cores
from search.ray_places import LOCAL, check_target
from search.ray_pool import RayPool, connected

if TYPE_CHECKING:
    from search.study import Study


class Workers(Protocol):
    """The running workers of one `Study.run`, wherever they are: a `Pool` or a `RayPool`."""

    stop_seconds: float  # in which workers that are asked to stop have ended

    @property
    def exit_codes(self) -> list[int | None]:
        """The exit codes of the workers; None, or nothing yet, of those that still run."""

    @property
    def reasons(self) -> list[str]:
        """Why workers could not go on, as far as that is known here."""

    def tell(self) -> None:
        """Say why workers could not go on, where that was not said before."""

    def alive(self) -> bool:
        """Tell whether a worker still runs, after replacing those that died."""

    def wait(self, seconds: float) -> None:
        """Wait until a worker ends, at most so long."""

    def stop(self) -> None:
        """Ask the workers to stop at their next safe point."""

    def join(self, seconds: float) -> bool:
        """Wait for the workers to end; tell whether they did within the time."""

    def kill(self) -> None:
        """End the workers at once and hand their slots back."""


@contextlib.contextmanager
def launch(
    study: Study, on: str, *, wanted: int | None, device: str, per_gpu: int, memory_limit: int | None
) -> Iterator[Workers]:
    """Start workers, never more than the study has work for; what they need is held open meanwhile.

    Args:
        study: what to work on.
        on: where, see `Study.run`.
        wanted: how many; None for as many as fit.
        device: where they compute.
        per_gpu: workers that share a GPU.
        memory_limit: bytes of memory that each worker may use; None for any.

    Raises:
        UserError: no such place, device or cluster.
    """
    if check_target(on) != LOCAL:
        with connected(on) as ray:
            cluster = RayPool(ray, study, memory_limit)
            cluster.start(wanted=wanted, device=device, per_gpu=per_gpu)
            yield cluster
        return
    gpus = [] if device == "cpu" else find_gpus()
    places = place_workers(workers=wanted, device=device, cores=usable_cores(), gpus=gpus, per_gpu=per_gpu)
    study.go_on()
    pool = study.open_pool(slots.new_worker_id, memory_limit)
    pool.start(places[: study.unfinished()])
    yield pool
