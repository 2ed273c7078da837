"""Commands that control a study from outside: stop, retry, prune, drop."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.core.console import Storage, say
from search.commands.options import StudyName
from search.commands.session import open_to_write

TrialNumbers = Annotated[list[int], typer.Argument(metavar="TRIAL…", help="Numbers of trials.")]


def stop_command(study: StudyName, storage: Storage = None) -> None:
    """Ask all workers of a study, on any machine, to stop; their trials are continued later."""
    open_to_write(study, storage).stop()
    say(f"{study}: its workers stop within seconds; `search run` or `search worker` goes on")


def retry_command(study: StudyName, trials: TrialNumbers, storage: Storage = None) -> None:
    """Give failed trials another try with the same params."""
    open_to_write(study, storage).retry(*trials)
    say(f"{study}: {_named(trials)} for another try; `search run` or `search worker` goes on")


def prune_command(study: StudyName, trials: TrialNumbers, storage: Storage = None) -> None:
    """Prune trials that run, after their epoch."""
    open_to_write(study, storage).prune(*trials)
    say(f"{study}: {_named(trials)} to be pruned after the epoch under way")


def drop_command(study: StudyName, trials: TrialNumbers, storage: Storage = None) -> None:
    """Take bad trials from the sampler and from the best; they stay on record."""
    open_to_write(study, storage).drop(*trials)
    say(
        f"{study}: {_named(trials)} dropped: the sampler and the study's best pass over them. "
        "Versions that they became stay in the registry until `registry delete`"
    )


def _named(trials: list[int]) -> str:
    return f"trial {trials[0]}" if len(trials) == 1 else "trials " + ", ".join(map(str, trials))
