"""The command that trains the chapter's experiments and prints their figures beside the chapter's."""

from __future__ import annotations

from typing import Annotated

import typer

from registry import ModelVersion, NotFoundError, Registry
from registry.core.console import Json, Storage, name_database, print_json, print_table, say
from registry.core.database.own_database import own_url
from registry.core.database.url import default_url


def baselines_command(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Which; all without a name.")] = None,
    seeds: Annotated[int, typer.Option(metavar="N", min=1, help="Trainings of each, with seeds of their own.")] = 3,
    table: Annotated[
        bool, typer.Option("--table", help="Train nothing: print the figures of what is registered.")
    ] = False,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Train and register the chapter's experiments; print their figures beside the chapter's.

    What is registered already is not trained again.
    """
    from fmnist.chapter.baselines import chosen, run_baselines
    from fmnist.chapter.table import chapter_rows
    from search.system.runtime import configure

    baselines = chosen(names or ())
    url = storage or default_url() if table else own_url(storage)
    with Registry(url, create=not table) as registry:
        if not table:
            name_database(url, err=as_json)
            configure(None, threads=1)
            run_baselines(registry, names or (), seeds=seeds, on_version=_say_version)
        rows = chapter_rows(registry, baselines)
    if not rows:
        raise NotFoundError("no baseline is registered in this database; train them: fmnist baselines")
    if as_json:
        print_json([row.as_dict() for row in rows])
        return
    print_table(
        ["baseline", "what", "figure", "chapter", "ours", "spread", "seeds", "difference", "within seeds", "test"],
        [
            (
                row.name,
                row.what,
                row.metric,
                _number(row.chapter),
                _number(row.mean),
                _number(row.spread),
                len(row.ours),
                None if row.difference is None else f"{row.difference:+.4f}",
                None if row.within is None else ("yes" if row.within else "no"),
                _number(row.as_dict()["test_accuracy"]),
            )
            for row in rows
        ],
    )


def _say_version(version: ModelVersion) -> None:
    say(
        f"{version.ref}  {version.tags['baseline']}, seed {version.source.seed}: "
        f"{version.metric} {version.score:.4f} at epoch {version.epoch} ({version.seconds or 0:.0f} s)",
        err=True,
    )


def _number(value: float | tuple[int, int] | None) -> str | None:
    if isinstance(value, tuple):
        return f"{value[0]} to {value[1]}"
    if value is None:
        return None
    return f"{value:.4f}" if value < 1 else f"{value:.1f}"
