"""The list of cases and the page of one."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from inspections import cases
from inspections.models import Evidence
from inspections.permissions import SYSTEM
from inspections.terms import CaseState, Kind, Severity
from tests.case_factories import a_case, a_finding, a_visit
from tests.factories import EAST, IN_EAST, NOW, WEST, a_body, a_site
from tests.pages import get_page

DAY = timedelta(days=1)


@pytest.fixture
def filled(app, store):
    """Four cases: one overdue in the west, one far off in the east, one closed, one undated."""
    with store.write() as session:
        pond, plot = (
            a_site(session, name="苇塘东塘"),
            a_site(session, Kind.STRAW, at=IN_EAST, name="渠南地块"),
        )
        body = a_body(session, name="水务局")
        return {
            "overdue": a_case(
                session, pond, due_at=NOW - 6 * DAY, state=CaseState.RECTIFYING, body_id=body.id
            ),
            "east": a_case(session, plot, "STRAW-02", due_at=NOW + 9 * DAY, severity=Severity.MAJOR),
            "closed": a_case(session, pond, "POND-09", state=CaseState.CLOSED, ended_at=NOW - DAY),
            "undated": a_case(session, pond, "POND-06"),
        }


def numbers(page: str) -> list[str]:
    return re.findall(r'class="code" href="/cases/[^"]+">([^<]+)</a>', page)


def test_the_list_puts_the_overdue_first(filled, as_officer):
    page = as_officer("supervisor").get("/cases").text
    assert numbers(page) == [filled[name].number for name in ("overdue", "east", "undated", "closed")]
    assert "超期 6 天" in page


def test_filters_stand_in_the_address_and_as_chips(filled, as_officer):
    client = as_officer("supervisor")
    page = client.get("/cases?state=overdue&kind=pond").text
    assert numbers(page) == [filled["overdue"].number]
    assert 'class="chip" href="/cases?kind=pond"' in page
    assert numbers(client.get(f"/cases?township={EAST}").text) == [filled["east"].number]
    assert numbers(client.get("/cases?state=open&sort=severity").text)[0] == filled["east"].number
    assert numbers(client.get("/cases?q=苇塘&stage=closed").text) == [filled["closed"].number]


def test_an_officer_sees_the_own_scope_only(filled, as_officer):
    client = as_officer("township")
    assert filled["east"].number not in client.get("/cases").text
    assert client.get(f"/cases/{filled['east'].id}").status_code == 404
    assert client.get(f"/cases/{filled['overdue'].id}").status_code == 200


def test_a_stranger_is_sent_to_sign_in(filled, as_officer):
    answer = as_officer("stranger").get(f"/cases/{filled['overdue'].id}")
    assert (answer.status_code, answer.location) == (303, f"/sign-in?next=/cases/{filled['overdue'].id}")


def test_no_case_is_said_with_what_to_do(app, as_officer):
    client = as_officer("supervisor")
    assert "还没有整改事项" in client.get("/cases").text
    assert "没有符合条件的事项" in client.get("/cases?q=nowhere").text


@pytest.mark.parametrize(
    "address", ["/cases?page=0", "/cases?page=x", "/cases?sort=up", "/cases?page=99999999999"]
)
def test_a_spoilt_address_still_gives_a_list(filled, as_officer, address):
    assert len(numbers(as_officer("supervisor").get(address).text)) == 4


def test_a_list_of_many_is_shown_in_pages(app, store, as_officer):
    with store.write() as session:
        for place in range(51):
            a_case(session, a_site(session, number=f"P-{place}"))
    client = as_officer("supervisor")
    first, second = client.get("/cases").text, client.get("/cases?page=2").text
    assert (len(numbers(first)), len(numbers(second))) == (50, 1)
    assert 'rel="next" href="/cases?page=2"' in first
    assert 'rel="prev" href="/cases"' in second


def test_a_case_shows_place_deadline_basis_and_story(filled, as_officer):
    page = as_officer("supervisor").get(f"/cases/{filled['overdue'].id}").text
    assert "<h1>苇塘东塘：垃圾漂浮物或藻类</h1>" in page
    for words in ("西镇", "2026-P-00001", "水务局", "水污染防治法 37、85", "7 个自然日", "立为整改事项"):
        assert words in page
    assert re.search(r'class="big-days">6 <small>天', page)
    assert 'aria-current="step"' in page


def test_a_case_reads_in_english(filled, as_officer):
    client = as_officer("supervisor")
    with client.session_transaction() as cookie:
        cookie["lang"] = "en"
    page = client.get(f"/cases/{filled['overdue'].id}").text
    assert "<h1>苇塘东塘: Garbage, floating matter or algae</h1>" in page
    assert "6 days overdue" in page
    assert "opened the case 2026-P-00001" in page


def test_a_case_without_a_date_says_why(filled, as_officer):
    page = as_officer("supervisor").get(f"/cases/{filled['undated'].id}").text
    assert "专项节点日期" in page


def test_a_case_left_without_finding_says_who_decides(filled, as_officer, store):
    with store.write() as session:
        case = session.merge(filled["undated"])
        cases.drop_findings(session, case.findings[0].visit, by=SYSTEM, now=NOW)
    page = as_officer("supervisor").get(f"/cases/{case.id}").text
    assert "建议按不属实处理" in page
    assert "不再计入" in page


def test_a_finding_shows_its_answers_photos_and_why_it_is_so_grave(app, store, as_officer):
    with store.write() as session:
        site = a_site(session)
        visit = a_visit(session, site, answers={"inflow": "raw", "bank_garbage_m3": 2.5})
        steps = [{"reason": "effluent", "from": "major", "to": "critical"}]
        finding = a_finding(
            session, visit, "POND-03", keys=["inflow", "bank_garbage_m3"], severity_steps=steps
        )
        (case,) = cases.join_or_open(session, visit, [finding], by=SYSTEM, now=NOW)
        photo = Evidence(
            sha256="7c41" + "0" * 56 + "e09a", media_type="image/jpeg", bytes=1, site_id=site.id,
            visit_id=visit.id, added_at=NOW,
        )  # fmt: skip
        session.add(photo)
    page = as_officer("supervisor").get(f"/cases/{case.id}").text
    assert f'src="/evidence/{photo.id}/thumb"' in page
    for words in ("7c41…e09a", "2.5 m³", "工业或屠宰污水", f'href="/visits/{visit.id}"'):
        assert words in page


def test_what_people_wrote_is_escaped(app, store, as_officer):
    with store.write() as session:
        case = a_case(session, a_site(session, name="<script>alert(1)</script>"))
        case.measures = "${alert(1)}<b>"
    client = as_officer("supervisor")
    for page in (client.get("/cases").text, client.get(f"/cases/{case.id}").text):
        assert "<script>alert" not in page
    assert "${alert(1)}&lt;b&gt;" in page


def test_no_button_is_dead(filled, as_officer):
    page = as_officer("supervisor").get(f"/cases/{filled['overdue'].id}").text
    main = page.split("<main", 1)[1].split("</main>", 1)[0]
    assert "<button" not in main
    assert "disabled" not in main


def test_both_pages_are_sound_and_ask_the_database_little(filled, as_officer):
    client = as_officer("supervisor")
    get_page(client, f"/cases?township={WEST}&kind=pond")
    for case in filled.values():
        get_page(client, f"/cases/{case.id}")
