"""What the map draws of layers and villages: simplified by zoom, at most `MOST_BYTES` for a whole county.

Far out a layer is one shape: neighbouring polygons are joined, what is smaller than a pixel is left out,
pieces of one road are put end to end. Near, the features of a box are given as they are kept, with their
names. Far drawings are kept in memory by version and class of zoom.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from threading import Lock
from typing import Any

import numpy as np
import shapely
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from geo.shapes import representative_point
from geo.simplifying import clip, dissolve, join_lines, pixel_deg, rounded, shared_lines, thin
from geo.writers.geojson import Pair, write_geojson
from inspections.errors import NotFound
from inspections.layers import find_current, list_current
from inspections.models import Area, LayerFeature
from inspections.store import in_box
from inspections.terms import AreaLevel, LayerKind

VILLAGES = "villages"
KINDS = (VILLAGES, *(kind.value for kind in LayerKind))
FAR: Mapping[int, int] = {9: 4, 11: 4, 13: 5}  # the zoom a class serves up to, and digits of its degrees
NEAR_DIGITS = 6
MOST_BYTES = 300_000  # of a far drawing, packed
MOST_NEAR = 20_000  # features of one near answer
WORTH_CLIPPING = 500  # corners
NAMED_FROM = 13  # the class from which villages have names
COARSER, TRIES = 1.6, 8  # how a drawing that is too large is made smaller
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Drawing:
    """GeoJSON, packed with gzip, and the tag of its content."""

    packed: bytes
    etag: str


@dataclass(frozen=True)
class Drawn:
    """A kind that can be drawn; the source is empty and the day None where they are not known."""

    kind: str
    source: str
    dated: date | None


def class_of(zoom: float) -> int | None:
    """The class that serves a zoom; None where features are given as they are kept.

    Examples
    --------
    >>> [class_of(zoom) for zoom in (4, 9.25, 13, 13.25)]
    [9, 11, 13, None]
    """
    return next((one for one in FAR if zoom <= one), None)


def draw_far(session: Session, kind: str, zoom_class: int) -> Drawing:
    """Draw the whole of a kind for a class of zoom; raises `NotFound` where there is nothing of it."""
    key, stamp = (str(session.get_bind().engine.url), kind, zoom_class), _stamp(session, kind)
    with _locks.setdefault(key, Lock()):  # nobody draws what somebody else is drawing
        kept = _drawings.get(key)
        if kept is None or kept[0] != stamp:
            sketch = _sketch_villages if kind == VILLAGES else _sketch_layer
            kept = stamp, _fitting(*sketch(session, kind, zoom_class), zoom_class)
            _keep(key, kept)
    return kept[1]


def draw_near(session: Session, kind: str, box: Box) -> Drawing:
    """Draw the features of a kind that a box, in degrees, meets; raises as `draw_far` does."""
    _stamp(session, kind)
    if kind == VILLAGES:
        areas = _list_villages(session, box)
        shapes = [area.geometry for area in areas if area.geometry is not None]
        drawn = rounded(shared_lines(shapes, 0.0) if shapes else [], NEAR_DIGITS)
        return _packed([*_together(drawn), *map(_name_of, areas)])
    return _packed(list(_near_features(session, LayerKind(kind), box)))


def list_drawn(session: Session) -> list[Drawn]:
    """List every kind there is something of, villages first, with its source and the day it is of."""
    first, last, dated = func.min(Area.source), func.max(Area.source), func.max(Area.valid_from)
    count, one, other, day = session.execute(
        select(func.count(), first, last, dated).where(_is_village())
    ).one()
    villages = [Drawn(VILLAGES, one if one == other else "", day)] if count else []
    layers = list_current(session)
    return villages + [Drawn(layer.kind.value, layer.source, layer.dated) for layer in layers]


_drawings: dict[tuple[str, str, int], tuple[Any, Drawing]] = {}
_locks: dict[tuple[str, str, int], Lock] = {}
_KEPT_MOST = 40
_keeping = Lock()


def _keep(key: tuple[str, str, int], kept: tuple[Any, Drawing]) -> None:
    with _keeping:
        while key not in _drawings and len(_drawings) >= _KEPT_MOST:
            _drawings.pop(next(iter(_drawings)))
        _drawings[key] = kept


def _stamp(session: Session, kind: str) -> Any:
    """What changes with a kind; raises `NotFound`."""
    if kind == VILLAGES:
        stamp = _villages_stamp(session)
        known = stamp[0]
    else:
        stamp = known = find_current(session, LayerKind(kind)) if kind in KINDS else None
        stamp = stamp and stamp.id
    if not known:
        raise NotFound
    return stamp


def _villages_stamp(session: Session) -> tuple[Any, ...]:
    edges = (Area.min_lon, Area.min_lat, Area.max_lon, Area.max_lat, Area.lon, Area.lat)
    query = select(func.count(), func.max(Area.pk), *(func.sum(column) for column in edges))
    return tuple(session.execute(query.where(_is_village())).one())


def _is_village() -> ColumnElement[bool]:
    """Villages of today that can be drawn: many have a point only."""
    placed = Area.geometry.is_not(None) | Area.lon.is_not(None)
    return (Area.level == AreaLevel.VILLAGE) & Area.valid_to.is_(None) & placed


def _list_villages(session: Session, box: Box | None = None) -> list[Area]:
    """Villages of today by code; in a box, those whose outline or point it meets."""
    query = select(Area).where(_is_village()).order_by(Area.code)
    if box is not None:
        west, south, east, north = box
        at_point = Area.geometry.is_(None) & Area.lon.between(west, east) & Area.lat.between(south, north)
        query = query.where(or_(in_box(session, Area, box), at_point))
    return list(session.scalars(query))


Sketch = tuple[Callable[[float], list[Any]], list[Pair]]  # shapes by tolerance in degrees, and names


def _sketch_villages(session: Session, _kind: str, zoom_class: int) -> Sketch:
    areas = _list_villages(session)
    shapes = [area.geometry for area in areas if area.geometry is not None]
    names = [_name_of(area) for area in areas] if zoom_class >= NAMED_FROM else []
    return (lambda tolerance_deg: shared_lines(shapes, tolerance_deg) if shapes else []), names


def _sketch_layer(session: Session, kind: str, zoom_class: int) -> Sketch:
    layer = find_current(session, LayerKind(kind))
    query = select(LayerFeature.geometry).where(LayerFeature.layer_id == layer.id)  # type: ignore[union-attr]
    shapes = np.array(session.scalars(query).all(), dtype=object)
    is_line = shapely.get_dimensions(shapes) == 1
    drawn = dissolve(shapes[~is_line], pixel_deg(zoom_class)) + join_lines(shapes[is_line])
    return (lambda tolerance_deg: thin(drawn, tolerance_deg)), []


def _fitting(shapes: Callable[[float], list[Any]], names: list[Pair], zoom_class: int) -> Drawing:
    """The finest drawing from a pixel on that is not too large; the coarsest that is tried, if none is."""
    tolerance_deg = pixel_deg(zoom_class)
    for _ in range(TRIES):
        drawing = _packed([*_together(rounded(shapes(tolerance_deg), FAR[zoom_class])), *names])
        if len(drawing.packed) <= MOST_BYTES:
            break
        tolerance_deg *= COARSER
    return drawing


def _together(shapes: Iterable[Any]) -> list[Pair]:
    """One feature of all polygons, one of all lines."""
    parts = [part for shape in shapes for part in shapely.get_parts(shape) if not part.is_empty]
    polygons = [part for part in parts if part.geom_type == "Polygon"]
    lines = [part for part in parts if part.geom_type == "LineString"]
    drawn = [(shapely.MultiPolygon, polygons), (shapely.MultiLineString, lines)]
    return [(make(of_kind), {}) for make, of_kind in drawn if of_kind]


def _near_features(session: Session, kind: LayerKind, box: Box) -> Iterable[Pair]:
    """The features of a layer that a box meets, each whole again, large ones cut to the box."""
    layer = find_current(session, kind)
    query = select(LayerFeature.number, LayerFeature.name, LayerFeature.geometry)
    query = query.where(
        LayerFeature.layer_id == layer.id,  # type: ignore[union-attr]
        in_box(session, LayerFeature, box),
    )
    rows = session.execute(query.order_by(LayerFeature.number, LayerFeature.pk).limit(MOST_NEAR)).all()
    for _number, parts in groupby(rows, key=lambda row: row.number):
        of_feature = list(parts)
        shape = _whole([row.geometry for row in of_feature], box)
        if not shape.is_empty:
            yield rounded([shape], NEAR_DIGITS)[0], _named(of_feature[0].name, shape, box)


def _whole(parts: list[Any], box: Box) -> Any:
    shape = parts[0] if len(parts) == 1 else shapely.union_all(parts)
    return clip(shape, box) if shapely.get_num_coordinates(shape) > WORTH_CLIPPING else shape


def _named(name: str, shape: Any, box: Box) -> dict[str, Any]:
    """The name of a feature, and where to write it: in the middle half of the box, if it reaches there."""
    if not name:
        return {}
    seen = clip(shape, _middle(box))
    parts = shapely.get_parts(shape if seen.is_empty else seen)
    at = representative_point(max(parts, key=lambda part: (part.area, part.length)))
    return {"name": name, "at": [round(at.x, NEAR_DIGITS), round(at.y, NEAR_DIGITS)]}


def _middle(box: Box) -> Box:
    """The half of a box round its middle: the view, when a map asks for as much again around it."""
    west, south, east, north = box
    wide, high = (east - west) / 4, (north - south) / 4
    return west + wide, south + high, east - wide, north - high


def _name_of(area: Area) -> Pair:
    """The name of a village at its point, which is all that many have."""
    at = area.geometry.representative_point() if area.lon is None else shapely.Point(area.lon, area.lat)
    at = rounded([at], NEAR_DIGITS)[0]
    return at, {"name": area.name, "at": [at.x, at.y]}


def _packed(features: list[Pair]) -> Drawing:
    written = write_geojson(features)
    etag = hashlib.sha256(written).hexdigest()[:32]
    return Drawing(gzip.compress(written, compresslevel=6, mtime=0), etag)
