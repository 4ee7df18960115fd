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
from sqlalchemy import ColumnElement, String, Text, case, cast, func, literal, or_, select, type_coerce
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
_PAGE = 5_000  # rows whose shapes are read at once: with 5,000 corners each SQLite can still join them
# Not by the index of status: nearly all rows are wanted, and read as they lie they take less
_IS_SHOWN = func.coalesce(type_coerce(Site.status, String), "").in_(SHOWN)
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
    texts = _read_columns(session)

    def column(name: str) -> list[Any]:
        return orjson.loads(texts.pop(name) or "[]")  # one after another: together they would fill the memory

    keys = np.array(column("key"), np.int64)
    by_key = np.argsort(keys)
    x, y = (micro_degrees(np.array(column(axis), np.float64)) for axis in ("lon", "lat"))
    rows = by_key[morton_order(x[by_key], y[by_key])]
    key, x, y = keys[rows], x[rows], y[rows]
    townships, township = _coded(column("township"))
    villages, village = _coded(column("village"), none=True)
    bodies, body = _coded([one and str(UUID(one)) for one in column("body")], none=True)
    return County(
        version=version,
        key=key,
        x=x.astype(np.int32),
        y=y.astype(np.int32),
        kind=_places(column("kind"), {kind.value: at for at, kind in enumerate(KINDS)}, np.uint8)[rows],
        facts=np.array(column("facts"), np.uint8)[rows],
        due=_minutes(column("due"))[rows],
        closed=_days(_times(column("closed"), "D"))[rows],
        visited=_days(_times(column("visited"), "h") + _BEIJING)[rows],
        township=township[rows],
        village=village[rows],
        body=body[rows],
        townships=townships,
        villages=villages,
        bodies=bodies,
        name=np.array(column("name"), dtype=object)[rows],
        number=np.array(column("number"), dtype=object)[rows],
        shapes=_read_shapes(session, key, x, y),
    )


def _read_columns(session: Session) -> dict[str, str | None]:
    """Read each column as the text of one JSON array; None for none on PostgreSQL.

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
    query = select(*(_as_array(session, column) for column in columns.values())).where(_IS_SHOWN)
    return dict(zip(columns, session.execute(query).one(), strict=True))


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


def _read_shapes(session: Session, key: np.ndarray, x: np.ndarray, y: np.ndarray) -> PackedShapes:
    """Read the shapes of the rows with these keys and places; points are all in their place."""
    by_key = np.argsort(key)
    pages = [_read_page(session, keys) for keys in _pages(key[by_key])]
    keys, lengths = (np.array([one for page in pages for one in page[at]], np.int64) for at in (0, 1))
    row = by_key[np.searchsorted(key, keys, sorter=by_key)]
    return pack_shapes(b"".join(page[2] for page in pages), lengths, row, x, y)


def _pages(keys: np.ndarray) -> list[tuple[int, int]]:
    """First and last key of each page."""
    return [(int(keys[at]), int(keys[at : at + _PAGE][-1])) for at in range(0, len(keys), _PAGE)]


def _read_page(session: Session, keys: tuple[int, int]) -> tuple[list[int], list[int], bytes]:
    """Read keys of sites with an extent, how many bytes their geometries have, and these bytes as one."""
    geometry = type_coerce(Site.geometry, NullType())
    if is_sqlite(session):
        length, joined = func.length(geometry), func.group_concat(func.hex(geometry), "")
    else:
        wkb = func.ST_AsBinary(geometry, "NDR")
        length, joined = func.octet_length(wkb), func.encode(func.string_agg(wkb, literal(b"")), "hex")
    extends = or_(Site.min_lon < Site.max_lon, Site.min_lat < Site.max_lat)
    query = select(_as_array(session, Site.pk), _as_array(session, length), joined)
    query = query.where(_IS_SHOWN, extends, Site.pk.between(*keys))
    found, lengths, digits = session.execute(query).one()
    return orjson.loads(found or "[]"), orjson.loads(lengths or "[]"), bytes.fromhex(digits or "")


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
