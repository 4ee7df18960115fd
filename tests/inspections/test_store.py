"""Transactions: writers queue, readers never wait, and what goes wrong is said in words."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from inspections import store as stores
from inspections.errors import DatabaseBusy, DatabaseLost, StorageFull
from inspections.models import Body, Counter
from inspections.store import ChangedMeanwhile, Doubled, Store, next_number
from tests.factories import a_body


def test_forty_writers_at_once_queue_and_none_fails(store):
    def count_on(_):
        with store.write() as session:
            return next_number(session, "site-P-990101100")

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(count_on, range(40)))
    assert sorted(numbers) == list(range(1, 41))


def test_a_read_goes_on_while_somebody_writes(store):
    with store.write() as writing:
        a_body(writing, name="写入中")
        with store.read() as reading:
            assert reading.scalars(select(Body)).all() == []


def test_a_read_cannot_write(store):
    with pytest.raises(DBAPIError), store.read() as session:
        a_body(session)


def test_a_read_sees_one_moment(store):
    with store.read() as reading:
        assert reading.scalars(select(Body.name)).all() == []
        with store.write() as writing:
            a_body(writing, name="后来的单位")
        assert reading.scalars(select(Body.name)).all() == []


def test_an_error_leaves_nothing_behind(store):
    def fail():
        with store.write() as session:
            a_body(session)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.read() as session:
        assert session.scalars(select(Body)).all() == []


def test_a_database_locked_by_another_is_said_to_be_busy(sqlite_store):
    other = sqlite3.connect(sqlite_store.url.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusy), sqlite_store.write_soon(patience_ms=20) as session:
        session.execute(text("SELECT 1"))
    other.execute("ROLLBACK")
    other.close()
    with sqlite_store.write_soon(patience_ms=20) as session:
        a_body(session)


@pytest.mark.postgres
@pytest.mark.parametrize("store", ["postgres"], indirect=True)
def test_a_row_locked_by_another_is_said_to_be_busy(store):
    with store.write() as session:
        body = a_body(session)
    with store.write() as holding:
        holding.execute(select(Body).where(Body.id == body.id).with_for_update())
        with pytest.raises(DatabaseBusy), store.write_soon(patience_ms=50) as session:
            session.execute(select(Body).where(Body.id == body.id).with_for_update())


def test_a_full_disk_is_said_and_nothing_is_saved(sqlite_store):
    with sqlite_store.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()

    def fill():
        with sqlite_store.write() as session:
            session.connection().exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")
            for number in range(500):
                a_body(session, name=f"单位{number}")

    with pytest.raises(StorageFull):
        fill()
    with sqlite_store.read() as session:
        assert session.scalars(select(Body)).all() == []


def test_a_database_that_does_not_answer_is_said_to_be_lost():
    gone = Store("postgresql+psycopg://nobody@127.0.0.1:9/nothing?connect_timeout=1")
    with pytest.raises(DatabaseLost), gone.read() as session:
        session.execute(text("SELECT 1"))
    gone.close()


def test_two_changes_of_one_row_do_not_overwrite_each_other(store):
    with store.write() as session:
        key = a_body(session).id
    with store.read() as session:
        seen = session.get(Body, key)
    with store.write() as session:
        session.get(Body, key).short_name = "先改的"

    def change_what_was_seen():
        with store.write() as session:
            seen.short_name = "后改的"
            session.add(seen)

    with pytest.raises(ChangedMeanwhile):
        change_what_was_seen()


def test_a_doubled_row_names_its_constraint(store):
    def twice():
        with store.write() as session:
            a_body(session, name="西镇人民政府")
            a_body(session, name="西镇人民政府")

    with pytest.raises(Doubled) as refused:
        twice()
    assert refused.value.facts["constraint"] == "uq_bodies_name"


def test_numbers_have_no_gaps_when_a_transaction_fails(store):
    def fail():
        with store.write() as session:
            next_number(session, "case-2026-P")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.write() as session:
        assert next_number(session, "case-2026-P") == 1
        assert session.get(Counter, "case-2026-P").last == 1


def test_a_page_of_rows_comes_with_the_count_of_all(store):
    with store.write() as session:
        for number in range(5):
            a_body(session, name=f"单位{number}")
    with store.read() as session:
        rows, total = stores.rows_in_pages(session, select(Body).order_by(Body.name), page=2, size=2)
    assert ([row.name for row in rows], total) == (["单位2", "单位3"], 5)
