"""Reviewing, sending back and voiding visits; lists of them; showing what is restricted."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from inspections import ledger
from inspections.errors import NotAllowed, NotFound
from inspections.models import Case, Site
from inspections.permissions import SYSTEM, Actor, actor_of
from inspections.store import Store
from inspections.terms import Kind, Role, VisitState
from inspections.visits import lists as visit_lists
from inspections.visits import reviews as visit_reviews
from inspections.visits.lists import VisitFilter, list_visits
from inspections.visits.reviews import NotReviewable, OwnVisit, ReviewReason
from tests.factories import EAST, IN_EAST, NOW, WEST, a_county, a_site, an_officer
from tests.visit_payloads import FOUL_POND, SCAR, a_payload, log, nothing_found

FOUND = ("photo_overview", "photo_detail")
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def session(store: Store):
    with store.write() as opened:
        a_county(opened)
        yield opened


@pytest.fixture
def site(session: Session) -> Site:
    return a_site(session)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "evidence"


def an_actor(session: Session, role: Role, **named) -> Actor:
    return actor_of(an_officer(session, role, **named))


@pytest.fixture
def inspector(session: Session) -> Actor:
    return an_actor(session, Role.INSPECTOR, areas=(WEST,), full_name="林某")


@pytest.fixture
def township(session: Session) -> Actor:
    return an_actor(session, Role.TOWNSHIP, areas=(WEST,))


@pytest.fixture
def supervisor(session: Session) -> Actor:
    return an_actor(session, Role.SUPERVISOR)


@pytest.fixture
def visit(session, site, inspector, folder):
    return log(session, a_payload(site, FOUL_POND), by=inspector, folder=folder, items=FOUND)


def story(session: Session, visit) -> list[str]:
    return [entry.action for entry in ledger.story(session, subject_id=visit.id)]


def test_a_reviewed_visit_says_by_whom_and_when(session, visit, township):
    visit_reviews.review_visit(session, visit, by=township, now=LATER)
    assert (visit.state, visit.reviewed_at, visit.reviewed_by_id) == (VisitState.REVIEWED, LATER, township.id)
    assert story(session, visit)[0] == "visit.reviewed"


def test_nobody_reviews_their_own_visit(session, site, township, folder):
    own = log(session, nothing_found(site), by=township, folder=folder)
    for act in (
        lambda: visit_reviews.review_visit(session, own, by=township, now=LATER),
        lambda: visit_reviews.return_visit(session, own, "照片不清", by=township, now=LATER),
    ):
        with pytest.raises(OwnVisit):
            act()
    assert not visit_reviews.may_review(own, by=township)


@pytest.mark.parametrize("role", [Role.INSPECTOR, Role.LEADER, Role.ADMIN])
def test_who_does_not_review_may_not(session, visit, role):
    with pytest.raises(NotAllowed):
        visit_reviews.review_visit(session, visit, by=an_actor(session, role), now=LATER)


def test_another_townships_visit_is_not_there_to_review(session, visit):
    other = an_actor(session, Role.TOWNSHIP, areas=(EAST,))
    with pytest.raises(NotFound):
        visit_reviews.review_visit(session, visit, by=other, now=LATER)
    assert not visit_reviews.may_review(visit, by=other)


def test_sending_back_keeps_the_reason(session, visit, township):
    visit_reviews.return_visit(session, visit, "  全景照片看不清  ", by=township, now=LATER)
    assert (visit.state, visit.review_note) == (VisitState.RETURNED, "全景照片看不清")
    entry = ledger.story(session, subject_id=visit.id)[0]
    assert (entry.action, ledger.facts_of(entry)["reason"]) == ("visit.returned", "全景照片看不清")


def test_a_reason_has_four_to_five_hundred_characters(session, visit, township):
    for reason in ("", "不清楚", " \u3000\n", "\u200b" * 9, "长" * 501):
        with pytest.raises(ReviewReason):
            visit_reviews.return_visit(session, visit, reason, by=township, now=LATER)
    assert (visit.state, visit.review_note) == (VisitState.SUBMITTED, "")


def test_a_visit_is_decided_once(session, visit, township):
    visit_reviews.review_visit(session, visit, by=township, now=LATER)
    with pytest.raises(NotReviewable):
        visit_reviews.return_visit(session, visit, "照片不清楚", by=township, now=LATER)


def test_a_superseded_visit_is_not_reviewed(session, site, visit, inspector, township, folder):
    log(session, nothing_found(site, supersedes=str(visit.id)), by=inspector, folder=folder)
    with pytest.raises(NotReviewable):
        visit_reviews.review_visit(session, visit, by=township, now=LATER)


def test_a_void_visit_holds_no_case_and_no_last_visit(session, site, visit, supervisor):
    visit_reviews.void_visit(session, visit, "记录对象错误", by=supervisor, now=LATER)
    session.refresh(site)
    assert (visit.state, site.last_visited_at) == (VisitState.VOID, None)
    assert session.scalars(select(Case)).one().proposal == "unfounded"
    assert [found.replaced for found in visit.findings] == [True]
    with pytest.raises(NotReviewable):
        visit_reviews.void_visit(session, visit, "记录对象错误", by=supervisor, now=LATER)


def test_only_a_supervisor_voids(session, visit, township):
    with pytest.raises(NotAllowed):
        visit_reviews.void_visit(session, visit, "记录对象错误", by=township, now=LATER)


def test_a_reviewed_visit_may_still_be_voided(session, visit, township, supervisor):
    visit_reviews.review_visit(session, visit, by=township, now=LATER)
    visit_reviews.void_visit(session, visit, "记录对象错误", by=supervisor, now=LATER)
    assert visit.state == VisitState.VOID


def test_showing_what_is_restricted_is_an_entry(session, inspector, township, folder):
    plot = a_site(session, Kind.STRAW)
    answers = SCAR | {"party_known": True, "party_name": "张三丰"}
    visit = log(session, a_payload(plot, answers), by=inspector, folder=folder, items=(*FOUND, "photo_fire"))
    assert visit_reviews.show_restricted(session, visit, by=township, now=LATER) == {"party_name": "张三丰"}
    entry = ledger.story(session, subject_id=visit.id)[0]
    assert (entry.action, ledger.facts_of(entry)) == ("visit.restricted_shown", {"shown": ["party_name"]})
    with pytest.raises(NotAllowed):
        visit_reviews.show_restricted(session, visit, by=inspector, now=LATER)


# Lists


@pytest.fixture
def some(session, site, visit, inspector, township, supervisor, folder):
    """A finding and a corrected visit in the west, one in the east, one of another kind."""
    east = a_site(session, at=IN_EAST, name="渠南塘")
    plot = a_site(session, Kind.STRAW, name="北滩地块")
    first = log(session, nothing_found(site), by=inspector, folder=folder, now=NOW + timedelta(minutes=1))
    return {
        "found": visit,
        "old": first,
        "new": log(session, nothing_found(site, supersedes=str(first.id)), by=inspector, folder=folder),
        "east": log(
            session,
            nothing_found(east, position=None),
            by=supervisor,
            folder=folder,
            now=NOW + timedelta(minutes=3),
        ),
        "plot": log(session, nothing_found(plot), by=township, folder=folder, now=NOW + timedelta(minutes=4)),
    }


def names(some, rows) -> list[str]:
    return [name for row in rows for name, visit in some.items() if visit.id == row.id]


def test_a_list_is_newest_first_without_superseded_versions(session, some, supervisor):
    rows, total = list_visits(session, by=supervisor, narrowed=VisitFilter())
    assert (names(some, rows), total) == (["plot", "east", "new", "found"], 4)


NARROWED = [
    ({"kind": "straw"}, ["plot"]),
    ({"township": EAST}, ["east"]),
    ({"result": "finding"}, ["found"]),
    ({"flagged": True}, ["east", "new"]),
    ({"mine": True}, ["east"]),
    ({"q": "渠南"}, ["east"]),
    ({"q": "%"}, []),
    ({"state": "reviewed"}, []),
    ({"with_superseded": True}, ["plot", "east", "old", "new", "found"]),
]


def test_a_list_is_narrowed(session, some, supervisor):
    for narrowed, expected in NARROWED:
        rows, total = list_visits(session, by=supervisor, narrowed=VisitFilter(**narrowed))
        assert sorted(names(some, rows)) == sorted(expected), narrowed
        assert total == len(expected), narrowed


def test_a_list_is_narrowed_to_one_site_and_turned_over(session, some, site, supervisor):
    narrowed = VisitFilter(site_id=site.id)
    first, total = list_visits(session, by=supervisor, narrowed=narrowed, page=1, size=1)
    second, _ = list_visits(session, by=supervisor, narrowed=narrowed, page=2, size=1)
    assert (names(some, first + second), total) == (["new", "found"], 2)


def test_a_township_sees_its_own_area(session, some, township):
    rows, _ = list_visits(session, by=township, narrowed=VisitFilter())
    assert names(some, rows) == ["plot", "new", "found"]


def test_a_visit_is_read_in_scope_or_as_ones_own(session, some, township, inspector):
    assert visit_lists.get_visit(session, some["found"].id, by=township) is some["found"]
    with pytest.raises(NotFound):
        visit_lists.get_visit(session, some["east"].id, by=township)
    moved = an_actor(session, Role.INSPECTOR, areas=(EAST,))
    some["found"].officer_id = moved.id
    session.flush()
    assert visit_lists.get_visit(session, some["found"].id, by=moved)


def test_versions_know_each_other(session, some):
    assert visit_lists.versions_of(session, some["old"]).newer is some["new"]
    assert visit_lists.versions_of(session, some["new"]).older is some["old"]


def test_what_waits_for_review_leaves_out_ones_own(session, some, township, inspector):
    assert visit_lists.count_to_review(session, by=township) == 2
    assert visit_lists.count_to_review(session, by=inspector) == 0


def test_names_and_cases_come_with_a_visit(session, some):
    session.expire_all()
    found = visit_lists.get_visit(session, some["found"].id, by=SYSTEM)
    assert (found.officer.full_name, found.reviewer) == ("林某", None)
    ((finding, case),) = visit_lists.findings_of(session, found)
    assert (finding.code, case.code, finding.case_id) == ("POND-01", "POND-01", case.id)
