"""Every site beside the boundaries of today: which differ, why, and whether an officer meant it so.

Newer boundaries never move a site. A site differs where its township has ended, where it lies in another one
or outside all, or where its village does. What an officer chose (a township with a reason, one of several on
a line, a village) stands as long as no newer boundary of the areas concerned came after the choice.

Points are put into townships in bulk; a shape counts for the township with its largest part, and is cut only
where its bounding box does not lie wholly in one.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Row, String, select, type_coerce
from sqlalchemy.orm import Session

from geo.areas import NOWHERE, AreaIndex
from inspections import ledger
from inspections.areas import BORDER_M, LARGEST_SHARE, OUTSIDE_MOST_M, township_index, village_index
from inspections.areas.boundaries import Boundaries, read_boundaries
from inspections.models import LedgerEntry, Site
from inspections.permissions import is_county
from inspections.terms import AreaLevel, SiteStatus

COMPARED = (SiteStatus.DRAFT, SiteStatus.ACTIVE)
CHUNK = 5000  # keys in one question to the database


class Why(StrEnum):
    """Why a site differs."""

    ENDED = "ended"  # its township has ended
    COUNTY = "county"  # it belongs to the county as a whole: it was added before there were townships
    LINE = "line"  # it lies in another township
    BORDER = "border"  # it lies on the line, and the other township holds it or more of it
    OUTSIDE = "outside"  # it lies outside every township
    VILLAGE_ENDED = "village_ended"
    VILLAGE = "village"  # it lies in another village of its township


OF_VILLAGE = frozenset({Why.VILLAGE, Why.VILLAGE_ENDED})
MAY_STAY = frozenset({Why.LINE, Why.BORDER, Why.OUTSIDE, Why.VILLAGE})  # the others have nowhere to stay


@dataclass(frozen=True, slots=True)
class Difference:
    """One site and what today's boundaries say of it.

    `target` is the township it would be moved to: the one that holds it, else the only one that took an ended
    one's place; empty where nothing says it. `stands` says that an officer chose what is recorded, and that
    no newer boundary has come since.
    """

    pk: int
    site_id: uuid.UUID
    number: str
    kind: str
    township_code: str
    village_code: str | None
    version: int
    why: Why
    target: str
    target_village: str | None
    stands: bool = False


class Choice(NamedTuple):
    """When an officer last said where a site belongs: the entry's number, and its moment."""

    entry: int
    at: datetime


class _Found(NamedTuple):
    """A site that differs, as the boundaries alone tell it; `holder` and `village` are what holds it."""

    row: int
    why: Why
    holder: str = ""
    village: str | None = None
    meant: bool = False  # it lies where an officer may choose without a reason


@dataclass(frozen=True)
class Comparison:
    """The sites that differ, by township, target, reason and number; and the boundaries they differ from."""

    found: Sequence[Difference]
    boundaries: Boundaries


def compare_sites(session: Session, site_ids: Sequence[uuid.UUID] | None = None) -> Comparison:
    """Compare every draft and active site, or some, with the boundaries of today.

    Those whose choice stands are among the answers, marked so.
    """
    boundaries = read_boundaries(session)
    places = _read_places(session, site_ids)
    found = {places.pks[one.row]: one for one in _compare(session, places, boundaries)}
    rows = _read_rows(session, list(found))
    made = [_told(found[row.pk], row, boundaries) for row in rows]
    meant = {row.id for row in rows if _is_meant(found[row.pk], row)}
    choices = read_choices(session, list(meant))
    for place, one in enumerate(made):
        if one.site_id in meant:
            made[place] = replace(one, stands=_stands(one, choices, boundaries))
    return Comparison(ordered(made), boundaries)


def ordered(found: Iterable[Difference]) -> list[Difference]:
    """By township, target, reason and number."""
    return sorted(found, key=lambda one: (one.township_code, one.target, one.why, one.number))


def read_choices(session: Session, site_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Choice]:
    """When an officer last said where each site belongs, as the ledger tells it."""
    choices: dict[uuid.UUID, Choice] = {}
    columns = (LedgerEntry.number, LedgerEntry.site_id, LedgerEntry.at, LedgerEntry.action, LedgerEntry.facts)
    for part in _chunks(site_ids):
        query = select(*columns).where(LedgerEntry.site_id.in_(part), LedgerEntry.action.in_(_CHOOSING))
        for entry in session.execute(query.order_by(LedgerEntry.number)):
            if entry.action != "site.corrected" or _CHOSEN & ledger.facts_of(entry).get("after", {}).keys():
                choices[entry.site_id] = Choice(entry.number, entry.at)
    return choices


