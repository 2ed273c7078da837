"""Workers on this machine, one process each."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from sqlalchemy.engine import Engine

from search.coordination import slots
from search.launchers.contract import Request
from search.pool.books import open_pool
from search.pool.pool import Pool
from search.records.studies import StudyRecord, set_stopping
from search.system.devices import find_gpus, usable_cores
from search.system.placement import place_workers
from search.system.precision import BFLOAT16, mixed_policy, processor_flags

logger = logging.getLogger(__name__)


class LocalLauncher:
    """Starts workers on this machine; see `Launcher`."""

    def check(self, on: str) -> None:
        """Accept: this machine is there."""

    @contextlib.contextmanager
    def launch(self, engine: Engine, study: StudyRecord, request: Request) -> Iterator[Pool]:
        """Start a worker at each place that the request and the machine allow; see `Launcher`."""
        gpus = [] if request.device == "cpu" else find_gpus()
        places = place_workers(
            workers=request.workers,
            device=request.device,
            cores=usable_cores(),
            gpus=gpus,
            per_gpu=request.per_gpu,
            per_trial=request.gpus_per_trial,
        )
        on_cpu = any(place.gpu is None for place in places)
        if study.settings.mixed_precision and on_cpu and mixed_policy(has_gpu=False, flags=processor_flags()) is None:
            logger.warning(
                "--mixed-precision: this processor has neither %s, so it computes in float32",
                " nor ".join(sorted(BFLOAT16)),
            )
        set_stopping(engine, study.id, stopping=False)
        with open_pool(engine, study, slots.new_worker_id, request.memory_limit) as pool:
            pool.start(places[: slots.unfinished(engine, study.id)])
            yield pool
