"""How commands run workers: what their options mean, the signals that stop them, and the progress that they show."""

from __future__ import annotations

import functools
import logging
import shlex
import signal
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from registry.core.console import name_database, say
from registry.core.error_text import describe_failure
from search.commands import options

if TYPE_CHECKING:
    from search.api.study import Study
    from search.terminal.progress import Progress


def run_options(
    *,
    on: str,
    workers: str,
    timeout: str | None,
    memory_limit: str | None,
    device: str,
    per_gpu: int,
    gpus_per_trial: int = 1,
    log: list[str] | None = None,
) -> dict[str, Any]:
    """Return what `Study.run` takes, and say early where the workers cannot be started.

    Raises:
        UsageError: a value that cannot be.
        ClusterError: nothing answers where the workers are to run.
    """
    from registry.core.durations import parse_duration
    from search.launchers.contract import Request
    from search.launchers.launcher import make_launcher
    from search.tracking.target import parse_targets

    launcher = make_launcher(on)
    Request(on=on, per_gpu=per_gpu, gpus_per_trial=gpus_per_trial)  # which refuses what does not go together
    options_of_run = {
        "on": on,
        "workers": options.worker_count(workers),
        "timeout": None if timeout is None else parse_duration(timeout, "--timeout"),
        "memory_limit": options.memory_bytes(memory_limit),
        "device": device,
        "per_gpu": per_gpu,
        "gpus_per_trial": gpus_per_trial,
        "log": tuple(log or ()),
    }
    parse_targets(options_of_run["log"])
    launcher.check(on)
    return options_of_run


def open_to_write(name: str, storage: str | None, *, stderr: bool = False, whole: bool = True) -> Study:
    """Open the study that a command changes, and say first which database it is in; see `Study.open`."""
    from registry.core.database.own_database import own_url
    from search.api.study import Study
    from search.schema import SCHEMA

    study = Study.open(name, own_url(storage), whole=whole)
    SCHEMA.check(study.engine)
    name_database(study.url, err=stderr)
    return study


def say_first_counts(study: Study, *, stderr: bool = False) -> None:
    """Say by which of several objectives a study's best are chosen; nothing where it has one, or no models."""
    first, *others = study.record.objectives
    if others and not study.record.is_objective:
        further = ", ".join(each.metric for each in others)
        say(f"chosen by {first.metric}, the first of the study's objectives; {further} not considered", err=stderr)


def prepare_process() -> None:
    """Let warnings be seen, and SIGTERM stop in order as Ctrl-C does."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    signal.signal(signal.SIGTERM, _interrupt)


def progress(study: Study, timeout: float | None, *, stderr: bool = False) -> Progress:
    """Return what shows how a study goes on: a live picture on a terminal, else a line for each trial that ends."""
    from search.notebook.progress import progress_here
    from search.terminal.progress import PlainProgress

    lines = functools.partial(PlainProgress, trials=study.trials)
    return progress_here(study.live_curves, lines, stderr=stderr, timeout=timeout)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def continue_command(study: Study, on: str = "local", log: Sequence[str] = ()) -> str:
    """Return the command that goes on with a study; without passwords.

    That of a confirmation chooses its winner at the end, and logs nothing.
    """
    from search.confirm.command import confirm_command
    from search.tracking.target import without_password

    record = study.record
    option = options.storage_option(study) + (f" --on {shlex.quote(on)}" if on != "local" else "")
    if record.settings.confirms is not None:
        return confirm_command(record) + option
    logs = [word for target in log for word in ("--log", without_password(target))]
    words = ["search", "run", record.problem, "--study", record.name, "--trials", str(study.status().budget), *logs]
    return shlex.join(words) + option


def describe_all_failed(study: Study) -> str:
    """Return that all trials of a study have failed, why, and what to do; empty where not all have."""
    trials = [trial for trial in study.trials() if not trial.imported]
    if not trials or not all(trial.failed for trial in trials):
        return ""
    if all(trial.stop_reason and trial.stop_reason.beyond_limit for trial in trials):
        return f"all {len(trials)} trials of {study.record.name!r} were beyond its limits: {trials[-1].error}"
    last = max(trials, key=lambda trial: trial.finished_at or 0.0)
    why = describe_failure(str(last.stop_reason), last.error).rstrip(".")
    numbers = " ".join(str(trial.trial) for trial in trials[:20]) + options.storage_option(study)
    name = shlex.quote(study.record.name)
    if len(trials) == 1:
        failed, again = f"the only trial of {study.record.name!r} failed: {why}", "tries it again"
    else:
        failed = f"all {len(trials)} trials of {study.record.name!r} failed; trial {last.trial}, the last one: {why}"
        again = "tries them again"
    return f"{failed}. Once that is mended, `search retry {name} {numbers}` {again}, and --add gives more"
