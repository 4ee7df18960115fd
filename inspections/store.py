"""The store: one engine, read and write transactions, migrations, and storage errors in the domain's words.

SQLite (the default) runs in WAL with `synchronous=FULL`. A write transaction begins IMMEDIATE, so that two of
them queue instead of failing half-way; a read begins deferred and read-only, so that it never takes the one
write lock. On PostgreSQL a read is a READ ONLY transaction on one snapshot.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import ColumnElement, Connection, Engine, Select, create_engine, event, func, select, text
from sqlalchemy import inspect as sql_inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from inspections.errors import Conflict, DatabaseBusy, DatabaseLost, InspectionError, StorageFull
from inspections.models.base import SRID, WithGeometry
from inspections.settings import Settings

BUSY_TIMEOUT_S = 30
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # no room on the disk, in the quota, for a file of this size
_AS_PYTHON_DOES = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
_JSON = {
    "json_serializer": lambda value: orjson.dumps(value, option=_AS_PYTHON_DOES).decode(),
    "json_deserializer": orjson.loads,
}
MIGRATIONS = Path(__file__).parent / "migrations"


class ChangedMeanwhile(Conflict):
    """A row was changed between reading and saving it."""

    code = "conflict.changed_meanwhile"
    message = "Somebody saved a change to this meanwhile. Look at it, then save yours again."


class Doubled(Conflict):
    """A constraint that keeps something single."""

    code = "conflict.doubled"
    message = "This exists already ({constraint}). Open the one there is."


class NotMigrated(InspectionError):
    """The database is older, newer or empty."""

    code = "store.not_migrated"
    message = "The database is at version {found} instead of {wanted}. Run: xuntu migrate"


def now_utc() -> datetime:
    """The moment it is, aware, in UTC."""
    return datetime.now(UTC)


class Store:
    """A database, opened. `read()` and `write()` give one transaction each."""

    def __init__(self, database_url: str) -> None:
        self.url = make_url(database_url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = self._open()
        self._reading = self.engine.execution_options(xuntu_reads=True)
        self._before_closing: list[Callable[[], None]] = []

    @classmethod
    def from_settings(cls, settings: Settings) -> Store:
        """Open the configured database, making the data folder if it is missing."""
        settings.data.mkdir(parents=True, exist_ok=True)
        return cls(settings.database_url)

    def _open(self) -> Engine:
        if not self.is_sqlite:
            engine = create_engine(self.url, pool_size=8, max_overflow=8, pool_pre_ping=True, **_JSON)
            event.listen(engine, "begin", _begin_postgres)
            return engine
        arguments = {"timeout": BUSY_TIMEOUT_S, "check_same_thread": False, "isolation_level": None}
        engine = create_engine(self.url, connect_args=arguments, pool_size=8, max_overflow=8, **_JSON)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One read-only transaction; what is written in it is an error."""
        with self._session(self._reading) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction that commits at the end, or rolls back on any error."""
        with self._session(self.engine) as session:
            yield session
            session.commit()

    @contextmanager
    def _session(self, engine: Engine) -> Iterator[Session]:
        session = Session(engine, expire_on_commit=False, autoflush=True)
        try:
            yield session
        except BaseException as error:
            session.rollback()
            translated = translate(error)
            if translated is None:
                raise
            raise translated from error
        finally:
            session.close()

    @contextmanager
    def write_soon(self, patience_ms: int = 50) -> Iterator[Session]:
        """Like `write`, but raises `DatabaseBusy` at once where somebody else is writing."""
        with self._session(self.engine.execution_options(xuntu_patience_ms=patience_ms)) as session:
            yield session
            session.commit()

    def begin(self, *, writes: bool) -> Session:
        """Open a session that the caller commits and closes, like a web request's."""
        return Session(self.engine if writes else self._reading, expire_on_commit=False)

    def migrate(self, version: str = "head") -> None:
        """Create or upgrade the schema to this program's version, or to an earlier one."""
        with self.engine.connect() as connection:
            config = _alembic_config()
            config.attributes["connection"] = connection
            command.upgrade(config, version)
            connection.commit()

    def version(self) -> str | None:
        """The migration this database is at; None for an empty one."""
        with self._reading.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()

    def require_current(self) -> None:
        """Raise `NotMigrated` unless the database is at this program's version."""
        found, wanted = self.version(), wanted_version()
        if found != wanted:
            raise NotMigrated(found=found or "empty", wanted=wanted)

    def before_closing(self, act: Callable[[], None]) -> None:
        """Have `act` called before the connections are given back, to end what reads beside the requests."""
        self._before_closing.append(act)

    def close(self) -> None:
        """Give back every connection."""
        while self._before_closing:
            self._before_closing.pop()()
        self.engine.dispose()


def wanted_version() -> str:
    """The newest migration this program has."""
    return ScriptDirectory.from_config(_alembic_config()).get_current_head() or ""


def is_sqlite(session: Session) -> bool:
    """Whether this session's database is SQLite."""
    return session.get_bind().dialect.name == "sqlite"


