"""Applying is all or nothing, on the county as it was checked; each change has its entry in the ledger."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from inspections import ledger, sites
from inspections.imports import batches
from inspections.imports.batches import AlreadyImported, WrongStep
from inspections.imports.jobs import run_job
from inspections.imports.mending import report_of
from inspections.models import ImportRow, LedgerEntry, Operator, Site
from inspections.sites.rules import SiteFacts
from inspections.sites.warnings import EVERYTHING
from inspections.terms import ImportJob, Role
from tests.factories import WEST, a_body, a_site
from tests.imports import Desk, a_desk, facts_of

NUMBER = "P-990101100-0901"
HEADING = "编号,名称,经度,纬度,面积（亩）,责任人,联系电话,备注\n"
REGISTER = HEADING + (
    "1,柳荫塘,100.40,38.90,6.5,张三,13800000000,\n2,苇塘,100.41,38.91,3.5,,,\n3,没有位置,,,,,,\n"
)


@pytest.fixture
def known(request: pytest.FixtureRequest) -> Site:
    """A pond with a number that a register may name, in the county of the test's desk."""
    desk = request.getfixturevalue("desk" if "desk" in request.fixturenames else "sqlite_desk")
    with desk.store.write() as session:
        return a_site(session, number=NUMBER, remark="老塘", area_reported_mu=2.0, source_ref="旧-1")


def corrected(desk: Desk, *columns: str, **facts: str):
    """A register that names the known pond by its number, with a new name unless told otherwise."""
    said = {"编号": NUMBER, "名称": "柳荫塘", "经度": "100.40", "纬度": "38.93"} | facts
    names = [name for name in said if name not in columns]
    return desk.send(",".join(names) + "\n" + ",".join(said[name] for name in names) + "\n")


def edit(desk: Desk, site_id, name: str, minutes: int = 5) -> None:
    """Correct a site by hand, later."""
    with desk.store.write() as session:
        site = session.scalar(select(Site).where(Site.id == site_id))
        facts = SiteFacts(
            kind="pond", name=name, geometry=site.geometry, subtype=site.subtype, remark=site.remark
        )
        now = desk.now + timedelta(minutes=minutes)
        version = site.row_version
        sites.correct_site(
            session, site, facts, row_version=version, by=desk.by, now=now, confirmed=EVERYTHING
        )


def entries(desk: Desk) -> list[tuple[str, dict]]:
    with desk.store.read() as session:
        ledger.verify(session)
        found = session.scalars(select(LedgerEntry).order_by(LedgerEntry.number))
        return [(entry.action, ledger.facts_of(entry)) for entry in found]


def test_an_error_in_the_last_row_leaves_nothing(desk):
    batch_id = desk.send(REGISTER + f"{NUMBER},尾塘,100.45,38.95,,,,\n")
    with desk.store.write() as session:
        a_site(session, at=(100.60, 38.93), number=NUMBER)  # what the last row is about to take
    batch = desk.apply(batch_id)
    assert (batch.state, batch.failure["code"]) == ("checked", "conflict.doubled")
    assert len(facts_of(desk.store, "name")) == 1
    with desk.store.read() as session:
        assert session.scalar(select(func.count()).select_from(Operator)) == 0
        assert ledger.count(session) == 0
    assert not batches.report_path(desk.settings.imports, batch).exists()


def test_what_failed_to_apply_can_be_checked_again_and_applied(sqlite_desk):
    batch_id = sqlite_desk.send(f"编号,名称,经度,纬度\n{NUMBER},尾塘,100.45,38.95\n")
    with sqlite_desk.store.write() as session:
        a_site(session, at=(100.45, 38.95), name="别的塘", number=NUMBER)
    sqlite_desk.apply(batch_id)
    sqlite_desk.check(batch_id)
    assert sqlite_desk.outcomes(batch_id) == {2: "changed"}
    assert sqlite_desk.apply(batch_id).state == "applied"
    assert facts_of(sqlite_desk.store, "number") == {"尾塘": NUMBER}


def test_every_change_has_its_entry_and_the_chain_holds(desk, known):
    batch_id = desk.send(REGISTER + f"{NUMBER},大塘,100.40,38.93,,,,\n")
    batch = desk.apply(batch_id)
    actions = [action for action, _ in entries(desk)]
    assert actions == ["sites.imported", "site.imported", "site.imported", "site.corrected"]
    head, *_, correction = [facts for _, facts in entries(desk)]
    assert (head["rows_read"], head["rows_accepted"], head["rows_refused"]) == (4, 3, 1)
    assert head["report_sha256"] == batch.report_sha256
    assert (correction["before"]["name"], correction["after"]["name"]) == ("苇塘东塘", "大塘")
    assert (correction["batch"], correction["row"], correction["version"]) == (str(batch_id), 5, 2)


