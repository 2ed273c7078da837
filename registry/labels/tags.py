"""Tags and descriptions, on a model or on one of its versions, and the events that remember them.

The caller holds the model. ``version`` is the version's row, or None for the model itself.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from registry.core.errors import NotFoundError, UsageError, did_you_mean
from registry.labels.events import remember
from registry.registration.new_version import check_tag
from registry.schema import model_tags, models, tags, versions
from registry.values.encoding import check_text
from registry.values.refs import check_name
from registry.versions.held import HeldModel

LONGEST_DESCRIPTION = 100_000


def set_tag(model: HeldModel, version: Row[Any] | None, name: str, text: str) -> None:
    """Give a tag, or another text to the tag that is there.

    Raises:
        UsageError: a name or text that cannot be.
    """
    check_name("tag", name)
    check_tag(name, text)
    table, owner = _owner(model, version)
    here = sa.and_(table.c[owner[0]] == owner[1], table.c.name == name)
    if not model.connection.execute(table.update().where(here).values(value=text)).rowcount:
        model.connection.execute(table.insert(), {owner[0]: owner[1], "name": name, "value": text})
    remember(model, "tag_set", name, (None, _number(version)), text)


def remove_tag(model: HeldModel, version: Row[Any] | None, name: str) -> None:
    """Take a tag off.

    Raises:
        NotFoundError: there is none of that name.
    """
    table, owner = _owner(model, version)
    here = table.c[owner[0]] == owner[1]
    if not model.connection.execute(table.delete().where(here, table.c.name == name)).rowcount:
        names = list(model.connection.scalars(sa.select(table.c.name).where(here)))
        whose = f"the model {model.name!r}" if version is None else f"{model.name}/{version.number}"
        raise NotFoundError(f"{whose} has no tag {name!r}; {did_you_mean(name, names)}")
    remember(model, "tag_removed", name, (_number(version), None))


def describe(model: HeldModel, version: Row[Any] | None, text: str | None) -> None:
    """Write a description in Markdown; an empty one, or None, takes it away.

    Raises:
        UsageError: it is too long or holds what no database can.
    """
    if text and len(text) > LONGEST_DESCRIPTION:
        raise UsageError(f"the description has {len(text)} characters; expected up to {LONGEST_DESCRIPTION}")
    new = check_text("the description", text) if text and text.strip() else None
    table, row_id = (models, model.id) if version is None else (versions, version.id)
    model.connection.execute(table.update().where(table.c.id == row_id).values(description=new))
    remember(model, "described", "", (None, _number(version)), new)


def _owner(model: HeldModel, version: Row[Any] | None) -> tuple[sa.Table, tuple[str, int]]:
    return (model_tags, ("model_id", model.id)) if version is None else (tags, ("version_id", version.id))


def _number(version: Row[Any] | None) -> int | None:
    return None if version is None else int(version.number)
