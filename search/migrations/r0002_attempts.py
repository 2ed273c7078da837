"""Keep every claim of a slot, what people do to a study, and checkpoints of any size.

Checkpoints of the first schema lack what the pruner knew, so a trial that waits with one begins anew.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, Text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the tables and columns."""
    op.add_column("search_studies", Column("optuna_id", Integer))
    op.add_column("search_studies", Column("revision", Integer, nullable=False, server_default="0"))
    op.add_column("search_slots", Column("trial_id", Integer))
    op.add_column("search_slots", Column("crashes", Integer, nullable=False, server_default="0"))
    op.add_column("search_slots", Column("prune", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("search_slots", Column("dropped", sa.Boolean, nullable=False, server_default=sa.false()))
    _tie_to_optuna()
    unfinished = sa.text("state <> 'finished'")
    op.create_index(
        "ix_search_slots_open",
        "search_slots",
        ["study_id", "number"],
        sqlite_where=unfinished,
        postgresql_where=unfinished,
    )
    op.create_table(
        "search_checkpoint_chunks",
        Column(
            "slot_id",
            Integer,
            ForeignKey("search_checkpoints.slot_id", name="fk_search_checkpoint_chunks_slot_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        Column("number", Integer, primary_key=True),
        Column("data", sa.LargeBinary, nullable=False),
    )
    op.execute("DELETE FROM search_checkpoints")
    op.drop_column("search_checkpoints", "data")
    op.create_table(
        "search_attempts",
        Column(
            "slot_id",
            Integer,
            ForeignKey("search_slots.id", name="fk_search_attempts_slot_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        Column("lease", Integer, primary_key=True),
        Column("worker_id", Text, ForeignKey("search_workers.id", name="fk_search_attempts_worker_id"), nullable=False),
        Column("started_at", sa.Double, nullable=False),
        Column("ended_at", sa.Double),
        Column("first_epoch", Integer, nullable=False),
        Column("last_epoch", Integer),
        Column("outcome", Text),
        Column("detail", Text),
        CheckConstraint(
            "outcome in ('finished', 'preempted', 'lost', 'crashed', 'out_of_memory', 'failed')",
            name="ck_search_attempts_outcome",
        ),
        CheckConstraint("(outcome is null) = (ended_at is null)", name="ck_search_attempts_ended"),
    )
    op.create_index("ix_search_attempts_worker_id", "search_attempts", ["worker_id"])
    op.create_table(
        "search_events",
        Column("id", Integer, primary_key=True),
        Column(
            "study_id",
            Integer,
            ForeignKey("search_studies.id", name="fk_search_events_study_id", ondelete="CASCADE"),
            nullable=False,
        ),
        Column("at", sa.Double, nullable=False),
        Column("actor", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("detail", sa.JSON, nullable=False),
    )
    op.create_index("ix_search_events_study_id", "search_events", ["study_id"])


def _tie_to_optuna() -> None:
    if not sa.inspect(op.get_bind()).has_table("trials"):
        return  # a database without a search
    op.execute(
        "UPDATE search_studies SET optuna_id = "
        "(SELECT study_id FROM studies WHERE studies.study_name = search_studies.name)"
    )
    op.execute(
        "UPDATE search_slots SET trial_id = (SELECT trials.trial_id FROM trials JOIN search_studies "
        "ON search_studies.optuna_id = trials.study_id WHERE search_studies.id = search_slots.study_id "
        "AND trials.number = search_slots.trial)"
    )
