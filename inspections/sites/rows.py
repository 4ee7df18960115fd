"""A site's row: facts put into it, with what is derived from its shape, and told to the ledger."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy.orm import Session

from geo.shapes import geodesic_area_m2, geodesic_length_m, representative_point, to_geojson
from inspections import ledger
from inspections.models import Operator, Site
from inspections.sites.placing import same_place
from inspections.sites.rules import SiteFacts

# What a correction may change, as the ledger tells it before and after
FACTS = (
    "name",
    "subtype",
    "township_code",
    "township_reason",
    "village_code",
    "village_group",
    "loc_method",
    "loc_accuracy_m",
    "area_m2",
    "length_m",
    "area_reported_mu",
    "body_id",
    "source",
    "source_ref",
    "remark",
    "attrs",
)
DERIVED = ("area_m2", "length_m")


def write_facts(session: Session, site: Site, facts: SiteFacts, now: datetime) -> None:
    """Put checked and placed facts into the row; what is derived from the shape with them."""
    point = representative_point(facts.geometry)
    for name in FACTS:
        if name not in (*DERIVED, "attrs"):
            setattr(site, name, getattr(facts, name))
    moved = site.geometry is None or not same_place(site, facts)
    if moved:
        site.geometry = facts.geometry
        site.lon, site.lat = round(point.x, 7), round(point.y, 7)
    if moved or (site.attrs or {}).get("width_m") != facts.attrs.get("width_m"):
        site.area_m2, site.length_m = measures(facts)
    if site.attrs != dict(facts.attrs):
        site.attrs = dict(facts.attrs)
    site.updated_at = now
    _set_operator(session, site, facts)


def facts_of(site: Site) -> dict[str, Any]:
    """Tell what the ledger keeps of a site; restricted text sealed."""
    facts = {name: getattr(site, name) for name in FACTS} | {"geometry": to_geojson(site.geometry)}
    facts["body_id"] = str(site.body_id) if site.body_id else None
    operator = site.operator
    facts["operator_type"] = operator.type if operator else None
    facts["operator"] = operator and [
        ledger.seal(operator.salt, text) for text in (operator.name, operator.phone)
    ]
    return facts


def form_seal(facts: SiteFacts, operator: Operator | None) -> str:
    """Tell one content of the form from another, without giving away restricted text."""
    said = {name: getattr(facts, name) for name in facts.__dataclass_fields__ if name != "geometry"}
    for name in ("township_code", "village_code", "township_reason"):  # the place decides these
        said.pop(name)
    said |= {"geometry": to_geojson(facts.geometry), "attrs": dict(facts.attrs)}
    text = orjson.dumps(said, option=orjson.OPT_SORT_KEYS, default=str)
    return ledger.seal(operator.salt if operator else b"", text)


def measures(facts: SiteFacts) -> tuple[float | None, float | None]:
    """Area and length in metres; a belt's area is its length times its width."""
    if facts.geometry.geom_type.endswith("Polygon"):
        return round(geodesic_area_m2(facts.geometry), 2), None
    if not facts.geometry.geom_type.endswith("LineString"):
        return None, None
    length_m = round(geodesic_length_m(facts.geometry), 2)
    width_m = facts.attrs.get("width_m")
    return round(length_m * width_m, 2) if width_m else None, length_m


def _set_operator(session: Session, site: Site, facts: SiteFacts) -> None:
    if facts.operator_name is None:
        return
    if not facts.operator_name:
        site.operator = None
        return
    said = (facts.operator_name, facts.operator_type, facts.operator_phone)
    if site.operator and (site.operator.name, site.operator.type, site.operator.phone) == said:
        return
    # A new row, because others may share the old one and old entries are sealed with its salt
    name, type_, phone = said
    salt = secrets.token_bytes(32)
    site.operator = Operator(id=uuid.uuid4(), name=name, type=type_, phone=phone, salt=salt)
    session.add(site.operator)
