"""Commands that move versions between registries: bundle, import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from registry.api.registry import Registry
from registry.commands.arguments import open_to_write
from registry.core.console import Json, Storage, print_json, say
from registry.core.database.url import database_exists, default_url, parse_url
from registry.core.numbers import size_text
from registry.labels.aliases import not_loadable


def bundle_command(
    refs: Annotated[list[str], typer.Argument(metavar="REF...", help="MODEL, MODEL/3 or MODEL@ALIAS.")],
    out: Annotated[Path, typer.Option(help="The file to write.")],
    force: Annotated[bool, typer.Option("--force", help="Also versions that have no weights.")] = False,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Write versions with weights, curves, tags and aliases to one file, for `registry import`."""
    with Registry(storage) as registry:
        versions = registry.bundle(refs, out, force=force)
    if as_json:
        print_json({"out": str(out), "bytes": out.stat().st_size, "versions": [version.ref for version in versions]})
    else:
        say(f"{', '.join(version.ref for version in versions)}: {size_text(out.stat().st_size)} in {out}")


def import_command(
    bundle: Annotated[Path, typer.Argument(metavar="FILE", help="What `registry bundle` wrote.")],
    artifacts: Annotated[
        str | None, typer.Option(metavar="STORE", help="Where new weights go, from now on; see `registry artifacts`.")
    ] = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Read a bundle in; versions that are here already are not added again."""
    from registry.bundles import read_bundle

    if not database_exists(parse_url(storage or default_url())):
        with read_bundle(bundle):
            pass  # a bundle that is refused leaves no empty database behind
    with open_to_write(storage, as_json=as_json, create=True, artifacts=artifacts) as registry:
        imported = registry.import_bundle(bundle)
        added = registry.get_all(imported.added)
    if as_json:
        print_json(imported.as_dict())
        return
    gone = {version.ref: not_loadable(version) for version in added}
    for version in added:
        _, _, origin = (version.imported or "").partition(":")
        say(f"{version.ref} is added, first registered as {origin}")
    for ref in imported.present:
        say(f"{ref} was here already")
    for name, ref in imported.aliases_set.items():
        say(f"{name} points to {ref}{gone[ref]}")
    for name in imported.aliases_left:
        say(f"{name} stays where it is; move it with `registry alias set` or `registry promote`")
    for name in imported.marks_left:
        say(f"{name} stays as it is here; change it with `registry tag set` or `registry describe`")