def test_restricted_words_stand_in_no_entry(sqlite_desk):
    sqlite_desk.apply(sqlite_desk.send(REGISTER))
    with sqlite_desk.store.read() as session:
        text = "".join(session.scalars(select(LedgerEntry.facts)))
    assert "张三" not in text
    assert "13800000000" not in text


def test_a_row_with_a_number_of_ours_corrects_what_its_columns_speak_of(sqlite_desk, known):
    assert sqlite_desk.apply(corrected(sqlite_desk, 备注="新修")).state == "applied"
    [facts] = facts_of(
        sqlite_desk.store, "name", "remark", "area_reported_mu", "source_ref", "row_version"
    ).values()
    assert facts == ("柳荫塘", "新修", 2.0, "旧-1", 2)


def test_a_row_that_says_what_the_register_says_changes_nothing(sqlite_desk, known):
    batch_id = corrected(sqlite_desk, 名称="苇塘东塘")
    assert sqlite_desk.outcomes(batch_id) == {2: "same"}
    assert sqlite_desk.apply(batch_id).state == "applied"
    assert [action for action, _ in entries(sqlite_desk)] == ["sites.imported"]
    assert facts_of(sqlite_desk.store, "row_version") == {"苇塘东塘": 1}


def test_a_site_changed_since_the_check_stops_applying_and_the_file_is_checked_again(desk, known):
    batch_id = corrected(desk)
    edit(desk, known.id, "改名塘")
    batch = desk.apply(batch_id)
    assert (batch.state, batch.job, batch.failure["code"]) == (
        "checked",
        ImportJob.CHECK,
        "import.sites_changed",
    )
    assert list(facts_of(desk.store, "name")) == ["改名塘"]
    run_job(desk.work, batch_id)
    assert desk.apply(batch_id).state == "applied"
    assert list(facts_of(desk.store, "name")) == ["柳荫塘"]


def test_a_site_that_left_the_register_since_the_check_is_not_corrected(sqlite_desk, known):
    batch_id = corrected(sqlite_desk)
    with sqlite_desk.store.write() as session:
        site = session.get(Site, known.pk)
        sites.retire_site(session, site, reason="填平了", by=sqlite_desk.by, now=sqlite_desk.now)
    sqlite_desk.apply(batch_id)
    run_job(sqlite_desk.work, batch_id)
    assert sqlite_desk.outcomes(batch_id) == {2: "refused"}
    assert sqlite_desk.message(batch_id, "import.number_taken", 2).facts == {"number": NUMBER}


def test_a_site_answered_as_the_same_and_changed_since_is_asked_about_again_or_taken_as_it_is(
    sqlite_desk, known
):
    batch_id = sqlite_desk.send("名称,经度,纬度\n柳荫塘,100.4001,38.93\n")
    sqlite_desk.answer(batch_id, "site.near_another", "change")
    edit(sqlite_desk, known.id, "改名塘")
    assert sqlite_desk.apply(batch_id).failure["code"] == "import.sites_changed"
    run_job(sqlite_desk.work, batch_id)
    assert sqlite_desk.apply(batch_id).state == "applied"
    assert facts_of(sqlite_desk.store, "number", "row_version") == {"柳荫塘": (NUMBER, 3)}


def test_a_lead_body_and_an_operator_come_with_the_row(sqlite_desk, known):
    with sqlite_desk.store.write() as session:
        body = a_body(session, name="县水务局", short_name="水务局")
    batch_id = corrected(sqlite_desk, 责任单位="水务局", 责任人="张三", 联系电话="13800000000")
    sqlite_desk.apply(batch_id)
    [(body_id, operator)] = facts_of(sqlite_desk.store, "body_id", "operator").values()
    assert (body_id, operator.name, operator.phone) == (body.id, "张三", "13800000000")


def test_one_operator_of_many_rows_is_kept_once(sqlite_desk):
    rows = "".join(f"{at},{at}号塘,100.4{at},38.90,,张三,13800000000,\n" for at in range(4))
    sqlite_desk.apply(sqlite_desk.send(HEADING + rows))
    with sqlite_desk.store.read() as session:
        assert session.scalar(select(func.count()).select_from(Operator)) == 1


def test_numbers_that_a_register_brings_are_kept_and_never_given_again(desk):
    desk.apply(desk.send("编号,名称,经度,纬度\nP-990101100-0007,柳荫塘,100.40,38.90\n"))
    desk.apply(desk.send("名称,经度,纬度\n苇塘,100.45,38.91\n"))
    assert facts_of(desk.store, "number") == {"柳荫塘": "P-990101100-0007", "苇塘": "P-990101100-0008"}


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("S-990101100-0007", "import.number_elsewhere"),
        ("P-990101200-0007", "import.number_elsewhere"),
    ],
)
def test_a_number_of_another_kind_or_township_is_refused(sqlite_desk, number, code):
    batch_id = sqlite_desk.send(f"编号,名称,经度,纬度\n{number},柳荫塘,100.40,38.90\n")
    assert sqlite_desk.message(batch_id, code, 2).facts == {"number": number}


