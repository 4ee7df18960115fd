"""Fixtures for every test: databases of both kinds, a clock, options, and the skips that may be forbidden."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from inspections.store import Store
from tests.databases import own_database

NOW = datetime(2026, 11, 12, 2, 42, tzinfo=UTC)  # 10:42 in Beijing
REQUIRED = {word for word in os.environ.get("XUNTU_TEST_REQUIRE", "").split(",") if word}
POSTGRES = os.environ.get("XUNTU_TEST_POSTGRES", "")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the long tests too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    missing = {
        "long": None if config.getoption("--long") else "runs with --long",
        "browser": None if CHROMIUM else "chromium is not installed",
        "node": None if shutil.which("node") else "node is not installed",
        "postgres": None if POSTGRES else "XUNTU_TEST_POSTGRES is not set",
    }
    for item in items:
        for marker, reason in missing.items():
            if reason and item.get_closest_marker(marker):
                if marker in REQUIRED:
                    raise pytest.UsageError(f"XUNTU_TEST_REQUIRE names {marker}, but {reason}")
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def _migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One migrated SQLite file that each test copies."""
    path = tmp_path_factory.mktemp("migrated") / "xuntu.sqlite3"
    store = Store(f"sqlite:///{path}")
    store.migrate()
    store.close()  # the last connection to go folds the write-ahead log into the file
    return path


@pytest.fixture(scope="session")
def _migrated_postgres() -> Iterator[str]:
    """One migrated PostgreSQL database that each test takes as its template."""
    with own_database(POSTGRES) as url:
        store = Store(url)
        store.migrate()
        store.close()
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty, migrated store: every test that asks for it runs on both databases."""
    yield from _open(request, request.param)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store without a single table."""
    if request.param == "sqlite":
        opened = Store(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
        yield opened
        opened.close()
        return
    with own_database(POSTGRES) as url:
        opened = Store(url)
        yield opened
        opened.close()


@pytest.fixture
def sqlite_store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty, migrated SQLite store, for what is about SQLite or the same on both by nature."""
    yield from _open(request, "sqlite")


def _open(request: pytest.FixtureRequest, kind: str) -> Iterator[Store]:
    if kind == "sqlite":
        path = request.getfixturevalue("tmp_path") / "data" / "xuntu.sqlite3"
        path.parent.mkdir()
        shutil.copyfile(request.getfixturevalue("_migrated_sqlite"), path)
        opened = Store(f"sqlite:///{path}")
        yield opened
        opened.close()
        return
    with own_database(POSTGRES, template=request.getfixturevalue("_migrated_postgres")) as url:
        opened = Store(url)
        yield opened
        opened.close()


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse connections to any other machine."""
    connect = socket.socket.connect

    def local_only(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise OSError(f"tests reach no other machine: {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", local_only)
