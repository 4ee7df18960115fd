"""Thousands of rows inserted at once, and keys that lie side by side in an index.

SQLAlchemy works out every row's parameters anew, which takes as long as the insert itself. Where 100,000 rows
go in under one lock, its statement and its columns' own writers are asked for once instead.
"""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, func, insert, select, text
from sqlalchemy.orm import Session

from inspections.models.base import Geometry, rtree_catches_up, rtree_pauses

Writer = Callable[[Any], Any]


def insert_rows(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the same columns; a column they leave out gets its default.

    Only for values that the columns' types write by themselves: no SQL expressions.
    """
    if not rows:
        return
    session.flush()
    connection = session.connection()
    given = rows[0].keys()
    columns = [column for column in table.columns if column.name in given or column.default is not None]
    statement = insert(table).compile(
        dialect=connection.dialect, column_keys=[column.name for column in columns]
    )
    written = [_written(column, connection.dialect, rows) for column in columns]
    if statement.positional:
        connection.exec_driver_sql(str(statement), list(zip(*written, strict=True)))
        return
    names = [column.name for column in columns]
    connection.exec_driver_sql(
        str(statement), [dict(zip(names, row, strict=True)) for row in zip(*written, strict=True)]
    )


@contextmanager
def rtree_at_once(session: Session, table: Table) -> Iterator[None]:
    """While many rows are inserted, their boxes go into SQLite's R*Tree at the end, all together.

    The trigger that puts them in one by one takes twice as long as all the rest. It is gone only in the
    caller's transaction: nobody else ever sees the table without it.
    """
    connection = session.connection()
    if connection.dialect.name != "sqlite":
        yield
        return
    last = connection.scalar(select(func.max(table.c.pk))) or 0
    for statement in rtree_pauses(table.name):
        connection.exec_driver_sql(statement)
    yield
    session.flush()
    fill, keep = rtree_catches_up(table.name)
    connection.execute(text(fill), {"last": last})
    connection.exec_driver_sql(keep)


def _written(column: Any, dialect: Any, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """One column of all rows, as the driver takes it."""
    name = column.name
    values = [row[name] for row in rows] if name in rows[0] else [_default(column, row) for row in rows]
    if isinstance(column.type, Geometry):
        return column.type.write_many(values, dialect)
    writer: Writer | None = column.type.dialect_impl(dialect).bind_processor(dialect)
    return values if writer is None else [writer(value) for value in values]


def _default(column: Any, row: Mapping[str, Any]) -> Any:
    default = column.default
    return default.arg(_Inserting(row)) if default.is_callable else default.arg


@dataclass(frozen=True)
class _Inserting:
    """What a default made from other columns asks, as SQLAlchemy's own context answers it."""

    row: Mapping[str, Any]

    def get_current_parameters(self) -> Mapping[str, Any]:
        return self.row


def ids_in_order(count: int) -> list[uuid.UUID]:
    """Fresh ids that begin with the moment (UUID version 7, RFC 9562) and rise in this order.

    Random ones would scatter what goes in together over the whole of an index.
    """
    began_ms = time.time_ns() // 1_000_000
    return [
        uuid.UUID(int=(began_ms + number // 4096) << 80 | 7 << 76 | number % 4096 << 64 | 2 << 62 | tail)
        for number, tail in enumerate(secrets.randbits(62) for _ in range(count))
    ]
