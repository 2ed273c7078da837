"""What several commands take, and a study's settings, which `run` and `create` share."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from search.commands.help.completion import problem_names, study_names

if TYPE_CHECKING:
    from search.api.study import Study

PROBLEM = typer.Argument(
    metavar="PROBLEM",
    help="module:attr, FILE.py:attr, FILE.py, or a name of `search problems`; or so an objective(trial) of Optuna's.",
    autocompletion=problem_names,
)
ProblemName = Annotated[str, PROBLEM]
StudyName = Annotated[str, typer.Argument(metavar="STUDY", help="The study's name.", autocompletion=study_names)]
StudyOption = Annotated[str | None, typer.Option("--study", help="The study's name; else the problem's.")]
Trials = Annotated[
    int | None,
    typer.Option(
        "--trials", help="The budget in total, over all runs and workers (that of the study, 60 of a new one)."
    ),
]
Add = Annotated[int | None, typer.Option("--add", help="Raise the budget by N trials instead.")]
Artifacts = Annotated[
    str | None,
    typer.Option("--artifacts", metavar="STORE", help="Where the weights go: database, a folder or a URL (database)."),
]
Accept = Annotated[bool, typer.Option("--accept-changes", help="Go on though the problem has changed.")]
WarmStart = Annotated[
    list[str] | None,
    typer.Option("--warm-start", metavar="STUDY[,STUDY…]", help="Begin with what earlier studies have learnt."),
]
Direction = Annotated[
    str | None,
    typer.Option(
        "--direction",
        metavar="min|max",
        help="Of an objective of Optuna's: minimize (the default) or maximize; with commas, of several values.",
    ),
]
Log = Annotated[
    list[str] | None,
    typer.Option("--log", metavar="tensorboard:DIR|mlflow:URI", help="Log each trial there, too; may be repeated."),
]
Workers = Annotated[str, typer.Option("--workers", metavar="N|auto", help="How many workers; auto: one a core.")]
On = Annotated[
    str, typer.Option("--on", metavar="local|ray|ray://HOST:PORT", help="Where the workers run: here, or on Ray.")
]
Timeout = Annotated[str | None, typer.Option("--timeout", metavar="30m", help="Stop after this long.")]
Device = Annotated[str, typer.Option("--device", metavar="auto|cpu|gpu:0,1", help="Where the workers compute.")]
PerGpu = Annotated[int, typer.Option("--per-gpu", help="Workers that share a GPU.")]
GpusPerTrial = Annotated[
    int, typer.Option("--gpus-per-trial", metavar="N", help="GPUs that train each trial together.")
]
MemoryLimit = Annotated[
    str | None,
    typer.Option("--memory-limit", metavar="4G", help="Memory a worker may use; more ends its trial (Linux)."),
]

Teacher = Annotated[
    str | None,
    typer.Option(
        "--teacher",
        metavar="REF",
        help="Learn from the predictions of this version, as of an ensemble, instead of the labels.",
    ),
]

SETTINGS = {
    "max_epochs": Annotated[int | None, typer.Option("--max-epochs", help="Epochs a trial trains at most (10).")],
    "objectives": Annotated[
        str | None,
        typer.Option(
            "--objective",
            metavar="METRIC:max[,METRIC:min…]",
            help="What is optimized, instead of the problem's own; of several, trials are ranked by the first.",
        ),
    ],
    "max_parameters": Annotated[
        str | None, typer.Option("--max-parameters", metavar="N|none", help="A model with more is not trained.")
    ],
    "max_seconds_per_epoch": Annotated[
        str | None,
        typer.Option("--max-seconds-per-epoch", metavar="SECONDS|none", help="A trial whose epochs take longer ends."),
    ],
    "sampler": Annotated[
        str | None, typer.Option("--sampler", help="tpe, gp, cmaes, nsga2, random, qmc or grid (tpe).")
    ],
    "schedule": Annotated[
        str | None,
        typer.Option("--schedule", help="Which trial trains next: triage, rungs, hyperband, predict or full (triage)."),
    ],
    "pruner": Annotated[
        str | None, typer.Option("--pruner", help="hyperband, asha, median, percentile or none (hyperband).")
    ],
    "patience": Annotated[
        int | None, typer.Option("--patience", help="Epochs without gain before early stopping (5).")
    ],
    "prune_patience": Annotated[
        int | None, typer.Option("--prune-patience", help="Epochs without gain before the pruner is heard; 0: always.")
    ],
    "top_k": Annotated[int | None, typer.Option("--top-k", help="How many of the best trials keep their weights (5).")],
    "repeats": Annotated[
        int | None, typer.Option("--repeats", help="Train each trial so often, on other seeds; the mean counts (1).")
    ],
    "seed": Annotated[int | None, typer.Option("--seed", help="Where all random numbers come from (0).")],
    "trial_timeout": Annotated[
        str | None, typer.Option("--trial-timeout", metavar="5m|none", help="Time a trial trains at most.")
    ],
    "checkpoint_every": Annotated[
        str | None,
        typer.Option(
            "--checkpoint-every", metavar="30s|none", help="Time between checkpoints; none: what costs under 3 %."
        ),
    ],
    "max_retries": Annotated[
        int | None, typer.Option("--max-retries", help="How often a trial whose process crashed is tried again (2).")
    ],
    "max_failures": Annotated[
        int | None,
        typer.Option("--max-failures", help="Trials that may fail one after another until it stops (5; 0: any)."),
    ],
    "epochs": Annotated[
        str | None, typer.Option("--epochs", metavar="N|none", help="Epochs that all trials train in total at most.")
    ],
    "target": Annotated[
        str | None, typer.Option("--target", metavar="SCORE|none", help="A score with which the study ends itself.")
    ],
    "stop_after": Annotated[
        str | None,
        typer.Option(
            "--stop-after", metavar="N|none", help="Trials without a gain, one after another, that end the study."
        ),
    ],
    "keep_paused": Annotated[
        str | None,
        typer.Option(
            "--keep-paused", metavar="N|none", help="Paused trials that keep a checkpoint; none: all that may go on."
        ),
    ],
    "teacher": Teacher,
    "mixed_precision": Annotated[
        bool | None,
        typer.Option("--mixed-precision", help="Compute in float16 on GPUs, in bfloat16 on CPUs that have it."),
    ],
}
DURATIONS = {"trial_timeout": "trial_seconds", "checkpoint_every": "checkpoint_seconds"}
# Like durations, these may be `none`, which takes away again what a study has.
NUMBERS: dict[str, type[int] | type[float]] = {
    "max_parameters": int,
    "max_seconds_per_epoch": float,
    "epochs": int,
    "target": float,
    "stop_after": int,
    "keep_paused": int,
}


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a study's settings; it takes those that the user gave as ``settings``."""

    @functools.wraps(command)
    def with_options(**values: Any) -> None:
        options = {name: values.pop(name) for name in SETTINGS}
        command(**values, settings=_settings(options))

    own = inspect.signature(command, eval_str=True)
    parameters = [parameter for parameter in own.parameters.values() if parameter.name != "settings"]
    kind = inspect.Parameter.KEYWORD_ONLY
    parameters += [inspect.Parameter(name, kind, default=None, annotation=hint) for name, hint in SETTINGS.items()]
    with_options.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    with_options.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return with_options