def test_a_number_twice_in_a_file_is_refused_the_second_time(sqlite_desk):
    rows = f"{NUMBER},柳荫塘,100.40,38.90\n{NUMBER},苇塘,100.45,38.91\n"
    batch_id = sqlite_desk.send(f"编号,名称,经度,纬度\n{rows}")
    assert sqlite_desk.outcomes(batch_id) == {2: "new", 3: "refused"}


def test_a_file_is_applied_once(desk):
    batch_id = desk.send(REGISTER)
    desk.apply(batch_id)
    with pytest.raises(WrongStep):
        desk.apply(batch_id)
    with pytest.raises(AlreadyImported, match=r"2026-11-12 as 坑塘.csv: 2 rows"):
        desk.send(REGISTER, "另一个名字.csv")


def test_the_same_file_is_received_for_another_kind(sqlite_desk):
    sqlite_desk.apply(sqlite_desk.send(REGISTER))
    batch_id = sqlite_desk.send(REGISTER, kind="straw")
    assert sqlite_desk.batch(batch_id).rows_accepted == 2


def test_the_same_file_sent_again_before_it_is_applied_is_the_one_there_is(sqlite_desk):
    batch_id = sqlite_desk.send(REGISTER)
    assert sqlite_desk.send(REGISTER, "again.csv") == batch_id


def test_of_two_officers_with_the_same_file_only_one_applies_it(desk, tmp_path):
    colleague = a_desk(desk.store, tmp_path)
    batch_ids = desk.send(REGISTER), colleague.send(REGISTER)
    with desk.store.write() as session:  # both before the worker comes to the first
        for one, batch_id in zip((desk, colleague), batch_ids, strict=True):
            batches.ask_to_apply(session, batches.get_batch(session, batch_id, one.by), by=one.by)
    for batch_id in batch_ids:
        run_job(desk.work, batch_id)
    first, second = (desk.batch(batch_id) for batch_id in batch_ids)
    assert (first.state, second.state) == ("applied", "checked")
    assert second.failure["code"] == "import.already_imported"
    assert len(facts_of(desk.store, "name")) == 2


def test_rows_that_are_in_the_register_are_let_go_and_refused_ones_stay(sqlite_desk):
    batch_id = sqlite_desk.send(REGISTER)
    sqlite_desk.apply(batch_id)
    with sqlite_desk.store.read() as session:
        assert list(session.scalars(select(ImportRow.number))) == [4]


def test_the_report_that_is_kept_is_the_one_the_ledger_names(sqlite_desk):
    batch_id = sqlite_desk.send(REGISTER)
    batch = sqlite_desk.apply(batch_id)
    with sqlite_desk.store.read() as session:
        data = report_of(session, sqlite_desk.settings.imports, batch, str)
    assert hashlib.sha256(data).hexdigest() == batch.report_sha256
    report = json.loads(data)
    assert report["rows"] == {"read": 3, "accepted": 2, "warned": 0, "refused": 1}
    assert [(one["row"], one["code"]) for one in report["messages"]] == [(4, "import.position_missing")]


def test_a_township_clerk_brings_only_what_lies_in_the_own_township(sqlite_desk, tmp_path):
    clerk = a_desk(sqlite_desk.store, tmp_path, Role.TOWNSHIP, areas=(WEST,))
    batch_id = clerk.send("名称,经度,纬度\n柳荫塘,100.40,38.93\n东塘,100.60,38.93\n")
    assert clerk.apply(batch_id).rows_accepted == 1
    assert list(facts_of(sqlite_desk.store, "name")) == ["柳荫塘"]


def test_a_file_given_up_leaves_no_row_and_no_bytes(sqlite_desk):
    batch_id = sqlite_desk.send(REGISTER)
    path = sqlite_desk.settings.imports / str(batch_id)
    assert path.exists()
    with sqlite_desk.store.write() as session:
        batch = batches.get_batch(session, batch_id, sqlite_desk.by)
        batches.give_up(session, sqlite_desk.settings.imports, batch)
    assert not path.exists()
    assert sqlite_desk.outcomes(batch_id) == {}


def test_a_clock_that_runs_on_is_seen_in_what_is_applied(sqlite_desk):
    later = replace(sqlite_desk, now=sqlite_desk.now + timedelta(hours=2))
    batch_id = sqlite_desk.send(REGISTER)
    assert later.apply(batch_id).applied_at == later.now
    assert set(facts_of(sqlite_desk.store, "activated_at").values()) == {later.now}
