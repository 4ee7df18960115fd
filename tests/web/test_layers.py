"""The page of layers for reference, and what a site's page says of them."""

from __future__ import annotations

import gzip
import io
import json

import pytest
from shapely import LineString, Point, box
from sqlalchemy import select
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

from inspections.layers import put_back
from inspections.models import Layer
from inspections.permissions import SYSTEM
from inspections.terms import Kind, LayerKind
from tests.factories import IN_WEST, NOW, a_site
from tests.layers import FARMLAND, a_layer, layer_file
from tests.pages import get_page, text_of
from tests.web.conftest import csrf_of
from tests.web.sent_files import batch_of, work_on

ABOUT = {
    "kind": "basic_farmland",
    "source": "县自然资源局",
    "dated": "2025-12-31",
    "secrecy": "internal",
    "cleared": "yes",
}


def send(client, path, **about):
    """Send a file with what is said of it; None leaves a field out."""
    said = {name: value for name, value in (ABOUT | about).items() if value is not None}
    fields = [*said.items(), ("csrf_token", csrf_of(client, "/layers"))]
    if path is not None:
        fields.append(("file", FileStorage(io.BytesIO(path.read_bytes()), path.name)))
    boundary, body = encode_multipart(MultiDict(fields))
    return client.post("/layers", data=body, content_type=f"multipart/form-data; boundary={boundary}")


def page_of(client) -> str:
    return text_of(get_page(client, "/layers"))


def test_a_county_without_layers_says_of_each_that_nothing_is_known(as_sqlite_officer):
    words = page_of(as_sqlite_officer("inspector"))
    assert words.count("未导入，情况不详") == len(LayerKind)
    assert "图层由督查员、管理员导入" in words


def test_a_sound_file_is_in_use_at_once(app, as_officer, tmp_path):
    client = as_officer("supervisor")
    answer = send(client, layer_file(tmp_path, FARMLAND))
    assert answer.status_code == 303, answer.text
    page = answer.headers["Location"]
    work_on(app, page)  # it is checked
    work_on(app, page)  # and applied, unasked
    assert "图层已上图" in text_of(get_page(client, page))
    words = page_of(as_officer("township"))
    assert "县自然资源局" in words
    assert "2025年12月31日" in words
    assert "林某" in words


def test_a_file_of_which_something_is_refused_waits_with_its_report(sqlite_app, as_sqlite_officer, tmp_path):
    client = as_sqlite_officer("admin")
    page = send(client, layer_file(tmp_path, FARMLAND, Point(IN_WEST))).headers["Location"]
    work_on(sqlite_app, page)
    work_on(sqlite_app, page)
    assert batch_of(sqlite_app.extensions["xuntu.store"], page).state == "checked"
    words = text_of(get_page(client, page))
    assert "这个图层只收面" in words
    assert "参考图层：永久基本农田" in words
    assert "未导入" in page_of(client)


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"source": ""}, "填写图层的来源"),
        ({"dated": "2099-01-01"}, "不是今天以前的日期"),
        ({"cleared": None}, "勾选“文件不含国家秘密”"),
        ({"source": "绝密资料"}, "涉密资料"),
        ({"kind": "townships"}, "从列表中选一项"),
        ({"secrecy": "none"}, "从列表中选一项"),
    ],
)
def test_what_is_missing_is_said_and_what_was_typed_is_kept(as_sqlite_officer, tmp_path, about, words):
    client = as_sqlite_officer("supervisor")
    answer = send(client, layer_file(tmp_path, FARMLAND), **about)
    assert answer.status_code == 422
    assert words in answer.text
    assert (about.get("source") or ABOUT["source"] if "source" not in about else "") in answer.text
    assert 'value="basic_farmland" required checked' in answer.text or "kind" in about


def test_without_a_file_it_says_to_choose_one(as_sqlite_officer):
    answer = send(as_sqlite_officer("supervisor"), None)
    assert (answer.status_code, "选择文件" in answer.text) == (422, True)


