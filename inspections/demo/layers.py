"""The demo county's layers for reference: river, roads, cropland, basic farmland and burning ban zones.

Made from the land and a chance of their own, so that sites and visits are the same with and without them.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

import numpy as np
import shapely
from shapely import Point, Polygon

from geo.shapes import geodesic_area_m2, geodesic_length_m
from inspections.demo.landscape import CENTRE, KM_PER_DEGREE, Landscape, degrees
from inspections.models.base import geometry_columns
from inspections.terms import LayerKind, LayerStanding

BLOCK_KM = (1.2, 0.8)  # fields lie in blocks, turned a little, with tracks between them
TRACK_KM, TURN = 0.03, 0.35
KEPT_SHARE = 0.62  # of the blocks that are basic farmland
SOURCES = {
    LayerKind.RIVERS: "示范县水务局",
    LayerKind.ROADS: "示范县交通运输局",
    LayerKind.CROPLAND: "示范县自然资源局",
    LayerKind.BASIC_FARMLAND: "示范县自然资源局",
    LayerKind.BAN_ZONES: "示范县人民政府公告",
}
Named = list[tuple[str, Any]]  # a feature's name and its shape in lon/lat


@dataclass
class LayerRows:
    """Rows of layers and of their features."""

    layers: list[dict[str, Any]] = field(default_factory=list)
    features: list[dict[str, Any]] = field(default_factory=list)


def make_layers(
    rng: Random,
    draw: np.random.Generator,
    land: Landscape,
    *,
    township_names: Sequence[str],
    village_names: Sequence[str],
    by: uuid.UUID,
    at: datetime,
) -> LayerRows:
    """Draw every kind of layer; names are in the order of the land's townships and villages."""
    ground = _Ground(land)
    drawn = {
        LayerKind.RIVERS: [("苇河", land.river)],
        LayerKind.ROADS: [(f"X90{number}线", road) for number, road in enumerate(land.roads, 1)],
        LayerKind.CROPLAND: ground.cropland(township_names),
        LayerKind.BASIC_FARMLAND: ground.farmland(draw, village_names),
        LayerKind.BAN_ZONES: ground.ban_zones(),
    }
    rows = LayerRows()
    for kind, named in drawn.items():
        layer = _layer(rng, kind, named, by, at)
        rows.layers.append(layer)
        rows.features += [
            {"layer_id": layer["id"], "number": number, "name": name, **geometry_columns(part)}
            for number, (name, shape) in enumerate(named, 1)
            for part in shapely.get_parts(shape)
        ]
    return rows


def told_of(layer: dict[str, Any]) -> dict[str, Any]:
    """Tell what the ledger says of a layer."""
    facts = {name: layer[name] for name in ("source", "secrecy", "file_name", "sha256", "features")}
    return facts | {"kind": layer["kind"].value, "dated": layer["dated"].isoformat(), "replaces": None}


class _Ground:
    """What lies on the land, in local kilometres."""

    def __init__(self, land: Landscape) -> None:
        self._land = land
        self.river = _kilometres(land.river)
        self.roads = [_kilometres(road) for road in land.roads]
        self.villages = [_kilometres(village) for village in land.villages]
        middles = [village.representative_point() for village in self.villages]
        settled = shapely.union_all(shapely.buffer(middles, 0.45, quad_segs=3))
        ways = shapely.union_all([road.buffer(0.04) for road in self.roads])
        taken = shapely.union_all([settled, ways, self.river.buffer(0.15)])
        self.fields = _kilometres(land.cropland).difference(taken)

    def cropland(self, township_names: Sequence[str]) -> Named:
        """The fields of each township that has some."""
        shapes = shapely.intersection([_kilometres(one) for one in self._land.townships], self.fields)
        return [
            (name, _degrees(shape))
            for name, shape in zip(township_names, map(_polygons, shapes), strict=True)
            if shape is not None
        ]

    def farmland(self, draw: np.random.Generator, village_names: Sequence[str]) -> Named:
        """Most of the blocks that lie wholly in the fields, each named by its village."""
        blocks = _blocks(self.fields.bounds)
        shapely.prepare(self.fields)
        blocks = blocks[shapely.covers(self.fields, blocks)]
        blocks = blocks[draw.uniform(size=len(blocks)) < KEPT_SHARE]
        lonlat = [_degrees(block) for block in blocks]
        middles = shapely.centroid(np.array(lonlat, dtype=object))
        found = self._land.villages_of(shapely.get_x(middles), shapely.get_y(middles))
        return [(village_names[at], block) for at, block in zip(found, lonlat, strict=True)]

    def ban_zones(self) -> Named:
        """A ring round the seat of the county and a strip along the first road."""
        county = _kilometres(self._land.county)
        seat = Point(county.centroid).buffer(6.0, quad_segs=12)
        strip = self.roads[0].buffer(1.0, quad_segs=4).simplify(0.02)
        named = [("县城周边禁烧区", seat), ("X901线两侧一公里禁烧区", strip)]
        return [(name, _degrees(_polygons(shape.intersection(county)))) for name, shape in named]


def _blocks(bounds: tuple[float, float, float, float]) -> np.ndarray:
    """Blocks of fields that cover a box of kilometres, in rows that are turned a little."""
    west, south, east, north = bounds
    reach = float(np.hypot(east - west, north - south)) / 2
    wide, high = BLOCK_KM
    x, y = np.meshgrid(np.arange(-reach, reach, wide), np.arange(-reach, reach, high))
    flat = shapely.box(x.ravel(), y.ravel(), x.ravel() + wide - TRACK_KM, y.ravel() + high - TRACK_KM)
    cos, sin = np.cos(TURN), np.sin(TURN)
    middle = (west + east) / 2, (south + north) / 2
    return shapely.transform(flat, lambda xy: xy @ np.array([[cos, sin], [-sin, cos]]) + middle)


def _layer(rng: Random, kind: LayerKind, named: Named, by: uuid.UUID, at: datetime) -> dict[str, Any]:
    shapes = [shape for _, shape in named]
    area_m2 = sum(map(geodesic_area_m2, shapes))
    length_m = sum(geodesic_length_m(shape) for shape in shapes) if not area_m2 else 0.0
    return {
        "id": uuid.UUID(int=rng.getrandbits(128), version=4),
        "kind": kind,
        "standing": LayerStanding.CURRENT,
        "source": SOURCES[kind],
        "dated": at.date(),
        "secrecy": "internal",
        "file_name": "",
        "sha256": hashlib.sha256(b"".join(shapely.to_wkb(shapes))).hexdigest(),
        "crs": "EPSG:4490",
        "features": len(named),
        "area_m2": round(area_m2, 2) or None,
        "length_m": round(length_m, 2) or None,
        "imported_at": at,
        "imported_by_id": by,
        "import_id": None,
    }


def _kilometres(shape: Any) -> Any:
    return shapely.transform(shape, lambda xy: (xy - CENTRE) * KM_PER_DEGREE)


def _degrees(shape: Any) -> Any:
    return shapely.transform(shape, lambda xy: np.round(np.column_stack(degrees(xy[:, 0], xy[:, 1])), 7))


def _polygons(shape: Any) -> Any:
    """The polygons of what a cut left; None without any."""
    parts = [part for part in shapely.get_parts(shape) if isinstance(part, Polygon) and part.area > 1e-4]
    return shapely.MultiPolygon(parts) if parts else None
