"""Keep hooks, the events that they are to hear of, and each attempt to tell them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "registry_hooks",
        sa.Column("id", KEY, nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("kinds", sa.Text(), nullable=False),
        sa.Column("model", sa.Text()),
        sa.Column("secret_env", sa.Text()),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_hooks")),
    )
    op.create_table(
        "registry_deliveries",
        sa.Column("id", KEY, nullable=False),
        sa.Column("hook_id", sa.BigInteger(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.Double(), server_default="0", nullable=False),
        sa.Column("delivered_at", MOMENT),
        sa.ForeignKeyConstraint(
            ["hook_id"], ["registry_hooks.id"], name=op.f("fk_registry_deliveries_hook_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_deliveries")),
    )
    op.create_index(
        op.f("ix_registry_deliveries_delivered_at_hook_id_model_id"),
        "registry_deliveries",
        ["delivered_at", "hook_id", "model", "id"],
    )
    op.create_index(op.f("ix_registry_deliveries_hook_id"), "registry_deliveries", ["hook_id"])
    op.create_table(
        "registry_delivery_attempts",
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("seconds", sa.Double()),
        sa.Column("outcome", sa.Text()),
        sa.Column("detail", sa.Text()),
        sa.CheckConstraint("outcome in ('delivered', 'failed')", name=op.f("ck_registry_delivery_attempts_outcome")),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["registry_deliveries.id"],
            name=op.f("fk_registry_delivery_attempts_delivery_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("delivery_id", "number", name=op.f("pk_registry_delivery_attempts")),
    )
