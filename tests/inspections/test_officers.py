"""Who may sign in, for how long, and how the administrator keeps officers and bodies."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from inspections import bodies, ledger, officers
from inspections.bodies import BodyFacts
from inspections.errors import InvalidFields, NotAllowed
from inspections.models import Body, KeptForm, LedgerEntry, Officer, SignInFailure
from inspections.officers import SignInLocked, SignInRefused, WrongPassword
from inspections.officers import records as officer_records
from inspections.officers.rules import OfficerFacts
from inspections.permissions import actor_of
from inspections.terms import CaseState, Kind, Role
from tests.case_factories import a_case
from tests.factories import EAST, NOW, PASSWORD, WEST, a_body, a_county, a_site, an_officer

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
HERE, THERE = "10.0.0.1", "10.0.0.2"
NEW = "another sound password"


@pytest.fixture
def session(store):
    with store.begin(writes=True) as session:
        yield session
        session.rollback()


@pytest.fixture
def admin(session):
    return actor_of(an_officer(session, Role.ADMIN, name="admin"), HERE)


def sign_in(session, name, password=PASSWORD, address=HERE, now=NOW, **named):
    return officers.sign_in(session, name, password, address=address, now=now, **named)


def fail(session, name, *minutes, address=HERE):
    for minute in minutes:
        officers.note_failure(session, name, address=address, now=NOW + minute * MINUTE)
    session.flush()


def last_entry(session) -> LedgerEntry:
    return session.scalars(select(LedgerEntry).order_by(LedgerEntry.number.desc())).first()


def test_a_name_is_taken_in_any_case_and_with_spaces_around(session):
    officer = an_officer(session, name="lin")
    found = officers.find_signed_in(session, sign_in(session, " LIN "), NOW)
    assert found.officer is officer


@pytest.mark.parametrize("name", ["nobody", "", "x" * 5000, "li\x00n", "\ud800"])
def test_an_unknown_name_is_refused_like_a_wrong_password(session, name):
    with pytest.raises(SignInRefused):
        sign_in(session, name)
    officers.note_failure(session, name, address=HERE, now=NOW)
    session.flush()


def test_each_sign_in_has_a_token_of_its_own_and_only_its_digest_is_kept(session):
    officer = an_officer(session, name="lin")
    tokens = {sign_in(session, "lin"), sign_in(session, "lin")}
    kept = {row.token_sha256 for row in officers.list_sessions(session, actor_of(officer), NOW)}
    assert len(tokens) == len(kept) == 2
    assert not tokens & kept


def test_five_failures_within_half_an_hour_lock_the_name_here_for_half_an_hour(session):
    an_officer(session, name="lin")
    fail(session, "lin", 0, 7, 14, 21, 28)
    for minute in (28, 40, 57):
        with pytest.raises(SignInLocked):
            sign_in(session, "lin", now=NOW + minute * MINUTE)
    assert sign_in(session, "lin", now=NOW + 58 * MINUTE)


def test_a_locked_name_says_how_long(session):
    fail(session, "lin", 0, 0, 0, 0, 0)
    with pytest.raises(SignInLocked) as refused:
        sign_in(session, "lin", now=NOW + 10 * MINUTE)
    assert refused.value.facts == {"minutes": 20}


def test_the_lock_holds_for_the_name_and_for_the_address(session):
    an_officer(session, name="lin")
    an_officer(session, name="zhou")
    fail(session, "lin", 0, 0, 0, 0, 0)
    assert sign_in(session, "lin", address=THERE)
    assert sign_in(session, "zhou")


def test_four_failures_do_not_lock_and_success_forgets_them(session):
    an_officer(session, name="lin")
    fail(session, "lin", 0, 0, 0, 0)
    sign_in(session, "lin")
    assert session.scalars(select(SignInFailure)).all() == []


def test_old_failures_do_not_pile_up(session):
    fail(session, "lin", 0, 60 * 25)
    assert len(session.scalars(select(SignInFailure)).all()) == 1


@pytest.mark.parametrize(("device", "idle"), [("office", 12 * HOUR), ("field", 30 * DAY)])
def test_a_session_goes_idle(session, device, idle):
    an_officer(session, name="lin")
    token = sign_in(session, "lin", device=device)
    assert officers.find_signed_in(session, token, NOW + idle)
    assert officers.find_signed_in(session, token, NOW + idle + MINUTE) is None
    officers.note_use(session, token, NOW + idle)
    assert officers.find_signed_in(session, token, NOW + 2 * idle)


def test_deactivating_ends_every_session_at_once_and_bars_the_door(session, admin):
    officer = an_officer(session, name="lin")
    tokens = [sign_in(session, "lin"), sign_in(session, "lin", device="field")]
    officer_records.set_active(session, officer.id, False, by=admin, now=NOW)
    assert [officers.find_signed_in(session, token, NOW) for token in tokens] == [None, None]
    with pytest.raises(SignInRefused):
        sign_in(session, "lin")
    officer_records.set_active(session, officer.id, True, by=admin, now=NOW)
    assert officers.find_signed_in(session, tokens[0], NOW) is None
    assert sign_in(session, "lin")
    assert last_entry(session).action == "officer.reactivated"


def test_a_new_password_from_the_administrator_ends_the_sessions_and_stays_out_of_the_ledger(session, admin):
    officer = an_officer(session, name="lin")
    token = sign_in(session, "lin")
    officer_records.set_password(session, officer.id, NEW, by=admin, now=NOW)
    assert officers.find_signed_in(session, token, NOW) is None
    assert sign_in(session, "lin", NEW)
    entry = last_entry(session)
    assert (entry.action, ledger.facts_of(entry)) == ("officer.password_set", {"name": "lin"})


def test_the_own_password_needs_the_present_one_and_spares_the_own_session(session):
    officer = an_officer(session, name="lin")
    here, elsewhere = sign_in(session, "lin"), sign_in(session, "lin")
    by = actor_of(officer, HERE)
    with pytest.raises(WrongPassword):
        officers.change_password(session, old="wrong", new=NEW, token=here, by=by, now=NOW)
    officers.change_password(session, old=PASSWORD, new=NEW, token=here, by=by, now=NOW)
    assert officers.find_signed_in(session, here, NOW)
    assert officers.find_signed_in(session, elsewhere, NOW) is None
    with pytest.raises(SignInRefused):
        sign_in(session, "lin")
    assert NEW not in last_entry(session).facts


def test_guessing_the_present_password_is_locked_too(session):
    by = actor_of(an_officer(session, name="lin"), HERE)
    fail(session, "lin", 0, 0, 0, 0, 0)
    with pytest.raises(SignInLocked):
        officers.change_password(session, old=PASSWORD, new=NEW, token="", by=by, now=NOW)


def test_only_the_own_sessions_can_be_ended(session):
    lin, zhou = an_officer(session, name="lin"), an_officer(session, name="zhou")
    token = sign_in(session, "lin")
    (row,) = officers.list_sessions(session, actor_of(lin), NOW)
    with pytest.raises(officers.SessionGone):
        officers.end_session(session, row.token_sha256, by=actor_of(zhou), now=NOW)
    officers.end_session(session, row.token_sha256, by=actor_of(lin), now=NOW)
    assert officers.find_signed_in(session, token, NOW) is None


def test_what_was_typed_is_kept_for_its_officer_only_and_not_for_ever(session):
    lin, zhou = an_officer(session, name="lin"), an_officer(session, name="zhou")
    token = sign_in(session, "lin")
    kept = officers.keep_form(session, token, "/sites", [("name", "塘")], NOW)
    session.flush()
    assert officers.find_kept_form(session, kept, actor_of(lin)).fields == [["name", "塘"]]
    assert officers.find_kept_form(session, kept, actor_of(zhou)) is None
    assert officers.keep_form(session, "nobody's token", "/sites", [], NOW + 31 * DAY) is None
    assert session.scalars(select(KeptForm)).all() == []


def test_an_officer_is_added_with_scope_and_body(session, admin):
    a_county(session)
    body = a_body(session)
    facts = OfficerFacts(" 林  某 ", "township", body.id, [WEST], ["pond", "straw"])
    officer = officer_records.enrol_officer(session, "Lin.Mou", facts, password=PASSWORD, by=admin, now=NOW)
    actor = actor_of(officer)
    assert (officer.name, officer.full_name) == ("lin.mou", "林 某")
    assert (actor.areas, actor.kinds, actor.body_id) == ({WEST}, {"pond", "straw"}, body.id)
    assert sign_in(session, "lin.mou")
    assert PASSWORD not in last_entry(session).facts


def test_everything_wrong_with_a_new_officer_is_said_at_once(session, admin):
    ended = a_body(session, active=False)
    facts = OfficerFacts("x" * 41, "king", ended.id, ["999999999999"], ["ship"])
    with pytest.raises(InvalidFields) as refused:
        officer_records.enrol_officer(session, "l i", facts, password=PASSWORD[:5], by=admin, now=NOW)
    assert refused.value.problems.keys() == {
        "full_name", "role", "body_id", "areas", "kinds", "name", "password"
    }  # fmt: skip


def test_a_name_is_given_once(session, admin):
    an_officer(session, name="lin")
    with pytest.raises(officer_records.NameTaken):
        officer_records.enrol_officer(
            session, "LIN", OfficerFacts("林某", "leader"), password=PASSWORD, by=admin, now=NOW
        )


def test_a_correction_holds_and_tells_what_was_before(session, admin):
    a_county(session)
    officer = an_officer(session, Role.TOWNSHIP, areas=(WEST,), full_name="林某")
    facts = OfficerFacts("林某", "department", None, [EAST], ["pond"])
    officer_records.correct_officer(
        session, officer.id, facts, row_version=officer.row_version, by=admin, now=NOW
    )
    session.expire(officer)
    assert (officer.role, actor_of(officer).areas) == (Role.DEPARTMENT, {EAST})
    told = ledger.facts_of(last_entry(session))
    assert told["before"] == {"areas": [WEST], "kinds": [], "role": "township"}
    assert told["after"] == {"areas": [EAST], "kinds": ["pond"], "role": "department"}


def test_a_correction_that_changes_nothing_leaves_no_entry(session, admin):
    officer = an_officer(session, Role.LEADER, full_name="林某")
    facts = OfficerFacts("林某", "leader")
    officer_records.correct_officer(session, officer.id, facts, row_version=1, by=admin, now=NOW)
    assert last_entry(session) is None


def test_two_corrections_of_the_same_version_meet(session, admin):
    officer = an_officer(session, Role.INSPECTOR)
    first = OfficerFacts("林某", "inspector", kinds=["pond"])  # only the scope moves
    officer_records.correct_officer(session, officer.id, first, row_version=1, by=admin, now=NOW)
    with pytest.raises(officer_records.OfficerChanged):
        officer_records.correct_officer(
            session, officer.id, OfficerFacts("林某某", "inspector"), row_version=1, by=admin, now=NOW
        )


def test_the_last_administrator_stays(session, admin):
    other = an_officer(session, Role.ADMIN)
    acting = replace(admin, id=None)  # somebody else who may: the one under test is not the own account
    officer_records.set_active(session, other.id, False, by=acting, now=NOW)
    demoted = OfficerFacts("林某", "leader")
    with pytest.raises(officer_records.LastAdmin):
        officer_records.set_active(session, admin.id, False, by=acting, now=NOW)
    for facts in (demoted, OfficerFacts("林某", "admin", read_only=True)):
        with pytest.raises(officer_records.LastAdmin):
            officer_records.correct_officer(session, admin.id, facts, row_version=1, by=acting, now=NOW)


def test_an_administrator_does_not_shut_the_own_door(session, admin):
    an_officer(session, Role.ADMIN)
    with pytest.raises(officer_records.OwnAccount):
        officer_records.set_active(session, admin.id, False, by=admin, now=NOW)
    with pytest.raises(officer_records.OwnAccount):
        officer_records.correct_officer(
            session, admin.id, OfficerFacts("林某", "leader"), row_version=1, by=admin, now=NOW
        )


def test_two_administrators_who_deactivate_each_other_at_once_leave_one(store):
    with store.write() as session:
        pair = [actor_of(an_officer(session, Role.ADMIN, name=name)) for name in ("one", "two")]
    start, refused = threading.Barrier(2), []

    def deactivate(other, by):
        start.wait()
        try:
            with store.write() as session:
                officer_records.set_active(session, other.id, False, by=by, now=NOW)
        except officer_records.LastAdmin as error:
            refused.append(error)

    threads = [threading.Thread(target=deactivate, args=order) for order in (pair, pair[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as session:
        assert len(session.scalars(select(Officer).where(Officer.active)).all()) == 1
    assert len(refused) == 1


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_nobody_but_the_administrator_keeps_officers_and_bodies(session, role):
    by = actor_of(an_officer(session, role))
    with pytest.raises(NotAllowed):
        officer_records.list_officers(session, by)
    with pytest.raises(NotAllowed):
        bodies.add_body(session, BodyFacts("水务局", "department"), by=by, now=NOW)


def test_the_list_of_officers_is_searched_by_name_and_body_and_narrowed(session, admin):
    body = a_body(session, name="水务局")
    lin = an_officer(session, Role.DEPARTMENT, name="lin", full_name="林水生", body_id=body.id)
    gone = an_officer(session, Role.DEPARTMENT, name="zhou", full_name="周某", active=False)

    def found(**named):
        return officer_records.list_officers(session, admin, **named).rows

    assert found(q="LIN") == found(q="林水") == found(q="水务") == [lin]
    assert found(role="department") == [lin, gone]
    assert found(role="department", active="no") == [gone]
    assert found(role="king") == found(q="%") == []


def test_a_body_is_added_corrected_and_ended_with_entries(session, admin):
    a_county(session)
    body = bodies.add_body(session, BodyFacts("西镇 人民政府", "township", "西镇", WEST), by=admin, now=NOW)
    facts = BodyFacts("西镇人民政府", "township", "西镇", WEST)
    bodies.correct_body(session, body.id, facts, row_version=1, by=admin, now=NOW)
    assert ledger.facts_of(last_entry(session))["after"] == {"name": "西镇人民政府"}
    bodies.end_body(session, body.id, by=admin, now=NOW)
    assert (body.active, body.ended_on.isoformat()) == (False, "2026-11-12")
    assert bodies.list_active(session) == []
    bodies.resume_body(session, body.id, by=admin, now=NOW)
    told = [entry.action for entry in reversed(ledger.story(session, subject_id=body.id))]
    assert told == ["body.added", "body.changed", "body.ended", "body.resumed"]


def test_everything_wrong_with_a_body_is_said_at_once(session, admin):
    a_body(session, name="水务局")
    with pytest.raises(InvalidFields) as refused:
        bodies.add_body(session, BodyFacts("水务局", "club", "x" * 31, "999"), by=admin, now=NOW)
    assert refused.value.problems.keys() == {"name", "type", "short_name", "area_code"}


def test_a_body_with_officers_or_open_cases_does_not_end(session, admin):
    body = a_body(session)
    officer = an_officer(session, body_id=body.id)
    case = a_case(session, a_site(session), state=CaseState.RECTIFYING, body_id=body.id)
    with pytest.raises(bodies.BodyInUse) as refused:
        bodies.end_body(session, body.id, by=admin, now=NOW)
    assert refused.value.facts == {"officers": 1, "cases": 1}
    officer.active, case.state = False, CaseState.UNFOUNDED
    assert not bodies.end_body(session, body.id, by=admin, now=NOW).active


def test_bodies_are_listed_with_how_many_officers_belong_to_them(session, admin):
    body = a_body(session, name="水务局", short_name="水务")
    a_body(session, name="林草局", type="department")
    an_officer(session, body_id=body.id)
    an_officer(session, body_id=body.id, active=False)
    (row,) = bodies.list_bodies(session, admin, q="水").rows
    assert (row.body, row.officers) == (body, 1)
    assert [row.body.name for row in bodies.list_bodies(session, admin, type_="department").rows] == [
        "林草局"
    ]


def test_scope_of_kinds_holds_values_the_code_knows(session, admin):
    officer = officer_records.add_officer(
        session, name="lin", full_name="", password=PASSWORD, role=Role.LEADER, kinds=[Kind.POND],
        by=admin, now=NOW,
    )  # fmt: skip
    assert officer.full_name == "lin"
    assert session.scalars(select(Body)).all() == []
    assert actor_of(officer).kinds == {"pond"}
