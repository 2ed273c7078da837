"""Find and collect garbage: what no version needs any more.

`find` returns a plan. `collect` checks each part again inside the transaction that removes it, so what has an
owner meanwhile stays.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from registry.artifacts import content, display, open_outside, outside, record_store
from registry.artifacts.findings import Expired, Garbage, StoredArtifact, StoredFile
from registry.artifacts.moving import move
from registry.artifacts.stores.contract import TEMPORARY
from registry.core.database.transaction import reading, write_again, writing
from registry.core.errors import StoreError, UsageError
from registry.hooks.hooks import forget
from registry.labels import events
from registry.retention.rules import Rules, expired
from registry.schema import aliases, artifacts, models, recipes, versions
from registry.values.refs import parse_ref
from registry.versions.displacement import collectable, displace, drop_displaced, pinned
from registry.versions.find import ids_of
from registry.versions.held import HeldModel, hold_model

_BATCH = 500
KEPT_DELIVERIES = timedelta(days=30)
_log = logging.getLogger(__name__)


def find(engine: Engine, before: datetime) -> Garbage:
    """Return what can be removed.

    Args:
        engine: the registry's.
        before: files in outside stores that are younger than this are left alone.
    """
    with reading(engine) as connection:
        displaced = _displaced(connection)
        needed = sa.exists().where(
            sa.or_(versions.c.weights == artifacts.c.sha256, versions.c.prediction_check == artifacts.c.sha256),
            ~collectable(),
        )
        made_by = sa.exists().where(recipes.c.artifact == artifacts.c.sha256)  # it stays with the record
        unowned = select_artifacts(connection, ~needed & ~made_by)
        files = tuple(left_over(connection, before))
    return Garbage(displaced, tuple(unowned), files)


def collect(engine: Engine, plan: Garbage) -> Garbage:
    """Remove what is planned and still garbage; return what was removed."""
    displaced: tuple[str, ...] = ()
    if plan.versions:
        with writing(engine) as connection:
            # Locked, so that no alias moves between the check of what is pinned and the removal.
            connection.execute(sa.select(models.c.id).order_by(models.c.id).with_for_update()).all()
            displaced = _displaced(connection)
            drop_displaced(connection, sa.true())
    gone: list[StoredArtifact] = []
    for start in range(0, len(plan.artifacts), _BATCH):
        batch = plan.artifacts[start : start + _BATCH]
        with writing(engine) as connection:
            gone += content.release(connection, [artifact.sha256 for artifact in batch])
    content.collect_unowned(engine, gone)
    return Garbage(displaced, tuple(gone), tuple(_remove(engine, plan.files)))


def gc(engine: Engine, before: datetime, rules: Rules, now: datetime, *, dry_run: bool) -> Garbage:
    """Return what was removed, or would be; see `Registry.gc`."""
    with reading(engine) as connection:
        going, over = expired(connection, rules, now)
    if not dry_run and rules.cold is not None and going:
        _freeze(engine, going, rules.cold, now)
    elif not dry_run and rules.cold is None:
        for model in dict.fromkeys(each.model for each in going):
            _drop(engine, model, [each.version for each in going if each.model == model], now)
    plan = find(engine, before)
    removed = plan if dry_run else collect(engine, plan)
    if not dry_run:
        with writing(engine) as connection:
            forget(connection, now - KEPT_DELIVERIES)
    return replace(removed, expired=tuple(going), cold=None if rules.cold is None else display(rules.cold), over=over)


def _freeze(engine: Engine, going: Sequence[Expired], cold: str, now: datetime) -> None:
    """Move weights to the cold store, one after another."""
    with writing(engine) as connection:
        url = record_store(connection, cold, now)
    for each in going:
        move(engine, each.sha256, url, f"{each.model}/{each.version} (weights)")


def _drop(engine: Engine, name: str, numbers: Sequence[int], now: datetime) -> None:
    """Let versions of a model lose their weights; not those that have an alias by now."""
    with hold_model(engine, name, now) as model:
        those = (versions.c.model_id == model.id) & versions.c.number.in_(numbers) & ~pinned()
        unowned = displace(model.connection, those)
    content.try_collect_unowned(engine, unowned)


def delete(engine: Engine, ref: str, clock: Callable[[], datetime]) -> None:
    """Delete a version; see `Registry.delete`."""
    unowned = write_again(engine, lambda connection: _delete(connection, ref, clock()))
    content.try_collect_unowned(engine, unowned)


def _delete(connection: Connection, ref: str, now: datetime) -> list[StoredArtifact]:
    """Delete a version's rows; return what `content.release` returns.

    Raises:
        NotFoundError: no such version.
        UsageError: the reference is not a number's, or an alias points to the version.
    """
    parsed = parse_ref(ref)
    if parsed.version is None:
        raise UsageError(f"{ref!r} may mean another version tomorrow; to delete one, name its number: MODEL/3")
    ids = ids_of(connection, parsed)
    version = connection.execute(sa.select(versions).where(versions.c.id.in_(ids))).one()
    model = connection.execute(sa.select(models).where(models.c.id == version.model_id).with_for_update()).one()
    names = list(connection.scalars(sa.select(aliases.c.name).where(aliases.c.version_id == version.id)))
    if names:
        raise UsageError(
            f"{ref} has the alias {names[0]!r}, so it is kept; move it, or remove it with "
            f"`registry alias rm {parsed.model}@{names[0]}`, and delete the version then"
        )
    made_by = connection.scalar(sa.select(recipes.c.artifact).where(recipes.c.version_id == version.id))
    connection.execute(versions.delete().where(versions.c.id == version.id))
    events.remember(HeldModel(connection, model, now), "version_deleted", ref, (version.number, None))
    return content.release(connection, [version.weights, version.prediction_check, made_by])


def select_artifacts(connection: Connection, condition: sa.ColumnElement[bool]) -> list[StoredArtifact]:
    """Return the artifacts that fit a condition, by hash."""
    rows = connection.execute(sa.select(artifacts).where(condition).order_by(artifacts.c.sha256))
    return [StoredArtifact(row.sha256, row.bytes, row.store) for row in rows]


def left_over(connection: Connection, before: datetime) -> Iterator[StoredFile]:
    """Yield the files in outside stores that have no row and are older than a moment."""
    for url in outside(connection):
        hashes = set(connection.scalars(sa.select(artifacts.c.sha256).where(artifacts.c.store == url)))
        try:
            yield from _left_over(url, hashes, before)
        except StoreError as error:
            if hashes:
                raise
            _log.warning("%s; nothing of this registry is known to be there, so it is passed over", error)


def _left_over(url: str, hashes: Collection[str], before: datetime) -> Iterator[StoredFile]:
    store = open_outside(url)
    for held in store.held():
        if held.sha256 in hashes:
            continue
        modified = store.modified(held.name)
        if modified is not None and modified <= before:
            yield StoredFile(url, held.name, held.bytes)


def _displaced(connection: Connection) -> tuple[str, ...]:
    """Return the displaced versions whose weights no alias keeps, by name and number."""
    rows: Sequence[Any] = connection.execute(
        sa.select(models.c.name, versions.c.number)
        .join(models, models.c.id == versions.c.model_id)
        .where(collectable())
        .order_by(models.c.name, versions.c.number)
    ).all()
    return tuple(f"{row.name}/{row.number}" for row in rows)


def _remove(engine: Engine, files: Sequence[StoredFile]) -> Iterator[StoredFile]:
    """Remove files that still have no owner; yield them."""
    for file in files:
        if file.name.startswith(TEMPORARY):
            open_outside(file.store).remove(file.name)
            yield file
        elif content.collect_unowned(engine, [StoredArtifact(file.name.rpartition("/")[2], file.bytes, file.store)]):
            yield file
