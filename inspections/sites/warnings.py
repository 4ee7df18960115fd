"""What may be wrong with a site and only a person can tell: a duplicate, a shifted position, its ground.

A warning never blocks: it asks to be confirmed. Duplicates are looked for among what the officer may see.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import Any

import shapely
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from geo.coordinates import shift_hint
from geo.shapes import bounds_around, distance_m, geodesic_area_m2, mu, representative_point
from inspections.areas import Placement
from inspections.errors import InspectionError, Invalid
from inspections.layers.overlaps import Overlap, list_overlaps
from inspections.models import Site
from inspections.permissions import Actor, site_filter
from inspections.sites.placing import same_place
from inspections.sites.rules import SiteFacts
from inspections.store import in_box
from inspections.terms import Kind, LayerKind, SiteStatus

NEAR_M = 30.0
SAME_NAME_M = 100.0
OVERLAP = 0.5
AREA_DIFFERS = 0.1
MOST_NEIGHBOURS = 200
ASKED_OF_FARMLAND = (Kind.GREENHOUSE, Kind.AFFORESTATION)  # what may not stand there
LISTED = (SiteStatus.DRAFT, SiteStatus.ACTIVE)  # what stands in the register, or soon may


class SiteWarning(InspectionError):
    """Something to confirm; `key` tells one warning from another, so that a tick confirms what was shown."""

    code = "site.warning"

    @property
    def key(self) -> str:
        """What the confirming tick carries."""
        return f"{self.code}:{self.facts.get('number', '')}"


class NearAnother(SiteWarning):
    """A site of the same kind stands within 30 m."""

    code = "site.near_another"
    message = "{number} {name}, of the same kind, is {distance_m} m away. Is it the same place?"


class OverlapsAnother(SiteWarning):
    """Two shapes of the same kind share more than half of the smaller."""

    code = "site.overlaps_another"
    message = "{number} {name}, of the same kind, overlaps this shape by {percent} %. Is it the same place?"


class SameName(SiteWarning):
    """A site of the same kind has this name in the same village, or within 100 m."""

    code = "site.same_name"
    message = "{number} has the same name and kind in the same village. Is it the same place?"


class LooksShifted(SiteWarning):
    """The position differs from a known one just as web maps differ from the truth."""

    code = "site.looks_shifted"
    message = (
        "This looks like a {datum} position: it differs from that of {number} as such maps do. "
        "Check the coordinate system."
    )


class ReportedAreaDiffers(SiteWarning):
    """The area somebody reported and the measured one differ by more than a tenth."""

    code = "site.area_differs"
    message = "The reported {reported_mu} mu differ from the measured {measured_mu} mu by {percent} %."


class OutsideCounty(SiteWarning):
    """The place lies a little outside the county's line."""

    code = "site.outside_county"
    message = "The place reaches {distance_m} m beyond the county's boundary."


class OnBasicFarmland(SiteWarning):
    """Sheds or trees whose outline reaches into permanent basic farmland."""

    code = "site.on_basic_farmland"
    message = "{area_mu} mu of this place lie in permanent basic farmland. Check the outline."


class InBasicFarmland(SiteWarning):
    """Sheds or trees known as a point or a line that lies in permanent basic farmland."""

    code = "site.in_basic_farmland"
    message = "This place lies in permanent basic farmland. Check the position, and draw the outline."


class NeedsConfirming(Invalid):
    """Warnings that nobody confirmed yet; nothing was saved."""

    code = "site.needs_confirming"
    message = "Not saved yet. Look at the warnings, then tick that it is right all the same and save again."
    field = "confirmed"

    def __init__(self, warnings: Iterable[SiteWarning]) -> None:
        super().__init__()
        self.warnings = tuple(warnings)


class _Everything:
    def __contains__(self, _key: object) -> bool:
        return True


EVERYTHING: Container[str] = _Everything()  # confirms whatever there is: for commands, which only report


def list_warnings(
    session: Session, facts: SiteFacts, placement: Placement, *, by: Actor, site: Site | None = None
) -> list[SiteWarning]:
    """List what a person should confirm before `facts` make a new site, or correct `site`."""
    moved = site is None or not same_place(site, facts)
    found: list[SiteWarning] = []
    if moved and placement.out_of_county_m:
        found.append(OutsideCounty(distance_m=f"{placement.out_of_county_m:.0f}"))
    if moved or site is None or (site.name, site.village_code) != (facts.name, placement.village_code):
        found += _duplicates(session, facts, placement, by, site, moved=moved)
    if moved and site is not None:
        found += _shift_from(site, facts)
    if moved and facts.kind in ASKED_OF_FARMLAND:
        kinds, width_m = (LayerKind.BASIC_FARMLAND,), facts.attrs.get("width_m")
        found += farmland_warnings(*list_overlaps(session, facts.geometry, kinds, width_m=width_m))
    if site is None or moved or site.area_reported_mu != facts.area_reported_mu:
        found += _reported_area(facts)
    return found


