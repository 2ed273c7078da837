"""Commands that work on a study: run, create, worker."""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.core.console import Storage, name_database, say
from search.commands import options, session, summary

if TYPE_CHECKING:
    from search.api.study import Study
    from search.records.studies import StudyRecord
    from search.trial_import.warm_start import WarmStart

NO_REPORT = Path("none")


@options.with_settings
def run_command(
    problem: options.ProblemName,
    study: options.StudyOption = None,
    trials: options.Trials = None,
    add: options.Add = None,
    on: options.On = "local",
    workers: options.Workers = "auto",
    timeout: options.Timeout = None,
    device: options.Device = "auto",
    per_gpu: options.PerGpu = 1,
    gpus_per_trial: options.GpusPerTrial = 1,
    memory_limit: options.MemoryLimit = None,
    artifacts: options.Artifacts = None,
    accept_changes: options.Accept = False,
    warm_start: options.WarmStart = None,
    direction: options.Direction = None,
    log: options.Log = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="The report's path, or none; else reports/STUDY.html.")
    ] = None,
    storage: Storage = None,
    *,
    settings: dict[str, Any],
) -> None:
    """Create or continue a study, and work on it until its budget is used up."""
    if report not in (None, NO_REPORT):
        from registry.reports import check_name

        check_name(report)
    run_options = session.run_options(
        on=on,
        workers=workers,
        timeout=timeout,
        memory_limit=memory_limit,
        device=device,
        per_gpu=per_gpu,
        gpus_per_trial=gpus_per_trial,
        log=log,
    )
    session.prepare_process()
    asked: dict[str, Any] = {
        "storage": storage,
        "artifacts": artifacts,
        "accept_changes": accept_changes,
        "direction": direction,
        "warm_start": options.names_of(warm_start),
        "inspect_seconds": run_options["timeout"],
    }
    opened = _create(study, problem, trials, add, settings, asked)
    _run(opened, report, run_options)


@options.with_settings
def create_command(
    problem: Annotated[str | None, options.PROBLEM] = None,
    study: options.StudyOption = None,
    like: Annotated[
        str | None,
        typer.Option("--like", metavar="STUDY", help="As that study: its problem, budget, settings, unless given."),
    ] = None,
    trials: options.Trials = None,
    add: options.Add = None,
    artifacts: options.Artifacts = None,
    accept_changes: options.Accept = False,
    warm_start: options.WarmStart = None,
    direction: options.Direction = None,
    storage: Storage = None,
    *,
    settings: dict[str, Any],
) -> None:
    """Create a study without working on it; `search worker` does, on any machine."""
    from registry.core.errors import UsageError

    if like is not None:
        problem, study, trials, settings, own = _as_study(like, storage, problem, study, trials, settings)
        direction = direction or own
    if problem is None:
        raise UsageError("which problem? give one, as `search problems` lists them, or --like STUDY")
    asked: dict[str, Any] = {
        "storage": storage,
        "artifacts": artifacts,
        "accept_changes": accept_changes,
        "direction": direction,
        "warm_start": options.names_of(warm_start),
    }
    opened = _create(study, problem, trials, add, settings, asked)
    status = opened.status()
    budget = "1 trial" if status.budget == 1 else f"{status.budget} trials"
    say(f"{status.study}: {budget} of {status.problem}; start workers with")
    say(f"  search worker {shlex.quote(status.study)}{options.storage_option(opened)}")


def _as_study(
    like: str, storage: str | None, problem: str | None, study: str | None, trials: int | None, settings: dict[str, Any]
) -> tuple[str, str, int, dict[str, Any], str | None]:
    """Return what creates a study as another one is: problem, name, budget, settings, an objective's direction."""
    from search.api.study import Study

    model = Study.open(like, storage)
    try:
        return (
            problem or model.record.problem,
            study or model.free_name(),
            model.status().budget if trials is None else trials,
            model.settings_for_another() | settings,
            _direction_of(model.record, settings),
        )
    finally:
        model.close()


def _direction_of(record: StudyRecord, settings: dict[str, Any]) -> str | None:
    """Return an objective's direction where no setting has it."""
    from search.optuna_bridge.direction import WORDS

    if not record.is_objective or record.settings.objectives is not None or "objectives" in settings:
        return None
    return WORDS[record.objective.direction]


