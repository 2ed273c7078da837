"""The registry's tables.

SQLAlchemy Core, without the ORM: a query from the command line must not wait for a mapper's import.
Migrations under ``migrations/`` make these tables; a test holds the two equal.

A NaN is stored as NULL wherever a number is compared in SQL, so that it never wins (PostgreSQL sorts NaN
above everything, SQLite has none). Curves keep every value exactly, NaN too, as little-endian float64;
what is asked about them (best, last, at the version's epoch) has columns in ``registry_metrics``.

A table's ``info`` says what the roles of `registry.grants` may do beside reading: a worker nothing and an approver all,
where it does not.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint
from sqlalchemy.engine import Dialect

from registry.core.database.versioned_schema import NAMES, Schema

SCHEMA = Schema("registry", "registry_schema", "registry:migrations", "0008", tables="registry.schema:metadata")

metadata = sa.MetaData(naming_convention=NAMES)


class Utc(sa.TypeDecorator[datetime]):
    """A moment in UTC, aware in Python; SQLite, which has no zones, keeps it without one."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Return PostgreSQL's ``timestamp with time zone``, or SQLite's text."""
        return dialect.type_descriptor(sa.DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn any aware moment into UTC."""
        if value is None:
            return None
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the moment its zone back."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def _key() -> Column[int]:
    return Column("id", sa.BigInteger().with_variant(Integer, "sqlite"), primary_key=True)


models = Table(
    "registry_models",
    metadata,
    _key(),
    Column("name", Text, nullable=False),
    Column("metric", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("next_version", Integer, nullable=False, server_default="1"),
    Column("description", Text),
    Column("created_at", Utc, nullable=False),
    UniqueConstraint("name"),
    CheckConstraint("direction in ('max', 'min')", name="direction"),
    info={"worker": ("INSERT", "UPDATE (next_version)")},
)

artifacts = Table(
    "registry_artifacts",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("bytes", sa.BigInteger, nullable=False),
    Column("store", Text),  # NULL: in registry_chunks
    Column("created_at", Utc, nullable=False),
    info={"worker": ("INSERT", "UPDATE", "DELETE")},
)

chunks = Table(
    "registry_chunks",
    metadata,
    Column("sha256", Text, ForeignKey("registry_artifacts.sha256", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("data", sa.LargeBinary, nullable=False),
    info={"worker": ("INSERT", "DELETE")},
)

versions = Table(
    "registry_versions",
    metadata,
    _key(),
    Column("model_id", sa.BigInteger, ForeignKey("registry_models.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", Text, nullable=False, server_default="ready"),
    Column("score", sa.Double),
    Column("metric", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("stop_reason", Text),
    Column("seconds", sa.Double),
    Column("parameters", sa.BigInteger),
    Column("study", Text),
    Column("trial", Integer),
    Column("seed", sa.BigInteger),
    Column("problem", Text),
    Column("data_fingerprint", Text),
    Column("code_revision", Text),
    Column("libraries", sa.JSON, nullable=False),
    Column("origin", Text),  # what another system calls it
    Column("weights", Text, ForeignKey("registry_artifacts.sha256")),
    Column("prediction_check", Text, ForeignKey("registry_artifacts.sha256")),
    Column("record_sha256", Text),  # of its params and curves; NULL: registered before there were such hashes
    Column("description", Text),
    Column("created_at", Utc, nullable=False),
    UniqueConstraint("model_id", "number"),
    UniqueConstraint("model_id", "study", "trial"),
    CheckConstraint("state in ('ready', 'displaced')", name="state"),
    CheckConstraint("direction in ('max', 'min')", name="direction"),
    CheckConstraint("epoch >= 1", name="epoch"),
    CheckConstraint("number >= 1", name="number"),
    Index(None, "model_id", "study", "score"),
    Index(None, "model_id", "score"),
    Index(None, "model_id", "origin", unique=True),
    Index(None, "created_at"),
    Index(None, "weights"),
    Index(None, "prediction_check"),
    info={"worker": ("INSERT", "UPDATE (study, state, weights, prediction_check)")},
)


def _version(**options: Any) -> Column[int]:
    target = ForeignKey("registry_versions.id", ondelete="CASCADE")
    return Column("version_id", sa.BigInteger, target, nullable=False, **options)


params = Table(
    "registry_params",
    metadata,
    _version(primary_key=True),
    Column("name", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("number", sa.Double),  # bool, int and float, to be compared; NULL for NaN and text
    Column("text", Text),  # the exact value; NULL for None
    CheckConstraint("kind in ('none', 'bool', 'int', 'float', 'text')", name="kind"),
    Index(None, "name", "number", "version_id"),
    Index("ix_registry_params_texts", "name", "text", "version_id"),
    info={"worker": ("INSERT",)},
)


@sa.event.listens_for(params, "before_create")
def _index_only_texts(table: Table, *_others: Any, **_options: Any) -> None:
    """Leave numbers out of the index of texts; said here, for naming a dialect imports it (58 ms)."""
    for index in table.indexes:
        if index.name == "ix_registry_params_texts":
            texts = sa.text("kind = 'text'")
            index.dialect_kwargs.update(sqlite_where=texts, postgresql_where=texts)


# What made a version, where that was recorded; versions of one study share it.
recipes = Table(
    "registry_recipes",
    metadata,
    _version(primary_key=True),
    Column("artifact", Text, ForeignKey("registry_artifacts.sha256"), nullable=False),
    Index(None, "artifact"),
    info={"worker": ("INSERT",)},
)

metrics = Table(
    "registry_metrics",
    metadata,
    _version(primary_key=True),
    Column("name", Text, primary_key=True),
    Column("model_id", sa.BigInteger, ForeignKey("registry_models.id"), nullable=False),
    Column("direction", Text),  # NULL: nobody knows
    Column("value", sa.Double),  # at the version's epoch
    Column("best_value", sa.Double),
    Column("best_epoch", Integer),
    Column("last_value", sa.Double),
    CheckConstraint("direction in ('max', 'min')", name="direction"),
    Index(None, "name", "model_id", "value", "version_id"),
    Index(None, "model_id"),
    info={"worker": ("INSERT",)},
)

curves = Table(
    "registry_curves",
    metadata,
    _version(primary_key=True),
    Column("metric", Text, primary_key=True),
    Column("epochs", Integer, nullable=False),
    Column("float64", sa.LargeBinary, nullable=False),
    info={"worker": ("INSERT",)},
)

aliases = Table(
    "registry_aliases",
    metadata,
    Column("model_id", sa.BigInteger, ForeignKey("registry_models.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("version_id", sa.BigInteger, ForeignKey("registry_versions.id"), nullable=False),
    Column("protected", sa.Boolean, nullable=False, server_default=sa.false()),
    Column("approvals", Integer, nullable=False, server_default="0"),  # of others, that a change needs
    Column("moved_at", Utc, nullable=False),
    Index(None, "version_id"),
)

tags = Table(
    "registry_tags",
    metadata,
    _version(primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Index(None, "name", "value", "version_id"),
    info={"worker": ("INSERT", "UPDATE", "DELETE")},
)

model_tags = Table(
    "registry_model_tags",
    metadata,
    Column("model_id", sa.BigInteger, ForeignKey("registry_models.id", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

events = Table(
    "registry_events",
    metadata,
    _key(),
    Column("model_id", sa.BigInteger, ForeignKey("registry_models.id"), nullable=False),
    Column("at", Utc, nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("from_version", Integer),
    Column("to_version", Integer),
    Column("detail", Text),
    Index(None, "model_id", "at"),
    info={"worker": ("INSERT",), "approver": ("INSERT",)},
)

# A change of an alias that waits for others to approve it: its kind is the event's that it is to become.
requests = Table(
    "registry_requests",
    metadata,
    _key(),
    Column("model_id", sa.BigInteger, ForeignKey("registry_models.id"), nullable=False),
    Column("alias", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("from_version", Integer, nullable=False),
    Column("to_version", Integer),
    Column("actor", Text, nullable=False),
    Column("why", Text),
    Column("created_at", Utc, nullable=False),
    Column("state", Text, nullable=False, server_default="open"),
    CheckConstraint("state in ('open', 'approved', 'rejected', 'superseded')", name="state"),
    Index(None, "model_id", "alias", "state"),
    info={"worker": ("INSERT",)},
)

decisions = Table(
    "registry_decisions",
    metadata,
    Column("request_id", sa.BigInteger, ForeignKey("registry_requests.id", ondelete="CASCADE"), primary_key=True),
    Column("actor", Text, primary_key=True),
    Column("verdict", Text, nullable=False),
    Column("why", Text),
    Column("at", Utc, nullable=False),
    CheckConstraint("verdict in ('approved', 'rejected')", name="verdict"),
    info={"approver": ("INSERT",)},
)

# ``id``: tells this registry from others. ``artifacts``: the store of new artifacts; without it the database.
settings = Table(
    "registry_settings",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

# Every store outside the database that was ever chosen: `gc` looks into all of them.
stores = Table(
    "registry_stores",
    metadata,
    Column("url", Text, primary_key=True),
    Column("created_at", Utc, nullable=False),
)

# Where an imported version comes from. Its trial is here and not in ``registry_versions``, so that it is never
# taken for a trial of a study of the same name in this database.
imports = Table(
    "registry_imports",
    metadata,
    _version(primary_key=True),
    Column("registry", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("trial", Integer),
    Column("identity", Text, nullable=False, unique=True),
    Column("imported_at", Utc, nullable=False),
)

# Who is told of events, and how: see ``registry.hooks``.
hooks = Table(
    "registry_hooks",
    metadata,
    _key(),
    Column("target", Text, nullable=False),  # a URL, or a command
    Column("kinds", Text, nullable=False),  # of events, with commas
    Column("model", Text),  # NULL: every model's
    Column("secret_env", Text),  # the variable that holds the secret; never the secret
    Column("actor", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
)

# The outbox: written in the transaction of the event, a row for each hook that is to hear of it.
deliveries = Table(
    "registry_deliveries",
    metadata,
    _key(),
    Column("hook_id", sa.BigInteger, ForeignKey("registry_hooks.id", ondelete="CASCADE"), nullable=False),
    Column("model", Text, nullable=False),  # the order of a model's events is kept
    Column("event", Text, nullable=False),  # its id, the same for every hook
    Column("kind", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),  # fences what is written of each
    Column("due_at", sa.Double, nullable=False, server_default="0"),  # the next try's, by the database's clock
    Column("delivered_at", Utc),
    Index(None, "delivered_at", "hook_id", "model", "id"),
    Index(None, "hook_id"),
    info={"worker": ("INSERT", "UPDATE")},
)

delivery_attempts = Table(
    "registry_delivery_attempts",
    metadata,
    Column("delivery_id", sa.BigInteger, ForeignKey("registry_deliveries.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", Utc, nullable=False),
    Column("seconds", sa.Double),
    Column("outcome", Text),  # NULL: under way, or its process was killed
    Column("detail", Text),
    CheckConstraint("outcome in ('delivered', 'failed')", name="outcome"),
    info={"worker": ("INSERT", "UPDATE")},
)
