"""Commands for the database as a whole: upgrade."""

from __future__ import annotations

from registry.core.console import Json, Storage, name_database, print_json, say
from registry.core.database.engine import open_engine
from registry.core.database.own_database import own_url
from registry.core.database.versioned_schema import known_schemas


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
        known = f"{before} -> {after}" if before != after else f"{after}, up to date"
        say(f"{name}: {known}")
