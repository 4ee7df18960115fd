"""Pages of officers, bodies and the own account."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from inspections import bodies, ledger
from inspections.bodies import BodyFacts
from inspections.models import Body, LedgerEntry, Officer
from inspections.officers import records as officer_records
from inspections.officers.rules import OfficerFacts
from inspections.permissions import SYSTEM
from inspections.terms import Role
from tests.factories import EAST, NOW, PASSWORD, VILLAGE, WEST, an_officer
from tests.pages import get_page, text_of
from tests.web.conftest import csrf_of, sign_in_as

NEW = "another sound password"


@pytest.fixture
def admin(as_officer):
    return as_officer("admin")


def officer_named(store, name: str) -> Officer:
    with store.read() as session:
        return session.scalars(select(Officer).where(Officer.name == name)).one()


def post(client, path, form_at, **fields):
    return client.post(path, data={"csrf_token": csrf_of(client, form_at)} | fields)


def test_an_officer_is_added_on_the_page_and_signs_in(admin, app, store):
    get_page(admin, "/officers/new")
    fields = {
        "name": "Lin", "full_name": "林某", "password": NEW, "password_again": NEW, "role": "township",
        "areas": [WEST, VILLAGE], "kinds": ["pond"], "body_id": "",
    }  # fmt: skip
    answer = post(admin, "/officers", "/officers/new", **fields)
    assert answer.status_code == 303
    page = text_of(get_page(admin, answer.location))
    assert "林某 可以登录了" in page
    assert "新增工作人员 lin（乡镇经办）" in page
    found = officer_named(store, "lin")
    assert [row.area_code for row in found.areas] == [WEST, VILLAGE]
    client = app.test_client()
    answer = post(client, "/sign-in", "/sign-in", name="lin", password=NEW)
    assert answer.status_code == 303


def test_what_is_wrong_is_said_beside_the_fields_and_what_was_typed_stays(admin):
    fields = {
        "name": "l i",
        "full_name": "林某",
        "password": "short",
        "password_again": "short",
        "role": "king",
    }
    answer = post(admin, "/officers", "/officers/new", **fields)
    assert answer.status_code == 422
    for words in ('value="l i"', "2 到 40 个", "8 到 128 个", "列表中"):
        assert words in answer.text
    assert "short" not in answer.text


def test_two_different_passwords_are_noticed(admin, store):
    fields = {
        "name": "lin",
        "full_name": "林某",
        "password": NEW,
        "password_again": NEW + ".",
        "role": "leader",
    }
    answer = post(admin, "/officers", "/officers/new", **fields)
    assert answer.status_code == 422
    assert "两次输入的密码不同" in answer.text


def test_a_correction_shows_at_once(admin, store):
    found = officer_named(store, "inspector")
    path = f"/officers/{found.id}"
    fields = {"row_version": "1", "full_name": "林水生", "role": "department", "kinds": ["pond"]}
    answer = post(admin, path, path, **fields)
    assert answer.status_code == 303
    page = text_of(get_page(admin, path))
    assert officer_named(store, "inspector").role == Role.DEPARTMENT
    assert "修改工作人员 inspector：" in page


def test_two_administrators_meet_on_one_officer_and_nothing_typed_is_lost(admin, store):
    found = officer_named(store, "inspector")
    path = f"/officers/{found.id}"
    get_page(admin, path)
    with store.write() as session:
        facts = OfficerFacts("周某", "leader", found.body_id, [EAST])
        officer_records.correct_officer(session, found.id, facts, row_version=1, by=SYSTEM, now=NOW)
    fields = {
        "row_version": "1",
        "full_name": "林水生",
        "role": "inspector",
        "areas": [WEST],
        "body_id": str(found.body_id),
    }
    answer = post(admin, path, path, **fields)
    assert answer.status_code == 409
    assert 'value="林水生"' in answer.text
    for words in ("现在是：周某", "现在是：县领导", "现在是：东乡"):
        assert words in answer.text
    version = re.search(r'name="row_version"[^>]*value="(\d+)"', answer.text)[1]
    assert post(admin, path, path, **(fields | {"row_version": version})).status_code == 303
    assert officer_named(store, "inspector").full_name == "林水生"


def test_deactivating_ends_the_session_at_the_next_request(admin, as_officer, store):
    client = as_officer("inspector")
    assert client.get("/account").status_code == 200
    path = f"/officers/{officer_named(store, 'inspector').id}"
    assert post(admin, f"{path}/deactivation", path).status_code == 303
    assert client.get("/account").status_code == 303
    assert post(admin, f"{path}/activation", path).status_code == 303
    assert client.get("/account").status_code == 303  # the old session stays ended


def test_an_administrator_has_no_button_to_shut_the_own_door(admin, store):
    path = f"/officers/{officer_named(store, 'admin').id}"
    assert "/deactivation" not in admin.get(path).text
    answer = post(admin, f"{path}/deactivation", path)
    assert answer.status_code == 422
    assert "这是本人的账号" in answer.text
    fields = {"row_version": "1", "full_name": "林某", "role": "leader"}
    assert post(admin, path, path, **fields).status_code == 422


def test_a_new_password_from_the_administrator_holds(admin, app, store):
    path = f"/officers/{officer_named(store, 'leader').id}"
    answer = post(admin, f"{path}/password", path, password=NEW, password_again=NEW)
    assert answer.status_code == 303
    assert post(app.test_client(), "/sign-in", "/sign-in", name="leader", password=PASSWORD).status_code in (
        400,
        422,
    )
    client = app.test_client()
    assert post(client, "/sign-in", "/sign-in", name="leader", password=NEW).status_code == 303


def test_no_password_stands_in_the_ledger(admin, as_officer, store):
    path = f"/officers/{officer_named(store, 'leader').id}"
    post(admin, f"{path}/password", path, password=NEW, password_again=NEW)
    client = as_officer("township")
    post(client, "/account/password", "/account", old_password=PASSWORD, password=NEW, password_again=NEW)
    with store.read() as session:
        said = [entry.facts for entry in session.scalars(select(LedgerEntry))]
    assert len(said) == 2
    assert not any(NEW in facts or "argon2" in facts for facts in said)


def test_the_own_password_is_changed_and_other_sessions_end(as_officer, app):
    here, elsewhere = as_officer("leader"), as_officer("leader")
    fields = {"old_password": PASSWORD, "password": NEW, "password_again": NEW}
    assert post(here, "/account/password", "/account", **fields).status_code == 303
    assert here.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 303


def test_the_own_password_is_not_changed_without_the_present_one_and_guessing_is_locked(as_officer):
    client = as_officer("leader")
    fields = {"old_password": "wrong", "password": NEW, "password_again": NEW}
    answers = [post(client, "/account/password", "/account", **fields) for _ in range(6)]
    assert {answer.status_code for answer in answers} == {422}
    assert "当前密码不对" in answers[0].text
    assert "30 分钟" in answers[5].text


def test_an_own_session_elsewhere_is_ended_from_the_account_page(as_officer):
    here, elsewhere = as_officer("leader"), as_officer("leader")
    page = here.get("/account").text
    (token_sha256,) = re.findall(r'name="session" value="([^"]+)"', page)
    answer = post(here, "/account/ended-sessions", "/account", session=token_sha256)
    assert answer.status_code == 303
    assert elsewhere.get("/account").status_code == 303
    assert here.get("/account").status_code == 200


def test_another_officers_session_cannot_be_ended(as_officer):
    here, other = as_officer("leader"), as_officer("township")
    as_officer("township")
    (theirs,) = re.findall(r'name="session" value="([^"]+)"', other.get("/account").text)
    assert post(here, "/account/ended-sessions", "/account", session=theirs).status_code == 422
    assert other.get("/account").status_code == 200


def test_the_list_of_officers_is_narrowed_by_its_address(admin, store):
    with store.write() as session:
        an_officer(session, Role.LEADER, name="zhou", full_name="周<b>某", active=False)
    assert "zhou" in text_of(get_page(admin, "/officers?active=no"))
    page = admin.get("/officers?q=周").text
    assert "周&lt;b&gt;某" in page
    assert "/officers/" + str(officer_named(store, "inspector").id) not in page
    assert "没有符合条件的工作人员" in admin.get("/officers?q=%00nobody%25").text


def test_a_long_list_is_shown_in_pages(admin, store):
    with store.write() as session:
        for place in range(50):
            an_officer(session, name=f"officer-{place:02d}")
    assert 'rel="next" href="/officers?page=2"' in admin.get("/officers").text
    assert 'rel="prev"' in admin.get("/officers?page=2").text


def test_a_body_is_added_corrected_and_ended(admin, store):
    get_page(admin, "/bodies/new")
    answer = post(admin, "/bodies", "/bodies/new", name="水务局", type="department", area_code="")
    assert answer.status_code == 303
    path = answer.location
    fields = {
        "row_version": "1",
        "name": "县水务局",
        "short_name": "水务",
        "type": "department",
        "area_code": WEST,
    }
    assert post(admin, path, path, **fields).status_code == 303
    assert post(admin, f"{path}/ending", path).status_code == 303
    page = text_of(get_page(admin, path))
    assert "停用单位 县水务局" in page
    assert post(admin, f"{path}/resumption", path).status_code == 303
    assert "县水务局" in text_of(get_page(admin, "/bodies?type=department&q=水务"))


def test_a_body_in_use_does_not_end_and_says_why(admin, store):
    with store.read() as session:
        body = session.scalars(select(Body)).one()
    answer = post(admin, f"/bodies/{body.id}/ending", f"/bodies/{body.id}")
    assert answer.status_code == 422
    assert "6 名工作人员" in answer.text


def test_two_administrators_meet_on_one_body(admin, store):
    with store.write() as session:
        body = session.scalars(select(Body)).one()
        facts = BodyFacts("西镇政府", "township", "", None)
        bodies.correct_body(session, body.id, facts, row_version=1, by=SYSTEM, now=NOW)
    path = f"/bodies/{body.id}"
    answer = post(admin, path, path, row_version="1", name="西镇", type="village", area_code="")
    assert answer.status_code == 409
    assert "现在是：西镇政府" in answer.text
    assert 'value="西镇"' in answer.text


def test_a_body_that_is_wrong_keeps_what_was_typed(admin):
    answer = post(admin, "/bodies", "/bodies/new", name="水", type="club", area_code="999")
    assert answer.status_code == 422
    assert 'value="水"' in answer.text


@pytest.mark.parametrize("persona", ["inspector", "township", "department", "supervisor", "leader"])
def test_only_the_administrator_sees_these_pages(as_officer, persona):
    client = as_officer(persona)
    for path in ("/officers", "/officers/new", "/bodies", "/bodies/new"):
        assert client.get(path).status_code == 403
    get_page(client, "/account")


def test_the_story_of_an_officer_is_told(admin, store):
    with store.write() as session:
        found = session.scalars(select(Officer).where(Officer.name == "leader")).one()
        ledger.append(
            session, SYSTEM, "officer.password_set", "officer", found.id, at=NOW, facts={"name": "leader"}
        )
    assert "为 leader 设置新密码" in text_of(get_page(admin, f"/officers/{found.id}"))


def test_signing_in_as_admin_leads_to_the_officers(app):
    assert sign_in_as(app, "admin").get("/").location == "/officers"
