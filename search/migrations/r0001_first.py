"""Make the first tables of the search."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, Text, UniqueConstraint

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "search_studies",
        Column("id", Integer, primary_key=True),
        Column("name", Text, nullable=False),
        Column("problem", Text, nullable=False),
        Column("model", Text, nullable=False),
        Column("metric", Text, nullable=False),
        Column("direction", Text, nullable=False),
        Column("settings", sa.JSON, nullable=False),
        Column("space", sa.JSON, nullable=False),
        Column("space_fingerprint", Text, nullable=False),
        Column("data_fingerprint", Text, nullable=False),
        Column("stopping", sa.Boolean, nullable=False, server_default=sa.false()),
        Column("error", Text),
        Column("created_at", sa.Double, nullable=False),
        UniqueConstraint("name", name="uq_search_studies_name"),
        CheckConstraint("direction in ('max', 'min')", name="ck_search_studies_direction"),
    )
    op.create_table(
        "search_workers",
        Column("id", Text, primary_key=True),
        Column(
            "study_id",
            Integer,
            ForeignKey("search_studies.id", name="fk_search_workers_study_id", ondelete="CASCADE"),
            nullable=False,
        ),
        Column("host", Text, nullable=False),
        Column("pid", Integer, nullable=False),
        Column("device", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("started_at", sa.Double, nullable=False),
        Column("beat_at", sa.Double, nullable=False),
        CheckConstraint("state in ('working', 'idle', 'stopped', 'failed')", name="ck_search_workers_state"),
    )
    op.create_table(
        "search_slots",
        Column("id", Integer, primary_key=True),
        Column(
            "study_id",
            Integer,
            ForeignKey("search_studies.id", name="fk_search_slots_study_id", ondelete="CASCADE"),
            nullable=False,
        ),
        Column("number", Integer, nullable=False),
        Column("state", Text, nullable=False, server_default="waiting"),
        Column("lease", Integer, nullable=False, server_default="0"),
        Column("worker_id", Text, ForeignKey("search_workers.id", name="fk_search_slots_worker_id")),
        Column("expires_at", sa.Double),
        Column("trial", Integer),
        Column("params", sa.JSON),
        Column("epoch", Integer, nullable=False, server_default="0"),
        Column("score", sa.Double),
        Column("best_epoch", Integer),
        Column("stop_reason", Text),
        Column("seconds", sa.Double),
        Column("parameters", sa.BigInteger),
        Column("started_at", sa.Double),
        Column("finished_at", sa.Double),
        UniqueConstraint("study_id", "number", name="uq_search_slots_study_id_number"),
        UniqueConstraint("study_id", "trial", name="uq_search_slots_study_id_trial"),
        CheckConstraint("state in ('waiting', 'running', 'finished')", name="ck_search_slots_state"),
        CheckConstraint(
            "state <> 'running' or (worker_id is not null and expires_at is not null)",
            name="ck_search_slots_held",
        ),
        CheckConstraint("state <> 'finished' or stop_reason is not null", name="ck_search_slots_reason"),
    )
    op.create_table(
        "search_checkpoints",
        Column(
            "slot_id",
            Integer,
            ForeignKey("search_slots.id", name="fk_search_checkpoints_slot_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        Column("epoch", Integer, nullable=False),
        Column("sha256", Text, nullable=False),
        Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "search_results",
        Column(
            "slot_id",
            Integer,
            ForeignKey("search_slots.id", name="fk_search_results_slot_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        Column("curves", sa.JSON, nullable=False),
        Column("pruned_by", sa.JSON),
        Column("error", Text),
    )
    op.create_index("ix_search_workers_study_id_state", "search_workers", ["study_id", "state"])
    op.create_index("ix_search_slots_study_id_state_number", "search_slots", ["study_id", "state", "number"])