def test_the_same_file_again_leads_to_the_first(sqlite_app, as_sqlite_officer, tmp_path):
    client, path = as_sqlite_officer("supervisor"), layer_file(tmp_path, FARMLAND)
    page = send(client, path).headers["Location"]
    work_on(sqlite_app, page)
    work_on(sqlite_app, page)
    answer = send(client, path)
    assert (answer.status_code, page in answer.text) == (409, True)


def test_a_layer_is_taken_away_and_put_back(app, as_officer):
    with app.extensions["xuntu.store"].write() as session:
        layer = a_layer(session).id
    client = as_officer("admin")
    token = {"csrf_token": csrf_of(client, "/layers")}
    answer = client.post(f"/layers/{layer}/removal", data=token, follow_redirects=True)
    assert "已撤下：永久基本农田" in answer.text
    assert "恢复使用" in page_of(client)
    answer = client.post(f"/layers/{layer}/restoration", data=token, follow_redirects=True)
    assert "已恢复使用：永久基本农田" in answer.text


def test_a_step_that_somebody_took_first_is_said_on_the_list(sqlite_app, as_sqlite_officer):
    with sqlite_app.extensions["xuntu.store"].write() as session:
        old, new = a_layer(session), a_layer(session)
    client = as_sqlite_officer("admin")
    token = {"csrf_token": csrf_of(client, "/layers")}
    with sqlite_app.extensions["xuntu.store"].write() as session:
        put_back(session, session.get_one(Layer, old.id), by=SYSTEM, now=NOW)
    answer = client.post(f"/layers/{old.id}/restoration", data=token)
    assert (answer.status_code, "其间又有导入或恢复" in answer.text) == (409, True)
    assert new.id != old.id


def ground(app, client, kind=Kind.GREENHOUSE, **site) -> str:
    """What the page of a site says under 占地情况."""
    with app.extensions["xuntu.store"].write() as session:
        site_id = a_site(session, kind, **site).id
    words = text_of(get_page(client, f"/sites/{site_id}"))
    return words.partition("占地情况")[2].partition("基本信息")[0]


HALF_IN = box(100.445, 38.92, 100.455, 38.93)


def test_without_layers_a_site_says_that_nothing_is_known_and_no_number(sqlite_app, as_sqlite_officer):
    words = ground(sqlite_app, as_sqlite_officer("leader"), geometry=HALF_IN)
    assert words.count("不详：尚未导入该图层") == 2
    assert "0" not in words


def test_a_site_says_how_much_of_it_lies_in_basic_farmland_and_by_which_layer(app, as_officer):
    with app.extensions["xuntu.store"].write() as session:
        a_layer(session)
    words = ground(app, as_officer("leader"), geometry=HALF_IN)
    assert "永久基本农田是：481,345 m² · 722.02 亩" in words
    assert "自然资源局 · 2025年12月31日" in words


@pytest.mark.parametrize(
    ("kind", "site", "said"),
    [
        (Kind.GREENHOUSE, {"geometry": Point(100.42, 38.92)}, "永久基本农田是（按点位位置）"),
        (Kind.GREENHOUSE, {"geometry": box(100.6, 38.9, 100.61, 38.91)}, "永久基本农田否自然资源局"),
        (Kind.GREENHOUSE, {"geometry": box(100.4499999, 38.92, 100.46, 38.93)}, "在界线误差以内"),
        (
            Kind.AFFORESTATION,
            {"geometry": LineString([(100.44, 38.92), (100.46, 38.92)]), "attrs": {"width_m": 8}},
            "永久基本农田是：867 m · 6,938 m² · 10.41 亩",
        ),
    ],
)
def test_each_shape_says_what_it_can(sqlite_app, as_sqlite_officer, kind, site, said):
    with sqlite_app.extensions["xuntu.store"].write() as session:
        a_layer(session)
    assert said in ground(sqlite_app, as_sqlite_officer("leader"), kind, **site)


