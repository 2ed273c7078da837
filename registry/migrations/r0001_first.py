"""Make the registry's first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "registry_artifacts",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("store", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_registry_artifacts")),
    )
    op.create_table(
        "registry_models",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("next_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("direction in ('max', 'min')", name=op.f("ck_registry_models_direction")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_models")),
        sa.UniqueConstraint("name", name=op.f("uq_registry_models_name")),
    )
    op.create_table(
        "registry_chunks",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sha256"],
            ["registry_artifacts.sha256"],
            name=op.f("fk_registry_chunks_sha256"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("sha256", "number", name=op.f("pk_registry_chunks")),
    )
    op.create_table(
        "registry_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("model_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("from_version", sa.Integer()),
        sa.Column("to_version", sa.Integer()),
        sa.Column("detail", sa.Text()),
        sa.ForeignKeyConstraint(["model_id"], ["registry_models.id"], name=op.f("fk_registry_events_model_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_events")),
    )
    op.create_index(op.f("ix_registry_events_model_id_at"), "registry_events", ["model_id", "at"])
    op.create_table(
        "registry_versions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("model_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default="ready", nullable=False),
        sa.Column("score", sa.Double()),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("stop_reason", sa.Text()),
        sa.Column("seconds", sa.Double()),
        sa.Column("parameters", sa.BigInteger()),
        sa.Column("study", sa.Text()),
        sa.Column("trial", sa.Integer()),
        sa.Column("seed", sa.BigInteger()),
        sa.Column("problem", sa.Text()),
        sa.Column("data_fingerprint", sa.Text()),
        sa.Column("code_revision", sa.Text()),
        sa.Column("libraries", sa.JSON(), nullable=False),
        sa.Column("weights", sa.Text()),
        sa.Column("prediction_check", sa.Text()),
        sa.Column("description", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("direction in ('max', 'min')", name=op.f("ck_registry_versions_direction")),
        sa.CheckConstraint("state in ('ready', 'displaced')", name=op.f("ck_registry_versions_state")),
        sa.CheckConstraint("epoch >= 1", name=op.f("ck_registry_versions_epoch")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_registry_versions_number")),
        sa.ForeignKeyConstraint(["model_id"], ["registry_models.id"], name=op.f("fk_registry_versions_model_id")),
        sa.ForeignKeyConstraint(
            ["prediction_check"],
            ["registry_artifacts.sha256"],
            name=op.f("fk_registry_versions_prediction_check"),
        ),
        sa.ForeignKeyConstraint(["weights"], ["registry_artifacts.sha256"], name=op.f("fk_registry_versions_weights")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_versions")),
        sa.UniqueConstraint("model_id", "number", name=op.f("uq_registry_versions_model_id_number")),
        sa.UniqueConstraint("model_id", "study", "trial", name=op.f("uq_registry_versions_model_id_study_trial")),
    )
    op.create_index(op.f("ix_registry_versions_created_at"), "registry_versions", ["created_at"])
    op.create_index(
        op.f("ix_registry_versions_model_id_study_score"), "registry_versions", ["model_id", "study", "score"]
    )
    op.create_index(op.f("ix_registry_versions_prediction_check"), "registry_versions", ["prediction_check"])
    op.create_index(op.f("ix_registry_versions_weights"), "registry_versions", ["weights"])
    op.create_table(
        "registry_aliases",
        sa.Column("model_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("protected", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["registry_models.id"], name=op.f("fk_registry_aliases_model_id")),
        sa.ForeignKeyConstraint(["version_id"], ["registry_versions.id"], name=op.f("fk_registry_aliases_version_id")),
        sa.PrimaryKeyConstraint("model_id", "name", name=op.f("pk_registry_aliases")),
    )
    op.create_index(op.f("ix_registry_aliases_version_id"), "registry_aliases", ["version_id"])
    op.create_table(
        "registry_curves",
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("epochs", sa.Integer(), nullable=False),
        sa.Column("float64", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["registry_versions.id"],
            name=op.f("fk_registry_curves_version_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("version_id", "metric", name=op.f("pk_registry_curves")),
    )
    op.create_table(
        "registry_metrics",
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("model_id", sa.BigInteger(), nullable=False),
        sa.Column("direction", sa.Text()),
        sa.Column("value", sa.Double()),
        sa.Column("best_value", sa.Double()),
        sa.Column("best_epoch", sa.Integer()),
        sa.Column("last_value", sa.Double()),
        sa.CheckConstraint("direction in ('max', 'min')", name=op.f("ck_registry_metrics_direction")),
        sa.ForeignKeyConstraint(["model_id"], ["registry_models.id"], name=op.f("fk_registry_metrics_model_id")),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["registry_versions.id"],
            name=op.f("fk_registry_metrics_version_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("version_id", "name", name=op.f("pk_registry_metrics")),
    )
    op.create_index(op.f("ix_registry_metrics_model_id"), "registry_metrics", ["model_id"])
    op.create_index(
        op.f("ix_registry_metrics_name_model_id_value_version_id"),
        "registry_metrics",
        ["name", "model_id", "value", "version_id"],
    )
    op.create_table(
        "registry_params",
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Double()),
        sa.Column("text", sa.Text()),
        sa.CheckConstraint("kind in ('none', 'bool', 'int', 'float', 'text')", name=op.f("ck_registry_params_kind")),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["registry_versions.id"],
            name=op.f("fk_registry_params_version_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("version_id", "name", name=op.f("pk_registry_params")),
    )
    op.create_index(op.f("ix_registry_params_name_number"), "registry_params", ["name", "number"])
    op.create_table(
        "registry_tags",
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["registry_versions.id"],
            name=op.f("fk_registry_tags_version_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("version_id", "name", name=op.f("pk_registry_tags")),
    )
    op.create_index(op.f("ix_registry_tags_name_value"), "registry_tags", ["name", "value"])
