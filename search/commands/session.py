"""How commands run workers: what their options mean, the signals that stop them, and the progress that they show."""

from __future__ import annotations

import logging
import signal
from typing import TYPE_CHECKING, Any

from registry.core.console import name_database
from search.commands import options

if TYPE_CHECKING:
    from search.study import Study
    from search.terminal.progress import Progress


def run_options(
    *, on: str, workers: str, timeout: str | None, memory_limit: str | None, device: str, per_gpu: int
) -> dict[str, Any]:
    """Return what `Study.run` takes, and say early where the workers cannot be started.

    Raises:
        UsageError: a value that cannot be.
        ClusterError: nothing answers where the workers are to run.
    """
    from registry.core.durations import parse_duration
    from search.launchers.launcher import make_launcher

    launcher = make_launcher(on)
    options_of_run = {
        "on": on,
        "workers": options.worker_count(workers),
        "timeout": None if timeout is None else parse_duration(timeout, "--timeout"),
        "memory_limit": options.memory_bytes(memory_limit),
        "device": device,
        "per_gpu": per_gpu,
    }
    launcher.check(on)
    return options_of_run


def open_to_write(name: str, storage: str | None, *, stderr: bool = False, whole: bool = True) -> Study:
    """Open the study that a command changes, and say first which database it is in; see `Study.open`."""
    from registry.core.database.own_database import own_url
    from search.schema import SCHEMA
    from search.study import Study

    study = Study.open(name, own_url(storage), whole=whole)
    SCHEMA.check(study.engine)
    name_database(study.url, err=stderr)
    return study


def prepare_process() -> None:
    """Let warnings be seen, and SIGTERM stop in order as Ctrl-C does."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    signal.signal(signal.SIGTERM, _interrupt)


def progress(study: Study, timeout: float | None, *, stderr: bool = False) -> Progress:
    """Return what shows how a study goes on: a live picture on a terminal, else a line for each trial that ends."""
    from rich.console import Console

    from search.terminal.progress import LiveProgress, PlainProgress

    console = Console(highlight=False, soft_wrap=True, stderr=stderr)
    if console.is_terminal:
        return LiveProgress(console, timeout, curves=study.live_curves)
    return PlainProgress(console, study.trials)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
