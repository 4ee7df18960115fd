"""The pages of sites: the list, one site, adding and correcting it, and the steps of its life."""

from __future__ import annotations

import json
import re
import uuid
from datetime import timedelta
from urllib.parse import quote

import pytest
from shapely import Point
from sqlalchemy import func, select

from inspections import ledger, sites
from inspections.models import Case, LedgerEntry, Operator, Site
from inspections.permissions import SYSTEM
from inspections.sites.rules import SiteFacts
from inspections.sites.warnings import EVERYTHING
from inspections.terms import CaseState, Kind, SiteStatus
from tests.case_factories import a_case
from tests.factories import EAST, IN_EAST, IN_WEST, NOW, VILLAGE, WEST, a_pond_shape, a_site
from tests.pages import check_page, counted_queries, get_page, text_of
from tests.web.conftest import csrf_of

NASTY = (
    "'); DROP TABLE sites;--",
    "<script>alert(1)</script>",
    "${alert(1)}",
    "{{7*7}}",
    '" onmouseover="alert(1)',
    "%s%n%(x)s{x}",
)


def fields(**named: str) -> dict[str, str]:
    """What the form of a new pond sends."""
    return {
        "site_id": str(uuid.uuid4()),
        "kind": "pond",
        "name": "苇塘东塘",
        "subtype": "pond",
        "shape": "point",
        "position": "100.40, 38.93",
        "datum": "cgcs2000",
        "loc_method": "map",
        **named,
    }


def post(client, path: str, data: dict[str, str], on: str = "/sites/new?kind=pond"):
    return client.post(path, data=data | {"csrf_token": csrf_of(client, on)})


def the_site(store) -> Site:
    with store.read() as session:
        return session.scalars(select(Site)).one()


def count(store) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(Site))


def make(store, by=SYSTEM, status=SiteStatus.ACTIVE, **named) -> Site:
    facts = {"kind": "pond", "name": "苇塘东塘", "subtype": "pond", "geometry": Point(IN_WEST)} | named
    with store.write() as session:
        return sites.add_site(
            session, SiteFacts(**facts), by=by, now=NOW, confirmed=EVERYTHING, status=status
        )


def names(page) -> list[str]:
    return [text_of(cell) for cell in page.iter("td") if "cell-main" in cell.get("class", "")]


# The list


def test_the_list_is_a_sound_page_that_asks_little(app, store, as_officer):
    with store.write() as session:
        for number in range(60):
            a_site(session, number=f"P-990101100-{number:04d}", name=f"塘{number}", village_code=VILLAGE)
    page = get_page(as_officer("supervisor"), "/sites")
    assert len(names(page)) == 50
    assert "第 1 到 50" in text_of(page)


def test_search_and_filters_stand_in_the_address(app, store, as_officer):
    with store.write() as session:
        a_site(session, name="苇塘东塘", village_code=VILLAGE)
        a_site(session, Kind.STRAW, name="渠南地块", at=IN_EAST)
        a_site(session, name="超期塘", open_cases=1, case_due_at=NOW - timedelta(days=6))
    client = as_officer("supervisor")
    assert names(get_page(client, "/sites?kind=straw")) == ["渠南地块"]
    assert names(get_page(client, f"/sites?q={quote('苇塘')}")) == ["苇塘东塘"]
    assert names(get_page(client, "/sites?state=overdue")) == ["超期塘"]
    assert names(get_page(client, f"/sites?township={EAST}")) == ["渠南地块"]
    assert names(get_page(client, f"/sites?area={VILLAGE}")) == ["苇塘东塘"]
    assert "超期 6 天" in client.get("/sites").text
    chosen = client.get("/sites?kind=pond&state=overdue").text
    assert 'class="chip" href="/sites?state=overdue"' in chosen
    assert "/map?kind=pond&amp;state=overdue" in chosen


def test_paging_keeps_the_filters(app, store, as_officer):
    with store.write() as session:
        for number in range(51):
            a_site(session, number=f"P-990101100-{number:04d}", name=f"塘{number}")
    page = as_officer("supervisor").get("/sites?kind=pond&sort=number").text
    assert 'rel="next" href="/sites?kind=pond&amp;sort=number&amp;page=2"' in page


def test_an_empty_list_says_what_to_do(app, as_officer):
    assert "/sites/new" in as_officer("inspector").get("/sites").text
    assert "没有符合条件" in as_officer("inspector").get("/sites?kind=pond").text


