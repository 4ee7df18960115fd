"""Counties for tests of what is in them."""

from __future__ import annotations

import pytest

from inspections.store import Store
from tests.factories import a_county


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