def test_a_plot_says_whether_it_lies_in_a_ban_zone(sqlite_app, as_sqlite_officer):
    with sqlite_app.extensions["xuntu.store"].write() as session:
        a_layer(session, LayerKind.BAN_ZONES)
    words = ground(sqlite_app, as_sqlite_officer("leader"), Kind.STRAW, geometry=HALF_IN)
    assert "禁烧区是：481,345 m²" in words


def test_layers_of_every_kind_have_their_words(sqlite_app, as_sqlite_officer):
    with sqlite_app.extensions["xuntu.store"].write() as session:
        for kind in LayerKind:
            a_layer(session, kind)
        assert len(session.scalars(select(Layer)).all()) == len(LayerKind)
    words = page_of(as_sqlite_officer("supervisor"))
    assert all(name in words for name in ("河流水系", "道路", "耕地", "永久基本农田", "禁烧区"))


def ask(client, path, **headers):
    return client.get(f"/api/layers/{path}", headers={"Accept-Encoding": "gzip"} | headers)


def test_a_layer_is_sent_packed_with_a_tag_and_once_only(app, as_officer):
    with app.extensions["xuntu.store"].write() as session:
        a_layer(session)
    client = as_officer("inspector")
    answer = ask(client, "basic_farmland.geojson?zoom=9.25")
    assert (answer.status_code, answer.mimetype) == (200, "application/geo+json")
    assert answer.headers["Content-Encoding"] == "gzip"
    [drawn] = json.loads(gzip.decompress(answer.data))["features"]
    assert drawn["geometry"]["type"] == "MultiPolygon"
    again = ask(client, "basic_farmland.geojson?zoom=11", **{"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    plain = client.get("/api/layers/basic_farmland.geojson?zoom=11")
    assert plain.json["features"] == [drawn]
    assert plain.headers["ETag"] != answer.headers["ETag"]


def test_near_a_box_has_to_be_named(sqlite_app, as_sqlite_officer):
    with sqlite_app.extensions["xuntu.store"].write() as session:
        a_layer(session, LayerKind.RIVERS, names=("苇河",))
    client = as_sqlite_officer("inspector")
    assert client.get("/api/layers/rivers.geojson?zoom=15").json["code"] == "map.box_unreadable"
    near = client.get("/api/layers/rivers.geojson?zoom=15&bbox=100.3,38.8,100.5,39")
    [river] = near.json["features"]
    assert river["properties"]["name"] == "苇河"
    assert (
        client.get("/api/layers/rivers.geojson?zoom=15&bbox=100.8,38.6,100.81,38.61").json["features"] == []
    )


@pytest.mark.parametrize("zoom", ["", "x", "-1", "26", "nan", "inf"])
def test_a_zoom_that_is_none_is_refused(as_sqlite_officer, zoom):
    answer = as_sqlite_officer("leader").get(f"/api/layers/villages.geojson?zoom={zoom}")
    assert (answer.status_code, answer.json["code"]) == (422, "layer.zoom_unreadable")


@pytest.mark.parametrize("kind", ["rivers", "townships", "basic-farmland"])
def test_a_layer_there_is_none_of_is_not_found(as_sqlite_officer, kind):
    answer = as_sqlite_officer("leader").get(f"/api/layers/{kind}.geojson?zoom=9")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_the_map_offers_what_there_is_with_source_and_day(sqlite_app, as_sqlite_officer):
    with sqlite_app.extensions["xuntu.store"].write() as session:
        a_layer(session, LayerKind.BAN_ZONES, source="县政府<公告>")
    page = as_sqlite_officer("leader").get("/map").text
    block = json.loads(page.partition('id="map_county-data">')[2].partition("</script>")[0])
    assert block["reference"] == [
        {"kind": "villages", "label": "村", "about": "2020年1月1日"},
        {"kind": "ban_zones", "label": "禁烧区", "about": "县政府<公告> · 2025年12月31日"},
    ]