@pytest.mark.parametrize("text", NASTY)
def test_a_search_for_anything_is_only_a_search(as_sqlite_officer, text):
    get_page(as_sqlite_officer("supervisor"), f"/sites?q={quote(text)}&kind={quote(text)}&page={quote(text)}")


# Adding


def test_an_inspector_adds_a_draft_by_typing_a_position(app, store, as_officer):
    client = as_officer("inspector")
    answer = post(client, "/sites", fields(position="38°55′48″N 100°24′00″E"))
    assert answer.status_code == 303
    site = the_site(store)
    assert answer.location == f"/sites/{site.id}"
    assert (site.lon, site.lat) == IN_WEST
    assert (site.status, site.township_code, site.village_code) == (SiteStatus.DRAFT, WEST, VILLAGE)
    assert site.loc_raw == "38°55′48″N 100°24′00″E"


@pytest.mark.parametrize(
    ("datum", "position"), [("gcj02", "100.401702, 38.930640"), ("bd09", "100.4082, 38.93645")]
)
def test_a_shifted_position_is_kept_true(sqlite_store, as_sqlite_officer, datum, position):
    post(as_sqlite_officer("inspector"), "/sites", fields(datum=datum, position=position))
    site = the_site(sqlite_store)
    assert abs(site.lon - 100.40) < 0.0005
    assert abs(site.lat - 38.93) < 0.0005
    assert (site.loc_raw, site.loc_datum) == (position, datum)


def test_a_pond_is_drawn_as_a_polygon_and_measured(app, store, as_officer):
    shape = json.dumps(a_pond_shape(metres=50).__geo_interface__)
    client = as_officer("inspector")
    answer = post(client, "/sites", fields(shape="drawn", geometry=shape, position=""))
    assert answer.status_code == 303
    shown = client.get(answer.location).text
    assert "15.0" in shown
    assert "10,01" in shown


def test_a_bow_tie_is_refused_with_the_place_named_and_what_was_typed_kept(
    sqlite_app, sqlite_store, as_sqlite_officer
):
    corners = "[100.40,38.93],[100.41,38.94],[100.41,38.93],[100.40,38.94],[100.40,38.93]"
    bow = f'{{"type":"Polygon","coordinates":[[{corners}]]}}'
    answer = post(
        as_sqlite_officer("inspector"), "/sites", fields(shape="drawn", geometry=bow, remark="看过")
    )
    assert answer.status_code == 422
    check_page(answer)
    assert "100.405" in answer.text
    assert "38.935" in answer.text
    assert "看过" in answer.text
    assert "100.41,38.94" in answer.text
    assert count(sqlite_store) == 0


@pytest.mark.parametrize(
    "geometry",
    [
        "",
        "null",
        "{}",
        "[" * 2000,
        "not json",
        '{"type":"Point","coordinates":[NaN, 38.93]}',
        '{"type":"Point","coordinates":[1e999, 38.93]}',
        '{"type":"Polygon","coordinates":[]}',
        '{"type":"Polygon","coordinates":[[]]}',
        '{"type":"LineString","coordinates":[[100.4,38.93]]}',
        '{"type":"GeometryCollection","geometries":[]}',
        '{"type":"Polygon","coordinates":[[[100.4,38.93],[100.4,38.93],[100.4,38.93]]]}',
        '{"type":"Point","coordinates":["${alert(1)}","<script>"]}',
    ],
)
def test_a_shape_that_is_none_is_refused(sqlite_store, as_sqlite_officer, geometry):
    answer = post(as_sqlite_officer("inspector"), "/sites", fields(shape="drawn", geometry=geometry))
    assert answer.status_code == 422
    check_page(answer)
    assert count(sqlite_store) == 0


@pytest.mark.parametrize(
    "position", ["", "NaN, 38.93", "inf inf", "somewhere", "100.4", "1e400, 2", "181, 91"]
)
def test_a_position_that_is_none_is_refused(sqlite_store, as_sqlite_officer, position):
    answer = post(as_sqlite_officer("inspector"), "/sites", fields(position=position))
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert count(sqlite_store) == 0


def test_a_height_in_the_shape_is_dropped(sqlite_store, as_sqlite_officer):
    shape = '{"type":"Point","coordinates":[100.40,38.93,1480]}'
    assert (
        post(as_sqlite_officer("inspector"), "/sites", fields(shape="drawn", geometry=shape)).status_code
        == 303
    )
    assert not the_site(sqlite_store).geometry.has_z


