"""Let a change of an alias wait until others approve it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add a column, and make the tables."""
    op.add_column("registry_aliases", sa.Column("approvals", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "registry_requests",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("model_id", sa.BigInteger(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("from_version", sa.Integer(), nullable=False),
        sa.Column("to_version", sa.Integer()),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("why", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.CheckConstraint(
            "state in ('open', 'approved', 'rejected', 'superseded')", name=op.f("ck_registry_requests_state")
        ),
        sa.ForeignKeyConstraint(["model_id"], ["registry_models.id"], name=op.f("fk_registry_requests_model_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_requests")),
    )
    op.create_index(
        op.f("ix_registry_requests_model_id_alias_state"), "registry_requests", ["model_id", "alias", "state"]
    )
    op.create_table(
        "registry_decisions",
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("why", sa.Text()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("verdict in ('approved', 'rejected')", name=op.f("ck_registry_decisions_verdict")),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["registry_requests.id"],
            name=op.f("fk_registry_decisions_request_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("request_id", "actor", name=op.f("pk_registry_decisions")),
    )
