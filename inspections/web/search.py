"""The map's search as JSON: sites, places and positions, the readings of a position in plain words."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson
from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from geo.crs_names import find_grid
from inspections import map_features, map_search
from inspections.map_search import FoundPosition
from inspections.web.auth import officer, officer_may
from inspections.web.context import now, session

bp = Blueprint("search", __name__)


@bp.get("/api/search")
@officer_may("site.see")
def show_found() -> ResponseReturnValue:
    """Find what `q` says within the officer's scope; `period` is the map's."""
    period = map_features.read_period(request.args.get("period", ""))
    words = request.args.get("q", "")
    found = map_search.search(session(), words, by=officer(), now=now(), period=period)
    answer = asdict(found) | {"positions": [_position(one) for one in found.positions]}
    return Response(orjson.dumps(answer), mimetype="application/json")


def words() -> dict[str, str]:
    """Translate what the search box on the map says; {n} is filled there."""
    return {
        "search": _("Search"),
        "search_hint": _("Number, name, place or coordinates"),
        "search_count": _("Found: {n}"),
        "search_none": _("Nothing found. Enter a number, a name, a township or village, or 100.45, 38.93."),
        "search_failed": _("The search was not answered. Type again."),
        "search_more": _("{n} more sites: see the list"),
        "search_many": _("More than {n} other sites: see the list"),
        "search_only": _("Filter by it"),
        "search_outside": _("outside the county"),
        "search_away": _("{n} m away"),
        "township": _("Township"),
        "village": _("Village"),
    }


def _position(found: FoundPosition) -> dict[str, Any]:
    return {"lon": found.lon, "lat": found.lat, "words": _reading(found.reading), "inside": found.inside}


def _reading(name: str) -> str:
    """What people call a way to read coordinates."""
    known = {
        "EPSG:4490": "WGS 84 / CGCS2000",
        "GCJ02": _("Amap, Tencent GCJ-02"),
        "BD09": _("Baidu BD-09"),
        "EPSG:3857": _("Metres of a web map (Web Mercator)"),
    }
    grid = find_grid(name)
    if name in known or grid is None:
        return known.get(name, name)
    if grid.degrees == "EPSG:4326":
        return f"UTM {grid.zone}N"
    if grid.zone is None:
        return _("CGCS2000, %(step)s-degree zone at %(at)s°E", step=grid.step, at=grid.meridian)
    return _("CGCS2000, %(step)s-degree zone %(zone)s", step=grid.step, zone=grid.zone)