def test_a_place_outside_the_county_is_refused_beside_its_field(sqlite_store, as_sqlite_officer):
    answer = post(as_sqlite_officer("inspector"), "/sites", fields(position="99.0, 38.93"))
    assert answer.status_code == 422
    assert 'id="position-error"' in answer.text
    assert "县" in answer.text


@pytest.mark.parametrize("text", NASTY)
def test_text_of_any_kind_comes_back_escaped(sqlite_store, as_sqlite_officer, text):
    client = as_sqlite_officer("township")
    said = dict.fromkeys(
        ("name", "village_group", "remark", "operator_name", "source_ref", "township_reason"), text
    )
    answer = post(client, "/sites", fields(**said))
    assert answer.status_code == 303
    shown = client.get(answer.location)
    check_page(shown)
    assert "<script>alert" not in shown.text
    assert text in text_of(check_page(shown))
    check_page(client.get("/sites"))
    check_page(client.get(answer.location + "/edit"))


@pytest.mark.parametrize(
    "name",
    ["kind", "subtype", "datum", "loc_method", "township_code", "village_code", "body_id", "source", "shape"],
)
def test_a_forged_choice_is_refused_or_passed_over_but_never_an_error(
    sqlite_app, sqlite_store, as_sqlite_officer, name
):
    answer = post(as_sqlite_officer("township"), "/sites", fields(**{name: "'\"<${x}"}))
    assert answer.status_code in (303, 422)
    if answer.status_code == 422:
        check_page(answer)


def test_a_form_sent_twice_leads_to_the_one_site(app, store, as_officer):
    client, said = as_officer("inspector"), fields(operator_name="张三", operator_phone="13800000000")
    first, second = post(client, "/sites", said), post(client, "/sites", said)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location == second.location
    assert count(store) == 1


def test_the_same_form_with_other_content_leads_to_the_site_there_is(app, store, as_officer):
    client, said = as_officer("inspector"), fields()
    first = post(client, "/sites", said)
    answer = post(client, "/sites", said | {"name": "另一处"})
    assert answer.status_code == 409
    assert first.location in answer.text


def test_a_possible_duplicate_asks_for_a_tick_and_is_then_saved(app, store, as_officer):
    client = as_officer("inspector")
    make(store, name="苇塘西塘")
    asked = post(client, "/sites", fields())
    assert asked.status_code == 422
    check_page(asked)
    assert "P-990101100-0001" in asked.text
    tick = re.search(r'name="confirmed" value="([^"]+)"', asked.text)[1]
    assert post(client, "/sites", fields(confirmed=tick)).status_code == 303
    assert count(store) == 2


def test_on_a_township_line_the_form_asks_which(app, store, as_officer):
    client = as_officer("supervisor")
    asked = post(client, "/sites", fields(position="100.5001, 38.93"))
    assert asked.status_code == 422
    assert 'id="township_code-error"' in asked.text
    assert post(client, "/sites", fields(position="100.5001, 38.93", township_code=WEST)).status_code == 303


def test_every_kind_has_its_form_in_both_languages(as_sqlite_officer):
    client = as_sqlite_officer("supervisor")
    check_page(client.get("/sites/new"))
    for language in ("en", "zh_CN"):
        client.post("/language", data={"lang": language, "csrf_token": csrf_of(client, "/sites")})
        for kind in Kind:
            get_page(client, f"/sites/new?kind={kind}")


def test_an_officer_is_offered_only_the_own_kinds(as_sqlite_officer):
    page = as_sqlite_officer("department").get("/sites/new").text
    assert "kind=pond" in page
    assert "kind=greenhouse" not in page


# One site


def test_a_sites_page_tells_facts_cases_and_story_and_asks_little(app, store, as_officer):
    site = make(
        store, geometry=a_pond_shape(metres=50), attrs={"target_class": "v", "list_level": "national"}
    )
    with store.write() as session:
        a_case(
            session, session.get(Site, site.pk), state=CaseState.RECTIFYING, due_at=NOW + timedelta(days=2)
        )
    page = get_page(as_officer("supervisor"), f"/sites/{site.id}")
    words = text_of(page)
    for expected in (
        "苇塘东塘",
        "P-990101100-0001",
        "西镇 柳荫村",
        "15.02 亩",
        "10,01",
        "Ⅴ类",
        "国家监管清单",
        "新增点位",
    ):
        assert expected in words, expected


def test_a_story_reads_in_english_too(app, store, as_officer):
    site = make(store)
    client = as_officer("supervisor")
    client.post("/language", data={"lang": "en", "csrf_token": csrf_of(client, "/sites")})
    assert f"added the site {site.number}" in text_of(get_page(client, f"/sites/{site.id}"))


