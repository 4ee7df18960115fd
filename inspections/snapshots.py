"""The database as one file: taken while others write, and put back whole or not at all.

SQLite's online backup makes a copy of the database; on PostgreSQL `pg_dump` and `pg_restore` do the same, on
one snapshot and in one transaction.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, text
from sqlalchemy.engine import make_url

from inspections import ledger
from inspections.errors import Conflict, Invalid, Unavailable
from inspections.settings import Settings
from inspections.store import Store

SQLITE_MEMBER = "database/xuntu.sqlite3"
POSTGRES_MEMBER = "database/xuntu.dump"
_HEAD = "SELECT number, hash FROM ledger_entries ORDER BY number DESC LIMIT 1"
_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_SIGNALS = {"PGCONNECT_TIMEOUT": "10"}


class ToolMissing(Unavailable):
    """PostgreSQL's own programs do the work."""

    code = "backup.tool_missing"
    message = "{tool} is not installed. Install PostgreSQL's client programs: apt install postgresql-client"


class ToolFailed(Unavailable):
    """`pg_dump` or `pg_restore` ended with an error; what it said last."""

    code = "backup.tool_failed"
    message = "{tool} failed: {why}"


class DatabaseDamaged(Invalid):
    """A copy that SQLite finds unsound, or that holds another ledger than it should."""

    code = "backup.database_damaged"
    message = "The database in {name} is damaged. Take another backup; nothing was changed."


class InUse(Conflict):
    """Somebody else has the database or the data folder open."""

    code = "restore.in_use"
    message = "{name} is in use. Stop the server and every other command, then restore again."


class WrongDatabase(Invalid):
    """A backup of one database, settings that name another."""

    code = "restore.wrong_database"
    message = "The backup holds {found}, the settings name {wanted}. Set XUNTU_DATABASE_URL to suit."


@dataclass(frozen=True)
class Head:
    """Number and hash of a ledger's last entry."""

    count: int
    hash: str


def member_of(settings: Settings) -> str:
    """The name of the database's file in an archive."""
    return SQLITE_MEMBER if settings.is_sqlite else POSTGRES_MEMBER


def take(settings: Settings, path: Path) -> Head:
    """Copy the configured database to `path` as it is at one moment; others may write meanwhile.

    Returns
    -------
    Head
        The last entry of the ledger in the copy.
    """
    return _take_sqlite(settings, path) if settings.is_sqlite else _take_postgres(settings, path)


def check(path: Path, head: Head) -> None:
    """Raise `DatabaseDamaged` unless a copy of SQLite is sound and ends its ledger with `head`."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
            sound = connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
            found = _head(connection)
    except sqlite3.DatabaseError as error:
        raise DatabaseDamaged(name=path.name) from error
    if not sound or found != head:
        raise DatabaseDamaged(name=path.name)


def sqlite_path(settings: Settings) -> Path:
    """Where the configured SQLite file lies."""
    return Path(make_url(settings.database_url).database or "")


def is_empty(settings: Settings) -> bool:
    """Whether the configured database has none of our tables yet."""
    if settings.is_sqlite:
        return not sqlite_path(settings).exists()
    with _store(settings) as store, store.read() as session:
        return session.scalar(text("SELECT to_regclass('alembic_version')")) is None


def require_unused(settings: Settings) -> None:
    """Raise `InUse` where another connection is open."""
    if not settings.is_sqlite:
        with _store(settings) as store, store.read() as session:
            if session.scalar(text(_OTHERS)):
                raise InUse(name=store.url.database)
        return
    path = sqlite_path(settings)
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
            # Only the last connection may leave the write-ahead log
            mode = connection.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
    except sqlite3.OperationalError as error:
        raise InUse(name=path.name) from error
    except sqlite3.DatabaseError:
        return  # damaged: that is why it is replaced
    if mode != "delete":
        raise InUse(name=path.name)


def put_back_postgres(settings: Settings, dump: Path) -> None:
    """Put a dump into the configured database in one transaction: all of it or nothing."""
    url = make_url(settings.database_url)
    with _store(settings) as store, store.engine.begin() as connection:
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS postgis"))
    # The extension stays as the server has it: dropping it may need another owner's rights
    listed = _run("pg_restore", ["--list", str(dump)], url).splitlines()
    kept = [line for line in listed if " EXTENSION " not in line and " SCHEMA - " not in line]
    contents = dump.with_suffix(".list")
    contents.write_text("\n".join(kept) + "\n", encoding="utf-8")
    options = ["--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction"]
    _run("pg_restore", [*options, "-L", str(contents), "-d", url.database or "", str(dump)], url)


def _take_sqlite(settings: Settings, path: Path) -> Head:
    source = sqlite_path(settings)
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=30)) as reading,
        closing(sqlite3.connect(path)) as writing,
    ):
        reading.backup(writing)  # in one step: writers go on beside it, and it ends however much they write
        writing.execute("PRAGMA journal_mode=DELETE")
        return _head(writing)


def _head(connection: sqlite3.Connection) -> Head:
    row = connection.execute(_HEAD).fetchone()
    return Head(*row) if row else Head(0, ledger.GENESIS)


def _take_postgres(settings: Settings, path: Path) -> Head:
    url = make_url(settings.database_url)
    with _store(settings) as store, store.read() as session:
        snapshot = session.scalar(text("SELECT pg_export_snapshot()"))
        head = Head(*ledger.head(session))
        options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
        _run("pg_dump", [*options, "--file", str(path), url.database or ""], url)
    return head


def _run(tool: str, arguments: list[str], url: URL) -> str:
    """Run one of PostgreSQL's programs; the password goes by the environment, never by the arguments."""
    program = shutil.which(tool)
    if program is None:
        raise ToolMissing(tool=tool)
    environment = {**os.environ, **_SIGNALS, "PGPASSWORD": url.password or "", "LC_ALL": "C.UTF-8"}
    for name, value in (("PGHOST", url.host), ("PGPORT", url.port), ("PGUSER", url.username)):
        if value:
            environment[name] = str(value)
    done = subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise ToolFailed(tool=tool, why=said[0] if said else str(done.returncode))
    return done.stdout


@contextmanager
def _store(settings: Settings) -> Iterator[Store]:
    store = Store(settings.database_url)
    try:
        yield store
    finally:
        store.close()
