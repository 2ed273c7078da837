"""Commands that keep a registry in order: artifacts, verify, gc, delete, backup, upgrade."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from registry.api.registry import Registry
from registry.artifacts.findings import Fault, StoredArtifact, StoredFile
from registry.commands.arguments import open_to_write
from registry.core.console import Json, Storage, name_database, print_json, print_table, say
from registry.core.database.engine import open_engine
from registry.core.database.own_database import own_url
from registry.core.database.versioned_schema import known_schemas
from registry.core.durations import parse_duration
from registry.core.errors import UsageError
from registry.core.numbers import size_text
from registry.values.sizes import parse_size

LONGEST_GRACE = 100 * 365 * 24 * 60  # minutes
GraceMinutes = Annotated[
    float,
    typer.Option("--grace", metavar="MINUTES", help="Leave alone files in outside stores that are younger."),
]


def artifacts_command(
    store: Annotated[
        str | None, typer.Argument(metavar="STORE", help="'database', a folder, or a URL such as s3://bucket/models.")
    ] = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Tell where new weights go, or choose it; what is stored already stays where it is."""
    opened = (
        Registry(storage) if store is None else open_to_write(storage, as_json=as_json, create=True, artifacts=store)
    )
    with opened as registry:
        place = registry.artifacts
    if as_json:
        print_json({"artifacts": place})
    else:
        say(f"new artifacts go to {place}")


def verify_command(grace: GraceMinutes = 60, storage: Storage = None, as_json: Json = False) -> None:
    """Hash every artifact and check every record; exit 1 where something is missing, altered or orphaned."""
    with Registry(storage) as registry:
        result = registry.verify(grace=_duration(grace))
    if as_json:
        print_json(result.as_dict())
    else:
        _print_things([*result.faults, *result.orphans, *result.files])
        for record in result.damaged:
            say(f"{record.version} is damaged: {record.what}")
        verdict = "all as registered" if result.clean else "not clean"
        older = (
            f" ({result.unhashed} older than their hashes, checked by what is kept twice)" if result.unhashed else ""
        )
        say(f"{result.artifacts} artifacts, {size_text(result.bytes)}, {result.versions} records{older}: {verdict}")
    if not result.clean:
        raise typer.Exit(1)


def _duration(grace: float) -> timedelta:
    if not 0 <= grace <= LONGEST_GRACE:
        raise UsageError(f"--grace is {grace:g}; expected 0 to {LONGEST_GRACE} minutes")
    return timedelta(minutes=grace)


def gc_command(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be removed.")] = False,
    grace: GraceMinutes = 60,
    older_than: Annotated[
        str | None, typer.Option(metavar="90d", help="Weights of versions that are older go, too.")
    ] = None,
    max_size: Annotated[
        str | None, typer.Option(metavar="2GB", help="Where all weights have more, those of the oldest go, too.")
    ] = None,
    cold: Annotated[
        str | None, typer.Option(metavar="STORE", help="These move to this folder or URL, and load from there.")
    ] = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Remove weights of displaced versions, artifacts without a version, and left-over files."""
    if older_than is not None and older_than.isdigit():
        raise UsageError(f"--older-than is {older_than}; expected a unit, too: {older_than}d is {older_than} days")
    age = None if older_than is None else timedelta(seconds=parse_duration(older_than, "--older-than"))
    most = None if max_size is None else parse_size(max_size, "--max-size")
    with Registry(storage) if dry_run else open_to_write(storage, as_json=as_json) as registry:
        garbage = registry.gc(dry_run=dry_run, grace=_duration(grace), older_than=age, max_bytes=most, cold=cold)
    if as_json:
        print_json({"dry_run": dry_run, **garbage.as_dict()})
        return
    for ref in garbage.versions:
        say(f"{ref} is displaced and has no alias: its weights go")
    for old in garbage.expired:
        where = "" if garbage.cold is None else f" to {garbage.cold}"
        say(f"{old.model}/{old.version} has no alias, and {old.why}: its weights go{where} ({size_text(old.bytes)})")
    _print_things([*garbage.artifacts, *garbage.files])
    say(f"{size_text(garbage.bytes)} {'would be freed' if dry_run else 'freed'}")
    if garbage.moved:
        say(f"{size_text(garbage.moved)} of them {'would move' if dry_run else 'moved'} to {garbage.cold}")
    if garbage.over:
        say(
            f"--max-size {max_size} is not reached: {size_text(garbage.over)} more are of versions that have an alias "
            "or are the best of their model, and stay",
            err=True,
        )


def _print_things(things: list[Fault | StoredArtifact | StoredFile]) -> None:
    if things:
        print_table(["what", "store", "bytes", "whose"], [_row(thing) for thing in things])


def _row(thing: Fault | StoredArtifact | StoredFile) -> tuple[object, ...]:
    if isinstance(thing, StoredFile):
        return f"left over: {thing.name}", thing.store, thing.bytes, None
    store = thing.store or "database"
    if isinstance(thing, StoredArtifact):
        return f"orphaned: {thing.sha256}", store, thing.bytes, None
    return f"{thing.kind}: {thing.sha256}", store, None, thing.versions


def delete_command(
    ref: Annotated[str, typer.Argument(metavar="MODEL/NUMBER", help="The version, by its number.")],
    storage: Storage = None,
) -> None:
    """Delete a version, its curves and its weights; its number is never given again."""
    with open_to_write(storage) as registry:
        registry.delete(ref)
    say(f"{ref} is deleted")


def backup_command(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="The copy to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Copy a SQLite database while others write to it; for PostgreSQL, tell the command to run."""
    with Registry(storage) as registry:
        registry.backup(out, force=force)
        elsewhere = registry.stores()
    if as_json:
        print_json({"out": str(out), "bytes": out.stat().st_size, "not_included": elsewhere})
        return
    say(f"{out}: {size_text(out.stat().st_size)}")
    for place in elsewhere:
        say(f"weights in {place} are not in it: copy that store, too")


def upgrade_command(storage: Storage = None, as_json: Json = False) -> None:
    """Migrate the database's tables to what this program knows."""
    url = own_url(storage)
    engine = open_engine(url, must_exist=True)
    name_database(url, err=as_json)
    done = [(schema.name, *schema.upgrade(engine)) for schema in known_schemas()]
    engine.dispose()
    if as_json:
        print_json([{"schema": name, "from": before, "to": after} for name, before, after in done])
        return
    for name, before, after in done:
        change = f"{before} -> {after}" if before != after else f"{after}, up to date"
        say(f"{name}: {change}")
