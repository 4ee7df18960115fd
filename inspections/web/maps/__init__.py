"""The county map and its script, a file of its own named by its content."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson
from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from inspections import areas, bodies, map_features
from inspections.errors import NotFound
from inspections.map_features import MapFilter, SiteCounts
from inspections.map_files import Scope, find_sites
from inspections.map_states import CLOSED_WITHIN_DAYS, PERIODS
from inspections.permissions import is_county, is_township
from inspections.terms import Kind, MapState
from inspections.web import filters, search
from inspections.web.assets import folium_assets
from inspections.web.auth import officer, officer_may, signed_in
from inspections.web.context import map_files, now, session
from inspections.web.maps import area_maps, reference
from inspections.web.maps import parts as map_parts
from inspections.web.maps.tool_words import tool_words

bp = Blueprint("maps", __name__)
bp.add_app_template_global(map_parts.site_map_parts)
bp.add_app_template_global(map_parts.reading_maps)
bp.add_app_template_global(area_maps.day_map)
bp.add_app_template_global(area_maps.area_map)


@bp.get("/map")
@officer_may("site.see")
def show_map() -> ResponseReturnValue:
    """Show the county map; without a script its filters and the way to the list still work."""
    opening = map_parts.opening()
    if opening is None:
        return render_template("maps/no_county.html", message=_(areas.NoCounty.message))
    leading = [(str(key), name) for key, name in bodies.list_leading(session(), officer())]
    wanted, chosen = _asked_filter(leading), _asked_site()
    edition, scope = map_files().current(session(), now()).edition, Scope.of(officer())
    found = find_sites(edition, scope, wanted, now())
    counts = found.counts()
    view = _opening_view(opening, wanted, counts) | {
        "total": len(edition.rows(scope)),
        "overview": b64encode(found.overview()).decode(),
        "at": _asked_view(opening),
        "chosen": chosen and map_parts.site_facts(chosen, wanted.period) | {"key": chosen.pk},
    }
    return render_template(
        "maps/county.html",
        map=map_parts.county_parts(opening),
        map_name=map_parts.COUNTY,
        geodesic=folium_assets()["geodesic"],
        data=map_parts.as_block(view),
        wanted=wanted,
        counts=counts,
        kinds=[kind for kind in Kind if not officer().kinds or kind in officer().kinds],
        states=list(MapState),
        state_choices=_state_choices(),
        townships=_offered_areas(opening, wanted.area),
        bodies=leading,
        periods=filters.period_choices(),
        list_url="/sites" + _query(wanted),
    )


@bp.get("/map/<version>.js")
@signed_in
def show_script(version: str) -> ResponseReturnValue:
    """Give a map's script as Folium made it: no data, nothing people wrote; browsers keep it for good."""
    script = map_parts.find_script(version, (area_maps.day_parts, area_maps.area_parts))
    if script is None:
        raise NotFound
    response = Response(script, mimetype="text/javascript")
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    return response


def _state_choices() -> list[tuple[str, str]]:
    return [("", _("All states")), *((one.value, filters.label("map_state", one)) for one in MapState)]


def _offered_areas(opening: map_parts.Opening, asked: str) -> list[tuple[str, str]]:
    """Offer own townships, and the village that the address asks for."""
    offered = _own_townships(opening)
    if not asked or asked in dict(offered):
        return offered
    name = areas.area_names(session()).get(asked)
    return [*offered, (asked, name)] if name else offered


def _own_townships(opening: map_parts.Opening) -> list[tuple[str, str]]:
    """Offer the townships the officer answers for, those of own villages among them."""
    own = officer().areas
    if not own or any(is_county(code) for code in own):
        return list(opening.townships)
    within = {code[:9] for code in own}
    return [(code, name) for code, name in opening.townships if code[:9] in within]


def _own_box(opening: map_parts.Opening) -> map_features.Box:
    """Bound the officer's own townships: what the map opens on."""
    boxes = [opening.boxes[code] for code, _ in _own_townships(opening)] or [opening.bounds]
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)


