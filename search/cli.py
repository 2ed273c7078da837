"""The ``search`` program: thin functions over the Python API."""

from __future__ import annotations

import logging
import re
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.console import Json, Storage, new_app, print_json, print_table, run

if TYPE_CHECKING:
    from search.status import StudyStatus
    from search.study import Study

SETTINGS = (
    "max_epochs",
    "sampler",
    "pruner",
    "patience",
    "prune_patience",
    "top_k",
    "seed",
    "mixed_precision",
)

app = new_app("Search hyperparameters of Keras models, with workers that need only a database.")

ProblemName = Annotated[str, typer.Argument(metavar="PROBLEM", help="module:attr, or a name of `search problems`.")]
StudyName = Annotated[str, typer.Argument(metavar="STUDY", help="The study's name.")]
StudyOption = Annotated[str | None, typer.Option("--study", help="The study's name; else what PROBLEM ends in.")]
Trials = Annotated[int, typer.Option("--trials", help="The budget in sum, over all runs and workers.")]
Workers = Annotated[str, typer.Option("--workers", metavar="N|auto", help="Local workers; auto: one a core.")]
Timeout = Annotated[str | None, typer.Option("--timeout", metavar="30m", help="Stop after this long.")]
Device = Annotated[str, typer.Option("--device", metavar="auto|cpu|gpu:0,1", help="Where the workers compute.")]
PerGpu = Annotated[int, typer.Option("--per-gpu", help="Workers that share a GPU.")]
MaxEpochs = Annotated[int | None, typer.Option("--max-epochs", help="Epochs a trial trains at most (10).")]
Sampler = Annotated[str | None, typer.Option("--sampler", help="tpe (default), gp, cmaes, random, qmc or grid.")]
Pruner = Annotated[str | None, typer.Option("--pruner", help="hyperband (default), asha, median, percentile or none.")]
Patience = Annotated[int | None, typer.Option("--patience", help="Epochs without gain before early stopping (5).")]
PrunePatience = Annotated[
    int | None, typer.Option("--prune-patience", help="Epochs without gain before the pruner is heard; 0: always.")
]
TopK = Annotated[int | None, typer.Option("--top-k", help="How many of the best trials keep their weights (5).")]
Seed = Annotated[int | None, typer.Option("--seed", help="Where all random numbers come from (0).")]
TrialTime = Annotated[str | None, typer.Option("--trial-timeout", metavar="5m", help="Time a trial trains at most.")]
Mixed = Annotated[bool | None, typer.Option("--mixed-precision", help="Compute in float16 on GPUs.")]


def main() -> None:
    """Run the program and exit with its code."""
    raise SystemExit(run(app, "search"))


@app.command("run")
def run_study(
    context: typer.Context,
    problem: ProblemName,
    study: StudyOption = None,
    trials: Trials = 40,
    workers: Workers = "auto",
    timeout: Timeout = None,
    device: Device = "auto",
    per_gpu: PerGpu = 1,
    max_epochs: MaxEpochs = None,
    sampler: Sampler = None,
    pruner: Pruner = None,
    patience: Patience = None,
    prune_patience: PrunePatience = None,
    top_k: TopK = None,
    seed: Seed = None,
    trial_timeout: TrialTime = None,
    mixed_precision: Mixed = None,
    report: Annotated[Path | None, typer.Option("--report", help="The report's path; else reports/STUDY.html.")] = None,
    storage: Storage = None,
) -> None:
    """Create or continue a study, and work on it until its budget is used up."""
    from search.durations import parse_duration
    from search.study import Study

    seconds = None if timeout is None else parse_duration(timeout, "--timeout")
    count = _workers(workers)
    _log_to_stderr()
    signal.signal(signal.SIGTERM, _interrupt)
    found = Study.create(
        study or problem.split(":")[-1], problem=problem, trials=trials, storage=storage, **_settings(context)
    )
    _run(found, report, workers=count, timeout=seconds, device=device, per_gpu=per_gpu)