def test_a_site_outside_the_scope_is_not_found(app, store, as_officer):
    site = make(store, geometry=Point(IN_EAST))
    for path in (f"/sites/{site.id}", f"/sites/{site.id}/edit", f"/sites/{uuid.uuid4()}"):
        assert as_officer("township").get(path).status_code == 404


@pytest.mark.parametrize(
    ("role", "offered", "not_offered"),
    [
        ("inspector", ["/visits/new"], ["/edit", "/activation", "/retirement", "/merger", "/operator"]),
        ("township", ["/visits/new", "/edit", "/operator"], ["/retirement", "/merger"]),
        ("department", ["/visits/new", "/edit", "/retirement", "/merger", "/operator"], ["/activation"]),
        ("supervisor", ["/visits/new", "/edit", "/retirement", "/merger", "/operator"], ["/activation"]),
        ("leader", ["/visits/new"], ["/edit", "/retirement", "/merger", "/operator"]),
        ("admin", ["/edit"], ["/visits/new", "/retirement", "/merger", "/operator"]),
    ],
)
def test_each_role_is_offered_what_it_may_do(
    sqlite_app, sqlite_store, as_sqlite_officer, role, offered, not_offered
):
    site = make(sqlite_store, operator_name="张三", operator_phone="13800000000")
    page = as_sqlite_officer(role).get(f"/sites/{site.id}").text
    for action in offered:
        assert f"/sites/{site.id}{action}" in page, action
    for action in not_offered:
        assert f"/sites/{site.id}{action}" not in page, action
    assert "张三" not in page
    assert "138****0000" in page


def test_showing_the_operator_is_a_post_that_the_ledger_notes(app, store, as_officer):
    site = make(store, operator_name="张三", operator_phone="13800000000")
    answer = post(as_officer("township"), f"/sites/{site.id}/operator", {}, on=f"/sites/{site.id}")
    assert answer.status_code == 200
    assert "13800000000" in answer.text
    with store.read() as session:
        assert ledger.story(session, site_id=site.id)[0].action == "operator.shown"


# Correcting


def edited(client, site, **named: str) -> dict[str, str]:
    """What the edit page would send, as the browser fills it."""
    page = check_page(client.get(f"/sites/{site.id}/edit"))
    said = {}
    for node in page.iter("input"):
        if node.get("type") not in ("radio", "checkbox") or node.get("checked") is not None:
            said[node.get("name")] = node.get("value", "")
    for node in page.iter("textarea"):
        said[node.get("name")] = (node.text or "").removeprefix("\n")
    for node in page.iter("select"):
        options = list(node.iter("option"))
        chosen = next((option for option in options if option.get("selected") is not None), options[0])
        said[node.get("name")] = chosen.get("value")
    said.pop("theme", None)
    return said | named


def test_a_correction_shows_before_and_after_in_the_story(app, store, as_officer):
    site = make(store)
    client = as_officer("township")
    answer = client.post(f"/sites/{site.id}/edit", data=edited(client, site, name="苇塘北塘"))
    assert answer.status_code == 303
    assert the_site(store).name == "苇塘北塘"
    assert "更正" in client.get(answer.location).text


@pytest.mark.parametrize("shape", [Point(IN_WEST), a_pond_shape(metres=40)])
def test_an_edit_form_sent_unchanged_changes_nothing(app, store, as_officer, shape):
    site = make(
        store,
        geometry=shape,
        operator_name="张三",
        operator_phone="13800000000",
        remark="一\n二",
        area_reported_mu=9.5,
        attrs={"target_class": "v"},
    )
    client = as_officer("township")
    assert client.post(f"/sites/{site.id}/edit", data=edited(client, site)).status_code == 303
    after = the_site(store)
    assert after.row_version == site.row_version
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(LedgerEntry)) == 1
        assert session.scalars(select(Operator)).one().name == "张三"