def worker_command(
    study: options.StudyName,
    workers: options.Workers = "1",
    timeout: options.Timeout = None,
    device: options.Device = "auto",
    per_gpu: options.PerGpu = 1,
    gpus_per_trial: options.GpusPerTrial = 1,
    memory_limit: options.MemoryLimit = None,
    accept_changes: options.Accept = False,
    storage: Storage = None,
) -> None:
    """Work on a study of the database until it is done, on any machine that has the problem."""
    from rich.console import Console

    from registry.core.durations import parse_duration
    from search.terminal.progress import PlainProgress

    run_options: dict[str, Any] = {
        "workers": options.worker_count(workers),
        "timeout": None if timeout is None else parse_duration(timeout, "--timeout"),
        "memory_limit": options.memory_bytes(memory_limit),
    }
    session.prepare_process()
    opened = session.open_to_write(study, storage)
    if accept_changes:
        opened = opened.accept_changes()
    progress = PlainProgress(Console(highlight=False, soft_wrap=True), opened.trials)
    try:
        with progress:
            opened.run(
                on_status=progress.show, device=device, per_gpu=per_gpu, gpus_per_trial=gpus_per_trial, **run_options
            )
        summary.say_how_far(opened)
    except KeyboardInterrupt:
        summary.say_how_far(opened)
        say("stopped in order; nothing is lost, and any worker continues")


def _create(
    study: str | None,
    problem: str,
    trials: int | None,
    add: int | None,
    settings: dict[str, Any],
    asked: dict[str, Any],
) -> Study:
    """Create or open a study, and say what that came to; ``asked`` is what else `Study.create` is to take."""
    from registry.core.errors import UsageError
    from search.api.study import Study, check_asked, default_name
    from search.creation.objectives import parse_direction
    from search.optuna_bridge.direction import WORDS
    from search.problems.finding.lookup import needs_tensorflow

    if trials is not None and add is not None:
        raise UsageError("--trials is the budget in total, --add raises it; give one of them")
    storage, seconds = asked["storage"], asked.get("inspect_seconds")
    parse_direction(asked["direction"], settings.get("objectives"))
    check_asked(study, problem, trials, settings, storage)
    problem = _spec_of(problem, storage)
    if sys.stderr.isatty() and needs_tensorflow(problem):
        say(f"looking at {problem}: TensorFlow starts, which takes some seconds", err=True)
    name = default_name(problem, storage, seconds) if study is None else study
    if add is not None:
        Study.open(name, storage)  # or say that there is none
    opened = Study.create(name, problem=problem, trials=trials, **settings, **asked)
    if opened.record.is_objective:
        ways = " and ".join(f"{WORDS[each.direction]}s its {each.metric}" for each in opened.record.objectives)
        say(f"{problem} is an objective of Optuna's; the study {ways} (--direction)")
    name_database(opened.url)
    for started in opened.warm_starts() if asked["warm_start"] else ():
        _say_warm(started)
    if add is not None:
        if not asked["accept_changes"]:
            opened.check_problem(seconds)
        opened.add(add)
    return opened


def _spec_of(problem: str, storage: str | None) -> str:
    """Return a problem's whole name; where it is a study's, say how that goes on."""
    from registry.core.errors import NotFoundError, UserError
    from search.api.study import Study
    from search.problems.finding.lookup import find_spec_of

    try:
        return find_spec_of(problem)
    except NotFoundError as unknown:
        try:
            study = Study.open(problem, storage)
        except UserError:
            raise unknown from None
        going_on = session.continue_command(study)
        raise NotFoundError(f"no problem is called {problem!r}, but a study is; to go on with it: {going_on}") from None


def _say_warm(started: WarmStart) -> None:
    numbers = ", ".join(map(str, started.first)) or "none"
    say(f"warm start from {started.study}: {started.trials} trials for the sampler; best params first: {numbers}")
    for line in started.left_out:
        say(f"  left out: {line}")


def _run(study: Study, report: Path | None, run_options: dict[str, Any]) -> None:
    before = study.status()
    if before.finished == before.budget:
        say(f"{before.study} has used its budget of {before.budget} trials; a larger --trials, or --add, goes on")
    started = time.monotonic()
    try:
        with session.progress(study, run_options["timeout"]) as progress:
            study.run(on_status=progress.show, **run_options)
    except KeyboardInterrupt:
        summary.say_how_far(study)
        going_on = session.continue_command(study, run_options["on"], run_options["log"])
        say(f"stopped in order; nothing is lost. To continue: {going_on}")
        return
    summary.summarize(study, before, time.monotonic() - started, run_options)
    if report != NO_REPORT:
        _write_report(study, report)
    summary.say_if_all_failed(study)


def _write_report(study: Study, out: Path | None) -> None:
    from search.launchers.watch import patiently
    from search.report.collect import default_path, write_report

    names = [study.record.name]
    say(f"report: {patiently(lambda: write_report(study.url, names, out or default_path(names)))}")
