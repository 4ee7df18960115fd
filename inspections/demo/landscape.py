"""The land of the demo county: outline, villages, townships, a river, roads and cropland, all from one seed.

Villages are groups of small Voronoi cells and townships groups of villages, so neighbours share every line
exactly and together fill the county. Lengths are kept in local kilometres and turned to lon/lat at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from shapely import LineString, MultiPoint, MultiPolygon, Point, Polygon, STRtree

CENTRE = (100.485, 38.965)
KM_PER_DEGREE = (86.6, 111.0)  # east and north, at this latitude
BOUNDS_KM = (-33.0, -45.6, 33.0, 47.6)  # keeps inside 100.10-100.87°E, 38.55-39.40°N
TOWNSHIPS, VILLAGES, CELLS = 18, 240, 3600


@dataclass(frozen=True)
class Landscape:
    """Shapes in lon/lat; `village_township[i]` is the township that village `i` belongs to."""

    county: Polygon
    townships: list[MultiPolygon]
    villages: list[MultiPolygon]
    village_township: np.ndarray  # int, shape (240,)
    river: LineString
    roads: list[LineString]
    cropland: MultiPolygon

    @cached_property
    def _tree(self) -> STRtree:
        return STRtree(self.villages)

    def villages_of(self, lons: np.ndarray, lats: np.ndarray) -> np.ndarray:
        """Index of the village that holds each point, -1 outside the county; shape (n,)."""
        points, villages = self._tree.query(shapely.points(lons, lats), predicate="intersects")
        found = np.full(len(lons), -1)
        found[points[::-1]] = villages[::-1]  # on a shared line the first village wins
        return found


def make_landscape(rng: np.random.Generator) -> Landscape:
    """Draw the county; the same generator state gives the same shapes."""
    county = _outline(rng)
    cells = _cells(county, rng)
    centres = shapely.get_coordinates(shapely.centroid(cells))
    village_seeds = _spread(county, VILLAGES, rng)
    township_seeds = _spread(county, TOWNSHIPS, rng)
    cell_village = _nearest(centres, village_seeds)
    village_township = _nearest(village_seeds, township_seeds)
    villages = [_joined(cells[cell_village == number]) for number in range(VILLAGES)]
    townships = [
        _joined(np.array(villages, dtype=object)[village_township == number]) for number in range(TOWNSHIPS)
    ]
    river = _river(county)
    return Landscape(
        county=_to_degrees(county),
        townships=[_to_degrees(shape) for shape in townships],
        villages=[_to_degrees(shape) for shape in villages],
        village_township=village_township,
        river=_to_degrees(river),
        roads=[_to_degrees(road) for road in _roads(county)],
        cropland=_to_degrees(_multi(river.buffer(11).intersection(county))),
    )


def degrees(x_km: np.ndarray, y_km: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Local kilometres to lon, lat."""
    return CENTRE[0] + x_km / KM_PER_DEGREE[0], CENTRE[1] + y_km / KM_PER_DEGREE[1]


def _outline(rng: np.random.Generator) -> Polygon:
    angle = np.linspace(0, 2 * np.pi, 360, endpoint=False)
    wobble = np.zeros_like(angle)
    for wave in range(3, 24):
        wobble += rng.normal(0, 0.16 / wave) * np.cos(wave * angle + rng.uniform(0, 2 * np.pi))
    # A rounded rectangle rather than an ellipse: its corners have to hold the county's test box.
    squareness = (np.abs(np.cos(angle)) ** 3.2 + np.abs(np.sin(angle)) ** 3.2) ** (-1 / 3.2)
    radius = 0.885 * squareness * (1 + 0.8 * np.clip(wobble, -0.12, 0.1))
    minx, miny, maxx, maxy = BOUNDS_KM
    x = np.clip(radius * np.cos(angle) * 31, minx, maxx)
    y = np.clip(radius * np.sin(angle) * 42, miny, maxy) + 1.0
    return Polygon(np.column_stack([x, y])).buffer(0)


def _cells(county: Polygon, rng: np.random.Generator) -> np.ndarray:
    points = MultiPoint(_inside(county.buffer(2), CELLS, rng))
    cells = shapely.get_parts(shapely.voronoi_polygons(points, extend_to=county.buffer(5)))
    cells = shapely.intersection(cells, county)
    return cells[~shapely.is_empty(cells)]


def _inside(shape: Polygon, count: int, rng: np.random.Generator) -> np.ndarray:
    minx, miny, maxx, maxy = shape.bounds
    points = rng.uniform((minx, miny), (maxx, maxy), (count * 3, 2))
    return points[shapely.contains_xy(shape, points)][:count]


def _spread(shape: Polygon, count: int, rng: np.random.Generator) -> np.ndarray:
    """Seeds spread evenly: each the middle of what is nearest to it, a few times over."""
    points, seeds = _inside(shape, 6000, rng), _inside(shape, count, rng)
    for _ in range(12):
        nearest = _nearest(points, seeds)
        seeds = np.array([points[nearest == number].mean(axis=0) for number in range(count)])
    return seeds


def _nearest(points: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    return ((points[:, None, :] - seeds[None, :, :]) ** 2).sum(axis=2).argmin(axis=1)


def _joined(shapes: np.ndarray) -> MultiPolygon:
    return _multi(shapely.coverage_union_all(shapes))


def _multi(shape: Polygon | MultiPolygon) -> MultiPolygon:
    return MultiPolygon([shape]) if isinstance(shape, Polygon) else shape


def _river(county: Polygon) -> LineString:
    along = np.linspace(-1.2, 1.2, 160)
    x = along * 27 + 3 * np.sin(along * 5)
    y = along * 34 + 6 * np.sin(along * 3.4 + 1) + 1.2 * np.sin(along * 17)
    return _longest(LineString(np.column_stack([x, y])).intersection(county))


def _roads(county: Polygon) -> list[LineString]:
    across = np.linspace(-1.3, 1.3, 80)
    lines = (
        np.column_stack([across * 30, 4 * np.sin(across * 2) - across * 16]),
        np.column_stack([across * 30, 12 + 3 * np.sin(across * 3 + 2)]),
        np.column_stack([-6 + 3 * np.sin(across * 2.5), across * 44]),
    )
    return [_longest(LineString(line).intersection(county)) for line in lines]


def _longest(shape: LineString | shapely.MultiLineString) -> LineString:
    return max(shapely.get_parts(shape), key=lambda part: part.length)


def _to_degrees(shape: shapely.Geometry) -> shapely.Geometry:
    def turn(xy: np.ndarray) -> np.ndarray:
        lon, lat = degrees(xy[:, 0], xy[:, 1])
        return np.round(np.column_stack([lon, lat]), 7)

    return shapely.transform(shape, turn)


def middle_of(shape: MultiPolygon) -> Point:
    """A point to write the name at: the centre of the largest circle that fits."""
    largest = max(shape.geoms, key=lambda part: part.area)
    return Point(shapely.maximum_inscribed_circle(largest, tolerance=0.002).coords[0])
