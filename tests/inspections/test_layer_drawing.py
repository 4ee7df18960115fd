"""What the map draws of layers: light at every class of zoom, neighbours joined, names near."""

from __future__ import annotations

import gzip
import json
from itertools import pairwise

import numpy as np
import pytest
import shapely
from shapely import LineString, Polygon, box
from shapely.geometry import shape
from sqlalchemy import select

from geo.simplifying import pixel_deg
from inspections.errors import NotFound
from inspections.layers import drawing, put_back
from inspections.layers.drawing import MOST_BYTES, draw_far, draw_near, list_drawn
from inspections.models import Area, LayerFeature
from inspections.permissions import SYSTEM
from inspections.terms import AreaLevel, LayerKind
from tests.factories import NOW, VILLAGE, WEST, a_county
from tests.layers import FARMLAND, RIVER, a_layer

VIEW = (100.38, 38.88, 100.47, 38.97)


def features(drawn) -> list[dict]:
    return json.loads(gzip.decompress(drawn.packed))["features"]


def shapes(drawn) -> list:
    return [shape(one["geometry"]) for one in features(drawn)]


def fields(count: int, *, apart_deg: float = 0.0) -> list[Polygon]:
    """Fields of about 170 × 110 m in rows, side by side or apart."""
    side = int(np.sqrt(count))
    wide, high = 0.002, 0.001
    return [
        box(
            100.2 + x * (wide + apart_deg),
            38.7 + y * (high + apart_deg),
            100.2 + x * (wide + apart_deg) + wide,
            38.7 + y * (high + apart_deg) + high,
        )
        for x in range(side)
        for y in range(side)
    ]


def test_a_river_is_drawn_to_a_pixel_and_a_road_of_short_pieces_is_whole(store):
    ends = [(round(100.2 + at * 0.001, 7), 38.8) for at in range(301)]
    pieces = [LineString(pair) for pair in pairwise(ends)]
    with store.write() as session:
        a_layer(session, LayerKind.RIVERS, RIVER)
        a_layer(session, LayerKind.ROADS, *pieces)
        for zoom_class in drawing.FAR:
            [river] = shapes(draw_far(session, "rivers", zoom_class))
            assert shapely.hausdorff_distance(river, RIVER) < pixel_deg(zoom_class)
            [road] = shapes(draw_far(session, "roads", zoom_class))
            assert road.length == pytest.approx(0.3, abs=pixel_deg(zoom_class))


def test_fields_too_small_to_be_seen_are_seen_where_they_lie_together(sqlite_store):
    together = fields(900)
    with sqlite_store.write() as session:
        a_layer(session, LayerKind.CROPLAND, *together)
        [drawn] = shapes(draw_far(session, "cropland", 9))
        whole = shapely.union_all(together)
        assert drawn.buffer(0).area == pytest.approx(whole.area, rel=0.2)
        a_layer(session, LayerKind.CROPLAND, *fields(900, apart_deg=0.01))
        assert shapes(draw_far(session, "cropland", 9)) == []


def test_every_class_of_a_large_county_is_small_enough(sqlite_store):
    with sqlite_store.write() as session:
        a_layer(session, LayerKind.BASIC_FARMLAND, *fields(10_000, apart_deg=0.0005))
        sizes = [len(draw_far(session, "basic_farmland", one).packed) for one in drawing.FAR]
    assert max(sizes) <= MOST_BYTES


def test_what_would_be_too_large_is_drawn_coarser(sqlite_store, monkeypatch):
    monkeypatch.setattr(drawing, "MOST_BYTES", 12_000)
    angles = np.linspace(0, 2 * np.pi, 20_000)
    away = 0.2 + 0.01 * np.sin(angles * 900)
    ragged = Polygon(np.column_stack([100.5 + away * np.cos(angles), 38.95 + away * np.sin(angles)]))
    with sqlite_store.write() as session:
        a_layer(session, LayerKind.BAN_ZONES, ragged.buffer(0))
        assert 0 < len(draw_far(session, "ban_zones", 13).packed) <= 12_000


