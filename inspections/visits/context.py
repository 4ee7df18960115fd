"""The facts a visit's answers are judged against: site, season, milestones, county rules, history."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from inspections import cases
from inspections.checklists import make_context
from inspections.layers.overlaps import basic_farmland_m2
from inspections.models import Site

# Defaults of DOMAIN §17, first and last day as MM-DD; the profile's `[seasons] straw` takes their place.
STRAW_SEASONS = [["02-20", "05-10"], ["07-10", "08-20"], ["09-15", "11-30"]]
FOREST = ("0301", "0305", "0307")  # GB/T 21010-2017
MILESTONES = ("oxidation_pond", "reed")
# A county rule, and the attribute of a site that goes before it.
RULES = {
    "guard": "guard_profile",
    "survival_line": "climate_profile",
    "soil_cover_min_cm": "",
    "hardened_allowance_m2": "",
}


def visit_context(
    session: Session,
    site: Site,
    profile: Mapping[str, Any],
    now: datetime,
    *,
    leave_out: uuid.UUID | None = None,
) -> dict[str, Any]:
    """Gather what conditions may ask (`checklists.conditions.FACTS`), as JSON; a tablet takes it along.

    Read from the county's profile: `[seasons] straw`, `[milestones]`, and in `[rules]` guard, survival_line,
    soil_cover_min_cm and hardened_allowance_m2. `leave_out` is a visit being corrected.
    """
    rules, attrs = profile.get("rules", {}), site.attrs or {}
    return make_context(
        now,
        site=_site_facts(site) | {"basic_farmland_m2": basic_farmland_m2(session, site)},
        seasons={
            "straw": [list(window) for window in profile.get("seasons", {}).get("straw", STRAW_SEASONS)]
        },
        milestones={name: _last_day(profile.get("milestones", {}).get(name)) for name in MILESTONES},
        profile={name: attrs.get(own) or rules.get(name) for name, own in RULES.items()},
        codes=cases.history_codes(session, site.id, now=now, leave_out=leave_out),
    )


def _site_facts(site: Site) -> dict[str, Any]:
    attrs = site.attrs or {}
    land = attrs.get("land_class")
    return {
        "subtype": site.subtype,
        "area_m2": site.area_m2,
        "in_forest": None if land is None else land in FOREST,
        "design_density": attrs.get("design_density"),
        "state_funded": attrs.get("state_funded"),
        "survey_early": attrs.get("survey_early"),
    }


def _last_day(milestone: Any) -> str | None:
    day = milestone.get("date") if isinstance(milestone, Mapping) else milestone
    return day.isoformat() if isinstance(day, date) else day
