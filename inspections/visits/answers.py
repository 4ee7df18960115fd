"""What a visit's answers are refused for: the checklist's own rules, and those that need a place or file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import shapely
from sqlalchemy.orm import Session

from geo.errors import GeoError, OutOfCounty
from geo.shapes import MU_M2, check_geometry, geodesic_area_m2, geometry_from_geojson
from inspections import areas
from inspections.checklists import AnswersInvalid, Checklist, Item, Outcome, check_answers, evaluate
from inspections.errors import Invalid, InvalidFields
from inspections.evidence import KeptPhoto
from inspections.visits.flags import REASON_M
from inspections.visits.payload import VisitPayload

ALSO_WITH_NOTHING_FOUND = {"remark"}  # why one was far away
SHORT_FORM_TYPE = "patrol"


class FarWithoutReason(Invalid):
    """A full visit from so far away that somebody will ask."""

    code = "visit.far_without_reason"
    message = "The position is {distance_km} km from the site. Give the reason under Remark."


class PhotoNotHere(Invalid):
    """A visit names a photo that was not sent along."""

    code = "visit.photo_not_here"
    message = "A photo did not arrive. Choose it again."


class NothingFoundOnly(Invalid):
    """The short form with answers, or with another type of visit."""

    code = "visit.nothing_found_only"
    message = "“Nothing found” is a patrol without answers. Fill in the full form instead."
    field = "nothing_found"


class OutlineTooLarge(Invalid):
    """A burnt area larger than its range."""

    code = "visit.outline_too_large"
    message = "The outline covers {area_mu} mu, more than {most_mu}. Draw it again."


def judge(
    session: Session,
    checklist: Checklist,
    read: VisitPayload,
    context: Mapping[str, Any],
    *,
    kept: Mapping[str, KeptPhoto],
    distance_m: float | None,
) -> Outcome:
    """Evaluate a visit's answers, and refuse all that is wrong with them at once.

    Raises
    ------
    InvalidFields
        Problems by item, or by field for what is no item.
    """
    arguments = {
        "visit_type": read.visit_type,
        "photos": read.photo_counts,
        "context": context,
        "nothing_found": read.nothing_found,
    }
    problems: dict[str, Any] = {}
    try:
        outcome = check_answers(checklist, read.kind, read.answers, **arguments)
    except AnswersInvalid as refusal:
        problems.update(refusal.problems)
        outcome = evaluate(checklist, read.kind, read.answers, **arguments)
    more = _beside_the_checklist(session, checklist, read, outcome, kept, distance_m)
    problems = more | problems
    if problems:
        raise InvalidFields(problems)
    return outcome


def _beside_the_checklist(
    session: Session,
    checklist: Checklist,
    read: VisitPayload,
    outcome: Outcome,
    kept: Mapping[str, KeptPhoto],
    distance_m: float | None,
) -> dict[str, Any]:
    problems: dict[str, Any] = {
        photo.item: PhotoNotHere() for photo in read.photos if photo.sha256 not in kept
    }
    for item in checklist.items(read.kind):
        outline = outcome.answers.get(item.key) if item.type == "polygon" else None
        if outline is not None and (refusal := _outline_refusal(session, item, outline)):
            problems[item.key] = refusal
    if read.nothing_found:
        given = {key for key, value in outcome.answers.items() if value is not None}
        if read.visit_type != SHORT_FORM_TYPE or given - ALSO_WITH_NOTHING_FOUND:
            problems["nothing_found"] = NothingFoundOnly()
    elif distance_m is not None and distance_m > REASON_M and not outcome.answers.get("remark"):
        problems["remark"] = FarWithoutReason(distance_km=f"{distance_m / 1000:.1f}")
    return problems


def _outline_refusal(session: Session, item: Item, outline: Mapping[str, Any]) -> GeoError | Invalid | None:
    try:
        shape = check_geometry(geometry_from_geojson(outline))
    except GeoError as error:
        return error
    area_mu = geodesic_area_m2(shape) / MU_M2
    if item.max_mu is not None and area_mu > item.max_mu:
        return OutlineTooLarge(area_mu=f"{area_mu:,.0f}", most_mu=f"{item.max_mu:,.0f}")
    county = areas.find_county(session)
    if county is not None and county.geometry is not None and not shapely.intersects(county.geometry, shape):
        at = shape.representative_point()
        return OutOfCounty(lon=round(at.x, 5), lat=round(at.y, 5))
    return None
