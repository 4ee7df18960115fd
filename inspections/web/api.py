"""The map's JSON: sites and areas as GeoJSON, and one site's card."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import orjson
import shapely
from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from shapely.geometry.base import BaseGeometry

from geo.writers.geojson import write_geojson
from inspections import areas, map_features, permissions
from inspections.deadlines import beijing_day, days_left, last_day
from inspections.map_states import site_map_state
from inspections.web import filters
from inspections.web.auth import officer, officer_may, signed_in
from inspections.web.context import now, session

bp = Blueprint("api", __name__)
GEOJSON = "application/geo+json"
WORTH_PACKING = 50_000  # bytes
LINE_DIGITS = 6  # of the degrees in outlines: 0.1 m


@bp.get("/api/sites.geojson")
@officer_may("site.see")
def show_sites() -> ResponseReturnValue:
    """Draft and active sites of the officer's scope; with `points=1` each at its representative point."""
    asked = request.args
    wanted = map_features.read_filter(
        asked.get("kind", ""), asked.get("area", ""), asked.get("state", ""), asked.get("bbox", "")
    )
    found = map_features.list_features(
        session(), by=officer(), wanted=wanted, now=now(), points=asked.get("points") == "1"
    )
    response = _geojson(write_geojson(zip(found.geometries, found.properties, strict=True)))
    response.headers["X-Total-Count"] = str(found.matched)  # more than were sent where the limit cut
    return response


@bp.get("/api/map/counts")
@officer_may("site.see")
def show_counts() -> ResponseReturnValue:
    """Count the sites a filter finds, by map state and by township."""
    asked = request.args
    wanted = map_features.read_filter(asked.get("kind", ""), asked.get("area", ""), asked.get("state", ""))
    counts = map_features.count_sites(session(), by=officer(), wanted=wanted, now=now())
    return _json({"state": counts.by_state, "township": counts.by_township})


@bp.get("/api/areas.geojson")
@signed_in
def show_areas() -> ResponseReturnValue:
    """Give the county and its townships, outlines as they are stored."""
    outlines = map_features.list_outlines(session())
    return _geojson(write_geojson(rounded(outlines, LINE_DIGITS)))


@bp.get("/api/sites/<uuid:site_id>")
@officer_may("site.see")
def show_site(site_id: UUID) -> ResponseReturnValue:
    """One site's card: codes and instants for programs, `card` in the officer's words for the map."""
    return card_of(map_features.get_site(session(), site_id, by=officer()))


def card_of(site: map_features.Site) -> Response:
    """Answer with a site's card."""
    names = areas.area_names(session())
    facts: dict[str, Any] = {
        "id": site.id,
        "number": site.number,
        "name": site.name,
        "kind": site.kind,
        "subtype": site.subtype,
        "status": site.status,
        "state": site_map_state(site, now()),
        "township": names.get(site.township_code, site.township_code),
        "village": names.get(site.village_code or "", ""),
        "area_m2": site.area_m2,
        "lon": site.lon,
        "lat": site.lat,
        "open_cases": site.open_cases,
        "due_at": site.case_due_at,
        "days_left": None if site.case_due_at is None else days_left(site.case_due_at, now()),
        "last_visited_at": site.last_visited_at,
        "url": f"/sites/{site.id}",
    }
    return _json(facts | {"card": _card(facts, permissions.may(officer(), "visit.log", site))})


def rounded(
    outlines: Iterable[tuple[BaseGeometry, dict[str, Any]]], digits: int
) -> list[tuple[BaseGeometry, dict[str, Any]]]:
    """Round the degrees of outlines to so many digits."""
    return [(shapely.transform(shape, lambda xy: xy.round(digits)), facts) for shape, facts in outlines]


def deadline_words(left: int | None) -> str:
    """Say how long a deadline is off, or by how many days it is missed."""
    if left is None:
        return ""
    if left < 0:
        return ngettext("%(num)d day overdue", "%(num)d days overdue", -left)
    return ngettext("%(num)d day left", "%(num)d days left", left) if left else _("due today")


def _card(facts: dict[str, Any], may_log: bool) -> dict[str, Any]:
    """Write what the map's card shows, in the officer's language and the order it is read."""
    place = " ".join(part for part in (facts["township"], facts["village"]) if part)
    deadline, visited, today = facts["due_at"], facts["last_visited_at"], beijing_day(now())
    when = _("none runs")
    if deadline:
        left = deadline_words(facts["days_left"])
        when = _("%(day)s, %(left)s", day=filters.day(last_day(deadline), today=today), left=left)
    lines = [
        (_("Number"), facts["number"]),
        (_("Place"), place),
        (_("Deadline"), when),
        (_("Open cases"), filters.number(facts["open_cases"])),
        (_("Area"), f"{filters.mu(facts['area_m2'])}{_area_in_metres(facts['area_m2'])}"),
        (_("Last visit"), filters.day(visited, today=today) if visited else _("never visited")),
    ]
    links = [{"text": _("Open the site"), "href": facts["url"], "main": True}]
    if may_log and facts["status"] in map_features.SHOWN:
        links.append({"text": _("Log a visit"), "href": f"{facts['url']}/visits/new", "main": False})
    return {
        "kind": filters.label("site_kind", facts["kind"]),
        "subtype": filters.label(f"{facts['kind']}_subtype", facts["subtype"]),
        "state": filters.label("map_state", facts["state"]),
        "draft": filters.label("site_status", facts["status"]) if facts["status"] != "active" else "",
        "lines": lines,
        "links": links,
    }


def _area_in_metres(area_m2: float | None) -> str:
    return "" if area_m2 is None else f" ({filters.square_metres(area_m2)})"


def _geojson(body: bytes) -> Response:
    return _conditional(body, GEOJSON)


def _json(facts: dict[str, Any]) -> Response:
    return _conditional(orjson.dumps(facts, option=orjson.OPT_UTC_Z), "application/json")


def _conditional(body: bytes, media_type: str) -> Response:
    """Answer with a tag, so that what the browser has is a 304; large answers are packed for slow links."""
    packed = len(body) >= WORTH_PACKING and "gzip" in request.accept_encodings
    response = Response(
        gzip.compress(body, compresslevel=1, mtime=0) if packed else body, mimetype=media_type
    )
    response.vary.add("Accept-Encoding")
    if packed:
        response.content_encoding = "gzip"
    response.add_etag()
    response.make_conditional(request)
    return response
