"""Commands that control a study from outside: stop, retry, prune, drop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from registry.core.console import Storage, say
from search.commands.options import StudyName
from search.commands.session import open_to_write

TrialNumbers = Annotated[list[int], typer.Argument(metavar="TRIAL…", help="Numbers of trials.")]


def stop_command(study: StudyName, storage: Storage = None) -> None:
    """Ask all workers of a study, on any machine, to stop; their trials are continued later."""
    opened = open_to_write(study, storage)
    opened.stop()
    now = opened.status()
    stops = "its workers stop within seconds" if now.at_work else "nobody works on it"
    say(f"{study}: {stops}" + ("; `search run` or `search worker` goes on" if now.finished < now.budget else ""))


def retry_command(study: StudyName, trials: TrialNumbers, storage: Storage = None) -> None:
    """Give failed trials another try with the same params."""
    open_to_write(study, storage).retry(*trials)
    say(f"{study}: {_named(trials)} for another try; `search run` or `search worker` goes on")


def prune_command(study: StudyName, trials: TrialNumbers, storage: Storage = None) -> None:
    """Prune trials that run, after their epoch, or that are paused."""
    open_to_write(study, storage).prune(*trials)
    say(f"{study}: {_named(trials)} to be pruned after the epoch under way, or, if paused, by the next worker")


def enqueue_command(
    study: StudyName,
    params: Annotated[
        str,
        typer.Option("--params", metavar="JSON|FILE", help="A trial's params as a JSON object, or several in a list."),
    ],
    storage: Storage = None,
) -> None:
    """Let the next free slots of a study take given params; a study whose budget is used up gets more slots."""
    numbers = open_to_write(study, storage).enqueue(*points_of(params))
    say(f"{study}: {_named(numbers)} will take these params; `search run` or `search worker` goes on")


def points_of(text: str) -> list[dict[str, Any]]:
    """Return the params that a JSON text or file holds, one trial's or a list of several.

    Raises:
        UsageError: it holds something else.
    """
    from registry.core.errors import UsageError

    source = text if text.lstrip()[:1] in ("{", "[") else _read(text)
    try:
        points = json.loads(source)
    except ValueError as error:
        raise UsageError(f"the params are not JSON: {error}") from error
    points = points if isinstance(points, list) else [points]
    if not points or not all(isinstance(point, dict) and point for point in points):
        raise UsageError('the params are no JSON object, nor a list of some; expected such as {"learning_rate": 0.01}')
    return points


def _read(path: str) -> str:
    from registry.core.errors import UsageError

    try:
        return Path(path).read_text()
    except (OSError, ValueError) as error:
        raise UsageError(f"--params is neither a JSON object nor a file that can be read: {error}") from error


def drop_command(study: StudyName, trials: TrialNumbers, storage: Storage = None) -> None:
    """Take bad trials from the sampler and from the best; they stay on record."""
    open_to_write(study, storage).drop(*trials)
    say(
        f"{study}: {_named(trials)} dropped: the sampler and the study's best pass over them. "
        "Versions that they became stay in the registry until `registry delete`"
    )


def _named(trials: list[int]) -> str:
    return f"trial {trials[0]}" if len(trials) == 1 else "trials " + ", ".join(map(str, trials))