def _settings(options: dict[str, Any]) -> dict[str, Any]:
    from registry.core.durations import parse_duration

    settings = {name: value for name, value in options.items() if value is not None}
    for name, kind in NUMBERS.items():
        if name in settings:
            settings[name] = _unless_none(settings[name], name, functools.partial(_number, kind))
    if settings.get("teacher") == "none":
        settings["teacher"] = None
    for option, name in DURATIONS.items():
        if option in settings:
            settings[name] = _unless_none(settings.pop(option), option, parse_duration)
    return settings


def _unless_none(text: str, name: str, parse: Callable[[str, str], float]) -> float | None:
    """Return what an option's value means, given its text and the option; None for ``none``."""
    from registry.core.errors import UsageError

    try:
        return None if text == "none" else parse(text, f"--{name.replace('_', '-')}")
    except UsageError as error:
        raise UsageError(f"{error}, or none") from error


def _number(kind: type[int] | type[float], text: str, option: str) -> float:
    from registry.core.errors import UsageError

    try:
        return kind(text)
    except ValueError as error:
        expected = "a whole number" if kind is int else "a number"
        raise UsageError(f"{option} is {text!r}; expected {expected}") from error


def names_of(texts: list[str] | None) -> tuple[str, ...]:
    """Return names that were given one by one, or separated by commas."""
    return tuple(name for text in texts or () for name in text.split(",") if name)


def worker_count(text: str) -> Any:
    """Return ``auto`` or a number of workers.

    Raises:
        UsageError: it is neither.
    """
    from registry.core.errors import UsageError

    if text == "auto":
        return text
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"--workers is {text!r}; expected a number of 1 or more, or auto")
    return int(text)


def memory_bytes(text: str | None) -> int | None:
    """Return the bytes of a memory limit.

    Raises:
        UsageError: it is no amount of memory.
    """
    from registry.values.sizes import parse_size

    return None if text is None else parse_size(text, "--memory-limit", least=1)


def storage_option(study: Study) -> str:
    """Return the option that names the database, where the default would not find it; never a password."""
    from registry.core.database.url import default_url, parse_url, pasted_url

    if parse_url(default_url()) == parse_url(study.url):
        return ""
    return f" --storage {pasted_url(study.url)}"
