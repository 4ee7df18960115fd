"""The ledger: a chain nobody can rewrite unseen."""

import pytest
from sqlalchemy import text

from inspections import ledger
from inspections.permissions import SYSTEM


def append_three(session, now):
    for n in range(3):
        ledger.append(
            session, SYSTEM, "site.added", "site", f"s{n}", at=now, facts={"name": f"点位{n}", "n": n}
        )


def test_numbers_run_from_one_and_each_entry_follows_the_one_before(store, now):
    with store.write() as session:
        append_three(session, now)
    with store.read() as session:
        count, head = ledger.verify(session)
        assert count == 3
        assert (count, head) == ledger.head(session)
        assert [entry.number for entry in ledger.story(session)] == [3, 2, 1]


def test_many_entries_at_once_make_the_same_chain_as_one_by_one(store, now):
    drafts = [
        ledger.Draft(
            now, "site.added", "site", f"s{n}", None, "system", "system", {"name": f"点位{n}", "n": n}
        )
        for n in range(3)
    ]
    with store.write() as session:
        append_three(session, now)
        one_by_one = ledger.head(session)
    with store.write() as session:
        unguarded(session)
        session.execute(text("DELETE FROM ledger_entries"))
        assert ledger.append_many(session, drafts, batch=2) == 3
        assert ledger.head(session) == one_by_one


def test_entries_are_never_changed_or_deleted(store, now):
    with store.write() as session:
        append_three(session, now)
    for statement in ("DELETE FROM ledger_entries", "UPDATE ledger_entries SET facts = '{}'"):
        with pytest.raises(Exception, match="ledger"), store.write() as session:
            session.execute(text(statement))


@pytest.mark.parametrize(
    ("damage", "number"),
    [
        ("UPDATE ledger_entries SET facts = '{}' WHERE number = 2", 2),
        ("UPDATE ledger_entries SET actor_name = 'somebody' WHERE number = 3", 3),
        ("DELETE FROM ledger_entries WHERE number = 2", 2),
        ("DELETE FROM ledger_entries WHERE number = 1", 1),
    ],
)
def test_verify_names_the_first_broken_entry(store, now, damage, number):
    with store.write() as session:
        append_three(session, now)
        unguarded(session)
        session.execute(text(damage))
    with store.read() as session, pytest.raises(ledger.LedgerBroken) as refused:
        ledger.verify(session)
    assert refused.value.facts["number"] == number


def test_a_head_from_a_backup_must_be_in_the_chain(store, now):
    with store.write() as session:
        append_three(session, now)
        _, old = ledger.head(session)
        append_three(session, now)
    with store.read() as session:
        assert ledger.verify(session, old)[0] == 6
        with pytest.raises(ledger.HeadDiffers):
            ledger.verify(session, "f" * 64)


def test_an_entry_belongs_to_the_transaction_of_its_change(store, now):
    def fail_after_appending():
        with store.write() as session:
            append_three(session, now)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_appending()
    with store.read() as session:
        assert ledger.verify(session)[0] == 0


def test_a_seal_tells_nothing_without_its_salt():
    assert ledger.seal(b"1" * 32, "张三") != ledger.seal(b"2" * 32, "张三")


def unguarded(session):
    """Take the guard off, as somebody with the database's password could."""
    if session.get_bind().dialect.name == "sqlite":
        for name in ("update", "delete"):
            session.execute(text(f"DROP TRIGGER ledger_entries_{name}"))
    else:
        session.execute(text("DROP TRIGGER ledger_entries_guard ON ledger_entries"))
