"""Sites that newer boundaries left behind: moved to the township these say, or kept where they are.

One site or a whole group; each site has its entry in the ledger. Number, visits and cases stay with a site
that is moved, and so do its lead body and the body that answers for an open case. Which sites differ is
`inspections.areas.comparing`'s to say; a move is taken back by correcting the site.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import shapely
from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from geo.areas import NOWHERE
from inspections import ledger
from inspections.areas import every_name, village_index
from inspections.areas.boundaries import Boundaries
from inspections.areas.candidates import list_candidates
from inspections.areas.comparing import CHUNK, MAY_STAY, OF_VILLAGE, Difference, compare_sites
from inspections.areas.differences import DifferenceFilters, is_within, own_differences
from inspections.errors import Conflict, Invalid
from inspections.ledger import Draft
from inspections.models import Site
from inspections.permissions import Actor, in_scope, require
from inspections.sites import require_unchanged
from inspections.sites.placing import OutsideScope, Stand
from inspections.store import ChangedMeanwhile
from inspections.typed import NotInList, ReasonMissing, TextTooLong, clean_text

LONGEST_REASON = 200
_WRITTEN = ("township_code", "village_code", "township_reason")


class NoDifference(Conflict):
    """The site lies where it belongs; somebody may have decided on it meanwhile."""

    code = "site.no_difference"
    message = "{number} does not differ from the boundaries any more. Look at the list again."


class DifferencesChanged(Conflict):
    """Other sites than the officer saw."""

    code = "site.differences_changed"
    message = "Meanwhile {count} sites differ here instead of {seen}. Nothing was done; look at them again."


class CannotStay(Invalid):
    """Kept in a township or village that is no more, or in none."""

    code = "site.cannot_stay"
    message = "{name} is no township or village of today, so the site cannot stay there. Move it."
    field = "reason"


class TargetUnclear(Invalid):
    """Moved in bulk where nothing says which township takes the sites."""

    code = "site.target_unclear"
    message = "The boundaries do not say where these sites belong. Choose the township site by site."
    field = "to"


class _Move(NamedTuple):
    """One site and where it goes; a `reason` keeps it where it is."""

    one: Difference
    township: str
    village: str | None
    reason: str = ""


def move_site(session: Session, site: Site, to: str, *, row_version: int, by: Actor, now: datetime) -> None:
    """Move a site to one of its candidates; its village follows.

    Raises
    ------
    NoDifference, SiteChanged, InvalidFields, OutsideScope
        Nothing was moved.
    """
    one, boundaries = _get_difference(session, site, row_version, by)
    if to not in list_candidates(session, [(one, site)], boundaries)[one.pk]:
        raise NotInList(field="to")
    village = one.target_village
    if to != one.target:
        villages = village_index(session)
        place = villages.locate_one(shapely.Point(site.lon, site.lat))
        holder = villages.codes[place] if place != NOWHERE else None
        village = boundaries.village_in(to, holder, site.village_code)
    _write(session, [_Move(one, to, village)], by, now)
    session.refresh(site)


def keep_site(
    session: Session, site: Site, reason: str, *, row_version: int, by: Actor, now: datetime
) -> None:
    """Keep a site where it is until a still newer boundary, with a reason.

    Raises
    ------
    NoDifference, SiteChanged, CannotStay, ReasonMissing, TextTooLong
        Nothing was noted.
    """
    one, _boundaries = _get_difference(session, site, row_version, by)
    _write(session, [_kept(session, one, _check_reason(reason))], by, now)
    session.refresh(site)


def move_group(session: Session, filters: DifferenceFilters, seen: int, *, by: Actor, now: datetime) -> int:
    """Move every site of the list so narrowed to what the boundaries say; returns how many.

    Raises
    ------
    DifferencesChanged
        They are not as many as the officer saw.
    TargetUnclear, OutsideScope
        Nothing was moved.
    """
    found = _get_group(session, filters, seen, by)
    if not all(one.target for one in found):
        raise TargetUnclear
    _write(session, [_Move(one, one.target, one.target_village) for one in found], by, now)
    return len(found)


def keep_group(
    session: Session, filters: DifferenceFilters, reason: str, seen: int, *, by: Actor, now: datetime
) -> int:
    """Keep every site of the list so narrowed where it is; returns how many.

    Raises
    ------
    DifferencesChanged
        They are not as many as the officer saw.
    CannotStay, ReasonMissing, TextTooLong
        Nothing was noted.
    """
    found, reason = _get_group(session, filters, seen, by), _check_reason(reason)
    _write(session, [_kept(session, one, reason) for one in found], by, now)
    return len(found)


def may_move(by: Actor, one: Difference, to: str) -> bool:
    """Whether the officer answers for a site, and for where it would go."""
    return by.role == "system" or in_scope(by, Stand(one.kind, to, one.target_village))


def _get_difference(
    session: Session, site: Site, row_version: int, by: Actor
) -> tuple[Difference, Boundaries]:
    require(by, "site.place", site)
    require_unchanged(session, site, row_version)
    compared = compare_sites(session, [site.id])
    found = [one for one in compared.found if not one.stands]
    if not found:
        raise NoDifference(number=site.number)
    return found[0], compared.boundaries


def _get_group(session: Session, filters: DifferenceFilters, seen: int, by: Actor) -> list[Difference]:
    require(by, "site.place")
    found = [one for one in own_differences(session, by) if not one.stands and is_within(one, filters)]
    if len(found) != seen or not found:
        raise DifferencesChanged(count=len(found), seen=seen)
    return found


def _kept(session: Session, one: Difference, reason: str) -> _Move:
    if one.why not in MAY_STAY:
        code = (one.village_code if one.why in OF_VILLAGE else None) or one.township_code
        raise CannotStay(name=every_name(session).get(code, code))
    return _Move(one, one.township_code, one.village_code, reason)


def _check_reason(text: str) -> str:
    reason = clean_text(text)
    if len(reason) < 2:
        raise ReasonMissing
    if len(reason) > LONGEST_REASON:
        raise TextTooLong(most=LONGEST_REASON, field="reason")
    return reason


def _write(session: Session, moves: Sequence[_Move], by: Actor, now: datetime) -> None:
    """Write rows and entries; what somebody changed since the comparison is a conflict."""
    names = every_name(session)
    for move in moves:
        if not may_move(by, move.one, move.township):
            raise OutsideScope(township=names.get(move.township, move.township), field="to")
    reasons = _lock(session, [move.one for move in moves])
    rows = [_row(move, reasons[move.one.pk]) for move in moves]
    table = Site.__table__
    changed = update(table).where(table.c.pk == bindparam("key"))
    changed = changed.values({name: bindparam(f"new_{name}") for name in _WRITTEN})
    session.execute(changed.values(updated_at=now, row_version=table.c.row_version + 1), rows)
    ledger.append_many(session, (_draft(move, names, by, now) for move in moves))


def _lock(session: Session, found: Sequence[Difference]) -> dict[int, str]:
    """Hold the rows, which must be as they were compared; gives the reason each has for its township."""
    reasons: dict[int, str] = {}
    columns = (Site.pk, Site.row_version, Site.township_reason)
    for start in range(0, len(found), CHUNK):
        versions = {one.pk: one.version for one in found[start : start + CHUNK]}
        rows = session.execute(select(*columns).where(Site.pk.in_(versions)).with_for_update()).all()
        if any(row.row_version != versions[row.pk] for row in rows):
            raise ChangedMeanwhile
        reasons |= {row.pk: row.township_reason for row in rows}
    return reasons


def _row(move: _Move, reason: str) -> dict[str, Any]:
    """What is written of a site: the reason for its township goes when it is moved, comes when it is kept."""
    if move.one.why not in OF_VILLAGE:
        reason = move.reason
    values = (move.township, move.village, reason)
    return {
        "key": move.one.pk,
        **{f"new_{name}": value for name, value in zip(_WRITTEN, values, strict=True)},
    }


def _draft(move: _Move, names: Mapping[str, str], by: Actor, now: datetime) -> Draft:
    one, of_village = move.one, move.one.why in OF_VILLAGE
    before, after = (one.village_code, move.village) if of_village else (one.township_code, move.township)
    facts: dict[str, Any] = {"why": one.why.value, "number": one.number, "version": one.version + 1}
    if move.reason:
        action = "site.village_kept" if of_village else "site.township_kept"
        lines = one.target_village if of_village else one.target
        facts |= {"place": names.get(before or "", before), "reason": move.reason}
        facts |= {"boundaries_say": names.get(lines or "", lines)}
    else:
        action = "site.village_changed" if of_village else "site.township_changed"
        facts |= {"from": names.get(before or "", before), "to": names.get(after or "", after)}
        facts["before"] = {"township_code": one.township_code, "village_code": one.village_code}
        facts["after"] = {"township_code": move.township, "village_code": move.village}
    return Draft(
        now, action, "site", str(one.site_id), by.id, by.name, by.role, facts, one.site_id, by.address
    )
