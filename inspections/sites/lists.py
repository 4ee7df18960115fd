"""Lists of sites within an officer's scope: what is searched and filtered for, in which order, by pages.

Names of operators are restricted and never searched.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, defer

from inspections.map_states import CLOSED_WITHIN_DAYS, PERIODS, state_condition
from inspections.models import Site
from inspections.permissions import Actor, site_filter
from inspections.search import site_matches
from inspections.sites.warnings import LISTED
from inspections.store import rows_in_pages
from inspections.terms import Kind, MapState, SiteStatus
from inspections.typed import clean_text

PAGE_SIZE = 50
NOT_VISITED_DAYS = (30, 90, 180)
_OTHER_PERIODS = {str(days) for days in PERIODS if days != CLOSED_WITHIN_DAYS}


@dataclass(frozen=True)
class SiteFilters:
    """What a list is narrowed to; an empty value does not narrow.

    `status` empty means draft and active, `visited` is `never` or a number of days without a visit, `body` is
    the id of the body that leads, `period` how many days a site shows that its last case was closed.
    """

    q: str = ""
    kind: str = ""
    status: str = ""
    state: str = ""
    township: str = ""
    village: str = ""
    visited: str = ""
    body: str = ""
    period: str = ""
    sort: str = ""
    page: int = 1

    @property
    def closed_within_days(self) -> int:
        """The period as a number; 30 where none is chosen."""
        return int(self.period or CLOSED_WITHIN_DAYS)


@dataclass(frozen=True)
class Page:
    """One page of a list and where it lies in the whole."""

    items: Sequence[Any]
    total: int
    page: int
    pages: int
    size: int = PAGE_SIZE

    @property
    def first(self) -> int:
        """Number of the first item, from 1; 0 for an empty list."""
        return (self.page - 1) * self.size + 1 if self.total else 0

    @property
    def last(self) -> int:
        """Number of the last item."""
        return min(self.page * self.size, self.total)


# Late things first; then what waits longest
_URGENT = (
    Site.is_listed.desc(),
    Site.case_due_at.asc().nulls_last(),
    Site.has_suspected.desc(),
    Site.open_cases.desc(),
    Site.pk,
)
SORTS: Mapping[str, tuple[Any, ...]] = {
    "urgent": _URGENT,
    "number": (Site.number,),
    "name": (Site.name, Site.number),
    "visited": (Site.last_visited_at.asc().nulls_first(), Site.number),
    "recent": (Site.last_visited_at.desc().nulls_last(), Site.number),
    "area": (Site.area_m2.desc().nulls_last(), Site.number),
    "cases": (Site.open_cases.desc(), Site.number),
    "added": (Site.created_at.desc(), Site.number),
}


def clean_filters(filters: SiteFilters) -> SiteFilters:
    """Drop what is in no list, so that an old or mistyped address still gives a list."""
    return SiteFilters(
        q=clean_text(filters.q)[:60],
        kind=filters.kind if filters.kind in set(Kind) else "",
        status=filters.status if filters.status in {*SiteStatus, "all"} else "",
        state=filters.state if filters.state in set(MapState) else "",
        township=filters.township if filters.township.isalnum() else "",
        village=filters.village if filters.village.isalnum() else "",
        visited=filters.visited if filters.visited in {"never", *map(str, NOT_VISITED_DAYS)} else "",
        body=filters.body if _is_id(filters.body) else "",
        period=filters.period if filters.period in _OTHER_PERIODS else "",
        sort=filters.sort if filters.sort in SORTS else "",
        page=min(max(filters.page, 1), 1_000_000),
    )


def list_sites(session: Session, by: Actor, filters: SiteFilters, *, now: datetime) -> Page:
    """Give one page of the sites an officer may see; a page beyond the last gives the last.

    The rows come without their shapes.
    """
    filters = clean_filters(filters)
    query = (
        select(Site)
        .options(defer(Site.geometry))
        .where(*site_conditions(session, by, filters, now))
        .order_by(*SORTS[filters.sort or "urgent"])
    )
    rows, total = rows_in_pages(session, query, page=filters.page, size=PAGE_SIZE)
    pages = max(1, -(-total // PAGE_SIZE))
    if filters.page > pages:
        rows, total = rows_in_pages(session, query, page=pages, size=PAGE_SIZE)
    return Page(rows, total, min(filters.page, pages), pages)


def site_conditions(
    session: Session, by: Actor, filters: SiteFilters, now: datetime
) -> Iterator[ColumnElement[bool]]:
    """What narrows `Site` to an officer's scope and to cleaned filters, in lists and exports alike."""
    yield site_filter(by)
    if filters.state:
        yield state_condition(MapState(filters.state), now, filters.closed_within_days)
    for name, condition in _CONDITIONS.items():
        value = getattr(filters, name)
        if value or name == "status":
            yield condition(session, value, now)


def _is_id(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _by_words(session: Session, words: str, _now: datetime) -> ColumnElement[bool]:
    return site_matches(session, words)


def _by_status(_session: Session, status: str, _now: datetime) -> ColumnElement[bool]:
    if status == "all":
        return Site.status.in_(list(SiteStatus))
    return Site.status == SiteStatus(status) if status else Site.status.in_(LISTED)


def _by_visited(_session: Session, visited: str, now: datetime) -> ColumnElement[bool]:
    if visited == "never":
        return Site.last_visited_at.is_(None)
    # One comparison, not two with OR: so that the index of states answers it alone
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    return func.coalesce(Site.last_visited_at, long_ago) < now - timedelta(days=int(visited))


_CONDITIONS: Mapping[str, Callable[[Session, Any, datetime], ColumnElement[bool]]] = {
    "q": _by_words,
    "kind": lambda _s, kind, _n: Site.kind == Kind(kind),
    "status": _by_status,
    "township": lambda _s, code, _n: Site.township_code == code,
    "village": lambda _s, code, _n: Site.village_code == code,
    "visited": _by_visited,
    "body": lambda _s, body, _n: Site.body_id == uuid.UUID(body),
}
