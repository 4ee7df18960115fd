"""A layer with every form of field and every kind of shape, for the tests of writers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import shapely

from geo.writers.layers import Batch, Document, Field, Layer, Look, Sign

CONTROL = (100.45, 38.93)
LINE = shapely.LineString([(100.1234567, 38.9), (100.2, 38.9876543)])
HOLED = shapely.Polygon(
    [(100.4, 38.9), (100.5, 38.9), (100.5, 39.0), (100.4, 39.0)],
    [[(100.44, 38.94), (100.44, 38.96), (100.46, 38.96), (100.46, 38.94)]],
)
PAIR = shapely.MultiPolygon([shapely.box(100.1, 38.8, 100.2, 38.9), shapely.box(100.3, 38.8, 100.4, 38.9)])
SHAPES = (shapely.Point(100.1234567, 38.9876543), LINE, HOLED, PAIR, None)
AT = datetime(2026, 11, 11, 23, 30, tzinfo=UTC)  # the next day in Beijing
KINDS = {"pond": "纳污坑塘", "straw": "秸秆禁烧"}
STATES = {"overdue": "超期", "normal": "正常"}
FIELDS = (
    Field("name", "名称", title_en="Name"),
    Field("kind", "类别", "code", words=KINDS),
    Field("state", "整改状态", "code", words=STATES),
    Field("lon", "经度", "number", places=7),
    Field("area_mu", "面积(亩)", "number"),
    Field("sheds", "棚数", "whole"),
    Field("irrigated", "有无灌溉", "yes_no"),
    Field("created_on", "建档日期", "day"),
    Field("visited_at", "检查时间", "moment"),
    Field("flags_of_a_visit", "提示", "codes", words={"a": "甲", "b": "乙"}),
    Field("shape", "图形", "shape"),
    Field("remark", "备注", rare=True),
)
LOOK = Look(
    "name",
    "state",
    [
        Sign("overdue", "超期", "#bf1f1a", "#8c120e", 3.5),
        Sign("normal", "正常", "#ffffff", "#52605d", 1.9),
    ],
    "kind",
    {"pond": "circle", "straw": "triangle"},
)


def a_row(**named: Any) -> list[Any]:
    """Values in the order of the fields, with sound defaults."""
    facts: dict[str, Any] = {"name": "苇塘", "kind": "pond", "state": "overdue", "lon": 100.1234567}
    facts |= {"area_mu": 3.25, "sheds": 2, "irrigated": True, "created_on": date(2026, 3, 1)}
    facts |= {"visited_at": AT, "flags_of_a_visit": ["a", "b"], "remark": None} | named
    return [facts.get(one.key) for one in FIELDS]


def a_document(
    rows: Sequence[Sequence[Any]],
    geometries: Sequence[Any] | None = None,
    *,
    size: int = 2,
    only_points: bool = False,
    **named: Any,
) -> Document:
    """A document of one layer whose rows come `size` at a time; each lies at CONTROL unless told."""
    geometries = [shapely.Point(CONTROL)] * len(rows) if geometries is None else geometries

    def batches() -> Iterator[Batch]:
        for first in range(0, len(rows), size):
            yield Batch(geometries[first : first + size], rows[first : first + size])

    layer = Layer("sites", "点位", FIELDS, batches, LOOK, only_points)
    return Document([layer], [("范围", "西镇"), ("注意", "内部使用 不得公开")], **named)


def one_of_each(**named: Any) -> Document:
    """A point, a line, a polygon with a hole, two polygons, and a row without a place and nearly empty."""
    empty = {one.key: None for one in FIELDS if one.key not in ("name", "kind", "state")}
    rows = [a_row(name=f"塘{number}") for number in range(4)] + [a_row(**empty)]
    return a_document(rows, SHAPES, **named)
