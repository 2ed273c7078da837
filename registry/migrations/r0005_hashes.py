"""Keep a hash of each version's params and curves; versions that are there already get none: nobody vouches."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column."""
    op.add_column("registry_versions", sa.Column("record_sha256", sa.Text, nullable=True))
