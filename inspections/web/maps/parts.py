"""What the pages with maps are made of: Folium's parts, the opening view's outlines, and the words on a map.

Outlines are cut down for the opening view once for each state of the areas. A map's script depends on nothing
but the county's bounds, the tiles and the language: it is rendered once and served as a file of its own.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import shapely
from flask import current_app
from flask_babel import gettext as _
from markupsafe import Markup

from geo.basemaps import Basemap
from geo.maps import FeatureLayer, MapParts, county_map, render_parts
from geo.shared_lines import share_lines
from inspections import map_features
from inspections.map_states import CLOSED_WITHIN_DAYS, site_map_state
from inspections.web import filters
from inspections.web.assets import folium_assets
from inspections.web.context import now, session, settings
from inspections.web.tiles import tile_source

OPENING_TOLERANCES = (0.0012, 0.002, 0.003, 0.004, 0.006, 0.01)  # degrees; the first is a pixel of the view
OPENING_BYTES = 3_000  # of outlines, packed: a quarter of what the page may weigh
OPENING_DIGITS = 4
COUNTY, SITE, EDITOR = "map_county", "map_site", "map_editor"  # ids of the boxes
READINGS = tuple(f"map_reading_{number}" for number in range(6))
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Opening:
    """What every map of the county opens with."""

    stamp: tuple[Any, ...]
    bounds: Box
    outlines: bytes  # as `write_outlines` writes them
    townships: tuple[tuple[str, str], ...]  # code and name
    boxes: dict[str, Box]  # bounds of each township by code


@dataclass(frozen=True)
class SiteMap:
    """A small map: its parts, the id of its box, and its JSON block."""

    parts: MapParts
    name: str
    block: Markup


def opening() -> Opening | None:
    """Give outlines and bounds of the county; None before its areas are imported."""
    stamp = map_features.areas_stamp(session())
    kept: Opening | None = current_app.extensions.get("xuntu.opening")
    if kept is None or kept.stamp != stamp:
        kept = _cut_opening(stamp)
        current_app.extensions["xuntu.opening"] = kept
    return kept


def county_parts(found: Opening) -> MapParts:
    """Render the county map: areas below, their names, sites on top."""
    return rendered(
        COUNTY,
        lambda: [
            FeatureLayer("areas", label=_("Townships"), filled=basemap() is None),
            FeatureLayer("names", label=_("Names")),
            FeatureLayer("sites", label=_("Sites")),
        ],
        found.bounds,
    )


def site_map_parts(site: map_features.Site | None = None, *, editor: bool = False) -> SiteMap | None:
    """Render the small map of a site's page; with `editor` one to draw on, whose site may not exist yet.

    None before the county's areas are imported.
    """
    found = opening()
    if found is None:
        return None
    name = EDITOR if editor else SITE
    parts = rendered(
        name,
        lambda: [
            FeatureLayer("areas", filled=basemap() is None),
            FeatureLayer("names"),
            FeatureLayer("site"),
        ],
        found.bounds,
        draw={} if editor else None,
    )
    data = {
        "bounds": found.bounds,
        "areas": orjson.Fragment(found.outlines),
        "site": site and site_facts(site),
        "words": words(),
    }
    return SiteMap(parts, name, as_block(data))


@dataclass(frozen=True)
class ReadingMap(SiteMap):
    """A small map of one reading of a file's coordinates: of which question it is, and of which reading."""

    place: int
    name_of: str


def reading_maps(questions: Sequence[Mapping[str, Any]]) -> list[ReadingMap]:
    """Render a small map for each reading that is asked about, as many as a page bears.

    Each question has `readings`, each of those a `name` and `points`, and `known` sites beside them: pairs of
    longitude and latitude.
    """
    found = opening()
    if found is None:
        return []
    asked = [(place, said, one) for place, said in enumerate(questions) for one in said["readings"]]
    return [
        _reading_map(found, name, place, said, one)
        for name, (place, said, one) in zip(READINGS, asked, strict=False)
    ]


def _reading_map(
    found: Opening, name: str, place: int, said: Mapping[str, Any], one: Mapping[str, Any]
) -> ReadingMap:
    data = {
        "bounds": found.bounds,
        "opens_on": _around([place for reading in said["readings"] for place in reading["points"]]),
        "areas": orjson.Fragment(found.outlines),
        "points": one["points"],
        "known": said["known"],
        "words": words(),
    }
    return ReadingMap(_reading_parts(found, name), name, as_block(data), place, one["name"])


def _around(places: Sequence[Sequence[float]]) -> Box | None:
    """A box round places with some room, the same for all readings; None where there are none."""
    if not places:
        return None
    west, south, east, north = (float(edge) for edge in shapely.MultiPoint(places).bounds)
    room = max(east - west, north - south, 0.16) / 8
    return west - room, south - room, east + room, north + room


