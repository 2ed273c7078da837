"""The search's tables, beside Optuna's own and the registry's in one database.

Migrations under ``migrations/`` make these tables; a test holds the two equal. Moments are seconds since 1970
by the database's own clock (`registry.core.database.transaction.clock`).
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from registry.core.database.versioned_schema import NAMES, Schema

SCHEMA = Schema("search", "search_schema", "search:migrations", "0004", tables="search.schema:metadata")

metadata = sa.MetaData(naming_convention=NAMES)

OPEN = sa.text("state <> 'finished'")

studies = Table(
    "search_studies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("optuna_id", Integer),  # the study's id in Optuna's tables
    Column("name", Text, nullable=False),
    Column("problem", Text, nullable=False),  # as it was named: module:attr, or an entry point
    Column("model", Text, nullable=False),  # the registered model that winners become versions of
    Column("metric", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("settings", sa.JSON, nullable=False),
    Column("space", sa.JSON, nullable=False),
    Column("space_fingerprint", Text, nullable=False),
    Column("data_fingerprint", Text, nullable=False),
    Column("stopping", sa.Boolean, nullable=False, server_default=sa.false()),
    Column("error", Text),  # why no worker can go on
    Column("revision", Integer, nullable=False, server_default="0"),  # counts the changes to finished trials
    Column("ended", Text),  # why the study is over, though it has budget left
    Column("version", Integer, nullable=False, server_default="1"),  # counts the changes of its settings and problem
    Column("created_at", sa.Double, nullable=False),
    UniqueConstraint("name"),
    CheckConstraint("direction in ('max', 'min')", name="direction"),
)

workers = Table(
    "search_workers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("study_id", Integer, ForeignKey("search_studies.id", ondelete="CASCADE"), nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("device", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("started_at", sa.Double, nullable=False),
    Column("beat_at", sa.Double, nullable=False),
    CheckConstraint("state in ('working', 'idle', 'stopped', 'failed')", name="state"),
    Index(None, "study_id", "state"),
)

slots = Table(
    "search_slots",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("study_id", Integer, ForeignKey("search_studies.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", Text, nullable=False, server_default="waiting"),
    Column("lease", Integer, nullable=False, server_default="0"),  # counts the claims; fences every write
    Column("worker_id", Text, ForeignKey("search_workers.id")),
    Column("expires_at", sa.Double),
    Column("trial", Integer),  # Optuna's number of the trial; NULL before the first claim
    Column("trial_id", Integer),  # the trial's id in Optuna's tables
    Column("params", sa.JSON),  # the hyperparameters' values, fixed ones too
    Column("epoch", Integer, nullable=False, server_default="0"),
    Column("score", sa.Double),
    Column("best_epoch", Integer),
    Column("stop_reason", Text),
    Column("seconds", sa.Double),
    Column("parameters", sa.BigInteger),
    Column("started_at", sa.Double),
    Column("finished_at", sa.Double),
    Column("crashes", Integer, nullable=False, server_default="0"),  # how often its worker's process broke down
    Column("prune", sa.Boolean, nullable=False, server_default=sa.false()),  # somebody asks the worker to prune it
    Column("dropped", sa.Boolean, nullable=False, server_default=sa.false()),  # kept for the record only
    Column("until", Integer),  # the epoch after which the trial pauses; NULL before the first claim
    Column("paused_at", sa.Double),  # since when it is set aside: it waits, and its schedule says when it goes on
    Column("version", Integer),  # the study's when it was claimed last; NULL before the first claim
    UniqueConstraint("study_id", "number"),
    UniqueConstraint("study_id", "trial"),
    CheckConstraint("state in ('waiting', 'running', 'finished')", name="state"),
    CheckConstraint("state <> 'running' or (worker_id is not null and expires_at is not null)", name="held"),
    CheckConstraint("state <> 'finished' or stop_reason is not null", name="reason"),
    Index(None, "study_id", "state", "number"),
    # What a claim looks through, however many slots are finished.
    Index("ix_search_slots_open", "study_id", "number", sqlite_where=OPEN, postgresql_where=OPEN),
)

# A trial that was brought from elsewhere: it ended there, so no worker ever claimed its slot. It is not in the budget.
IMPORTED = sa.and_(slots.c.state == "finished", slots.c.lease == 0)

checkpoints = Table(
    "search_checkpoints",
    metadata,
    Column("slot_id", Integer, ForeignKey("search_slots.id", ondelete="CASCADE"), primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
)

checkpoint_chunks = Table(
    "search_checkpoint_chunks",
    metadata,
    Column("slot_id", Integer, ForeignKey("search_checkpoints.slot_id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("data", sa.LargeBinary, nullable=False),
)

# One row a claim: which worker had a slot from when to when, over which epochs, and how that ended.
attempts = Table(
    "search_attempts",
    metadata,
    Column("slot_id", Integer, ForeignKey("search_slots.id", ondelete="CASCADE"), primary_key=True),
    Column("lease", Integer, primary_key=True),
    Column("worker_id", Text, ForeignKey("search_workers.id"), nullable=False),
    Column("started_at", sa.Double, nullable=False),
    Column("ended_at", sa.Double),  # NULL while it goes on
    Column("first_epoch", Integer, nullable=False),  # the first that it trains
    Column("last_epoch", Integer),  # the last that it finished
    Column("outcome", Text),
    Column("detail", Text),  # a signal, an exit code, a message
    CheckConstraint(
        "outcome in ('finished', 'paused', 'preempted', 'lost', 'crashed', 'out_of_memory', 'failed')", name="outcome"
    ),
    CheckConstraint("(outcome is null) = (ended_at is null)", name="ended"),
    Index(None, "worker_id"),
)

# What people did to a study from outside.
events = Table(
    "search_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("study_id", Integer, ForeignKey("search_studies.id", ondelete="CASCADE"), nullable=False),
    Column("at", sa.Double, nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("detail", sa.JSON, nullable=False),
    Index(None, "study_id"),
)

results = Table(
    "search_results",
    metadata,
    Column("slot_id", Integer, ForeignKey("search_slots.id", ondelete="CASCADE"), primary_key=True),
    Column("curves", sa.JSON, nullable=False),  # metric to one value an epoch; null where it was not a finite number
    Column("pruned_by", sa.JSON),
    Column("error", Text),
)