_CHOOSING = (
    "site.added",
    "site.imported",
    "site.corrected",
    "site.township_changed",
    "site.township_kept",
    "site.village_changed",
    "site.village_kept",
)
_CHOSEN = {"township_code", "township_reason", "village_code", "geometry"}  # of a correction
_BOX = ("min_lon", "min_lat", "max_lon", "max_lat")
_READ = ("pk", "township_code", "village_code", "lon", "lat", "loc_accuracy_m", *_BOX)


@dataclass(frozen=True)
class _Places:
    """Sites as columns: one place in each of them a site."""

    pks: Sequence[int]
    townships: Sequence[str]
    villages: Sequence[str | None]
    lons: np.ndarray
    lats: np.ndarray
    border_m: np.ndarray  # how wide the line is for a point: 30 m, or as wide as it is accurate
    boxes: np.ndarray  # (n, 4)


def _read_places(session: Session, site_ids: Sequence[uuid.UUID] | None) -> _Places:
    """Read what is compared of every site; from the table, because mapped columns cost as much again."""
    table = Site.__table__.c
    query = select(*(table[name] for name in _READ)).where(table.status.in_(COMPARED))
    rows = session.execute(query if site_ids is None else query.where(table.id.in_(site_ids))).all()
    columns = list(zip(*rows, strict=True)) or [()] * len(_READ)
    numbers = [np.array(column, dtype=float) for column in columns[3:]]
    return _Places(
        pks=columns[0],
        townships=columns[1],
        villages=columns[2],
        lons=numbers[0],
        lats=numbers[1],
        border_m=np.fmax(numbers[2], BORDER_M),
        boxes=np.column_stack(numbers[3:]),
    )


def _compare(session: Session, places: _Places, boundaries: Boundaries) -> Iterator[_Found]:
    townships, villages = township_index(session), village_index(session)
    stored, holders = _numbers(townships, places.townships), townships.locate(places.lons, places.lats)
    shared = _settle_shapes(session, townships, places, stored, holders)
    held_by = [*townships.codes, ""]  # the last is NOWHERE
    inside = villages.locate(places.lons, places.lats)
    village_of = [*villages.codes, None]
    today = {code: boundaries.holds(code, AreaLevel.TOWNSHIP) for code in set(places.townships)}
    gone = np.array([not today[code] for code in places.townships], dtype=bool)
    whys, near = _elsewhere(townships, places, stored, np.where(gone, stored, holders), shared)
    for row in np.flatnonzero(gone):
        whole = is_county(places.townships[row])
        if not whole or holders[row] != NOWHERE:
            whys[int(row)] = Why.COUNTY if whole else Why.ENDED
    for row, why in whys.items():
        yield _Found(row, why, held_by[holders[row]], village_of[inside[row]], row in near)
    for row, code in enumerate(places.villages):
        if code is not None and row not in whys and code != village_of[inside[row]]:
            why = _why_village(code, village_of[inside[row]], places.townships[row], boundaries)
            if why is not None:
                yield _Found(row, why, village=village_of[inside[row]], meant=True)


def _settle_shapes(
    session: Session, townships: AreaIndex, places: _Places, stored: np.ndarray, holders: np.ndarray
) -> set[int]:
    """Put into `holders` the township with the largest part of each shape; returns the rows on a line.

    On a line lies a shape of which no township has four fifths, and the one recorded has some.
    """
    boxes, on_line = places.boxes, set()
    shapes = np.flatnonzero((boxes[:, 0] < boxes[:, 2]) | (boxes[:, 1] < boxes[:, 3]))
    unsure = shapes[~townships.cover_boxes(boxes[shapes], holders[shapes])]
    for rows in (np.array(part) for part in _chunks(unsure)):
        geometries = _read_shapes(session, [places.pks[row] for row in rows])
        known = np.flatnonzero(stored[rows] != NOWHERE)
        most = np.zeros(len(rows), dtype=bool)
        most[known] = townships.parts(geometries[known], stored[rows[known]]) >= 0.5
        holders[rows[most]] = stored[rows[most]]
        for row, geometry in zip(rows[~most], geometries[~most], strict=True):
            shares = townships.share(geometry) or [(NOWHERE, 0.0)]
            holders[row] = shares[0][0]
            if shares[0][1] < LARGEST_SHARE and stored[row] in dict(shares):
                on_line.add(int(row))
    return on_line