@app.command()
def create(
    context: typer.Context,
    problem: ProblemName,
    study: StudyOption = None,
    trials: Trials = 40,
    max_epochs: MaxEpochs = None,
    sampler: Sampler = None,
    pruner: Pruner = None,
    patience: Patience = None,
    prune_patience: PrunePatience = None,
    top_k: TopK = None,
    seed: Seed = None,
    trial_timeout: TrialTime = None,
    mixed_precision: Mixed = None,
    storage: Storage = None,
) -> None:
    """Create a study without working on it; `search worker` does, on any machine."""
    from search.study import Study

    found = Study.create(
        study or problem.split(":")[-1], problem=problem, trials=trials, storage=storage, **_settings(context)
    )
    status = found.status()
    typer.echo(f"{status.study}: {status.budget} trials of {status.problem}; start workers with")
    typer.echo(f"  search worker {status.study}{_storage_option(found)}")


@app.command()
def worker(
    study: StudyName,
    device: Device = "auto",
    storage: Storage = None,
) -> None:
    """Work on a study in this process until it is done; needs nothing but the database."""
    from registry.database import default_url
    from search.placement import place_workers
    from search.pool import find_gpus, stop_on_signals, usable_cores
    from search.runtime import import_tensorflow
    from search.slots import new_worker_id
    from search.study import Study

    _log_to_stderr()
    found = Study.open(study, storage)
    found.go_on()
    gpus = [] if device == "cpu" else find_gpus()
    place = place_workers(workers=1, device=device, cores=1 if not gpus else usable_cores(), gpus=gpus)[0]
    import_tensorflow()  # quietly, before what needs it
    from search.worker import work

    work(
        storage or default_url(),
        found.record.name,
        place,
        worker_id=new_worker_id(),
        stop=stop_on_signals(),
        on_result=lambda result: typer.echo(
            f"trial {result.trial}  {result.stop_reason}"
            + ("" if result.score is None else f"  {found.record.objective.metric} {result.score:.4f}")
        ),
    )


@app.command()
def status(
    study: Annotated[str | None, typer.Argument(metavar="[STUDY]", help="The study's name; else all.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Show it again and again, until it is done.")] = False,
    as_json: Json = False,
    storage: Storage = None,
) -> None:
    """Show how a study stands, or all studies."""
    from registry.errors import UsageError
    from search.study import Study, all_studies

    if study is None:
        found = [one.status() for one in all_studies(storage)]
        print_json([one.as_dict() for one in found]) if as_json else _print_studies(found)
        return
    if watch and as_json:
        raise UsageError("--watch draws a picture again and again; leave out --json, or --watch")
    opened = Study.open(study, storage)
    if watch:
        _watch(opened)
    now = opened.status()
    print_json(now.as_dict()) if as_json else _print_status(now)


@app.command()
def stop(study: StudyName, storage: Storage = None) -> None:
    """Ask all workers of a study, on any machine, to stop after their trial; `search run` goes on later."""
    from search.study import Study

    Study.open(study, storage).stop()
    typer.echo(f"{study}: its workers stop after their trials; `search run` or `search worker` goes on")


@app.command()
def report(
    studies: Annotated[list[str], typer.Argument(metavar="STUDY…", help="One study or several to compare.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Where it goes: .html, .md, .pdf, .csv, .parquet, .json.")
    ] = Path("report.html"),
    no_errors: Annotated[bool, typer.Option("--no-errors", help="Leave out where the winner errs.")] = False,
    storage: Storage = None,
) -> None:
    """Write a self-contained report that shows what was tried, what won and by how much."""
    from registry.database import default_url
    from search.report import write_report

    typer.echo(f"wrote {write_report(storage or default_url(), studies, out, errors=not no_errors)}")


@app.command()
def problems(as_json: Json = False) -> None:
    """List the installed problems, which `search run NAME` finds by name."""
    from search.problems import installed_problems

    found = [{"name": name, "source": point.value} for name, point in sorted(installed_problems().items())]
    print_json(found) if as_json else print_table(["name", "source"], [(p["name"], p["source"]) for p in found])


