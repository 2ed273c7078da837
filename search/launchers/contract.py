"""What a launcher is asked, and what it gives: running workers, wherever they are."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.engine import Engine

from registry.core.errors import UsageError
from search.records.studies import StudyRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The workers that a user asks for.

    Args:
        on: where: ``local``, ``ray`` or ``ray://HOST:PORT``.
        workers: how many; None for as many as fit.
        device: ``auto``, ``cpu``, ``gpu`` or, on this machine, ``gpu:0,1``.
        per_gpu: workers that share a GPU.
        gpus_per_trial: GPUs of this machine that train each trial together.
        memory_limit: bytes of memory that each worker may use; None for any.

    Raises:
        UsageError: what does not go together.
    """

    on: str = "local"
    workers: int | None = None
    device: str = "auto"
    per_gpu: int = 1
    gpus_per_trial: int = 1
    memory_limit: int | None = None

    def __post_init__(self) -> None:
        if self.gpus_per_trial < 1:
            raise UsageError(f"--gpus-per-trial is {self.gpus_per_trial}; expected 1 or more")
        if self.gpus_per_trial > 1 and self.per_gpu > 1:
            raise UsageError(
                "--gpus-per-trial gives a trial several GPUs, --per-gpu a GPU several trials; leave one out"
            )
        if self.gpus_per_trial > 1 and self.on != "local":
            raise UsageError(f"--gpus-per-trial is for the GPUs of this machine, not for --on {self.on}; leave it out")


class Workers(Protocol):
    """The running workers of one run, wherever they are: a `Pool` or a `RayPool`."""

    @property
    def endings(self) -> list[str | None]:
        """How the workers ended (see `search.pool.contract`); None, or nothing yet, of those that still run."""

    @property
    def failures(self) -> list[str]:
        """Why workers could not go on, as far as that is known here."""

    def report(self) -> None:
        """Say why workers could not go on, where that was not said before."""

    def alive(self) -> bool:
        """Tell whether a worker still runs, after replacing those that died, and ending those that must end.

        Once the workers were asked to stop, those that do not are ended in time, and their slots handed back.
        """

    def wait(self, seconds: float) -> None:
        """Wait until a worker ends, ``seconds`` at most."""

    def stop(self) -> None:
        """Ask the workers to stop at their next safe point."""

    def kill(self) -> None:
        """End the workers at once and hand their slots back."""


class Launcher(Protocol):
    """Starts workers of a study somewhere."""

    def check(self, on: str) -> None:
        """Tell early whether workers can be started there.

        Raises:
            ClusterError: they cannot.
        """

    def launch(self, engine: Engine, study: StudyRecord, request: Request) -> AbstractContextManager[Workers]:
        """Start workers, never more than the study has work for; what they need is held open meanwhile.

        Raises:
            UserError: no such place, device or cluster.
        """
