"""Undoing takes back what a file brought, unless something stands on it; numbers are never used again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import shapely
from sqlalchemy import func, select

from inspections import ledger, sites
from inspections.imports import applying
from inspections.imports.batches import AlreadyImported, WrongStep
from inspections.models import LedgerEntry, Operator, Site
from inspections.sites import merging
from inspections.terms import SiteStatus
from inspections.typed import ReasonMissing
from tests.case_factories import a_case, a_visit
from tests.factories import EAST, a_body, a_pond_shape, a_site
from tests.imports import Desk, facts_of
from tests.visit_payloads import a_payload, log

REGISTER = "名称,经度,纬度\n柳荫塘,100.40,38.90\n苇塘,100.41,38.91\n"
NUMBER = "P-990101100-0901"


@pytest.fixture
def applied(desk: Desk):
    """A register of two ponds that was applied."""
    batch_id = desk.send(REGISTER)
    desk.apply(batch_id)
    return batch_id


@pytest.fixture
def later(desk: Desk) -> Desk:
    """The same desk an hour later."""
    return replace(desk, now=desk.now + timedelta(hours=1))


def first_site(session, name: str = "柳荫塘") -> Site:
    return session.scalars(select(Site).where(Site.name == name)).one()


def visited(session, desk: Desk) -> None:
    a_visit(session, first_site(session))


def photographed(session, desk: Desk) -> None:
    log(session, a_payload(first_site(session)), by=desk.by, folder=desk.settings.data / "evidence")


def a_case_opened(session, desk: Desk) -> None:
    a_case(session, first_site(session))


def retired(session, desk: Desk) -> None:
    sites.retire_site(session, first_site(session), reason="填平了", by=desk.by, now=desk.now)


def merged(session, desk: Desk) -> None:
    other = a_site(session, at=(100.45, 38.95), name="别的塘")
    merging.merge_sites(session, other, first_site(session), reason="同一处", by=desk.by, now=desk.now)


def test_new_sites_leave_the_register_and_stay_as_refused(desk, later, applied):
    assert later.undo(applied).state == "undone"
    assert set(facts_of(desk.store, "status", "retired_reason", "retired_at").values()) == {
        (SiteStatus.REFUSED, "传错了文件", later.now)
    }


def test_undoing_has_its_entries_and_the_chain_holds(desk, later, applied):
    later.undo(applied)
    with desk.store.read() as session:
        ledger.verify(session)
        actions = list(session.scalars(select(LedgerEntry.action).order_by(LedgerEntry.number)))
        undone = session.scalars(select(LedgerEntry).where(LedgerEntry.action == "import.undone")).one()
    assert actions[3:] == ["import.undone", "site.import_undone", "site.import_undone"]
    assert ledger.facts_of(undone)["reason"] == "传错了文件"
    assert (undone.actor_name, undone.at) == (desk.by.name, later.now)


def test_numbers_of_what_was_undone_are_not_given_again(desk, later, applied):
    later.undo(applied)
    desk.apply(desk.send(REGISTER.replace("柳荫塘", "新塘")))
    with desk.store.read() as session:
        numbers = list(session.scalars(select(Site.number).order_by(Site.number)))
    assert numbers == [f"P-990101100-{at:04}" for at in range(1, 5)]


def test_a_file_that_was_undone_may_be_sent_again(desk, later, applied):
    with pytest.raises(AlreadyImported):
        desk.send(REGISTER)
    later.undo(applied)
    again = later.send(REGISTER)
    assert again != applied
    assert later.apply(again).state == "applied"
    with desk.store.read() as session:
        assert session.scalar(select(func.count()).where(Site.status == SiteStatus.ACTIVE)) == 2


def test_what_is_undone_or_was_never_applied_cannot_be_undone(desk, later, applied):
    later.undo(applied)
    with pytest.raises(WrongStep):
        later.undo(applied)
    with pytest.raises(WrongStep):
        desk.undo(desk.send("名称,经度,纬度\n别塘,100.45,38.95\n"))


def test_undoing_without_a_reason_changes_nothing(desk, later, applied):
    with pytest.raises(ReasonMissing):
        later.undo(applied, reason=" ")
    assert desk.batch(applied).state == "applied"


@pytest.mark.parametrize("stands", [visited, photographed, a_case_opened, retired, merged])
def test_what_stands_on_a_new_site_keeps_the_file_from_being_undone(desk, later, applied, stands):
    with desk.store.write() as session:
        stands(session, later)
    batch = later.undo(applied)
    assert (batch.state, batch.failure["code"]) == ("applied", "import.something_stands_on")
    assert batch.failure["facts"] == {"count": 1, "names": "P-990101100-0001"}
    assert facts_of(desk.store, "status")["苇塘"] is SiteStatus.ACTIVE


def test_a_later_file_that_corrects_a_site_keeps_the_first_from_being_undone(desk, later, applied):
    number = facts_of(desk.store, "number")["柳荫塘"]
    later.apply(later.send(f"编号,名称,经度,纬度\n{number},柳荫大塘,100.40,38.90\n"))
    batch = later.undo(applied)
    assert batch.failure["facts"] == {"count": 1, "names": number}


def test_what_stands_on_it_is_named_before_anybody_asks(desk, later, applied):
    with desk.store.write() as session:
        visited(session, desk)
    with desk.store.read() as session:
        blockers, count = applying.list_blockers(session, desk.batch(applied))
        assert (count, [(one.key, one.name) for one in blockers]) == (1, [("P-990101100-0001", "柳荫塘")])


@pytest.fixture
def known(desk: Desk) -> dict:
    """A pond with a fact of every kind, which a register then corrects in all; gives the facts before."""
    with desk.store.write() as session:
        body = a_body(session, name="县水务局")
        a_body(session, name="县生态环境分局")
        a_site(
            session,
            number=NUMBER,
            remark="老塘",
            area_reported_mu=15.0,
            source_ref="旧-1",
            village_group="三社",
            body_id=body.id,
            geometry=a_pond_shape(),
            area_m2=10_000.0,
            attrs={"stage": "listed"},
            operator=Operator(name="陈某某", type="household", phone="13800000000", salt=bytes(32)),
        )
    return facts_of(desk.store, *FACTS)


FACTS = (
    *("name", "township_code", "lon", "lat", "area_m2", "remark", "area_reported_mu", "source_ref"),
    *("village_group", "body_id", "operator_id", "attrs", "subtype", "status"),
)
CORRECTION = (
    "编号,名称,边界,备注,面积（亩）,原编号,社,责任单位,责任人,联系电话,子类,stage\n"
    f'{NUMBER},东沟大塘,"{a_pond_shape(100.60).wkt}",新修,14,新-1,五社,县生态环境分局,张三,13900000000,沟渠,treated\n'
)


def test_a_corrected_site_is_as_it_was_in_every_fact(desk, later, known):
    with desk.store.read() as session:
        shape = first_site(session, "苇塘东塘").geometry
    batch_id = desk.send(CORRECTION)
    desk.apply(batch_id)
    assert set(facts_of(desk.store, "township_code", "remark").values()) == {(EAST, "新修")}
    assert later.undo(batch_id).state == "undone"
    assert facts_of(desk.store, *FACTS) == known
    with desk.store.read() as session:
        assert shapely.equals_exact(first_site(session, "苇塘东塘").geometry, shape, tolerance=1e-9)
        ledger.verify(session)
        last = session.scalars(select(LedgerEntry).order_by(LedgerEntry.number.desc())).first()
    assert (last.action, ledger.facts_of(last)["version"]) == ("site.correction_undone", 3)


def test_a_correction_that_somebody_corrected_since_stays(desk, later, known):
    batch_id = desk.send(CORRECTION)
    desk.apply(batch_id)
    with desk.store.write() as session:
        first_site(session, "东沟大塘").remark = "又改过"
    batch = later.undo(batch_id)
    assert (batch.state, batch.failure["facts"]) == ("applied", {"count": 1, "names": NUMBER})
    assert facts_of(desk.store, "remark") == {"东沟大塘": "又改过"}


def test_a_visit_since_keeps_no_correction_from_being_undone(desk, later, known):
    batch_id = desk.send(CORRECTION)
    desk.apply(batch_id)
    with desk.store.write() as session:
        a_visit(session, first_site(session, "东沟大塘"))
    assert later.undo(batch_id).state == "undone"