def _run(study: Study, report: Path | None, **options: Any) -> None:
    from rich.console import Console

    from search.progress import LiveProgress, PlainProgress

    console = Console(highlight=False, soft_wrap=True)
    live = console.is_terminal
    progress = (
        LiveProgress(console, options["timeout"], curves=study.live_curves)
        if live
        else PlainProgress(console, study.trials)
    )
    before = study.status()
    if before.finished == before.budget:
        typer.echo(f"{before.study} has used its budget of {before.budget} trials; a larger --trials goes on")
    started = time.monotonic()
    try:
        with progress:
            study.run(on_status=progress.show, **options)
    except KeyboardInterrupt:
        typer.echo(f"stopped in order; nothing is lost. To continue: {_continue(study)}")
        return
    _summarize(study, before, time.monotonic() - started)
    _write_report(study, report)


def _summarize(study: Study, before: StudyStatus, seconds: float) -> None:
    from search.durations import show_duration
    from search.progress import describe_best

    now = study.status()
    counts = now.trials
    typer.echo(
        f"{now.study}: {now.finished} of {now.budget} trials done ({counts['complete']} complete, "
        f"{counts['pruned']} pruned, {counts['failed']} failed), "
        f"{now.finished - before.finished} of them now in {show_duration(seconds)}"
    )
    typer.echo(describe_best(now))
    if now.best is not None:
        for name, value in now.best.params.items():
            typer.echo(f"  {name} = {value:.6g}" if isinstance(value, float) else f"  {name} = {value}")
        option = _storage_option(study)
        typer.echo(f"registered as {study.record.model}: registry best {study.record.model}{option}")
    if now.finished < now.budget:
        typer.echo(f"{now.budget - now.finished} trials are left. To continue: {_continue(study)}")


def _write_report(study: Study, out: Path | None) -> None:
    from search.report import write_report

    name = re.sub(r"[^\w.-]+", "-", study.record.name)
    typer.echo(f"report: {write_report(study.url, [study.record.name], out or Path('reports') / f'{name}.html')}")


def _continue(study: Study) -> str:
    record = study.record
    return f"search run {record.problem} --study {record.name} --trials {study.status().budget}{_storage_option(study)}"


def _storage_option(study: Study) -> str:
    """Return the option that names the database, where the default would not find it; never a password."""
    from registry.database import default_url, display_url, parse_url

    if parse_url(default_url()) == parse_url(study.url):
        return ""
    return f" --storage {display_url(study.url)}"


def _workers(text: str) -> Any:
    from registry.errors import UsageError

    if text == "auto":
        return text
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"--workers is {text!r}; expected a number of 1 or more, or auto")
    return int(text)


def _settings(context: typer.Context) -> dict[str, Any]:
    """Return the settings that the command line names; what it leaves out keeps its default."""
    from search.durations import parse_duration

    given = {name: context.params[name] for name in SETTINGS if context.params[name] is not None}
    if (text := context.params["trial_timeout"]) is not None:
        given["trial_seconds"] = parse_duration(text, "--trial-timeout")
    return given


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")


def _watch(study: Study) -> None:
    from rich.console import Console

    from search.progress import LiveProgress

    with LiveProgress(Console(highlight=False), curves=study.live_curves) as progress:
        while (now := study.status()).finished < now.budget and now.error is None:
            progress.show(now)
            time.sleep(1.0)


def _print_status(now: StudyStatus) -> None:
    from rich.console import Console

    from search.progress import render

    Console(highlight=False, soft_wrap=True).print(render(now))
    if now.error:
        typer.echo(f"stopped: {now.error}")


def _print_studies(found: list[StudyStatus]) -> None:
    print_table(
        ["study", "problem", "done", "budget", "running", "best"],
        [
            (s.study, s.problem, s.finished, s.budget, s.trials["running"], None if s.best is None else s.best.score)
            for s in found
        ],
    )
