"""Where a site belongs: its township and village by its shape, or as an officer chose with a reason."""

from __future__ import annotations

from dataclasses import dataclass, replace

import shapely
from sqlalchemy import select
from sqlalchemy.orm import Session

from inspections.areas import Placement, area_names, list_areas, place
from inspections.errors import Invalid, InvalidFields
from inspections.models import Area, Site
from inspections.permissions import Actor, in_scope
from inspections.sites.rules import SiteFacts
from inspections.terms import AreaLevel
from inspections.typed import NotInList


class TownshipUnclear(Invalid):
    """The place lies on a line between townships: an officer has to say whose it is."""

    code = "site.township_unclear"
    message = "The place lies on the line between {names}. Choose the township it belongs to."
    field = "township_code"


class TownshipReasonMissing(Invalid):
    """A township that does not hold the place, without a reason."""

    code = "site.township_reason_missing"
    message = "The place lies in {name}. Say why the site belongs to another township."
    field = "township_reason"


class OutsideScope(Invalid):
    """A site one may not add or move there."""

    code = "site.outside_scope"
    message = (
        "This place ({township}) or this kind is outside what you answer for. "
        "An officer in charge there has to do it."
    )
    field = "geometry"


@dataclass(frozen=True)
class Stand:
    """Where and what a site would be, for the question of scope."""

    kind: str
    township_code: str
    village_code: str | None


def place_facts(session: Session, facts: SiteFacts, site: Site | None = None) -> tuple[SiteFacts, Placement]:
    """Fill in township and village; a site that did not move stays where it was put."""
    stays = site is not None and same_place(site, facts)
    before = site.village_code if site is not None else None
    if site is not None and stays and facts.township_code in (None, "", site.township_code):
        placement = Placement(site.township_code)
        facts = replace(facts, township_code=site.township_code)
        facts = facts if facts.township_reason else replace(facts, township_reason=site.township_reason)
    else:
        placement = place(session, facts.geometry, accuracy_m=facts.loc_accuracy_m)
        facts = replace(facts, **_choose_township(session, facts, placement))
        if facts.village_code == before:  # nobody chose it anew, so it follows the place
            facts = replace(facts, village_code=None)
    village_code = _choose_village(session, facts, placement, before)
    return replace(facts, village_code=village_code), replace(placement, village_code=village_code)


def same_place(site: Site, facts: SiteFacts) -> bool:
    """Tell whether the facts leave a site's shape as it is."""
    return bool(shapely.equals_exact(site.geometry, facts.geometry, tolerance=1e-7))


def require_stand(session: Session, facts: SiteFacts, by: Actor) -> None:
    """Raise where a site of these facts would lie outside the officer's scope."""
    stand = Stand(facts.kind, facts.township_code or "", facts.village_code)
    if by.role == "system" or in_scope(by, stand):
        return
    township = area_names(session).get(stand.township_code, stand.township_code)
    raise _at(OutsideScope(township=township))


def _choose_township(session: Session, facts: SiteFacts, placement: Placement) -> dict[str, str]:
    names = area_names(session)
    chosen = facts.township_code
    if not chosen:
        if placement.border or placement.township_code is None:
            raise _at(
                TownshipUnclear(names="、".join(names.get(code, code) for code in placement.candidates))
            )
        return {"township_code": placement.township_code, "township_reason": ""}
    if chosen not in {area.code for area in list_areas(session, AreaLevel.TOWNSHIP)}:
        raise _at(NotInList(field="township_code"))
    if chosen == placement.township_code or (placement.border and chosen in placement.candidates):
        return {"township_code": chosen, "township_reason": ""}
    if len(facts.township_reason) < 2:
        raise _at(TownshipReasonMissing(name=names.get(placement.township_code or "", "")))
    return {"township_code": chosen, "township_reason": facts.township_reason}


def _choose_village(
    session: Session, facts: SiteFacts, placement: Placement, before: str | None
) -> str | None:
    """Choose what was said, else what holds the place, else what it was: the first within the township."""
    wanted = [code for code in (facts.village_code, placement.village_code, before) if code]
    if not wanted:
        return None
    within = session.scalars(
        select(Area.code).where(
            Area.code.in_(wanted),
            Area.level == AreaLevel.VILLAGE,
            Area.parent_code == facts.township_code,
            Area.valid_to.is_(None),
        )
    )
    found = set(within)
    if facts.village_code and facts.village_code not in found:
        raise _at(NotInList(field="village_code"))
    return next((code for code in wanted if code in found), None)


def _at(error: Invalid) -> InvalidFields:
    return InvalidFields({error.field or "geometry": error})
