"""The map's JSON: what it holds, for whom, under which filter, on both databases."""

from __future__ import annotations

import gzip
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from shapely.geometry import shape
from sqlalchemy import event

from inspections.terms import Kind, MapState, SiteStatus
from tests.factories import EAST, IN_EAST, IN_WEST, NOW, VILLAGE, WEST, a_pond_shape, a_site

PROPERTIES = ["id", "number", "name", "kind", "subtype", "status", "state", "township", "village", "area_m2"]
EVIL = "</script>${1}<img src=x onerror=alert(1)>"


def sites(client, query: str = "") -> list[dict]:
    answer = client.get(f"/api/sites.geojson{query}")
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "application/geo+json"
    assert answer.json["type"] == "FeatureCollection"
    return answer.json["features"]


def numbers(client, query: str = "") -> list[str]:
    return [one["properties"]["number"] for one in sites(client, query)]


@pytest.fixture
def some_sites(store, app):
    """Six sites: two villages' worth of kinds, places, statuses and states."""
    with store.write() as session:
        a_site(session, number="P-1", village_code=VILLAGE, open_cases=1, case_due_at=NOW - timedelta(days=1))
        a_site(session, Kind.STRAW, number="S-1", at=(100.30, 38.80))
        a_site(session, Kind.GREENHOUSE, number="G-1", at=IN_EAST, is_listed=True)
        a_site(session, number="P-2", at=IN_EAST, status=SiteStatus.DRAFT)
        a_site(session, number="P-3", status=SiteStatus.RETIRED)
        a_site(session, number="P-4", status=SiteStatus.REFUSED)


def test_a_feature_has_exactly_the_named_properties(store, as_officer):
    with store.write() as session:
        site = a_site(
            session,
            number="P-990101100-0001",
            name="苇塘东塘",
            village_code=VILLAGE,
            area_m2=4280.5,
            is_listed=True,
        )
    (feature,) = sites(as_officer("leader"))
    assert list(feature["properties"]) == PROPERTIES
    assert feature["properties"] == {
        "id": str(site.id),
        "number": "P-990101100-0001",
        "name": "苇塘东塘",
        "kind": "pond",
        "subtype": "pond",
        "status": "active",
        "state": "listed",
        "township": "西镇",
        "village": "柳荫村",
        "area_m2": 4280.5,
    }
    assert feature["geometry"] == {"type": "Point", "coordinates": [100.40, 38.93]}


def test_a_site_has_its_true_shape_or_its_point_where_points_are_asked(store, as_officer):
    drawn = a_pond_shape()
    with store.write() as session:
        a_site(session, geometry=drawn)
    client = as_officer("leader")
    assert shape(sites(client)[0]["geometry"]).equals(drawn)
    assert sites(client, "?points=1")[0]["geometry"] == {"type": "Point", "coordinates": list(IN_WEST)}


@pytest.mark.usefixtures("some_sites")
def test_only_draft_and_active_sites_are_drawn_the_worst_first(as_officer):
    assert numbers(as_officer("leader")) == ["G-1", "P-1", "P-2", "S-1"]


@pytest.mark.usefixtures("some_sites")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?kind=pond", ["P-1", "P-2"]),
        ("?state=overdue", ["P-1"]),
        ("?state=normal&kind=straw", ["S-1"]),
        (f"?area={EAST}", ["G-1", "P-2"]),
        (f"?area={VILLAGE}", ["P-1"]),
        ("?area=990101000000&kind=greenhouse", ["G-1"]),
        ("?area=000000000001", []),
        ("?bbox=100.2,38.7,100.35,38.9", ["S-1"]),
        ("?bbox=100.2,38.7,100.45,39.0&kind=pond", ["P-1"]),
        ("?bbox=10,10,11,11", []),
    ],
)
def test_kind_area_state_and_box_narrow_together(as_officer, query, expected):
    assert numbers(as_officer("leader"), query) == expected


@pytest.mark.usefixtures("some_sites")
@pytest.mark.parametrize(
    ("persona", "expected"),
    [
        ("inspector", ["P-1", "S-1"]),
        ("township", ["P-1", "S-1"]),
        ("department", ["P-1", "P-2", "S-1"]),
        ("supervisor", ["G-1", "P-1", "P-2", "S-1"]),
        ("admin", ["G-1", "P-1", "P-2", "S-1"]),
    ],
)
def test_everybody_gets_the_sites_of_the_own_scope_alone(as_officer, persona, expected):
    assert numbers(as_officer(persona)) == expected
    assert numbers(as_officer(persona), f"?area={EAST}") == [one for one in expected if one in ("G-1", "P-2")]


@pytest.mark.usefixtures("some_sites")
def test_counts_agree_with_the_features_under_every_filter(as_officer):
    client = as_officer("department")
    for query in ["", "?kind=pond", f"?area={WEST}", *(f"?state={state}" for state in MapState)]:
        counts = client.get(f"/api/map/counts{query}").json
        features = sites(client, query)
        assert sum(counts["state"].values()) == sum(counts["township"].values()) == len(features)
        for state, count in counts["state"].items():
            assert count == sum(one["properties"]["state"] == state for one in features)


