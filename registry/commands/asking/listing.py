"""The command that lists versions: filtered, sorted, in pages, and in any format."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registry.api.registry import Registry
from registry.commands.arguments import WhereOption
from registry.core.atomic_file import whole_file
from registry.core.console import Json, Storage, json_text, print_table, say
from registry.core.errors import UsageError, did_you_mean
from registry.core.numbers import size_text
from registry.values.known_tags import CLASSES_TAG
from registry.values.version import ModelVersion, finite
from registry.versions.frame import FORMATS, to_csv, write_parquet

if TYPE_CHECKING:
    from registry.query.page import Page


SPARE = ("tags", "trial", "ended by", "metric", "epoch", "study", "weights", "aliases")  # the least important first


def list_command(
    model: Annotated[str | None, typer.Argument(metavar="MODEL", help="A registered model's name; else all.")] = None,
    where: WhereOption = None,
    sort: Annotated[str | None, typer.Option(metavar="FIELD [desc]", help='By this, as in "val_loss desc".')] = None,
    study: Annotated[str | None, typer.Option(help="Only versions of this study.")] = None,
    best_first: Annotated[bool, typer.Option("--best-first", help="By score instead of by number.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="The most versions to name.")] = None,
    after: Annotated[str | None, typer.Option(metavar="CURSOR", help="The page after the one that named this.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
    style: Annotated[str, typer.Option("--format", metavar="|".join(FORMATS), help="How to write it.")] = "table",
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Name the versions of a model, or of all models."""
    if style not in FORMATS:
        raise UsageError(f"--format is {style!r}; expected {', '.join(FORMATS)}")
    if as_json and style not in ("table", "json"):
        raise UsageError(f"--json and --format {style} are two ways to write it; give one of them")
    if style == "parquet" and out is None:
        raise UsageError("Parquet is no text for a terminal: add --out FILE.parquet")
    with Registry(storage) as registry:
        page = registry.find(model, where, study=study, sort=sort, best_first=best_first, limit=limit, after=after)
        nothing = "" if page.versions else _why_nothing(registry, model, where, study)
    _write(page, "json" if as_json else style, out)
    if out is not None:
        say(f"{len(page)} versions in {out}")
    if nothing:
        say(nothing, err=True)
    if page.next is not None:
        say(f"there are more: --after {page.next}", err=True)


def _why_nothing(registry: Registry, model: str | None, where: str | None, study: str | None) -> str:
    if study is None:
        return "no version fits" if where else "there are no versions"
    studies = {version.source.study for version in registry.find(model, limit=None)} - {None}
    if study in studies:
        return "no version fits"
    return f"no version is of the study {study!r}; {did_you_mean(study, sorted(map(str, studies)))}"


def _write(page: Page, style: str, out: Path | None) -> None:
    if style == "parquet" and out is not None:
        write_parquet(page.versions, out)
    elif style == "table" and out is None:
        print_table(
            ["version", "score", "metric", "epoch", "study", "trial", "ended by", "weights", "aliases", "tags"],
            [_row(version) for version in page],
            SPARE,
        )
    else:
        text = (
            to_csv(page.versions) if style in ("csv", "table") else json_text([each.as_dict() for each in page]) + "\n"
        )
        if out is None:
            say(text, nl=False) if sys.stdout.isatty() else typer.echo(text, nl=False)
        else:
            with whole_file(out) as file:
                file.write(text.encode())


def _row(version: ModelVersion) -> tuple[object, ...]:
    stored = size_text(version.weights.bytes) if version.weights else version.state.replace("ready", "none")
    return (
        version.ref,
        finite(version.score),
        version.metric,
        version.epoch,
        version.source.study,
        version.source.trial,
        version.stop_reason,
        stored,
        version.aliases,
        {name: text for name, text in version.tags.items() if name != CLASSES_TAG},  # the same in all, and long
    )
