"""The demo county's sites: where they lie, what shape they have, who answers for them."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

import numpy as np
import shapely
from shapely import LineString, Point, Polygon

from geo.shapes import MU_M2, geodesic_area_m2, geodesic_length_m
from inspections.demo import names
from inspections.demo.landscape import KM_PER_DEGREE, Landscape
from inspections.models.base import geometry_columns
from inspections.numbers import site_number, site_series
from inspections.terms import Kind, SiteStatus

SHARES = {Kind.STRAW: 0.36, Kind.POND: 0.18, Kind.GREENHOUSE: 0.26, Kind.AFFORESTATION: 0.20}
STATUSES = ((SiteStatus.ACTIVE, 0.955), (SiteStatus.DRAFT, 0.02), (SiteStatus.RETIRED, 0.025))


@dataclass
class Places:
    """Rows of sites and operators, and the last number given in each series."""

    sites: list[dict[str, Any]] = field(default_factory=list)
    operators: list[dict[str, Any]] = field(default_factory=list)
    series: Counter[str] = field(default_factory=Counter)


def make_places(
    rng: Random,
    draw: np.random.Generator,
    land: Landscape,
    *,
    count: int,
    township_codes: list[str],
    village_codes: list[str],
    village_names: list[str],
    creators: list[dict[str, Any]],
    leads: Mapping[str, dict[str, Any]],
    at: datetime,
) -> Places:
    """`count` sites spread over the county: fields and ponds on cropland, greenhouses along roads."""
    places = Places()
    namers = _Namers(rng, village_names)
    for kind, share in SHARES.items():
        wanted = count - len(places.sites) if kind is Kind.AFFORESTATION else round(count * share)
        for lon, lat, village in _spots(draw, land, kind, wanted):
            township = int(land.village_township[village])
            code = township_codes[township]
            subtype, shape = _SHAPES[kind](rng, lon, lat)
            operator = _operator(rng)
            places.operators.append(operator)
            places.series[site_series(kind, code)] += 1
            row = _row(rng, kind, subtype, shape, places.series[site_series(kind, code)], code, at)
            row |= {
                "name": namers.next(kind, village),
                "village_code": village_codes[village],
                "operator_id": operator["id"],
                "body_id": (leads.get(subtype) or leads[kind])["id"],
                "created_by_id": creators[township]["id"],
                "township": township,
            }
            places.sites.append(row)
    return places


class _Namers:
    def __init__(self, rng: Random, village_names: list[str]) -> None:
        self.rng, self.village_names = rng, village_names
        self.made: dict[tuple[str, int], Iterator[str]] = {}

    def next(self, kind: str, village: int) -> str:
        key = (kind, village)
        if key not in self.made:
            self.made[key] = names.site_names(self.rng, kind, self.village_names[village])
        return next(self.made[key])


def _spots(
    draw: np.random.Generator, land: Landscape, kind: Kind, wanted: int
) -> Iterator[tuple[float, float, int]]:
    """Points of a kind inside the county, each with its village."""
    minx, miny, maxx, maxy = land.county.bounds
    found = 0
    near_roads = shapely.union_all(land.roads).buffer(0.03)
    favoured = {Kind.GREENHOUSE: near_roads, Kind.AFFORESTATION: land.county}.get(kind, land.cropland)
    shapely.prepare(favoured)
    while found < wanted:
        size = max(2000, 3 * (wanted - found))
        lons, lats = draw.uniform(minx, maxx, size), draw.uniform(miny, maxy, size)
        kept = shapely.contains_xy(favoured, lons, lats) | (draw.uniform(size=size) < 0.15)
        villages = land.villages_of(lons, lats)
        for index in np.flatnonzero(kept & (villages >= 0))[: wanted - found]:
            found += 1
            yield round(float(lons[index]), 7), round(float(lats[index]), 7), int(villages[index])


def _row(
    rng: Random, kind: Kind, subtype: str, shape: Any, running: int, township_code: str, at: datetime
) -> dict[str, Any]:
    middle = shape if isinstance(shape, Point) else shapely.set_precision(shape.representative_point(), 1e-7)
    area = geodesic_area_m2(shape) if isinstance(shape, Polygon) else None
    status = rng.choices([name for name, _ in STATUSES], [share for _, share in STATUSES])[0]
    return {
        "id": uuid.UUID(int=rng.getrandbits(128), version=4),
        "number": site_number(kind, township_code, running),
        "kind": kind,
        "subtype": subtype,
        "status": status,
        "township_code": township_code,
        "township_reason": "",
        "village_group": f"{'一二三四五六七八九'[rng.randrange(9)]}社",
        "lon": middle.x,
        "lat": middle.y,
        "loc_method": "gps" if area is None else rng.choice(("map", "survey")),
        "loc_accuracy_m": rng.choice((3.0, 5.0, 8.0, 12.0)),
        "loc_datum": "cgcs2000",
        "loc_raw": f"{middle.x:.7f}, {middle.y:.7f}",
        "area_m2": area,
        "length_m": geodesic_length_m(shape) if isinstance(shape, LineString) else None,
        "area_reported_mu": round(area / MU_M2 * rng.uniform(0.94, 1.06), 1) if area else None,
        "source": "census",
        "source_ref": "",
        "remark": "",
        "attrs": _attrs(rng, kind, subtype),
        "created_at": at,
        "updated_at": at,
        "activated_at": None if status is SiteStatus.DRAFT else at,
        "retired_at": at if status is SiteStatus.RETIRED else None,
        "retired_reason": "已复耕，现场核实无设施" if status is SiteStatus.RETIRED else "",
        "row_version": 1,
        **geometry_columns(shape),
    }


def _attrs(rng: Random, kind: Kind, subtype: str) -> dict[str, Any]:
    if kind is Kind.AFFORESTATION and subtype in ("road_net", "water_net", "field_net"):
        return {"width_m": rng.choice([6, 8, 10, 15, 20]), "design_year": 2025}
    if kind is Kind.GREENHOUSE:
        return {"shed_count": rng.randint(1, 24)}
    return {}


def _operator(rng: Random) -> dict[str, Any]:
    name, kind = names.operator(rng)
    # 19x with zeros after it is given to nobody.
    phone = f"1990000{rng.randrange(10_000):04d}"
    return {
        "id": uuid.UUID(int=rng.getrandbits(128), version=4),
        "name": name,
        "type": kind,
        "phone": phone,
        "salt": rng.randbytes(32),
    }


def _offset(lon: float, lat: float, east_m: float, north_m: float) -> tuple[float, float]:
    return (
        round(lon + east_m / 1000 / KM_PER_DEGREE[0], 7),
        round(lat + north_m / 1000 / KM_PER_DEGREE[1], 7),
    )


def _block(rng: Random, lon: float, lat: float, least_m: float, most_m: float) -> Polygon:
    """A rectangle turned a little, as fields and sheds lie."""
    half_x, half_y = rng.uniform(least_m, most_m) / 2, rng.uniform(least_m, most_m) / 2
    turn = rng.uniform(-0.4, 0.4)
    cos, sin = np.cos(turn), np.sin(turn)
    corners = ((-half_x, -half_y), (half_x, -half_y), (half_x, half_y), (-half_x, half_y))
    return Polygon(
        [_offset(lon, lat, float(x * cos - y * sin), float(x * sin + y * cos)) for x, y in corners]
    )


def _blob(rng: Random, lon: float, lat: float, radius_m: float) -> Polygon:
    """A rounded shape that never crosses itself."""
    angles = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    radii = [radius_m * rng.uniform(0.7, 1.25) for _ in angles]
    return Polygon(
        [
            _offset(lon, lat, float(radius * np.cos(angle)), float(radius * np.sin(angle)))
            for radius, angle in zip(radii, angles, strict=True)
        ]
    )


def _belt(rng: Random, lon: float, lat: float, length_m: float) -> LineString:
    heading, points, x, y = rng.uniform(0, 2 * np.pi), [], 0.0, 0.0
    for _ in range(5):
        points.append(_offset(lon, lat, x, y))
        heading += rng.uniform(-0.3, 0.3)
        x, y = x + length_m / 4 * float(np.cos(heading)), y + length_m / 4 * float(np.sin(heading))
    return LineString(points)


def _straw(rng: Random, lon: float, lat: float) -> tuple[str, Any]:
    if rng.random() < 0.12:
        return "event", Point(lon, lat)
    return "plot", _block(rng, lon, lat, 120, 420)


def _pond(rng: Random, lon: float, lat: float) -> tuple[str, Any]:
    drawn = rng.random()
    if drawn < 0.12:
        return "ditch", _belt(rng, lon, lat, rng.uniform(200, 900))
    if drawn < 0.30:
        return "pond", Point(lon, lat)  # not surveyed yet
    return ("pond" if drawn < 0.95 else "reservoir"), _blob(rng, lon, lat, rng.uniform(12, 70))


def _greenhouse(rng: Random, lon: float, lat: float) -> tuple[str, Any]:
    subtype = rng.choice(("plastic", "solar", "solar", "multispan", "steel"))
    return subtype, Point(lon, lat) if rng.random() < 0.2 else _block(rng, lon, lat, 40, 180)


def _afforestation(rng: Random, lon: float, lat: float) -> tuple[str, Any]:
    if rng.random() < 0.4:
        return rng.choice(("road_net", "water_net", "field_net")), _belt(
            rng, lon, lat, rng.uniform(300, 2500)
        )
    return "area", _blob(rng, lon, lat, rng.uniform(80, 300))


_SHAPES = {
    Kind.STRAW: _straw,
    Kind.POND: _pond,
    Kind.GREENHOUSE: _greenhouse,
    Kind.AFFORESTATION: _afforestation,
}
