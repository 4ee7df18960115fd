"""Counties for tests of what is in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspections.store import Store
from tests.factories import a_county
from tests.imports import Desk, a_desk


@pytest.fixture
def county(store: Store) -> Store:
    with store.write() as session:
        a_county(session)
    return store


@pytest.fixture
def sqlite_county(sqlite_store: Store) -> Store:
    """For what no database decides: how a file is read and judged."""
    with sqlite_store.write() as session:
        a_county(session)
    return sqlite_store


@pytest.fixture
def desk(county: Store, tmp_path: Path) -> Desk:
    """A supervisor's work with files, over each database."""
    return a_desk(county, tmp_path)


@pytest.fixture
def sqlite_desk(sqlite_county: Store, tmp_path: Path) -> Desk:
    return a_desk(sqlite_county, tmp_path)
