"""Cookies, headers, Host, CSRF and origins: what holds for every request and answer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask
from werkzeug.test import Client

from app import create_app
from inspections.settings import Settings
from inspections.store import Store
from inspections.web.security import CSP, allowed_hosts
from tests.factories import PASSWORD
from tests.web.conftest import PERSONAS, SETTINGS, csrf_of, sign_in_as

WRONG = PASSWORD[::-1]
PUBLIC = "https://xuntu.example.cn"


@pytest.fixture
def app(sqlite_app: Flask) -> Flask:
    """Nothing here depends on the database."""
    return sqlite_app


@pytest.fixture
def https_app(app: Flask, sqlite_store: Store, tmp_path) -> Flask:
    """The same county behind HTTPS."""
    return create_app(replace(SETTINGS, url=PUBLIC, data=tmp_path / "data"), sqlite_store)


def cookies(answer) -> dict[str, str]:
    """Each Set-Cookie by its name."""
    return {line.split("=", 1)[0]: line for line in answer.headers.getlist("Set-Cookie")}


def sign_in(client, base_url: str | None = None):
    page = client.get("/sign-in", base_url=base_url).text
    token = page.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
    fields = {"name": "leader", "password": PASSWORD, "csrf_token": token}
    headers = {"Referer": f"{base_url}/sign-in"} if base_url else {}
    return client.post("/sign-in", data=fields, base_url=base_url, headers=headers)


def test_the_cookie_is_out_of_reach_of_scripts_and_foreign_pages(app):
    answer = sign_in(app.test_client())
    line = cookies(answer)["xuntu"]
    assert "HttpOnly" in line
    assert "SameSite=Lax" in line
    assert "Secure" not in line  # http on 127.0.0.1: a Secure cookie would never come back


def test_under_https_the_cookie_is_secure_and_browsers_remember_it(https_app):
    client = https_app.test_client()
    answer = sign_in(client, PUBLIC)
    assert answer.status_code == 303
    assert "Secure" in cookies(answer)["xuntu"]
    assert "max-age=" in answer.headers["Strict-Transport-Security"]
    assert client.get("/account", base_url=PUBLIC).status_code == 200


def test_the_session_token_is_not_in_the_page(app):
    client = sign_in_as(app, "leader")
    with client.session_transaction() as cookie:
        token = cookie["sid"]
    assert token not in client.get("/account").text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/sign-in", 200),
        ("GET", "/account", 303),
        ("GET", "/nowhere", 404),
        ("DELETE", "/sign-in", 303),
        ("GET", "/api/sites.geojson", 401),
        ("PUT", "/api/visits/x", 403),
        ("POST", "/sign-in", 303),
        ("GET", "/static/css/base.css", 200),
        ("GET", "/static/../app.py", 404),
        ("GET", "/healthz", 200),
    ],
)
def test_every_answer_carries_the_headers(app, method, path, status):
    answer = app.test_client().open(path, method=method, buffered=True)
    assert answer.status_code == status
    assert answer.headers["Content-Security-Policy"] == CSP
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"


def test_a_bug_has_the_headers_and_tells_nothing_but_its_number(app, caplog):
    @app.endpoint("signing.show_start")
    def fail():
        raise RuntimeError("a secret path /srv/xuntu")

    fail.door = "public"
    answer = app.test_client().get("/")
    assert answer.status_code == 500
    assert answer.headers["Content-Security-Policy"] == CSP
    assert "secret" not in answer.text
    incident = caplog.records[-1].getMessage().split()[1].rstrip(":")
    assert incident in answer.text


def test_the_policy_lets_nothing_inline_and_nobody_frame_us():
    parts = dict(part.strip().split(" ", 1) for part in CSP.split(";"))
    assert parts["default-src"] == "'none'"
    assert parts["script-src"] == parts["style-src"] == parts["connect-src"] == "'self'"
    assert parts["frame-ancestors"] == parts["base-uri"] == "'none'"
    assert parts["img-src"] == "'self' data: blob:"
    assert "unsafe" not in CSP


def test_pages_of_officers_are_kept_by_no_shared_cache(app):
    answer = sign_in_as(app, "leader").get("/account")
    assert answer.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "localhost:81", "127.0.0.1:9", "[::1", ""]
)
def test_a_host_that_is_not_ours_is_refused_before_anything_else(app, host):
    for method in ("GET", "POST"):
        answer = Client(app).open("/sign-in", method=method, headers={"Host": host})
        assert answer.status_code in (400, 421)
        assert 'name="password"' not in answer.text


def test_without_a_public_address_loopback_and_the_served_address_are_taken():
    hosts = allowed_hosts(Settings(host="192.168.1.5", port=5000))
    assert hosts == {"localhost:5000", "127.0.0.1:5000", "[::1]:5000", "192.168.1.5:5000"}
    assert allowed_hosts(Settings(url="https://Xuntu.example.cn")) == {"xuntu.example.cn"}


@pytest.mark.parametrize("persona", PERSONAS)
def test_every_form_that_posts_carries_a_token(app, persona):
    client = sign_in_as(app, persona)
    for path in (
        "/sign-in",
        "/account",
        "/sites",
        "/cases",
        "/visits",
        "/officers",
        "/bodies",
        "/officers/new",
    ):
        page = client.get(path, follow_redirects=True).text
        forms = [form.split("</form>")[0] for form in page.split("<form")[1:] if 'method="post"' in form]
        assert forms
        assert all('name="csrf_token" value="' in form for form in forms)


@pytest.mark.parametrize("token", ["", "x", "IjEi.aaaa.bbbb"])
def test_a_form_with_a_wrong_token_changes_nothing(app, token):
    client = sign_in_as(app, "admin")
    answer = client.post("/bodies", data={"name": "水务局", "type": "department", "csrf_token": token})
    assert answer.status_code == 422
    assert "水务局" in answer.text  # and what was typed is offered again
    assert "水务局" not in client.get("/bodies").text


def test_another_sessions_token_is_worth_nothing(app):
    mallory, victim = sign_in_as(app, "leader"), sign_in_as(app, "admin")
    fields = {"name": "水务局", "type": "department", "csrf_token": csrf_of(mallory, "/account")}
    assert victim.post("/bodies", data=fields).status_code == 422


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"X-Xuntu": "1", "Origin": "https://evil.example"}, 403),
        ({"X-Xuntu": "1", "Origin": "null"}, 403),
        ({"X-Xuntu": "1", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"X-Xuntu": "1", "Sec-Fetch-Site": "same-site"}, 403),
        ({"X-Xuntu": "2"}, 403),
        ({"X-Xuntu": "1"}, 404),
        ({"X-Xuntu": "1", "Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}, 404),
    ],
)
def test_the_json_api_asks_for_our_header_and_our_origin(app, headers, status):
    answer = sign_in_as(app, "inspector").put("/api/nowhere", json={}, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (status, f"http.{status}")


def test_the_json_api_answers_a_stranger_in_json(app):
    answer = app.test_client().get("/api/sites.geojson")
    assert answer.status_code == 401
    assert answer.json.keys() == {"code", "message", "field", "details"}


def test_a_body_too_large_is_refused_with_a_sentence(app):
    client = sign_in_as(app, "admin")
    answer = client.post("/bodies", data={"name": "x" * 2_100_000, "csrf_token": csrf_of(client, "/account")})
    assert answer.status_code == 413
    assert answer.headers["Content-Security-Policy"] == CSP


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=cut"]
)
def test_a_stranger_cannot_send_much(app, content_type):
    answer = app.test_client().post("/sign-in", data=b"x" * 2_100_000, content_type=content_type)
    assert answer.status_code == 413


def test_more_fields_than_any_form_has_are_refused(app):
    client = sign_in_as(app, "admin")
    token = csrf_of(client, "/account")
    many = {"csrf_token": token} | {f"field-{place}": "x" for place in range(2_100)}
    answer = client.post("/bodies", data=many, content_type="multipart/form-data")
    assert answer.status_code == 413


def test_a_proxys_word_counts_only_where_proxies_are_declared(app):
    client = app.test_client()
    headers = {"X-Forwarded-Host": "evil.example", "X-Forwarded-For": "10.9.9.9"}
    assert client.get("/sign-in", headers=headers).status_code == 200
    for number in range(6):
        fields = {"name": "leader", "password": WRONG, "csrf_token": csrf_of(client, "/sign-in")}
        answer = client.post("/sign-in", data=fields, headers={"X-Forwarded-For": f"10.9.9.{number}"})
    assert answer.status_code == 429  # the address is the connection's, whatever a header says
