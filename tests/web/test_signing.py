"""Signing in and out, lock-out, sessions, and what was typed when a session had ended."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from inspections.models import KeptForm, Officer, SignIn, SignInFailure, Site
from inspections.terms import Role
from tests.factories import NOW, PASSWORD, a_site, an_officer
from tests.pages import check_page, get_page
from tests.web.conftest import PERSONAS, csrf_of, sign_in_as

MINUTE = timedelta(minutes=1)
WRONG = PASSWORD[::-1]


def turn_clock(app: Flask, moment) -> None:
    app.extensions["xuntu.clock"] = lambda: moment


def try_to_sign_in(client, name="leader", password=PASSWORD, address="127.0.0.1", **fields):
    fields |= {"name": name, "password": password, "csrf_token": csrf_of(client, "/sign-in")}
    return client.post("/sign-in", data=fields, environ_base={"REMOTE_ADDR": address})


def sid_of(client) -> str:
    with client.session_transaction() as cookie:
        return cookie.get("sid", "")


def typed(page: str) -> dict[str, str]:
    """The hidden fields of the form on a page that offers what was typed."""
    form = re.search(r'<form class="stack-l".*?</form>', page, re.DOTALL)[0]
    return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form))


@pytest.mark.parametrize("persona", PERSONAS)
def test_each_officer_signs_in_and_lands_on_a_page_of_the_role(as_officer, persona):
    answer = as_officer(persona).get("/")
    assert answer.status_code == 303
    assert answer.location in ("/map", "/sites", "/officers")


def test_a_stranger_is_sent_to_the_sign_in_page(as_officer):
    assert as_officer("stranger").get("/").location == "/sign-in"


def test_the_sign_in_page_shows_two_fields_and_nothing_of_the_county(as_officer):
    tree = get_page(as_officer("stranger"), "/sign-in")
    shown = [node.get("name") for node in tree.iter("input") if node.get("type") != "hidden"]
    hidden = {node.get("name") for node in tree.iter("input") if node.get("type") == "hidden"}
    assert shown == ["name", "password"]
    assert {"csrf_token", "next"} <= hidden
    assert "示范县" not in as_officer("stranger").get("/sign-in").text


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(as_officer):
    client = as_officer("stranger")
    wrong, unknown = try_to_sign_in(client, password=WRONG), try_to_sign_in(client, name="nobody")
    for answer in (wrong, unknown):
        assert answer.status_code == 422
        check_page(answer)
        assert "用户名或密码不对" in answer.text
    assert 'value="leader"' in wrong.text  # what was typed stays, the password does not
    assert WRONG not in wrong.text


@pytest.mark.parametrize("name", ["", "li\x00n", "x" * 3000, "<script>alert(1)</script>", "' OR 1=1 --"])
def test_a_strange_name_is_refused_like_any_other(as_officer, name):
    answer = try_to_sign_in(as_officer("stranger"), name=name)
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text


def test_five_failures_lock_the_name_for_this_address_for_half_an_hour(app, as_officer):
    client = as_officer("stranger")
    statuses = [try_to_sign_in(client, password=WRONG).status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]
    locked = try_to_sign_in(client)
    assert locked.status_code == 429
    assert "等 30 分钟" in locked.text
    assert try_to_sign_in(client, address="10.1.1.1").status_code == 303
    assert try_to_sign_in(app.test_client(), name="township").status_code == 303
    turn_clock(app, NOW + 30 * MINUTE)
    assert try_to_sign_in(app.test_client()).status_code == 303


def test_signing_in_forgets_the_failures(app, as_officer, store):
    client = as_officer("stranger")
    for _ in range(4):
        try_to_sign_in(client, password=WRONG)
    assert try_to_sign_in(client).status_code == 303
    with store.read() as session:
        assert session.scalars(select(SignInFailure)).all() == []


def test_signing_in_gives_a_new_token_and_ends_the_session_before(app, as_officer):
    client = as_officer("leader")
    before = sid_of(client)
    client.post("/sign-out", data={"csrf_token": csrf_of(client, "/account")})
    assert sid_of(client) == ""
    assert try_to_sign_in(client).status_code == 303
    assert sid_of(client) not in ("", before)


def test_a_token_planted_before_signing_in_is_worth_nothing(app, as_officer):
    client = as_officer("stranger")
    csrf_of(client, "/sign-in")
    with client.session_transaction() as cookie:
        cookie["sid"] = "planted"
    try_to_sign_in(client)
    thief = app.test_client()
    with thief.session_transaction() as cookie:
        cookie["sid"] = "planted"
    assert sid_of(client) != "planted"
    assert thief.get("/account").status_code == 303


def test_signing_out_ends_the_session_not_only_the_cookie(app, as_officer):
    client = as_officer("leader")
    kept = sid_of(client)
    client.post("/sign-out", data={"csrf_token": csrf_of(client, "/account")})
    thief = app.test_client()
    with thief.session_transaction() as cookie:
        cookie["sid"] = kept
    assert thief.get("/account").status_code == 303


@pytest.mark.parametrize(
    ("next_path", "device", "idle"),
    [("/sites", "office", timedelta(hours=12)), ("/field?today=1", "field", timedelta(days=30))],
)
def test_a_session_goes_idle_in_the_office_sooner_than_in_the_field(app, store, next_path, device, idle):
    client = app.test_client()
    assert try_to_sign_in(client, next=next_path).location == next_path
    with store.read() as session:
        assert session.scalars(select(SignIn)).one().device == device
    turn_clock(app, NOW + idle)
    assert client.get("/account").status_code == 200  # and this use is noted
    turn_clock(app, NOW + 2 * idle)
    assert client.get("/account").status_code == 200
    turn_clock(app, NOW + 3 * idle + MINUTE)
    assert client.get("/account").status_code == 303


def test_the_last_use_is_noted_at_most_every_five_minutes(app, as_officer, store):
    client = as_officer("leader")

    def last_used():
        with store.read() as session:
            return session.scalars(select(SignIn.last_used_at)).one()

    for minute, noted in ((4, 0), (6, 6), (10, 6), (12, 12)):
        turn_clock(app, NOW + minute * MINUTE)
        client.get("/account")
        assert last_used() == NOW + noted * MINUTE


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "evil",
        "javascript:alert(1)",
        "/a\nb",
        "//[",
        "",
    ],
)
def test_next_leads_nowhere_but_to_this_site(app, wanted):
    assert try_to_sign_in(app.test_client(), next=wanted).location == "/"


def test_next_leads_to_where_one_wanted_to_go(app, as_officer):
    client = app.test_client()
    asked = client.get("/cases?state=overdue&q=苇塘").location
    page = client.get(asked).text
    wanted = re.search(r'name="next" value="([^"]*)"', page)[1].replace("&amp;", "&")
    assert try_to_sign_in(client, next=wanted).location == "/cases?state=overdue&q=%E8%8B%87%E5%A1%98"


def test_a_form_sent_after_the_session_ended_is_kept_shown_and_sent_again(app, as_officer, store):
    client = as_officer("supervisor")
    with store.write() as session:
        site_id = a_site(session).id
    path = f"/sites/{site_id}/retirement"
    fields = {"reason": "坑塘已<回填>，不再存水", "csrf_token": csrf_of(client, f"/sites/{site_id}")}
    turn_clock(app, NOW + timedelta(hours=13))
    ended = client.post(path, data=fields)
    assert ended.status_code == 303
    resume = re.search(r"next=(/resume/[0-9a-f-]+)", ended.location)[1]
    signed_in = try_to_sign_in(client, name="supervisor", next=resume)
    assert signed_in.location == resume
    page = client.get(resume).text
    assert "坑塘已&lt;回填&gt;，不再存水" in page
    again = re.search(r'<form class="stack-l" method="post" action="([^"]+)"', page)[1]
    assert again == path
    resent = typed(page) | {"reason": fields["reason"]}
    assert client.post(again, data=resent).status_code == 303
    with store.read() as session:
        assert session.get_one(Site, session.scalar(select(Site.pk))).retired_reason == fields["reason"]


def test_what_was_kept_is_shown_to_nobody_else(app, as_officer, store):
    client = as_officer("supervisor")
    token = csrf_of(client, "/account")
    turn_clock(app, NOW + timedelta(hours=13))
    ended = client.post("/sites", data={"name": "塘", "csrf_token": token})
    resume = re.search(r"next=(/resume/[0-9a-f-]+)", ended.location)[1]
    assert sign_in_as(app, "leader").get(resume).status_code == 404
    assert app.test_client().get(resume).status_code == 303


def test_no_password_is_kept(app, as_officer, store):
    client = as_officer("leader")
    fields = {"old_password": PASSWORD, "password": "geheim 123", "password_again": "geheim 123"}
    token = csrf_of(client, "/account")
    turn_clock(app, NOW + timedelta(hours=13))
    client.post("/account/password", data=fields | {"csrf_token": token})
    with store.read() as session:
        assert session.scalars(select(KeptForm)).one().fields == []


def test_a_form_from_before_signing_in_again_is_offered_once_more(as_officer, store):
    client = as_officer("supervisor")
    stale = csrf_of(client, "/account")
    client.post("/sign-out", data={"csrf_token": stale})
    try_to_sign_in(client, name="supervisor")
    answer = client.post("/sites", data={"name": "新报坑塘", "csrf_token": stale})
    assert answer.status_code == 422
    assert "新报坑塘" in answer.text
    assert typed(answer.text)["name"] == "新报坑塘"


def test_a_deactivated_officer_is_out_and_cannot_come_back(app, as_officer, store):
    client = as_officer("inspector")
    with store.write() as session:
        session.scalars(select(Officer).where(Officer.name == "inspector")).one().active = False
    assert client.get("/sites").status_code == 303
    assert try_to_sign_in(app.test_client(), name="inspector").status_code == 422


def test_a_change_of_role_holds_from_the_next_request_on(as_officer, store):
    client = as_officer("leader")
    assert client.get("/officers").status_code == 403
    with store.write() as session:
        session.scalars(select(Officer).where(Officer.name == "leader")).one().role = Role.ADMIN
    assert client.get("/officers").status_code == 200


def test_who_is_signed_in_already_is_led_on_from_the_sign_in_page(as_officer):
    assert as_officer("leader").get("/sign-in?next=/cases").location == "/cases"


def test_the_language_is_chosen_and_stays_through_signing_in(app):
    client = app.test_client()
    answer = client.post(
        "/language", data={"lang": "en", "next": "/sign-in", "csrf_token": csrf_of(client, "/sign-in")}
    )
    assert answer.location == "/sign-in"
    assert "Sign-in name" in client.get("/sign-in").text
    try_to_sign_in(client)
    assert 'lang="en"' in client.get("/account").text


@pytest.mark.parametrize("lang", ["fr", "", "../../etc", "zh"])
def test_a_language_there_is_none_of_changes_nothing(app, lang):
    client = app.test_client()
    client.post("/language", data={"lang": lang, "csrf_token": csrf_of(client, "/sign-in")})
    assert 'lang="zh-CN"' in client.get("/sign-in").text


def test_a_theme_is_chosen_and_a_strange_one_is_not(app):
    client = app.test_client()
    token = csrf_of(client, "/sign-in")
    client.post("/theme", data={"theme": "dark", "csrf_token": token})
    assert 'data-theme="dark"' in client.get("/sign-in").text
    client.post("/theme", data={"theme": '"><script>', "csrf_token": token})
    assert 'data-theme="dark"' in client.get("/sign-in").text


def test_an_officers_name_is_escaped_on_every_page(app, store):
    with store.write() as session:
        an_officer(session, Role.LEADER, name="mallory", full_name="<script>alert(1)</script>")
    assert "<script>alert" not in sign_in_as(app, "mallory").get("/account").text