def farmland_warnings(overlap: Overlap | None) -> list[SiteWarning]:
    """Warn of a place that lies in permanent basic farmland, where that is known."""
    if overlap is None or not overlap.inside:
        return []
    if overlap.area_m2 is None:
        return [InBasicFarmland()]
    return [OnBasicFarmland(area_mu=f"{mu(overlap.area_m2):.2f}")]


def require_confirmed(warnings: Iterable[SiteWarning], confirmed: Container[str]) -> None:
    """Raise `NeedsConfirming` with every warning unless each of them is confirmed."""
    warnings = list(warnings)
    if any(warning.key not in confirmed for warning in warnings):
        raise NeedsConfirming(warnings)


def _duplicates(
    session: Session, facts: SiteFacts, placement: Placement, by: Actor, site: Site | None, *, moved: bool
) -> Iterator[SiteWarning]:
    point = representative_point(facts.geometry)
    for other in _neighbours(session, facts, placement, by):
        if site is not None and other.id == site.id:
            continue
        if moved:
            yield from _same_place(facts.geometry, other)
        if other.name == facts.name and _one_village(placement, point, other):
            yield SameName(number=other.number, name=other.name)
            if site is None:
                yield from _shift_from(other, facts)


def _neighbours(session: Session, facts: SiteFacts, placement: Placement, by: Actor) -> list[Site]:
    west, south, east, north = facts.geometry.bounds
    low = bounds_around((west, south), SAME_NAME_M)
    high = bounds_around((east, north), SAME_NAME_M)
    near = in_box(session, Site, (low[0], low[1], high[2], high[3]))
    namesakes = (Site.name == facts.name) & (Site.village_code == placement.village_code)
    query = (
        select(Site)
        .where(Site.kind == facts.kind, Site.status.in_(LISTED), site_filter(by))
        .where(or_(near, namesakes) if placement.village_code else near)
        .order_by(Site.number)
        .limit(MOST_NEIGHBOURS)
    )
    return list(session.scalars(query))


def _same_place(geometry: Any, other: Site) -> Iterator[SiteWarning]:
    share = _overlap(geometry, other.geometry)
    if share > OVERLAP:
        yield OverlapsAnother(number=other.number, name=other.name, percent=round(share * 100))
        return
    away_m = _away_m(geometry, other.geometry)
    if away_m <= NEAR_M:
        yield NearAnother(number=other.number, name=other.name, distance_m=round(away_m))


def _overlap(one: Any, other: Any) -> float:
    """Tell what part of the smaller of two polygons lies in the other."""
    smaller = min(one.area, other.area)
    return shapely.intersection(one, other).area / smaller if smaller > 0 else 0.0


def _away_m(one: Any, other: Any) -> float:
    """From a point to a shape; between two shapes from middle to middle, for sheds stand side by side."""
    if one.geom_type == "Point":
        return distance_m(one, other)
    if other.geom_type == "Point":
        return distance_m(other, one)
    return distance_m(representative_point(one), representative_point(other))


def _one_village(placement: Placement, point: shapely.Point, other: Site) -> bool:
    if placement.village_code and other.village_code == placement.village_code:
        return True
    return distance_m(point, shapely.Point(other.lon, other.lat)) <= SAME_NAME_M


def _shift_from(known: Site, facts: SiteFacts) -> Iterator[SiteWarning]:
    point = representative_point(facts.geometry)
    datum = shift_hint((known.lon, known.lat), (point.x, point.y))
    if datum:
        yield LooksShifted(number=known.number, datum={"gcj02": "GCJ-02", "bd09": "BD-09"}[datum])


def _reported_area(facts: SiteFacts) -> Iterator[SiteWarning]:
    measured_mu = geodesic_area_m2(facts.geometry) * 15 / 10_000
    reported_mu = facts.area_reported_mu
    if reported_mu is None or not measured_mu:
        return
    differs = abs(reported_mu - measured_mu) / measured_mu
    if differs > AREA_DIFFERS:
        yield ReportedAreaDiffers(
            reported_mu=f"{reported_mu:.2f}", measured_mu=f"{measured_mu:.2f}", percent=round(differs * 100)
        )