def test_what_people_wrote_stays_text(store, as_officer):
    with store.write() as session:
        site = a_site(session, name=EVIL)
    client = as_officer("leader")
    assert sites(client)[0]["properties"]["name"] == EVIL
    answer = client.get(f"/api/sites/{site.id}")
    assert answer.json["name"] == EVIL
    assert answer.mimetype == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("?kind=castle", "map.filter_unknown", "kind"),
        ("?state=bad", "map.filter_unknown", "state"),
        ("?bbox=1,2,3", "map.box_unreadable", "bbox"),
        ("?bbox=a,b,c,d", "map.box_unreadable", "bbox"),
        ("?bbox=nan,1,2,3", "map.box_unreadable", "bbox"),
        ("?bbox=3,1,2,3", "map.box_unreadable", "bbox"),
        ("?bbox=1,1,inf,3", "map.box_unreadable", "bbox"),
    ],
)
def test_a_filter_that_cannot_be_read_is_refused_with_a_sentence(as_sqlite_officer, query, code, field):
    answer = as_sqlite_officer("leader").get(f"/api/sites.geojson{query}")
    assert answer.status_code == 422
    assert set(answer.json) == {"code", "message", "field", "details"}
    assert (answer.json["code"], answer.json["field"]) == (code, field)
    assert answer.json["message"]


@pytest.mark.parametrize("path", ["sites.geojson", "areas.geojson", "map/counts", f"sites/{UUID(int=1)}"])
def test_a_stranger_is_answered_401_in_json(as_sqlite_officer, path):
    answer = as_sqlite_officer("stranger").get(f"/api/{path}")
    assert answer.status_code == 401
    assert answer.json["code"] == "sign_in.needed"
    assert set(answer.json) == {"code", "message", "field", "details"}


def test_a_card_says_what_the_officer_needs_first(store, as_officer):
    with store.write() as session:
        site = a_site(
            session,
            number="P-990101100-0001",
            village_code=VILLAGE,
            open_cases=2,
            case_due_at=NOW - timedelta(days=6),
            area_m2=4280,
            last_visited_at=NOW - timedelta(days=9),
        )
    facts = as_officer("township").get(f"/api/sites/{site.id}").json
    assert facts["state"] == "overdue"
    assert facts["days_left"] == -6
    assert facts["due_at"] == "2026-11-06T02:42:00Z"
    said = dict(facts["card"]["lines"])
    assert said["编号"] == "P-990101100-0001"
    assert said["位置"] == "西镇 柳荫村"
    assert said["期限"] == "11月6日，超期 6 天"
    assert said["最近检查"] == "11月3日"
    assert [link["href"] for link in facts["card"]["links"]][0] == f"/sites/{site.id}"
    assert len(facts["card"]["links"]) == 2


def test_who_logs_no_visits_is_offered_none(store, as_officer):
    with store.write() as session:
        site, retired = a_site(session), a_site(session, status=SiteStatus.RETIRED)
    assert len(as_officer("admin").get(f"/api/sites/{site.id}").json["card"]["links"]) == 1
    assert len(as_officer("leader").get(f"/api/sites/{retired.id}").json["card"]["links"]) == 1


def test_a_card_outside_the_scope_is_answered_like_one_that_does_not_exist(store, as_officer):
    with store.write() as session:
        site = a_site(session, at=IN_EAST)
    client = as_officer("inspector")
    outside, missing = client.get(f"/api/sites/{site.id}"), client.get(f"/api/sites/{uuid4()}")
    assert outside.status_code == missing.status_code == 404
    assert outside.json == missing.json


def test_areas_come_with_county_and_townships(as_officer):
    features = as_officer("inspector").get("/api/areas.geojson").json["features"]
    assert [(one["properties"]["level"], one["properties"]["name"]) for one in features] == [
        ("county", "示范县"),
        ("township", "西镇"),
        ("township", "东乡"),
    ]
    assert all(one["geometry"]["type"] == "Polygon" for one in features)


def test_the_same_answer_again_is_a_304(store, as_officer):
    with store.write() as session:
        a_site(session)
    client = as_officer("leader")
    first = client.get("/api/sites.geojson")
    again = client.get("/api/sites.geojson", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    with store.write() as session:
        a_site(session)
    assert (
        client.get("/api/sites.geojson", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200
    )


def test_more_than_the_limit_are_cut_the_urgent_ones_kept_and_the_whole_number_told(
    store, as_officer, monkeypatch
):
    with store.write() as session:
        for _ in range(4):
            a_site(session)
        a_site(session, number="P-late", case_due_at=NOW - timedelta(days=1))
    monkeypatch.setattr("inspections.map_features.LIMIT", 2)
    answer = as_officer("leader").get("/api/sites.geojson")
    assert len(answer.json["features"]) == 2
    assert answer.json["features"][0]["properties"]["number"] == "P-late"
    assert answer.headers["X-Total-Count"] == "5"


def test_the_number_of_queries_does_not_grow_with_the_sites(store, as_officer):
    with store.write() as session:
        for number in range(30):
            a_site(session, number=f"P-{number}")
    client = as_officer("leader")
    said = []
    event.listen(store.engine, "before_cursor_execute", lambda *call: said.append(call[2]))
    assert len(sites(client)) == 30
    assert len([one for one in said if one.startswith("SELECT")]) <= 8


def test_a_large_answer_is_packed_for_who_takes_it(sqlite_store, as_sqlite_officer):
    with sqlite_store.write() as session:
        for number in range(250):
            a_site(session, number=f"P-{number}")
    client = as_sqlite_officer("leader")
    plain = client.get("/api/sites.geojson", headers={"Accept-Encoding": "identity"})
    packed = client.get("/api/sites.geojson", headers={"Accept-Encoding": "gzip"})
    assert plain.content_encoding is None
    assert packed.content_encoding == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 2
    assert packed.headers["ETag"] != plain.headers["ETag"]
