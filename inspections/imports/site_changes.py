"""What a row changes of a site that is known: only what its file speaks of, compared fact by fact."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import shapely

from inspections.imports.site_cells import AREA_UNITS
from inspections.models import Site

PLACE_FIELDS = frozenset({"shape", "lon", "lat", "x", "y", "position"})
# Which fact of a site a field of the file speaks of; `attr_` fields speak of their own key of `attrs`
_FACT_OF = {
    "name": "name",
    "subtype": "subtype",
    "status": "status",
    "township": "township_code",
    "township_code": "township_code",
    "township_reason": "township_reason",
    "village": "village_code",
    "village_code": "village_code",
    "village_group": "village_group",
    "loc_method": "loc_method",
    "loc_accuracy_m": "loc_accuracy_m",
    "operator_name": "operator",
    "operator_phone": "operator",
    "operator_type": "operator",
    "body": "body_id",
    "source": "source",
    "source_ref": "source_ref",
    "remark": "remark",
    **dict.fromkeys(AREA_UNITS, "area_reported_mu"),
}
_MERGED = (
    "name",
    "subtype",
    "village_group",
    "area_reported_mu",
    "operator",
    "body_id",
    "source",
    "source_ref",
    "remark",
)
# Facts that follow the place: they change with it
_WITH_PLACE = ("geometry", "township_code", "village_code", "area_m2", "length_m", "lon", "lat")
_CLOSE_DEG = 1e-7


def changed_facts(site: Site, facts: Mapping[str, Any], shape: Any, fields: Collection[str]) -> list[str]:
    """The names of the facts that a row would change, in a fixed order; `attrs` and `operator` are one each.

    Parameters
    ----------
    facts : mapping
        As `CheckedRow.facts` keeps them.
    fields : collection of str
        The fields of the file: of what it has no column nothing changes.
    """
    spoken = {_FACT_OF[field] for field in fields if field in _FACT_OF}
    changed = [name for name in sorted(spoken) if not _is_same(site, name, facts[name])]
    if moves(site, shape, fields):
        changed.append("geometry")
    attrs = {field[5:] for field in fields if field.startswith("attr_")}
    if any(site.attrs.get(key) != facts["attrs"].get(key) for key in attrs):
        changed.append("attrs")
    return changed


def moves(site: Site, shape: Any, fields: Collection[str]) -> bool:
    """Whether the row puts the site elsewhere: a point within a line or an area leaves that as it is."""
    if not PLACE_FIELDS & set(fields) and shape.geom_type == "Point":
        return False
    if shape.geom_type == "Point" and site.geometry.geom_type != "Point":
        return bool(shapely.distance(site.geometry, shape) > _CLOSE_DEG)
    # A ring may turn the other way: shapefiles want it so
    return not shapely.equals_exact(site.geometry, shape, tolerance=_CLOSE_DEG, normalize=True)


def merged_facts(site: Site, facts: Mapping[str, Any], shape: Any) -> list[str]:
    """The names of the facts that a row brings into a site it doubles: what it fills and the site has not.

    The site keeps its place, unless the row draws what the site has only as a point.
    """
    brought = [name for name in _MERGED if facts[name] and not _is_same(site, name, facts[name])]
    if facts["attrs"] and {**site.attrs, **facts["attrs"]} != site.attrs:
        brought.append("attrs")
    if shape.geom_type != "Point" and site.geometry.geom_type == "Point":
        brought.append("geometry")
    return brought


def facts_to_put(site: Site, facts: Mapping[str, Any], changed: Collection[str]) -> dict[str, Any]:
    """What an update writes into the row of a site, without its geometry and operator."""
    names = set(changed) - {"geometry", "operator", "attrs"}
    if "geometry" in changed:
        names |= set(_WITH_PLACE) - {"geometry"}
    put = {name: facts[name] for name in names}
    if "attrs" in changed:
        put["attrs"] = {**site.attrs, **facts["attrs"]}
    return put


def _is_same(site: Site, name: str, value: Any) -> bool:
    if name == "operator":
        operator = site.operator
        return ([operator.name, operator.type, operator.phone] if operator else None) == value
    held = getattr(site, name)
    if name == "body_id":
        return (str(held) if held else None) == value
    if isinstance(held, float) and isinstance(value, float):
        return abs(held - value) < 1e-4
    return held == value
