"""All sites the map can show, as arrays: read once for a data version, in the order their files have them.

Numbers are those of the files (`inspections.map_files.parts`): micro-degrees; minutes and Beijing days from
the start of 2020 on, with 1 added, 0 where there is none; codes as places in sorted lists.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

import numpy as np
import orjson
import shapely
from sqlalchemy import ColumnElement, String, Text, case, cast, func, or_, select, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.types import NullType

from geo.packed_shapes import PackedShapes, pack_shapes
from geo.packing import micro_degrees, morton_order
from inspections import ledger
from inspections.map_features import SHOWN
from inspections.map_states import Columns
from inspections.models import Site
from inspections.store import is_sqlite
from inspections.terms import Kind, SiteStatus

LISTED, SUSPECTED, OPEN, DRAFT = 1, 2, 4, 8  # bits of `facts`
KINDS = tuple(Kind)
_FIRST_MINUTE = np.datetime64("2020-01-01T00:00", "m")
_FIRST_DAY = np.datetime64("2020-01-01", "D")
_BEIJING = np.timedelta64(8, "h")  # no summer time since 1991
_TO_THE_HOUR, _TO_THE_MICROSECOND = len("2026-11-12T02"), len("2026-11-12T02:42:00.000000")


@dataclass(frozen=True)
class County:
    """Draft and active sites of all scopes, shape (n,) each, in Morton order of their places, ties by key."""

    version: int  # number of the ledger's last entry
    key: np.ndarray  # Site.pk
    x: np.ndarray  # micro-degrees of longitude
    y: np.ndarray
    kind: np.ndarray  # place in KINDS
    facts: np.ndarray  # bits
    due: np.ndarray  # minute of the earliest deadline, rounded up
    closed: np.ndarray  # Beijing day of the last case closed
    visited: np.ndarray  # Beijing day of the last visit
    township: np.ndarray  # place in `townships`
    village: np.ndarray  # place in `villages` + 1
    body: np.ndarray  # place in `bodies` + 1
    townships: tuple[str, ...]
    villages: tuple[str, ...]
    bodies: tuple[str, ...]
    name: np.ndarray  # of objects
    number: np.ndarray
    shapes: PackedShapes

    @cached_property
    def of_state(self) -> Columns:
        """What decides the map state."""
        closed_on = _since(_FIRST_DAY, self.closed)
        return Columns(
            is_listed=(self.facts & LISTED) > 0,
            has_suspected=(self.facts & SUSPECTED) > 0,
            open_cases=self.facts & OPEN,
            due_at=_since(_FIRST_MINUTE, self.due),
            closed=lambda moment: closed_on > moment.closed_after,
        )


def read_county(session: Session) -> County:
    """Read all of it in this transaction, the ledger's head with it."""
    version, _ = ledger.head(session)
    read = _read_columns(session)
    by_key = np.argsort(np.array(read["key"], np.int64))
    x, y = (micro_degrees(np.array(read[axis], np.float64)) for axis in ("lon", "lat"))
    rows = by_key[morton_order(x[by_key], y[by_key])]
    key = np.array(read["key"], np.int64)[rows]
    townships, township = _coded(read["township"])
    villages, village = _coded(read["village"], none=True)
    bodies, body = _coded([one and str(UUID(one)) for one in read["body"]], none=True)
    return County(
        version=version,
        key=key,
        x=x[rows].astype(np.int32),
        y=y[rows].astype(np.int32),
        kind=_places(read["kind"], {kind.value: at for at, kind in enumerate(KINDS)}, np.uint8)[rows],
        facts=np.array(read["facts"], np.uint8)[rows],
        due=_minutes(read["due"])[rows],
        closed=_days(_times(read["closed"], "D"))[rows],
        visited=_days(_times(read["visited"], "h") + _BEIJING)[rows],
        township=township[rows],
        village=village[rows],
        body=body[rows],
        townships=townships,
        villages=villages,
        bodies=bodies,
        name=np.array(read["name"], dtype=object)[rows],
        number=np.array(read["number"], dtype=object)[rows],
        shapes=pack_shapes(_read_geometries(session, key), x[rows], y[rows]),
    )