def _asked_site() -> map_features.Site | None:
    """Find the site that `?site=` names; one that is not there or not to be seen is left out."""
    try:
        return map_features.get_site(session(), UUID(request.args.get("site", "")), by=officer())
    except (ValueError, NotFound):
        return None


def _asked_filter(leading: Iterable[tuple[str, str]]) -> MapFilter:
    """Read the filter of the address; what it does not know is left out rather than refused."""
    asked = request.args
    kind, state, body, period = (asked.get(name, "") for name in ("kind", "state", "body", "period"))
    return MapFilter(
        kind=kind if kind in list(Kind) else "",
        area=_known_area(asked.get("area", "")),
        state=state if state in list(MapState) else "",
        body=body if body in dict(leading) else "",
        period=int(period) if period in map(str, PERIODS) else CLOSED_WITHIN_DAYS,
    )


def _known_area(code: str) -> str:
    """Leave out what is no area, and an area of others: who has a narrower scope sees that scope."""
    own = officer().areas
    theirs = not own or any(_meet(code, one) for one in own)
    return code if theirs and code in areas.area_names(session()) else ""


def _meet(code: str, other: str) -> bool:
    """Whether one of two areas lies in the other."""
    if is_county(code) or is_county(other):
        return True
    within = code[:9] == other[:9] and (is_township(code) or is_township(other))
    return within or code == other


def _asked_view(opening: map_parts.Opening) -> tuple[float, float, float] | None:
    """Read the view `?at=lon,lat,zoom`; one that looks past the officer's own part is left out."""
    try:
        lon, lat, zoom = (float(part) for part in request.args.get("at", "").split(","))
    except ValueError:
        return None
    west, south, east, north = _own_box(opening)
    room_x, room_y = (east - west) / 4, (north - south) / 4
    inside = west - room_x <= lon <= east + room_x and south - room_y <= lat <= north + room_y
    return (lon, lat, zoom) if inside and 0 <= zoom <= 24 else None


def _opening_view(opening: map_parts.Opening, wanted: MapFilter, counts: SiteCounts) -> dict[str, Any]:
    """Gather what the opening view needs but for its sites."""
    return {
        "bounds": opening.bounds,
        "opens_on": _own_box(opening),
        "areas": orjson.Fragment(opening.outlines),
        "filter": _named(wanted) | {"period": str(wanted.period)},
        "counts": {"state": counts.by_state, "township": counts.by_township},
        "words": _words() | tool_words() | reference.words(),
        "reference": reference.list_offered(),
    }


def _words() -> dict[str, str]:
    """Translate what the map's modules say; {n} and the like are filled there."""
    return (
        map_parts.words()
        | search.words()
        | {
            "all_of_it": _("Whole county"),
            "layers": _("Layers"),
            "loading": _("Loading sites…"),
            "failed": _("The sites did not arrive. The map and the list are there; try again."),
            "signed_out": _("You are signed out. Sign in again to see the sites."),
            "as_of": _("Data as of {moment}"),
            "as_of_then": _("No connection: data as of {moment}"),
            "site": _("Site"),
            "retry": _("Try again"),
            "nothing": _("No site matches. Choose another kind, state or township."),
            "none_yet": _("There are no sites yet. Add one, or import a register."),
            "several": _("{n} sites here"),
            "close": _("Close"),
            "card_failed": _("The site did not arrive. Try again, or open it from the list."),
            "in_view": _("{n} sites in view"),
            "more": _("and {n} more: see the list"),
        }
    )


def _query(wanted: MapFilter) -> str:
    """Write the filter as it stands in an address: what is usual is left out."""
    named = _named(wanted)
    if wanted.period != CLOSED_WITHIN_DAYS:
        named["period"] = str(wanted.period)
    chosen = urlencode({name: value for name, value in named.items() if value})
    return f"?{chosen}" if chosen else ""


def _named(wanted: MapFilter) -> dict[str, str]:
    return {"kind": wanted.kind, "area": wanted.area, "state": wanted.state, "body": wanted.body}
