"""Let trials pause, and studies end with budget left."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column, Integer, Text

revision = "0003"
down_revision = "0002"

OUTCOMES = "outcome in ('finished', 'paused', 'preempted', 'lost', 'crashed', 'out_of_memory', 'failed')"


def upgrade() -> None:
    """Add the columns, and what an attempt may come to."""
    op.add_column("search_studies", Column("ended", Text))
    op.add_column("search_slots", Column("until", Integer))
    op.add_column("search_slots", Column("paused_at", sa.Double))
    # SQLite copies the table then; no other table refers to it.
    with op.batch_alter_table("search_attempts") as attempts:
        attempts.drop_constraint("ck_search_attempts_outcome", type_="check")
        attempts.create_check_constraint("ck_search_attempts_outcome", OUTCOMES)