def _reading_parts(found: Opening, name: str) -> MapParts:
    return rendered(
        name,
        lambda: [FeatureLayer("areas", filled=basemap() is None), FeatureLayer("points")],
        found.bounds,
    )


def find_script(version: str, others: Iterable[Callable[[Opening], Any]] = ()) -> str | None:
    """Find a map's script by its version; after a restart every map is rendered anew to look.

    `others` render maps that are made elsewhere.
    """
    if version not in _scripts() and (found := opening()) is not None:
        county_parts(found)
        site_map_parts()
        site_map_parts(editor=True)
        for name in READINGS:
            _reading_parts(found, name)
        for render in others:
            render(found)
    return _scripts().get(version)


def rendered(
    name: str, layers: Callable[[], list[FeatureLayer]], bounds: Box, draw: dict[str, Any] | None = None
) -> MapParts:
    """Render the map of a box once for its bounds, tiles and language; its script is kept by version."""
    kept: dict[Any, MapParts] = current_app.extensions.setdefault("xuntu.map_parts", {})
    key = (name, bounds, filters.language(), basemap())
    if key not in kept:
        titles = {"zoom_in": _("Zoom in"), "zoom_out": _("Zoom out"), "locate": _("Show where I am")}
        built = county_map(name, bounds=bounds, layers=layers(), basemap=basemap(), draw=draw, words=titles)
        kept[key] = render_parts(built, folium_assets())
        _scripts()[kept[key].version] = kept[key].script
    return kept[key]


def write_outlines(outlines: Sequence[map_features.Outline]) -> bytes:
    """Write outlines as JSON for `static/js/map/outlines.js`, lines between neighbours once."""
    return orjson.dumps(share_lines(outlines, OPENING_DIGITS))


def as_block(data: dict[str, Any]) -> Markup:
    """Write JSON that may stand in a script element whatever people wrote into it."""
    text = orjson.dumps(data, option=orjson.OPT_UTC_Z).decode()
    for mark, safe in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(mark, safe)
    return Markup(text)  # noqa: S704 (no mark of markup is left in it)


def words() -> dict[str, str]:
    """Translate what every map says."""
    return {
        "no_position": _(
            "No position. Browsers give one only over HTTPS and with your permission. Move the map by hand."
        ),
        "position_lost": _("The device gives no position now. Try again, or move the map by hand."),
        "position_waits": _("No position yet. Wait, or go where the sky is open."),
        "accuracy": _("Own position ± {m}"),
        "away": _("{m} to the site"),
    }


def basemap() -> Basemap | None:
    """Give the background of `XUNTU_TILES` under our own address, credited as the county's profile says."""
    source = tile_source(settings().tiles)
    if source is None:
        return None
    credit = str(settings().profile.get("tiles", {}).get("attribution", ""))
    return Basemap(
        name=_("Background"),
        url="/tiles/{z}/{x}/{y}",
        attribution=credit,
        min_zoom=source.min_zoom,
        max_zoom=source.max_zoom,
        offline=source.offline,
    )


def site_facts(site: map_features.Site, period: int = CLOSED_WITHIN_DAYS) -> dict[str, Any]:
    """Say what the browser draws of one site, whose state shows for `period` days that a case was closed."""
    return {
        "id": site.id,
        "name": site.name,
        "kind": site.kind,
        "state": site_map_state(site, now(), period),
        "lon": site.lon,
        "lat": site.lat,
        "geometry": None if site.geometry is None else orjson.Fragment(shapely.to_geojson(site.geometry)),
    }


def _scripts() -> dict[str, str]:
    return current_app.extensions.setdefault("xuntu.map_scripts", {})


def _cut_opening(stamp: tuple[Any, ...]) -> Opening | None:
    outlines, written = _cut_outlines()
    if not outlines:
        return None
    townships = [(shape, one) for shape, one in outlines if one["level"] == "township"]
    return Opening(
        stamp,
        bounds=_bounds([shape for shape, _ in outlines]),
        outlines=written,
        townships=tuple((one["code"], one["name"]) for _, one in townships),
        boxes={one["code"]: _bounds([shape]) for shape, one in townships},
    )


def _cut_outlines() -> tuple[list[map_features.Outline], bytes]:
    """Simplify the outlines until they fit into the page; the finer ones come when one zooms in."""
    for tolerance in OPENING_TOLERANCES:
        outlines = map_features.list_outlines(session(), tolerance_deg=tolerance)
        written = write_outlines(outlines)
        if len(gzip.compress(written)) <= OPENING_BYTES:
            break
    return outlines, written


def _bounds(shapes: list[Any]) -> Box:
    west, south, east, north = (float(edge) for edge in shapely.total_bounds(shapes).round(OPENING_DIGITS))
    return west, south, east, north
