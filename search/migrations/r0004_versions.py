"""Count a study's versions, and let each trial know its own."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column, Integer

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns; what was claimed before belongs to the first version."""
    op.add_column("search_studies", Column("version", Integer, nullable=False, server_default="1"))
    op.add_column("search_slots", Column("version", Integer))
    op.execute(sa.text("UPDATE search_slots SET version = 1 WHERE lease > 0"))
