"""Keep what made a version, as an artifact that versions share; of those that are there already it is not known."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "registry_recipes",
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("artifact", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["registry_versions.id"], name=op.f("fk_registry_recipes_version_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["artifact"], ["registry_artifacts.sha256"], name=op.f("fk_registry_recipes_artifact")),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_registry_recipes")),
    )
    op.create_index(op.f("ix_registry_recipes_artifact"), "registry_recipes", ["artifact"])
