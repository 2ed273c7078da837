"""Give models tags, and versions the name that another system knows them by."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add a table and a column."""
    op.create_table(
        "registry_model_tags",
        sa.Column("model_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"],
            ["registry_models.id"],
            name=op.f("fk_registry_model_tags_model_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("model_id", "name", name=op.f("pk_registry_model_tags")),
    )
    op.add_column("registry_versions", sa.Column("origin", sa.Text()))
    op.create_index(
        op.f("ix_registry_versions_model_id_origin"), "registry_versions", ["model_id", "origin"], unique=True
    )
