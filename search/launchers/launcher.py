"""Start a study's workers where they are wanted: on this machine, or on a Ray cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from search.coordination import slots
from search.launchers.contract import Workers
from search.launchers.ray_cluster import RayPool, connected
from search.launchers.target import LOCAL, check_target
from search.system.devices import find_gpus, usable_cores
from search.system.placement import place_workers

if TYPE_CHECKING:
    from search.study import Study


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
