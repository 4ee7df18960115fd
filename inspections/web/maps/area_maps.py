"""Small maps of areas through time: the townships of a day, one area's boundary with the one before it."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson
import shapely

from geo.maps import FeatureLayer, MapParts
from inspections import map_features
from inspections.web.context import session
from inspections.web.maps.parts import (
    OPENING_DIGITS,
    OPENING_TOLERANCES,
    Box,
    Opening,
    SiteMap,
    as_block,
    basemap,
    opening,
    rendered,
    words,
    write_outlines,
)

DAY, AREA = "map_day", "map_area"  # ids of the boxes
LINE_TOLERANCE = 0.0001  # degrees: 10 m
LINE_DIGITS = 5


def day_map(on: date | None = None) -> SiteMap | None:
    """Render the townships of a day, today's if none is given; None where none of them has a boundary."""
    found = opening()
    if found is None:
        return None
    bounds, outlines = found.bounds, found.outlines
    if on is not None:
        drawn = map_features.list_outlines(session(), tolerance_deg=OPENING_TOLERANCES[0], on=on)
        if not drawn:
            return None
        bounds = tuple(shapely.total_bounds([shape for shape, _ in drawn]).round(OPENING_DIGITS).tolist())
        outlines = write_outlines(drawn)
    data = {"bounds": bounds, "areas": orjson.Fragment(outlines), "words": words()}
    return SiteMap(day_parts(found), DAY, as_block(data))


def area_map(boundary: Any, before: Any = None) -> SiteMap | None:
    """Render a boundary over the townships of today, and beside it the line it had before.

    None without a boundary, and before the county's areas are imported.
    """
    found = opening()
    if found is None or boundary is None:
        return None
    shapes = [shape for shape in (boundary, before) if shape is not None]
    data = {
        "bounds": found.bounds,
        "opens_on": _with_room(tuple(shapely.total_bounds(shapes).tolist())),
        "areas": orjson.Fragment(found.outlines),
        "lines": {"now": _line(boundary), "before": _line(before)},
        "words": words(),
    }
    return SiteMap(area_parts(found), AREA, as_block(data))


def day_parts(found: Opening) -> MapParts:
    """Render the parts of the map of a day."""
    return rendered(
        DAY,
        lambda: [FeatureLayer("areas", filled=basemap() is None), FeatureLayer("names")],
        found.bounds,
    )


def area_parts(found: Opening) -> MapParts:
    """Render the parts of the map of one area."""
    return rendered(
        AREA,
        lambda: [
            FeatureLayer("areas", filled=basemap() is None),
            FeatureLayer("names"),
            FeatureLayer("lines"),
        ],
        found.bounds,
    )


def _with_room(box: Box) -> Box:
    west, south, east, north = box
    room = max(east - west, north - south) / 12
    return west - room, south - room, east + room, north + room


def _line(shape: Any) -> orjson.Fragment | None:
    if shape is None:
        return None
    simple = shapely.set_precision(shapely.simplify(shape, LINE_TOLERANCE), 10**-LINE_DIGITS)
    return orjson.Fragment(shapely.to_geojson(simple))
