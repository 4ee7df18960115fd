"""What fields, attributes of kinds and coordinate systems are called, in the reader's language."""

from __future__ import annotations

import re

from flask_babel import gettext as _
from flask_babel import lazy_gettext

ATTRIBUTE_NAMES = {
    "crop_area_mu": lazy_gettext("Cropped area"),
    "crop": lazy_gettext("Crop"),
    "grid_cell": lazy_gettext("Grid cell"),
    "list_level": lazy_gettext("List it stands in"),
    "judged_by": lazy_gettext("Judged by"),
    "target_class": lazy_gettext("Target water class"),
    "shed_count": lazy_gettext("Number of sheds"),
    "shed_area_mu": lazy_gettext("Area of sheds"),
    "filing_no": lazy_gettext("Filing number"),
    "problem_class": lazy_gettext("Class of problem"),
    "guard_profile": lazy_gettext("Guard house rule"),
    "zone": lazy_gettext("Planting zone"),
    "project": lazy_gettext("Project"),
    "design_year": lazy_gettext("Year of design"),
    "design_mu": lazy_gettext("Designed area"),
    "design_density": lazy_gettext("Designed density"),
    "species_plan": lazy_gettext("Planned species"),
    "width_m": lazy_gettext("Width of the belt"),
    "irrigated": lazy_gettext("Irrigated"),
    "climate_profile": lazy_gettext("Survival line"),
    "contract_state": lazy_gettext("Contract"),
    "keeper": lazy_gettext("Kept by"),
}
FIELDS = {
    "name": lazy_gettext("Name"),
    "number": lazy_gettext("Number"),
    "source_ref": lazy_gettext("Number at the source"),
    "kind": lazy_gettext("Kind"),
    "subtype": lazy_gettext("Subtype"),
    "status": lazy_gettext("Status"),
    "township": lazy_gettext("Township"),
    "township_code": lazy_gettext("Code of the township"),
    "township_reason": lazy_gettext("Why another township"),
    "village": lazy_gettext("Village"),
    "village_code": lazy_gettext("Code of the village"),
    "village_group": lazy_gettext("Group"),
    "lon": lazy_gettext("Longitude"),
    "lat": lazy_gettext("Latitude"),
    "x": lazy_gettext("X, east or north"),
    "y": lazy_gettext("Y, north or east"),
    "position": lazy_gettext("Position, both in one"),
    "shape": lazy_gettext("Shape (WKT)"),
    "loc_method": lazy_gettext("How it was located"),
    "loc_accuracy_m": lazy_gettext("Accuracy in metres"),
    "area": lazy_gettext("Area, its unit in the cell"),
    "area_mu": lazy_gettext("Area in mu"),
    "area_m2": lazy_gettext("Area in m²"),
    "area_ha": lazy_gettext("Area in hectares"),
    "operator_name": lazy_gettext("Operator"),
    "operator_type": lazy_gettext("Type of operator"),
    "operator_phone": lazy_gettext("Telephone"),
    "body": lazy_gettext("Lead body"),
    "source": lazy_gettext("Source"),
    "remark": lazy_gettext("Remark"),
    "code": lazy_gettext("Code of the area"),
    "name_en": lazy_gettext("English name"),
    "level": lazy_gettext("Level"),
    "category": lazy_gettext("Category"),
    "parent": lazy_gettext("Area above"),
    "valid_from": lazy_gettext("In force from"),
    "valid_to": lazy_gettext("In force until"),
    "successors": lazy_gettext("Successors"),
    "secrecy": lazy_gettext("Secrecy class"),
    "geometry": lazy_gettext("Shape"),
    "attrs": lazy_gettext("what only this kind has"),
    "operator": lazy_gettext("Operator"),
    "body_id": lazy_gettext("Lead body"),
    "area_reported_mu": lazy_gettext("Reported area"),
}
# Systems as PROJ names them, and how people here call them
_SYSTEMS = (
    (r"CGCS2000 / 3-degree Gauss-Kruger CM (\d+)E", lazy_gettext("CGCS2000, 3 degrees, meridian \\1°E")),
    (r"CGCS2000 / 3-degree Gauss-Kruger zone (\d+)", lazy_gettext("CGCS2000, 3 degrees, zone \\1 in front")),
    (r"CGCS2000 / Gauss-Kruger CM (\d+)E", lazy_gettext("CGCS2000, 6 degrees, meridian \\1°E")),
    (r"CGCS2000 / Gauss-Kruger zone (\d+)", lazy_gettext("CGCS2000, 6 degrees, zone \\1 in front")),
    (r"WGS 84 / UTM zone (\d+)N", lazy_gettext("UTM zone \\1N")),
    (r"WGS 84 / Pseudo-Mercator", lazy_gettext("Web Mercator")),
    (r"China Geodetic Coordinate System 2000", lazy_gettext("CGCS2000, degrees")),
    (r"Xian 1980", lazy_gettext("Xian 1980")),
    (r"Beijing 1954", lazy_gettext("Beijing 1954")),
)


def field(name: str) -> str:
    """What a field of a register, or a fact of a site, is called."""
    if name.startswith("attr_"):
        return str(ATTRIBUTE_NAMES.get(name[5:], name[5:]))
    return str(FIELDS.get(name, name))


def system(label: str) -> str:
    """Coordinate systems in words; several may stand in one text."""
    for pattern, words in _SYSTEMS:
        label = re.sub(pattern, str(words), label)
    return label


def fact_in_words(name: str, fact: object) -> object:
    """Some facts of a refusal are words of ours, told by their name; the rest stay as they are."""
    if not isinstance(fact, str) or not fact:
        return fact
    if name in ("why", "wanted"):
        return _(fact)
    if name == "meaning":
        return field(fact)
    if name == "what":
        return _(", ").join(field(one) for one in fact.split(", "))
    return system(fact) if name in ("reading", "readings", "declared") else fact
