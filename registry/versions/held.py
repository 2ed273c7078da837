"""A registered model whose row a transaction locks, so that no label of it moves meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, Row

from registry.core.database.transaction import writing
from registry.core.provenance import actor
from registry.schema import models, versions
from registry.values.refs import Ref
from registry.versions.find import find_model, ids_of


@dataclass(frozen=True, slots=True)
class HeldModel:
    """A model's row, held until the transaction ends.

    Args:
        connection: the transaction.
        row: the model's row.
        now: the moment that changes are recorded with.
        named: who makes them, as they call themselves.
    """

    connection: Connection
    row: Row[Any]
    now: datetime
    named: str | None = None

    @property
    def actor(self) -> str:
        """Who makes the changes; see `provenance.actor`."""
        return actor(self.named)

    @property
    def id(self) -> int:
        """The model's id."""
        return int(self.row.id)

    @property
    def name(self) -> str:
        """The model's name."""
        return str(self.row.name)

    def version(self, ref: Ref) -> Row[Any]:
        """Return id, number, state and weights of the version that a reference means; a model's name means its best.

        Raises:
            NotFoundError: no such version or alias.
        """
        columns: sa.Select[Any] = sa.select(versions.c.id, versions.c.number, versions.c.state, versions.c.weights)
        return self.connection.execute(columns.where(versions.c.id.in_(ids_of(self.connection, ref)))).one()

    def labelled(self, ref: Ref) -> Row[Any] | None:
        """Return the version's row, or None where the reference names the model itself."""
        return None if ref.version is None and ref.alias is None else self.version(ref)


@contextmanager
def hold_model(engine: Engine, name: str, now: datetime, named: str | None = None) -> Iterator[HeldModel]:
    """Open a writing transaction that holds a model's row.

    Raises:
        NotFoundError: there is no such model.
    """
    with writing(engine) as connection:
        row = find_model(connection, name)
        connection.execute(sa.select(models.c.id).where(models.c.id == row.id).with_for_update()).one()
        yield HeldModel(connection, row, now, named)