def test_near_the_features_of_a_box_are_given_whole_with_their_names(store):
    piece, other = box(100.40, 38.90, 100.41, 38.91), box(100.41, 38.90, 100.42, 38.91)
    with store.write() as session:
        far = box(100.7, 38.9, 100.8, 39.0)
        layer = a_layer(session, LayerKind.CROPLAND, piece, far, names=("东滩", "远处"))
        session.add(LayerFeature(layer_id=layer.id, number=1, name="东滩", geometry=other))
        session.flush()
        [found] = features(draw_near(session, "cropland", VIEW))
    assert found["properties"]["name"] == "东滩"
    assert shape(found["geometry"]).equals(box(100.40, 38.90, 100.42, 38.91))
    assert shape(found["geometry"]).covers(shapely.Point(found["properties"]["at"]))


def test_the_name_of_a_long_river_stands_in_the_view(store):
    with store.write() as session:
        a_layer(session, LayerKind.RIVERS, RIVER, names=("苇河",))
        [found] = features(draw_near(session, "rivers", VIEW))
    lon, lat = found["properties"]["at"]
    assert 100.40 < lon < 100.45
    assert 38.90 < lat < 38.95
    assert shape(found["geometry"]).distance(shapely.Point(lon, lat)) < 1e-5


def test_a_large_feature_is_cut_to_the_box(sqlite_store):
    angles = np.linspace(0, 2 * np.pi, 900, endpoint=False)
    large = Polygon(np.column_stack([100.45 + 0.2 * np.cos(angles), 38.93 + 0.2 * np.sin(angles)]))
    with sqlite_store.write() as session:
        a_layer(session, LayerKind.CROPLAND, large)
        [found] = shapes(draw_near(session, "cropland", VIEW))
    assert found.bounds == VIEW


def test_neighbouring_villages_share_each_line_and_have_names_near(store):
    with store.write() as session:
        a_county(session)
        beside = box(100.43, 38.90, 100.48, 38.96)
        facts = {"level": AreaLevel.VILLAGE, "parent_code": WEST, "valid_from": NOW.date()}
        session.add(Area(code=f"{VILLAGE[:-1]}2", name="邻村", geometry=beside, **facts))
        session.add(Area(code=f"{VILLAGE[:-1]}3", name="有点村", lon=100.45, lat=38.94, **facts))
        session.flush()
        [lines] = shapes(draw_far(session, "villages", 9))
        own = session.scalars(select(Area.geometry).where(Area.code == VILLAGE)).one()
        outline = shapely.union_all([own.boundary, beside.boundary])
        assert lines.length == pytest.approx(outline.length, rel=1e-6)
        near = features(draw_near(session, "villages", VIEW))
        assert [one["properties"]["name"] for one in near if one["properties"]] == [
            "柳荫村",
            "邻村",
            "有点村",
        ]
        assert len(features(draw_far(session, "villages", 13))) == 4


def test_a_kind_there_is_nothing_of_is_not_found(store):
    with store.read() as session:
        for kind in ("rivers", "villages", "townships", "../rivers"):
            with pytest.raises(NotFound):
                draw_far(session, kind, 9)
            with pytest.raises(NotFound):
                draw_near(session, kind, VIEW)


def test_a_drawing_is_kept_until_another_layer_takes_its_place(store, monkeypatch):
    drawn: list[str] = []
    sketch = drawing._sketch_layer
    monkeypatch.setattr(drawing, "_sketch_layer", lambda *asked: drawn.append(asked[1]) or sketch(*asked))
    with store.write() as session:
        old = a_layer(session)
        first = draw_far(session, "basic_farmland", 9)
        assert draw_far(session, "basic_farmland", 9) is first
        a_layer(session, LayerKind.BASIC_FARMLAND, box(100.6, 38.9, 100.7, 39.0))
        second = draw_far(session, "basic_farmland", 9)
        assert second.etag != first.etag
        put_back(session, old, by=SYSTEM, now=NOW)
        assert draw_far(session, "basic_farmland", 9).etag == first.etag
    assert len(drawn) == 3


def test_what_can_be_drawn_is_listed_with_source_and_day(store):
    with store.write() as session:
        assert list_drawn(session) == []
        a_county(session)
        a_layer(session, LayerKind.ROADS, source="", dated=None)
        a_layer(session, LayerKind.CROPLAND, FARMLAND)
        listed = [(one.kind, one.source, one.dated and one.dated.year) for one in list_drawn(session)]
    assert listed == [("villages", "", 2020), ("roads", "", None), ("cropland", "自然资源局", 2025)]