def _read_columns(session: Session) -> dict[str, list[Any]]:
    """Read each column as one JSON array.

    That takes half the time of rows as tuples, and other threads go on while the database writes the arrays.
    """
    facts = sum(
        case((holds, bit), else_=0)
        for holds, bit in (
            (Site.is_listed, LISTED),
            (Site.has_suspected, SUSPECTED),
            (Site.open_cases > 0, OPEN),
            (Site.status == SiteStatus.DRAFT, DRAFT),
        )
    )
    columns = {
        "key": Site.pk,
        "lon": Site.lon,
        "lat": Site.lat,
        "kind": type_coerce(Site.kind, String),
        "facts": facts,
        "due": _text_of(session, Site.case_due_at, _TO_THE_MICROSECOND),
        "closed": type_coerce(Site.case_closed_on, String),
        "visited": _text_of(session, Site.last_visited_at, _TO_THE_HOUR),
        "township": Site.township_code,
        "village": Site.village_code,
        "body": type_coerce(Site.body_id, String),
        "name": Site.name,
        "number": Site.number,
    }
    query = select(*(_as_array(session, column) for column in columns.values())).where(Site.status.in_(SHOWN))
    found = session.execute(query).one()
    return {name: orjson.loads(array or "[]") for name, array in zip(columns, found, strict=True)}


def _as_array(session: Session, column: ColumnElement[Any]) -> ColumnElement[str]:
    if is_sqlite(session):
        return func.json_group_array(column, type_=Text)
    return cast(func.json_agg(column), Text)


def _text_of(session: Session, instant: Any, length: int) -> ColumnElement[str]:
    """An instant as SQLite keeps it, without its zone, cut to so many characters."""
    if is_sqlite(session):
        return func.substr(type_coerce(instant, String), 1, length)
    in_utc = func.timezone("UTC", instant)
    return func.substr(func.to_char(in_utc, 'YYYY-MM-DD"T"HH24:MI:SS.US'), 1, length)


def _read_geometries(session: Session, key: np.ndarray) -> np.ndarray:
    """Geometries of the rows with these keys; None for points, which are all in their place."""
    sites = Site.__table__.c
    extends = or_(sites.min_lon < sites.max_lon, sites.min_lat < sites.max_lat)
    query = select(sites.pk, type_coerce(sites.geometry, NullType())).where(sites.status.in_(SHOWN), extends)
    found = session.connection().execute(query).all()  # past the ORM, which takes as long again
    geometries = np.full(len(key), None, dtype=object)
    in_order = np.argsort(key)
    rows = in_order[np.searchsorted(key, [pk for pk, _ in found], sorter=in_order)]
    geometries[rows] = shapely.from_wkb(np.array([wkb for _, wkb in found], dtype=object))
    return geometries


def _coded(values: Sequence[str | None], *, none: bool = False) -> tuple[tuple[str, ...], np.ndarray]:
    """Sort codes into a list; give it and each value's place there, with `none` plus 1 and 0 for none."""
    codes = tuple(sorted({value for value in values if value}))
    places: dict[Hashable, int] = {code: at for at, code in enumerate(codes, start=int(none))}
    return codes, _places(values, places | ({None: 0, "": 0} if none else {}), np.uint16)


def _places(values: Iterable[Any], places: dict[Hashable, int], kind: type[np.integer]) -> np.ndarray:
    return np.array([places[value] for value in values], kind)


def _times(texts: Iterable[str | None], unit: str) -> np.ndarray:
    """Instants in UTC, or days; NaT for none."""
    return np.array([text or "NaT" for text in texts], dtype=f"datetime64[{unit}]")


def _minutes(texts: Iterable[str | None]) -> np.ndarray:
    """Minutes of instants, rounded up, as the files count them."""
    times = _times(texts, "us")
    none = np.isnat(times)
    times[none] = _FIRST_MINUTE
    minutes = -(-(times - _FIRST_MINUTE) // np.timedelta64(1, "m"))
    return _counted(minutes, none, np.uint32)


def _days(times: np.ndarray) -> np.ndarray:
    """Days as the files count them."""
    days = (times.astype("datetime64[D]") - _FIRST_DAY).astype(np.int64)
    return _counted(days, np.isnat(times), np.uint16)


def _counted(since: np.ndarray, none: np.ndarray, kind: type[np.unsignedinteger]) -> np.ndarray:
    """Add 1 and put 0 where there is none; what lies before 2020 or too far off counts as the nearest."""
    held = np.clip(since, 0, np.iinfo(kind).max - 1) + 1
    return np.where(none, 0, held).astype(kind)


def _since(first: np.datetime64, counted: np.ndarray) -> np.ndarray:
    """Turn counts of the files back into times; NaT for none."""
    times = first + (counted.astype(np.int64) - 1)
    times[counted == 0] = np.datetime64("NaT")
    return times
