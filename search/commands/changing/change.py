"""The command that changes a study's settings while it goes on."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from registry.core.console import Storage, say
from search.commands import options
from search.commands.session import open_to_write


@options.with_settings
def change_command(
    study: options.StudyName,
    trials: Annotated[int | None, typer.Option("--trials", help="The budget in total; also a smaller one.")] = None,
    storage: Storage = None,
    *,
    settings: dict[str, Any],
) -> None:
    """Change settings of a study, also while it runs: workers take them up at their next claim; the others stay.

    What may be none, such as --target none, takes a setting away again.
    """
    from registry.core.errors import UsageError

    if trials is None and not settings:
        raise UsageError("nothing to change; expected a setting, such as --max-epochs 20, or --trials")
    opened = open_to_write(study, storage)
    before = opened.record.version
    changed = opened.change(trials=trials, **settings)
    if changed.record.version == before:
        say(f"{study} has these settings already; nothing was changed")
        return
    version = changed.status().versions[-1]
    say(f"{study} is at version {version.version}: {'; '.join(version.changes)}")
    say("trials that run end as they began; workers take the change up at their next claim")
