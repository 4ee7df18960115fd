"""What every table shares: keys, times, the geometry column and the names of constraints.

A table with a geometry has an explicit integer key `pk` beside its UUID, because SQLite's R*Tree is keyed by
it (an implicit rowid is renumbered when a table is copied), and four bounding-box columns that plain SQL
triggers copy into that R*Tree. On PostGIS the column is a real `geometry` with a GiST index.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Dialect, Enum, Float, LargeBinary, MetaData, String, event
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, Mapper, mapped_column
from sqlalchemy.types import JSON, TypeDecorator, TypeEngine, UserDefinedType

SRID = 4490  # CGCS2000, lon/lat

NAMING = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


class Base(DeclarativeBase):
    """Declarative base of every mapped class."""

    metadata = MetaData(naming_convention=NAMING)


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant; on SQLite a text of fixed length that sorts in time order."""

    impl = String(27)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """`timestamptz` on PostgreSQL, text elsewhere."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(String(27))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse a naive time; write microseconds always, so that texts compare as times do."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime has no place in the store")
        if dialect.name == "postgresql":
            return value
        return _written(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Give back an aware UTC datetime."""
        if value is None:
            return None
        return datetime.fromisoformat(value) if isinstance(value, str) else value.astimezone(UTC)


@lru_cache(maxsize=64)
def _written(instant: datetime) -> str:
    """The text of an instant; rows written together share theirs."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class _PostGISGeometry(UserDefinedType):
    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return f"geometry(Geometry,{SRID})"


class Geometry(TypeDecorator[Any]):
    """A shapely geometry, lon/lat CGCS2000: WKB on SQLite, `geometry` on PostGIS."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """`geometry` on PostgreSQL, bytes elsewhere."""
        return dialect.type_descriptor(_PostGISGeometry() if dialect.name == "postgresql" else LargeBinary())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Write WKB (SQLite) or EWKB as hex (PostGIS)."""
        if value is None:
            return None
        if dialect.name == "postgresql":
            return shapely.to_wkb(shapely.set_srid(value, SRID), hex=True, include_srid=True)
        return shapely.to_wkb(value, byte_order=1)

    def write_many(self, values: Sequence[Any], dialect: Dialect) -> list[Any]:
        """The same of many geometries at once; None stays None."""
        shapes = np.array(values, dtype=object)
        if dialect.name == "postgresql":
            return shapely.to_wkb(shapely.set_srid(shapes, SRID), hex=True, include_srid=True).tolist()
        return shapely.to_wkb(shapes, byte_order=1).tolist()

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Read either back."""
        return None if value is None else shapely.from_wkb(value)


# A document: JSON text on SQLite, jsonb on PostgreSQL.
Document = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def by_bytes(text: type[String], *length: int) -> String:
    """A text that PostgreSQL compares byte by byte too, as SQLite does, so that beginnings are a range.

    In the order of a language a dash or a digit may count for nothing, and the range would hold others.
    """
    return text(*length).with_variant(text(*length, collation="C"), "postgresql")


def code_column(enum: type) -> Enum:
    """A column of an enum's values, kept as text with a named check."""
    return Enum(
        enum,
        native_enum=False,
        create_constraint=True,
        name=enum.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
        length=20,
    )


class WithGeometry:
    """Columns of a table that has a place."""

    geometry: Mapped[Any] = mapped_column(Geometry, nullable=True)
    min_lon: Mapped[float | None] = mapped_column(Float)
    min_lat: Mapped[float | None] = mapped_column(Float)
    max_lon: Mapped[float | None] = mapped_column(Float)
    max_lat: Mapped[float | None] = mapped_column(Float)


_BOUNDS = ("min_lon", "min_lat", "max_lon", "max_lat")


def geometry_columns(geometry: Any) -> dict[str, Any]:
    """The five columns of a place, for bulk inserts that pass by the mapper."""
    box = (None,) * 4 if geometry is None or geometry.is_empty else geometry.bounds
    return {"geometry": geometry, **dict(zip(_BOUNDS, box, strict=True))}


def many_geometry_columns(geometries: Sequence[Any]) -> list[dict[str, Any]]:
    """The same of many places, none of them missing or empty."""
    boxes = shapely.bounds(geometries).tolist()
    return [
        {"geometry": geometry, **dict(zip(_BOUNDS, box, strict=True))}
        for geometry, box in zip(geometries, boxes, strict=True)
    ]


@event.listens_for(WithGeometry, "before_insert", propagate=True)
@event.listens_for(WithGeometry, "before_update", propagate=True)
def _keep_bounds(_mapper: Mapper, _connection: Any, row: Any) -> None:
    for name, value in geometry_columns(row.geometry).items():
        if name != "geometry" and getattr(row, name) != value:
            setattr(row, name, value)


def new_id() -> uuid.UUID:
    """A fresh random id."""
    return uuid.uuid4()


def rtree_statements(table: str) -> list[str]:
    """SQL that gives a SQLite table its R*Tree, filled from its rows, and the triggers that keep it."""
    return _rtree(table, *_RTREE)


def rtree_pauses(table: str) -> list[str]:
    """SQL after which inserted rows do not go into the R*Tree one by one."""
    return _rtree(table, "DROP TRIGGER {tree}_insert")


def rtree_catches_up(table: str) -> list[str]:
    """SQL that puts rows above the key `:last` into the R*Tree at once, and later ones one by one again."""
    return _rtree(table, _FILL + " AND pk > :last", _ON_INSERT)


def _rtree(table: str, *statements: str) -> list[str]:
    return [statement.format(table=table, tree=f"rtree_{table}") for statement in statements]


_BOX = "NEW.pk, NEW.min_lon, NEW.max_lon, NEW.min_lat, NEW.max_lat"
_PUT = "INSERT OR REPLACE INTO {tree} VALUES (" + _BOX + ")"  # noqa: S608
_DROP = "DELETE FROM {tree} WHERE pk = OLD.pk"
_ON_INSERT = f"""CREATE TRIGGER {{tree}}_insert AFTER INSERT ON {{table}}
    WHEN NEW.min_lon IS NOT NULL BEGIN {_PUT}; END"""
_FILL = """INSERT INTO {tree} SELECT pk, min_lon, max_lon, min_lat, max_lat FROM {table}
    WHERE min_lon IS NOT NULL"""
_RTREE = (
    "DROP TRIGGER IF EXISTS {tree}_insert",
    "DROP TRIGGER IF EXISTS {tree}_update",
    "DROP TRIGGER IF EXISTS {tree}_clear",
    "DROP TRIGGER IF EXISTS {tree}_delete",
    "DROP TABLE IF EXISTS {tree}",
    "CREATE VIRTUAL TABLE {tree} USING rtree(pk, min_lon, max_lon, min_lat, max_lat)",
    _ON_INSERT,
    f"""CREATE TRIGGER {{tree}}_update AFTER UPDATE OF pk, min_lon, min_lat, max_lon, max_lat ON {{table}}
    WHEN NEW.min_lon IS NOT NULL BEGIN {_DROP}; {_PUT}; END""",
    f"""CREATE TRIGGER {{tree}}_clear AFTER UPDATE OF min_lon ON {{table}}
    WHEN NEW.min_lon IS NULL BEGIN {_DROP}; END""",
    f"CREATE TRIGGER {{tree}}_delete AFTER DELETE ON {{table}} BEGIN {_DROP}; END",
    _FILL,
)