def test_two_people_correcting_one_site_see_both_versions_and_lose_nothing(app, store, as_officer):
    site = make(store)
    first, second = as_officer("township"), as_officer("supervisor")
    typed_first, typed_second = (
        edited(first, site, name="第一人改的"),
        edited(second, site, name="第二人改的"),
    )
    assert first.post(f"/sites/{site.id}/edit", data=typed_first).status_code == 303
    answer = second.post(f"/sites/{site.id}/edit", data=typed_second | {"remark": "只有我写的"})
    assert answer.status_code == 409
    page = check_page(answer)
    assert "第一人改的" in text_of(page)
    assert "第二人改的" in text_of(page)
    assert the_site(store).name == "第一人改的"
    again = {
        node.get("name"): node.get("value") for node in page.iter("input") if node.get("type") == "hidden"
    }
    again.pop("next", None)
    assert second.post(f"/sites/{site.id}/edit", data=again).status_code == 303
    assert (the_site(store).name, the_site(store).remark) == ("第二人改的", "只有我写的")


def test_a_refused_correction_keeps_what_was_typed(app, store, as_officer):
    site = make(store)
    client = as_officer("township")
    answer = client.post(f"/sites/{site.id}/edit", data=edited(client, site, name="x", remark="写了很多"))
    assert answer.status_code == 422
    check_page(answer)
    assert "写了很多" in answer.text
    assert the_site(store).name == "苇塘东塘"


def test_an_administrator_corrects_without_seeing_or_losing_the_operator(app, store, as_officer):
    site = make(store, operator_name="张三", operator_phone="13800000000")
    client = as_officer("admin")
    said = edited(client, site, name="苇塘北塘")
    assert "operator_name" not in said
    forged = said | {"operator_name": "李四"}
    assert client.post(f"/sites/{site.id}/edit", data=forged).status_code == 303
    with store.read() as session:
        assert session.scalars(select(Operator)).one().name == "张三"


# Steps


def step(client, site, name: str, **named: str):
    return post(client, f"/sites/{site.id}/{name}", named, on=f"/sites/{site.id}")


def test_a_draft_is_taken_into_the_register_by_another_officer(app, store, as_officer):
    post(as_officer("township"), "/sites", fields())
    site = the_site(store)
    own = as_officer("township")
    assert f"/sites/{site.id}/activation" not in own.get(f"/sites/{site.id}").text
    assert step(own, site, "activation").status_code == 403
    assert step(as_officer("supervisor"), site, "activation").status_code == 303
    assert the_site(store).status is SiteStatus.ACTIVE


def test_a_step_taken_twice_says_that_the_status_changed(app, store, as_officer):
    site = make(store, status=SiteStatus.DRAFT)
    client = as_officer("supervisor")
    assert step(client, site, "activation").status_code == 303
    answer = step(client, site, "activation")
    assert answer.status_code == 409
    check_page(answer)


def test_a_draft_is_refused_with_a_reason(app, store, as_officer):
    site = make(store, status=SiteStatus.DRAFT)
    client = as_officer("department")
    assert step(client, site, "refusal", reason="").status_code == 422
    assert step(client, site, "refusal", reason="重复上报").status_code == 303
    assert "重复上报" in client.get(f"/sites/{site.id}").text


def test_retiring_says_which_case_is_open_and_keeps_the_reason_typed(app, store, as_officer):
    site = make(store)
    with store.write() as session:
        case = a_case(session, session.get(Site, site.pk), state=CaseState.CONFIRMED)
    client = as_officer("department")
    answer = step(client, site, "retirement", reason="已填平复耕")
    assert answer.status_code == 422
    check_page(answer)
    assert case.number in answer.text
    assert "已填平复耕" in answer.text
    with store.write() as session:
        session.get(Case, case.id).state = CaseState.CLOSED
    assert step(client, site, "retirement", reason="已填平复耕").status_code == 303
    assert the_site(store).status is SiteStatus.RETIRED


def test_merging_by_number_leads_to_the_survivor(app, store, as_officer):
    site, into = make(store, name="甲塘"), make(store, name="乙塘")
    client = as_officer("supervisor")
    wrong = step(client, site, "merger", into="P-000000000-0001", reason="同一坑塘")
    assert wrong.status_code == 422
    check_page(wrong)
    assert step(client, site, "merger", into=f" {into.number.lower()} ", reason="同一坑塘").status_code == 303
    assert into.number in client.get(f"/sites/{site.id}").text
    assert site.number in client.get(f"/sites/{into.id}").text


def test_a_list_page_asks_as_little_with_many_sites_as_with_few(app, store, as_officer):
    client = as_officer("township")
    asked = []
    for numbers in (range(1), range(1, 40)):
        with store.write() as session:
            for number in numbers:
                a_site(session, number=f"P-990101100-{number:04d}", name=f"塘{number}")
        with counted_queries(store) as queries:
            client.get("/sites")
        asked.append(len(queries))
    assert asked[0] == asked[1] <= 10
