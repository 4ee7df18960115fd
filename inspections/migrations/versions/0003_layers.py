"""Layers for reference and their features, with their spatial index."""

import sqlalchemy as sa
from alembic import op

from inspections.models.base import Geometry, Instant, rtree_statements

revision = "0003"
down_revision = "0002"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KINDS = ("rivers", "roads", "cropland", "basic_farmland", "ban_zones")


def upgrade():
    op.create_table(
        "layers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", code_of(KINDS, "layerkind"), nullable=False),
        sa.Column("standing", code_of(("current", "former"), "layerstanding"), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("dated", sa.Date(), nullable=True),
        sa.Column("secrecy", sa.String(length=10), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("crs", sa.String(length=40), nullable=False),
        sa.Column("features", sa.Integer(), nullable=False),
        sa.Column("area_m2", sa.Double(), nullable=True),
        sa.Column("length_m", sa.Double(), nullable=True),
        sa.Column("imported_at", Instant(), nullable=False),
        sa.Column("imported_by_id", sa.Uuid(), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("features >= 0", name=op.f("ck_layers_features_not_negative")),
        sa.ForeignKeyConstraint(["imported_by_id"], ["officers.id"], name=op.f("fk_layers_imported_by_id")),
        sa.ForeignKeyConstraint(["import_id"], ["import_batches.id"], name=op.f("fk_layers_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_layers")),
    )
    op.create_index(
        "uq_layers_current",
        "layers",
        ["kind"],
        unique=True,
        sqlite_where=sa.text("standing = 'current'"),
        postgresql_where=sa.text("standing = 'current'"),
    )
    op.create_table(
        "layer_features",
        sa.Column("pk", KEY, autoincrement=True, nullable=False),
        sa.Column("layer_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("geometry", Geometry(), nullable=True),
        sa.Column("min_lon", sa.Float(), nullable=True),
        sa.Column("min_lat", sa.Float(), nullable=True),
        sa.Column("max_lon", sa.Float(), nullable=True),
        sa.Column("max_lat", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["layer_id"], ["layers.id"], name=op.f("fk_layer_features_layer_id")),
        sa.PrimaryKeyConstraint("pk", name=op.f("pk_layer_features")),
    )
    op.create_index(op.f("ix_layer_features_layer_id"), "layer_features", ["layer_id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE INDEX ix_layer_features_geometry ON layer_features USING gist (geometry)")
    else:
        for statement in rtree_statements("layer_features"):
            op.execute(statement)


def code_of(values, name):
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=20)
