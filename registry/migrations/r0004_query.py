"""Let indexes answer what filters and sorts ask; make whole params beyond float64 infinite, as they compare."""

import math

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the indexes anew, and the numbers that were missing."""
    op.drop_index(op.f("ix_registry_params_name_number"), "registry_params")
    op.create_index(
        op.f("ix_registry_params_name_number_version_id"), "registry_params", ["name", "number", "version_id"]
    )
    op.create_index(
        "ix_registry_params_texts",
        "registry_params",
        ["name", "text", "version_id"],
        sqlite_where=sa.text("kind = 'text'"),
        postgresql_where=sa.text("kind = 'text'"),
    )
    op.drop_index(op.f("ix_registry_tags_name_value"), "registry_tags")
    op.create_index(op.f("ix_registry_tags_name_value_version_id"), "registry_tags", ["name", "value", "version_id"])
    op.create_index(op.f("ix_registry_versions_model_id_score"), "registry_versions", ["model_id", "score"])
    params = sa.table("registry_params", sa.column("kind"), sa.column("number", sa.Double), sa.column("text", sa.Text))
    huge = sa.and_(params.c.kind == "int", params.c.number.is_(None))
    for value, sign in ((-math.inf, params.c.text.like("-%")), (math.inf, params.c.text.not_like("-%"))):
        op.execute(params.update().where(huge, sign).values(number=value))
