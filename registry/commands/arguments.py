"""What several commands take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.api.registry import Registry
from registry.artifacts import check_lasts, located
from registry.core.console import name_database, quietly
from registry.core.database.own_database import own_url
from registry.core.errors import DatabaseError
from registry.core.objective import Direction, to_direction

if TYPE_CHECKING:
    from registry.values.version import Rebuild

HOOK_SECONDS = 5.0  # beyond which a command begins no delivery


def model_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the names of the registered models that begin with a text, for a shell that completes words."""

    def names() -> list[str]:
        with Registry(ctx.params.get("storage")) as registry:
            return [model.name for model in registry.models()]

    return [name for name in quietly(names) if name.startswith(incomplete)]


RefArgument = Annotated[
    str, typer.Argument(metavar="REF", help="MODEL (its best), MODEL/3 or MODEL@ALIAS.", autocompletion=model_names)
]
ModelArgument = Annotated[
    str, typer.Argument(metavar="MODEL", help="A registered model's name.", autocompletion=model_names)
]
DirectionOption = Annotated[str | None, typer.Option("--direction", metavar="max|min", help="Which way is better.")]
AliasArgument = Annotated[str, typer.Argument(metavar="MODEL@ALIAS", help="A registered model's name, and an alias.")]
WhyOption = Annotated[str | None, typer.Option("--why", metavar="TEXT", help="The reason, kept in the history.")]
ActorOption = Annotated[
    str | None, typer.Option("--actor", metavar="NAME", help="Who does it; else REGISTRY_ACTOR, or user@host.")
]
MarkedArgument = Annotated[
    str, typer.Argument(metavar="REF", help="MODEL/3 or MODEL@ALIAS, or MODEL for the model itself.")
]


@contextmanager
def open_to_write(storage: str | None, *, as_json: bool = False, **options: Any) -> Iterator[Registry]:
    """Open the registry that a command writes to, and say first which it is; options are those of `Registry`.

    What it did is told to hooks at the end, for a few seconds at most; a command of a hook is not run here.
    """
    if place := options.get("artifacts"):
        check_lasts(located(place))
    url = own_url(storage)
    with Registry(url, **options) as registry:
        name_database(url, err=as_json)
        yield registry
        ends_at = time.monotonic() + HOOK_SECONDS
        with suppress(DatabaseError):
            registry.deliver(commands=False, done=lambda: time.monotonic() > ends_at)


def parse_direction(text: str | None) -> Direction | None:
    """Return the direction that ``--direction`` names.

    Raises:
        UsageError: it names none.
    """
    return None if text is None else to_direction(text, "--direction")


WhereOption = Annotated[
    str | None,
    typer.Option(metavar="EXPR", help="Only versions that fit, as in \"val_accuracy > 0.88 and tag.team = 'vision'\"."),
]
RebuildOption = Annotated[
    bool,
    typer.Option(
        "--rebuild",
        help="Where the file cannot be read, import the version's problem and let it build the model. That runs its "
        "code: say it only if you trust that.",
    ),
]


def rebuild_of(trusted: bool) -> Rebuild | None:
    """Return what builds a version's model again where the user trusts its problem's code."""
    from registry.keras_models.load import rebuild_trusted

    return rebuild_trusted if trusted else None
