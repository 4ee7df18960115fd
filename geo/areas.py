"""Which area holds a place: an index of polygons for one point or a hundred thousand.

Areas of one level, such as the townships of a county. A place on a line shared by two belongs to the one that
comes first, so that no place counts twice and none is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, radians

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.errors import EmptyGeometry, NotFinite
from geo.shapes import distance_m

NOWHERE = -1
_SIZES = (shapely.get_num_geometries, shapely.length, shapely.area)  # by dimension


class AreaIndex:
    """Polygons in longitude and latitude with their codes, ready to be asked.

    Parameters
    ----------
    codes : sequence of str
        One a polygon; answers are indexes into it.
    geometries : sequence of Polygon or MultiPolygon
        In CGCS2000, valid.

    Examples
    --------
    >>> index = AreaIndex(["west", "east"], [shapely.box(100, 38, 101, 39), shapely.box(101, 38, 102, 39)])
    >>> index.codes[index.locate_one((100.5, 38.5))]
    'west'
    """

    def __init__(self, codes: Sequence[str], geometries: Sequence[BaseGeometry]) -> None:
        if len(codes) != len(geometries):
            raise ValueError("as many codes as geometries")
        self.codes = list(codes)
        self.geometries = np.array(list(geometries), dtype=object)
        if any(geometry.is_empty for geometry in self.geometries):
            raise EmptyGeometry
        shapely.prepare(self.geometries)
        self._boxes = shapely.bounds(self.geometries).reshape(-1, 4)
        # For choosing neighbours only: a plane in metres round the middle, true to under 1 % over a county
        middle = radians((self._boxes[:, 1].min() + self._boxes[:, 3].max()) / 2) if codes else 0.0
        self._scale = np.array([111_320.0 * cos(middle), 111_130.0])
        self._flat = shapely.transform(self.geometries, lambda xy: xy * self._scale)
        shapely.prepare(self._flat)

    def __len__(self) -> int:
        return len(self.codes)

    def locate(self, lons: np.ndarray, lats: np.ndarray) -> np.ndarray:
        """Find the area of each point.

        Parameters
        ----------
        lons, lats : ndarray, shape (n,)
            Degrees in CGCS2000; a point that is not finite lies nowhere.

        Returns
        -------
        ndarray of int, shape (n,)
            Indexes of areas, `NOWHERE` (-1) outside all.
        """
        lons, lats = np.asarray(lons, dtype=float), np.asarray(lats, dtype=float)
        found = np.full(lons.shape, NOWHERE, dtype=np.int64)
        left = np.arange(lons.size)
        for index, (minx, miny, maxx, maxy) in enumerate(self._boxes):
            x, y = lons[left], lats[left]
            in_box = np.flatnonzero((x >= minx) & (x <= maxx) & (y >= miny) & (y <= maxy))
            inside = in_box[shapely.intersects_xy(self.geometries[index], x[in_box], y[in_box])]
            found[left[inside]] = index
            left = np.delete(left, inside)
        return found

    def locate_one(self, point: shapely.Point | tuple[float, float]) -> int:
        """Find the area of one point: its index, or `NOWHERE` (-1)."""
        lon, lat = _lonlat(point)
        return int(self.locate(np.array([lon]), np.array([lat]))[0])

    def border_distance_m(self, point: shapely.Point | tuple[float, float], index: int) -> float:
        """Measure from a point of one area to the nearest other area, in metres; infinite if there is none.

        The outer line of the county is no border in this sense.
        """
        others = np.delete(np.arange(len(self)), index) if index != NOWHERE else np.arange(len(self))
        nearest = self._nearest_of(point, others)
        return distance_m(point, self.geometries[nearest]) if nearest != NOWHERE else float("inf")

    def near_border(
        self, lons: np.ndarray, lats: np.ndarray, indexes: np.ndarray, within_m: float
    ) -> np.ndarray:
        """Tell for many located points which lie within a distance of another area; true to 1 % of it.

        Parameters
        ----------
        lons, lats : ndarray, shape (n,)
            Degrees in CGCS2000.
        indexes : ndarray of int, shape (n,)
            The area of each, as `locate` gave it.
        within_m : float
            Metres.

        Returns
        -------
        ndarray of bool, shape (n,)
        """
        near = np.zeros(np.shape(lons), dtype=bool)
        flat = np.column_stack([lons, lats]) * self._scale
        for index, (minx, miny, maxx, maxy) in enumerate(shapely.bounds(self._flat)):
            close = (flat[:, 0] >= minx - within_m) & (flat[:, 0] <= maxx + within_m)
            close &= (flat[:, 1] >= miny - within_m) & (flat[:, 1] <= maxy + within_m)
            rows = np.flatnonzero(close & (indexes != index) & ~near)
            near[rows] = shapely.dwithin(self._flat[index], shapely.points(flat[rows]), within_m)
        return near

    def nearest(self, point: shapely.Point | tuple[float, float]) -> tuple[int, float]:
        """Find the nearest area and how far away it is, in metres; (-1, inf) in an empty index."""
        index = self._nearest_of(point, np.arange(len(self)))
        return (
            (index, distance_m(point, self.geometries[index])) if index != NOWHERE else (index, float("inf"))
        )

    def within(self, point: shapely.Point, within_m: float) -> list[int]:
        """Find the areas that lie within a distance of a point, the one that holds it first; true to 1 %."""
        flat = shapely.transform(point, lambda xy: xy * self._scale)
        away = shapely.distance(self._flat, flat)
        return [int(row) for row in np.argsort(away, kind="stable") if away[row] <= within_m]

    def share(self, geometry: BaseGeometry) -> list[tuple[int, float]]:
        """Say which areas hold what part (0 to 1) of a shape, the largest part first.

        Polygons by area, lines by length, points by number. Parts outside every area are left out, so the
        shares may add up to less than 1.
        """
        if geometry.is_empty:
            raise EmptyGeometry
        size = _SIZES[int(shapely.get_dimensions(geometry))]
        rows = np.flatnonzero(shapely.intersects(self.geometries, geometry))
        parts = size(shapely.intersection(self.geometries[rows], geometry)) / size(geometry)
        shares = [(int(row), float(part)) for row, part in zip(rows, parts, strict=True) if part > 0]
        return sorted(shares, key=lambda share: (-share[1], share[0]))

    def _nearest_of(self, point: shapely.Point | tuple[float, float], rows: np.ndarray) -> int:
        if not len(rows):
            return NOWHERE
        lon, lat = _lonlat(point)
        away = shapely.distance(self._flat[rows], shapely.Point(lon * self._scale[0], lat * self._scale[1]))
        return int(rows[np.argmin(away)])


def _lonlat(point: shapely.Point | tuple[float, float]) -> tuple[float, float]:
    lon, lat = (point.x, point.y) if isinstance(point, shapely.Point) else point
    if not np.isfinite([lon, lat]).all():
        raise NotFinite
    return lon, lat
