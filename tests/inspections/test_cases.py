"""Findings open cases or join them; what that makes of the site; lists of cases."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import pytest

from inspections import cases, ledger
from inspections.cases import lists as case_lists
from inspections.cases.lists import CaseFilters
from inspections.deadlines import CountyDates
from inspections.errors import NotFound
from inspections.map_states import site_map_state, state_condition
from inspections.models import Case, Site
from inspections.permissions import SYSTEM, actor_of
from inspections.terms import CaseState, Kind, Listing, MapState, Role, Severity
from tests.case_factories import FOUND_AT, a_case, a_finding, a_visit
from tests.factories import EAST, IN_EAST, NOW, WEST, a_body, a_site, an_officer

DAY = timedelta(days=1)


@pytest.fixture
def session(store):
    with store.begin(writes=True) as session:
        yield session
        session.rollback()


@pytest.fixture
def officer(session):
    return an_officer(session)


def find(session, site, officer, code="POND-02", severity=Severity.MINOR, steps=(), **visit_facts):
    """A visit with one finding, led to its case; returns visit, finding and case."""
    visit = a_visit(session, site, officer, **visit_facts)
    finding = a_finding(session, visit, code, severity=severity, severity_steps=list(steps))
    (case,) = cases.join_or_open(session, visit, [finding], by=actor_of(officer), now=NOW)
    return visit, finding, case


def correct(session, site, officer, old_visit, codes=("POND-02",), severity=Severity.MINOR):
    """A correction of a visit with findings of `codes`; returns visit and cases left without a finding."""
    visit = a_visit(session, site, officer, supersedes_id=old_visit.id)
    findings = [a_finding(session, visit, code, severity=severity) for code in codes]
    by = actor_of(officer)
    cases.join_or_open(session, visit, findings, by=by, now=NOW)
    return visit, cases.replace_findings(session, old_visit, visit, by=by, now=NOW)


def actions(session, case):
    return [entry.action for entry in reversed(ledger.story(session, subject_id=case.id))]


def reread(session, site):
    session.flush()
    session.expire(site)
    return site


def test_a_finding_opens_a_case_with_number_limit_and_entry(session, officer):
    site = a_site(session)
    _, finding, case = find(session, site, officer)
    assert finding.case_id == case.id
    assert not finding.still_there
    assert (case.number, case.state, case.title) == ("2026-P-00001", CaseState.SUSPECTED, "垃圾漂浮物或藻类")
    assert case.due_at == datetime(2026, 11, 16, 16, tzinfo=UTC)  # 24:00 of the seventh day
    assert case.due_basis == {"kind": "rule", "days": 7, "from": "2026-11-09", "provisional": True}
    (entry,) = ledger.story(session, subject_id=case.id)
    assert (entry.action, entry.site_id) == ("case.opened", site.id)
    assert ledger.facts_of(entry)["keys"] == ["bank_garbage_m3"]


def test_numbers_run_by_kind_and_beijing_year(session, officer):
    pond, plot = a_site(session), a_site(session, Kind.STRAW)
    new_year = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)
    numbers = [
        find(session, pond, officer)[2].number,
        find(session, pond, officer, "POND-09")[2].number,
        find(session, plot, officer, "STRAW-04")[2].number,
        find(session, pond, officer, "POND-01", effective_at=new_year)[2].number,
    ]
    assert numbers == ["2026-P-00001", "2026-P-00002", "2026-S-00001", "2027-P-00001"]


def test_what_was_fixed_on_the_spot_starts_as_handed_in(session, officer):
    case = find(session, a_site(session), officer, answers={"fixed_on_spot": True})[2]
    assert (case.state, case.submitted_at) == (CaseState.SUBMITTED, FOUND_AT)


def test_a_milestone_of_the_county_dates_a_case(session, officer):
    site = a_site(session)
    visit = a_visit(session, site, officer)
    finding = a_finding(session, visit, "POND-06")
    dates = CountyDates(milestones={"oxidation_pond": date(2026, 12, 31)})
    (case,) = cases.join_or_open(session, visit, [finding], by=actor_of(officer), now=NOW, dates=dates)
    assert case.due_basis["name"] == "oxidation_pond"
    assert case.due_at == datetime(2026, 12, 31, 16, tzinfo=UTC)


def test_without_the_countys_milestone_a_case_has_no_date_and_says_why(session, officer):
    case = find(session, a_site(session), officer, "POND-06")[2]
    assert case.due_at is None
    assert case.due_basis == {"kind": "unknown", "limit": {"milestone": "oxidation_pond"}}


def test_a_second_finding_joins_the_open_case(session, officer):
    site = a_site(session)
    first = find(session, site, officer)[2]
    _, finding, second = find(session, site, officer)
    assert second is first
    assert finding.still_there
    assert actions(session, first) == ["case.opened", "case.seen_again"]


def test_an_ended_case_is_not_joined(session, officer):
    site = a_site(session)
    a_case(session, site, state=CaseState.CLOSED)
    case = find(session, site, officer)[2]
    assert case.number == "2026-P-00002"


def test_a_graver_finding_raises_the_case_and_keeps_its_reasons(session, officer):
    site = a_site(session)
    find(session, site, officer)
    steps = [{"reason": "repeated", "from": "minor", "to": "moderate"}]
    case = find(session, site, officer, severity=Severity.MODERATE, steps=steps)[2]
    assert case.severity == Severity.MODERATE
    assert case.severity_steps == [
        {"reason": "seen_again", "from": "minor", "to": "moderate", "because": ["repeated"]}
    ]


def test_a_lesser_finding_does_not_lower_the_case(session, officer):
    site = a_site(session)
    find(session, site, officer, severity=Severity.MAJOR)
    assert find(session, site, officer, severity=Severity.MINOR)[2].severity == Severity.MAJOR


def test_a_correction_that_finds_it_again_keeps_the_case_and_is_no_second_sighting(session, officer):
    site = a_site(session)
    visit, old, case = find(session, site, officer, severity=Severity.MAJOR)
    corrected, left = correct(session, site, officer, visit)
    (new,) = corrected.findings
    assert (old.replaced, new.replaced, new.case_id, new.still_there) == (True, False, case.id, False)
    assert left == []
    assert case.severity == Severity.MINOR  # it rested on the corrected finding alone
    assert actions(session, case) == ["case.opened", "case.finding_corrected"]


def test_a_correction_does_not_lower_what_another_visit_found(session, officer):
    site = a_site(session)
    find(session, site, officer, severity=Severity.MAJOR)
    visit, _, case = find(session, site, officer, severity=Severity.MAJOR)
    correct(session, site, officer, visit)
    assert case.severity == Severity.MAJOR


def test_a_case_left_without_a_finding_is_proposed_as_unfounded(session, officer):
    site = a_site(session)
    visit, _, case = find(session, site, officer)
    _, left = correct(session, site, officer, visit, codes=())
    assert left == [case]
    assert (case.proposal, case.state) == ("unfounded", CaseState.SUSPECTED)
    assert actions(session, case) == ["case.opened", "case.left_without_finding"]


def test_a_case_that_another_visit_holds_is_not_proposed(session, officer):
    site = a_site(session)
    visit, _, case = find(session, site, officer)
    find(session, site, officer)
    _, left = correct(session, site, officer, visit, codes=())
    assert left == []
    assert case.proposal == ""


def test_a_later_finding_withdraws_the_proposal(session, officer):
    site = a_site(session)
    visit, _, case = find(session, site, officer)
    cases.drop_findings(session, visit, by=actor_of(officer), now=NOW)
    assert case.proposal == "unfounded"
    find(session, site, officer)
    assert case.proposal == ""


def test_a_correction_after_the_case_was_closed_opens_no_second_one(session, officer):
    site = a_site(session)
    visit, _, case = find(session, site, officer)
    case.state, case.ended_at = CaseState.CLOSED, NOW
    corrected, left = correct(session, site, officer, visit)
    assert corrected.findings[0].case_id == case.id
    assert left == []
    assert case_lists.list_site_cases(session, site.id) == [case]


def test_the_sites_facts_follow_its_cases_and_its_row_version_stays(session, officer):
    site = a_site(session)
    version = site.row_version
    case = find(session, site, officer)[2]
    reread(session, site)
    assert (site.has_suspected, site.open_cases, site.case_due_at) == (True, 1, case.due_at)
    case.state, case.ended_at = CaseState.CLOSED, datetime(2026, 11, 11, 17, tzinfo=UTC)
    cases.refresh_site_facts(session, site.id)
    reread(session, site)
    assert (site.has_suspected, site.open_cases, site.case_due_at) == (False, 0, None)
    assert site.case_closed_on == date(2026, 11, 12)
    assert site.row_version == version


@pytest.mark.parametrize(
    ("named", "counts"),
    [
        ({"state": CaseState.RECTIFYING}, True),
        ({"state": CaseState.SUBMITTED, "submitted_at": NOW - 2 * DAY}, False),
        ({"state": CaseState.SUBMITTED, "submitted_at": NOW}, True),
        ({"state": CaseState.VERIFIED, "submitted_at": NOW}, True),
        ({"state": CaseState.SUSPENDED}, False),
        ({"state": CaseState.CLOSED}, False),
    ],
)
def test_a_deadline_shows_while_its_clock_runs_or_where_it_was_missed(session, named, counts):
    site = a_site(session)
    a_case(session, site, due_at=NOW - DAY, **named)
    assert (reread(session, site).case_due_at is not None) == counts


@pytest.mark.parametrize(
    ("named", "state"),
    [
        ({"due_at": NOW - DAY}, "overdue"),
        ({"due_at": NOW - DAY, "listed": Listing.COUNTY}, "listed"),
        ({"due_at": NOW + DAY, "state": CaseState.RECTIFYING}, "due_soon"),
        ({"due_at": NOW + 9 * DAY}, "suspected"),
        ({"due_at": NOW - DAY, "state": CaseState.SUSPENDED}, "in_hand"),
        ({"state": CaseState.CLOSED, "ended_at": NOW - 29 * DAY}, "closed"),
        ({"state": CaseState.CLOSED, "ended_at": NOW - 30 * DAY}, "normal"),
        ({"state": CaseState.UNFOUNDED, "ended_at": NOW}, "normal"),
    ],
)
def test_a_case_shows_the_same_state_alone_in_a_list_and_on_its_site(session, named, state):
    site = a_site(session)
    case = a_case(session, site, **named)
    session.flush()
    listed = case_lists.list_cases(session, SYSTEM, CaseFilters(state=state), NOW)
    assert case_lists.case_map_state(case, NOW) == MapState(state)
    assert site_map_state(reread(session, site), NOW) == MapState(state)
    assert listed.rows == [case]
    assert session.query(Site).where(state_condition(MapState(state), NOW)).count() == 1


def test_the_list_puts_the_late_first_then_by_deadline_and_the_ended_last(session):
    site = a_site(session)
    later = a_case(session, site, "POND-01", due_at=NOW + 9 * DAY)
    overdue = a_case(session, site, "POND-02", due_at=NOW - DAY)
    closed = a_case(session, site, "POND-03", state=CaseState.CLOSED)
    soon = a_case(session, site, "POND-04", due_at=NOW + DAY)
    undated = a_case(session, site, "POND-06")
    session.flush()
    found = case_lists.list_cases(session, SYSTEM, CaseFilters(), NOW)
    assert found.rows == [overdue, soon, later, undated, closed]
    assert (found.total, found.pages) == (5, 1)


def test_filters_narrow_the_list(session):
    body = a_body(session)
    west, plot = a_site(session), a_site(session, Kind.STRAW, at=IN_EAST, name="渠南地块")
    pond = a_case(session, west, state=CaseState.RECTIFYING, body_id=body.id)
    fire = a_case(session, plot, "STRAW-02", severity=Severity.MAJOR)
    session.flush()

    def numbers(**filters):
        found = case_lists.list_cases(session, SYSTEM, CaseFilters(**filters), NOW)
        return {case.number for case in found.rows}

    both, only_pond, only_fire = {pond.number, fire.number}, {pond.number}, {fire.number}
    assert numbers() == numbers(state="open") == both
    assert numbers(kind="pond") == numbers(township=WEST) == numbers(stage="rectifying") == only_pond
    assert numbers(body=str(body.id)) == numbers(q=pond.number.lower()) == numbers(q="garbage") == only_pond
    assert numbers(q="漂浮物") == only_pond
    assert numbers(severity="major") == numbers(township=EAST) == numbers(q="渠南") == only_fire
    assert numbers(q="%") == numbers(kind="ship") == numbers(state="on fire") == numbers(body="x") == set()


def test_an_officer_sees_the_cases_of_the_own_scope_only(session):
    here, there = a_case(session, a_site(session)), a_case(session, a_site(session, at=IN_EAST))
    session.flush()
    township = actor_of(an_officer(session, Role.TOWNSHIP, areas=(WEST,)))
    assert case_lists.list_cases(session, township, CaseFilters(), NOW).rows == [here]
    assert case_lists.count_cases(session, township, CaseFilters(), NOW) == 1
    assert case_lists.get_case(session, here.id, township) is here
    with pytest.raises(NotFound):
        case_lists.get_case(session, there.id, township)


def test_a_case_shows_its_findings_with_who_saw_them_newest_first(session, officer):
    site = a_site(session)
    find(session, site, officer)
    case = find(session, site, officer, effective_at=NOW)[2]
    found = case_lists.list_findings(session, case.id)
    assert [one.visit.effective_at for one in found] == [NOW, FOUND_AT]
    assert {one.officer_name for one in found} == {officer.full_name}


def test_history_tells_what_is_open_and_what_was_closed_within_a_year(session):
    site = a_site(session)
    a_case(session, site, "POND-01", listed=Listing.CITY, round=2, state=CaseState.RECTIFYING)
    a_case(session, site, "POND-02", state=CaseState.CLOSED, ended_at=NOW - 364 * DAY)
    a_case(session, site, "POND-09", state=CaseState.CLOSED, ended_at=NOW - 366 * DAY)
    a_case(session, site, "POND-03", state=CaseState.UNFOUNDED, ended_at=NOW)
    assert cases.history_codes(session, site.id, now=NOW) == {
        "open": ["POND-01"],
        "reopened": ["POND-01"],
        "listed": ["POND-01"],
        "repeated": ["POND-02"],
    }


def test_two_visits_at_once_open_one_case(store):
    """The second waits: on SQLite for the write lock, on PostgreSQL for the row of the site."""
    with store.write() as session:
        site, officer = a_site(session), an_officer(session)
        site_id, officer_id = site.id, officer.id
    start = threading.Barrier(2)

    def visit_once():
        start.wait()
        with store.write() as session:
            site = session.query(Site).where(Site.id == site_id).one()
            visit = a_visit(session, site, session.get(type(officer), officer_id))
            finding = a_finding(session, visit)
            cases.join_or_open(session, visit, [finding], by=SYSTEM, now=NOW)

    threads = [threading.Thread(target=visit_once) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as session:
        (case,) = session.query(Case).all()
        assert actions(session, case) == ["case.opened", "case.seen_again"]
