"""A study's workers, run to the end of its budget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict, Unpack, overload

from search.api.asking import Asking
from search.api.changing import Changing
from search.launchers.background import BackgroundRun
from search.launchers.contract import Request
from search.launchers.watch import OnStatus, run_workers
from search.problems.finding.resolve import check_not_importing
from search.records.shown.status import StudyStatus
from search.schema import SCHEMA
from search.tracking.follow import logged
from search.tracking.target import parse_targets


class RunOptions(TypedDict, total=False):
    """What `Study.run` takes, in the background or not."""

    on: str
    workers: int | Literal["auto"]
    device: str
    per_gpu: int
    gpus_per_trial: int
    memory_limit: int | None
    timeout: float | None
    log: Sequence[str]
    on_status: OnStatus | None


class Running(Asking, Changing):
    """Run a study's workers."""

    @overload
    def run(self, *, background: Literal[True], **options: Unpack[RunOptions]) -> BackgroundRun: ...
    @overload
    def run(self, *, background: Literal[False] = False, **options: Unpack[RunOptions]) -> StudyStatus: ...
    def run(
        self,
        *,
        on: str = "local",
        workers: int | Literal["auto"] = "auto",
        device: str = "auto",
        per_gpu: int = 1,
        gpus_per_trial: int = 1,
        memory_limit: int | None = None,
        timeout: float | None = None,
        log: Sequence[str] = (),
        on_status: OnStatus | None = None,
        background: bool = False,
    ) -> StudyStatus | BackgroundRun:
        """Run workers until the budget is used up; return how the study stands then.

        Args:
            on: ``local`` for this machine; ``ray`` for the Ray cluster of ``RAY_ADDRESS``, or that runs here, or else
                is started here for as long as this takes; ``ray://HOST:PORT`` for that one.
            workers: how many; ``auto`` for one a core on CPUs, ``per_gpu`` a GPU on GPUs.
            device: ``auto``, ``cpu``, ``gpu`` or, on this machine, ``gpu:0,1``.
            per_gpu: workers that share a GPU.
            gpus_per_trial: GPUs of this machine that train each trial together, each a share of every batch.
            memory_limit: bytes of memory that each worker may use; a trial that needs more ends as out of memory.
            timeout: seconds after which the workers are asked to stop; a later run continues their trials.
            log: where each trial is logged, too: ``tensorboard:DIR`` or ``mlflow:URI``. What fails there is told of
                once and stops nothing.
            on_status: called with the status about twice a second. Without it a notebook and a terminal show how the
                study goes on, and nothing is shown elsewhere.
            background: return at once, with what waits for the workers or stops them; nothing is shown then.

        Raises:
            KeyboardInterrupt: Ctrl-C, after the workers have stopped in order; a second one ends them at once.
            UserError: the problem or the settings cannot work.
        """
        check_not_importing()
        targets = parse_targets(log)
        SCHEMA.check(self._engine)
        count = None if workers == "auto" else workers
        request = Request(
            on=on,
            workers=count,
            device=device,
            per_gpu=per_gpu,
            gpus_per_trial=gpus_per_trial,
            memory_limit=memory_limit,
        )

        def work(on_status: OnStatus) -> StudyStatus:
            with logged(self._engine, self.record, targets):
                return run_workers(self._engine, self.record, request, timeout=timeout, on_status=on_status)

        if background:
            return BackgroundRun(self.record.name, lambda: work(on_status or (lambda status: None)), self.stop)
        if on_status is not None:
            return work(on_status)
        from search.notebook.progress import progress_here

        with progress_here(self.live_curves) as progress:
            return work(progress.show)
