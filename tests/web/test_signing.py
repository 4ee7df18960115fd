"""Signing in and out."""

from tests.web.conftest import csrf_of


def test_an_officer_signs_in_and_lands_on_a_page_of_the_role(as_officer):
    answer = as_officer("leader").get("/")
    assert answer.status_code == 303
    assert answer.location == "/map"


def test_a_stranger_is_sent_to_the_sign_in_page(as_officer):
    answer = as_officer("stranger").get("/")
    assert answer.location == "/sign-in"


def test_five_failures_lock_the_name_for_this_address(as_officer):
    client = as_officer("stranger")
    wrong = {"name": "leader", "password": "wrong", "csrf_token": csrf_of(client, "/sign-in")}
    assert [client.post("/sign-in", data=wrong).status_code for _ in range(6)] == [422] * 5 + [429]