def _elsewhere(
    townships: AreaIndex, places: _Places, stored: np.ndarray, holders: np.ndarray, shared: set[int]
) -> tuple[dict[int, Why], set[int]]:
    """The rows that their township does not hold with the reason, and those of them that lie beside it.

    What has no boundary is not compared.
    """
    rows = np.flatnonzero(stored != holders)
    known = rows[stored[rows] != NOWHERE]
    outside = holders[known] == NOWHERE
    within_m = np.where(outside, np.maximum(places.border_m[known], OUTSIDE_MOST_M), places.border_m[known])
    beside = townships.reach(places.lons[known], places.lats[known], stored[known], within_m)
    is_point = places.boxes[known, 0] == places.boxes[known, 2]
    near = shared | set(known[beside & (is_point | outside)].tolist())
    whys = {
        int(row): Why.OUTSIDE if holders[row] == NOWHERE else Why.BORDER if row in near else Why.LINE
        for row in rows
    }
    return whys, near


def _why_village(code: str, holder: str | None, township: str, boundaries: Boundaries) -> Why | None:
    if not boundaries.holds(code, AreaLevel.VILLAGE):
        return Why.VILLAGE_ENDED
    return Why.VILLAGE if holder is not None and boundaries.parents.get(holder) == township else None


def _told(found: _Found, row: Row, boundaries: Boundaries) -> Difference:
    """What is found of a site, with what its row says."""
    target, before = found.holder, row.village_code
    if found.why in OF_VILLAGE:
        target = row.township_code
    elif found.why is Why.ENDED and not target:
        successors = boundaries.successors_today(row.township_code)
        target = successors[0] if len(successors) == 1 else ""
    return Difference(
        pk=row.pk,
        site_id=row.id,
        number=row.number,
        kind=row.kind,
        township_code=row.township_code,
        village_code=before,
        version=row.row_version,
        why=found.why,
        target=target,
        target_village=boundaries.village_in(target, found.village, before) if target else None,
    )


def _is_meant(found: _Found, row: Row) -> bool:
    """Whether an officer may have meant it so: beside its township, with a reason, or as a village."""
    return found.why in MAY_STAY and (found.meant or bool(row.township_reason))


def _stands(one: Difference, choices: Mapping[uuid.UUID, Choice], boundaries: Boundaries) -> bool:
    concerned = [one.township_code, one.target]
    if one.why is Why.VILLAGE:
        concerned = [code for code in (one.village_code, one.target_village) if code]
    chosen = choices.get(one.site_id)
    return (chosen.entry if chosen else 0) >= boundaries.drawn_since(concerned)


def _read_rows(session: Session, pks: Sequence[int]) -> list[Row]:
    columns = (Site.pk, Site.id, Site.number, type_coerce(Site.kind, String).label("kind"))
    query = select(*columns, Site.township_code, Site.township_reason, Site.village_code, Site.row_version)
    return [row for part in _chunks(pks) for row in session.execute(query.where(Site.pk.in_(part)))]


def _read_shapes(session: Session, pks: Sequence[int]) -> np.ndarray:
    """The shapes of sites, in the order of their keys."""
    query = select(Site.pk, Site.geometry).where(Site.pk.in_(pks))
    shapes = dict(session.execute(query).all())
    return np.array([shapes[pk] for pk in pks], dtype=object)


def _numbers(index: AreaIndex, codes: Iterable[str]) -> np.ndarray:
    """The places of codes in an index; NOWHERE for what has no boundary today."""
    places = {code: place for place, code in enumerate(index.codes)}
    return np.array([places.get(code, NOWHERE) for code in codes], dtype=np.int64)


def _chunks(keys: Sequence[Any] | np.ndarray) -> Iterator[Any]:
    for start in range(0, len(keys), CHUNK):
        yield keys[start : start + CHUNK]