def in_box(
    session: Session, model: type[WithGeometry], box: tuple[float, float, float, float]
) -> ColumnElement[bool]:
    """A condition by the spatial index: the bounding box of a row meets `box` (minx, miny, maxx, maxy).

    The R*Tree's boxes are 32-bit floats, a little larger than the row's: refine with shapely where needed.
    """
    min_x, min_y, max_x, max_y = box
    if is_sqlite(session):
        tree = text(
            f"SELECT pk FROM rtree_{model.__tablename__} "  # noqa: S608 (a table's name of ours)
            "WHERE max_lon >= :min_x AND min_lon <= :max_x AND max_lat >= :min_y AND min_lat <= :max_y"
        ).bindparams(min_x=min_x, max_x=max_x, min_y=min_y, max_y=max_y)
        return model.pk.in_(tree.columns(model.pk))
    return model.geometry.op("&&")(func.ST_MakeEnvelope(min_x, min_y, max_x, max_y, SRID))


def rows_in_pages(
    session: Session, query: Select, *, page: int, size: int, load: Sequence[Any] = ()
) -> tuple[list[Any], int]:
    """One page of a query's entities and the count of all its rows. `page` counts from 1.

    The page is found by keys alone and its rows are fetched by them, with the options `load`, so that deep
    pages and sorting never carry whole rows and a condition is not asked once more.
    """
    entity = query.column_descriptions[0]["entity"]
    key = sql_inspect(entity).primary_key[0]
    total = session.scalar(query.with_only_columns(func.count(key)).order_by(None)) or 0
    keys = session.scalars(query.with_only_columns(key).limit(size).offset((page - 1) * size)).all()
    rows = session.scalars(select(entity).options(*load).where(key.in_(keys))) if keys else ()
    found = {getattr(row, key.name): row for row in rows}
    return [found[one] for one in keys], total


_COUNT_ON = text(
    "INSERT INTO counters (series, last) VALUES (:series, 1) "
    "ON CONFLICT (series) DO UPDATE SET last = counters.last + 1 RETURNING last"
)


def next_number(session: Session, series: str) -> int:
    """The next number of a series, without gaps, inside this transaction."""
    return session.execute(_COUNT_ON, {"series": series}).scalar_one()


def translate(error: BaseException) -> InspectionError | None:
    """A storage error in the domain's words, or None where it is a bug or already in them."""
    if isinstance(error, StaleDataError):
        return ChangedMeanwhile()
    if isinstance(error, OSError):
        return StorageFull() if error.errno in FULL else None
    if isinstance(error, IntegrityError):
        name = constraint_name(error)
        return Doubled(constraint=name) if name.startswith(("uq_", "pk_")) else None
    return _translate_operational(error) if isinstance(error, DBAPIError) else None


def _translate_operational(error: DBAPIError) -> InspectionError | None:
    cause = error.orig
    if isinstance(cause, sqlite3.OperationalError):
        codes = {
            sqlite3.SQLITE_FULL: StorageFull,
            sqlite3.SQLITE_BUSY: DatabaseBusy,
            sqlite3.SQLITE_LOCKED: DatabaseBusy,
        }
        codes |= {sqlite3.SQLITE_IOERR: StorageFull, sqlite3.SQLITE_CANTOPEN: DatabaseLost}
        kind = codes.get((getattr(cause, "sqlite_errorcode", 0) or 0) & 0xFF)
        return kind() if kind else None
    state = getattr(cause, "sqlstate", None) or ""
    if state == "53100":
        return StorageFull()
    if state in ("55P03", "40P01", "40001", "57014"):
        return DatabaseBusy()
    if error.connection_invalidated or (
        isinstance(error, OperationalError) and state[:2] in ("", "08", "57")
    ):
        return DatabaseLost()
    return None


def constraint_name(error: IntegrityError) -> str:
    """The name of the constraint that refused; on SQLite, which does not say it, made from the columns."""
    diagnostics = getattr(error.orig, "diag", None)
    if diagnostics is not None:
        return diagnostics.constraint_name or ""
    words = str(error.orig)
    if words.startswith("UNIQUE constraint failed: index "):
        return words.split("'")[1]
    if words.startswith("UNIQUE constraint failed: "):
        columns = words.removeprefix("UNIQUE constraint failed: ").split(", ")
        table = columns[0].split(".")[0]
        return "uq_" + "_".join([table, *(column.split(".")[1] for column in columns)])
    return words.removeprefix("CHECK constraint failed: ")


def _alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_S * 1000}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    reads = options.get("xuntu_reads", False)
    patience_ms = options.get("xuntu_patience_ms", BUSY_TIMEOUT_S * 1000)
    connection.exec_driver_sql(f"PRAGMA busy_timeout={patience_ms}")
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reads else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _begin_postgres(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("xuntu_reads", False):
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    patience_ms = options.get("xuntu_patience_ms", BUSY_TIMEOUT_S * 1000)
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {patience_ms}")
