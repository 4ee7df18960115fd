"""The list of differences: what of it an officer sees, narrowed, grouped and in pages.

Comparing a whole register takes a second for 100,000 sites, so what was found is kept until an area changes,
a site comes or goes, or the ledger tells of a site. Only readers use what is kept: a transaction that writes
compares anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from inspections.areas import areas_state
from inspections.areas.comparing import Difference, Why, find_differences
from inspections.models import LedgerEntry, Site
from inspections.permissions import Actor, in_scope, require, sees_all
from inspections.terms import Kind

PAGE_SIZE = 50


@dataclass(frozen=True)
class DifferenceFilters:
    """What the list is narrowed to; an empty value does not narrow. `stands` asks for what officers keep."""

    township: str = ""
    target: str = ""
    why: str = ""
    kind: str = ""
    stands: bool = False
    page: int = 1


@dataclass(frozen=True)
class Group:
    """Sites that differ in the same way: from one township to another, for one reason."""

    township_code: str
    target: str
    why: Why
    count: int


@dataclass(frozen=True)
class DifferencePage:
    """One page of the list with its groups; `open` and `kept` count without its filters."""

    items: Sequence[Difference]
    total: int
    page: int
    open: int
    kept: int
    groups: Sequence[Group]
    townships: Sequence[str]  # that sites of the list belong to
    targets: Sequence[str]  # that sites of the list would be moved to
    size: int = PAGE_SIZE


def list_differences(session: Session, by: Actor, filters: DifferenceFilters) -> DifferencePage:
    """Give one page of an officer's differences; a page beyond the last gives the last."""
    own = own_differences(session, by)
    listed = [one for one in own if one.stands == filters.stands]
    chosen = [one for one in listed if is_within(one, filters)]
    pages = max(1, -(-len(chosen) // PAGE_SIZE))
    page = min(filters.page, pages)
    first = (page - 1) * PAGE_SIZE
    is_open = sum(not one.stands for one in own)
    return DifferencePage(
        items=chosen[first : first + PAGE_SIZE],
        total=len(chosen),
        page=page,
        open=is_open,
        kept=len(own) - is_open,
        groups=_group(chosen),
        townships=sorted({one.township_code for one in listed}),
        targets=sorted({one.target for one in listed if one.target}),
    )


def count_differences(session: Session, by: Actor) -> int:
    """How many sites of an officer's scope differ, and nobody keeps them as they are."""
    return sum(not one.stands for one in own_differences(session, by))


def own_differences(session: Session, by: Actor) -> list[Difference]:
    """All differences of an officer's scope, those that stand among them."""
    require(by, "area.see")
    found = _kept(session)
    return list(found) if by.role == "system" or sees_all(by) else [one for one in found if in_scope(by, one)]


def is_within(one: Difference, filters: DifferenceFilters) -> bool:
    """Whether a difference is of what the list is narrowed to."""
    asked = (
        (filters.township, one.township_code),
        (filters.target, one.target),
        (filters.why, one.why),
        (filters.kind, one.kind),
    )
    return all(not wanted or wanted == said for wanted, said in asked)


def clean_filters(filters: DifferenceFilters) -> DifferenceFilters:
    """Drop what is in no list, so that a mistyped address still gives a list."""
    return DifferenceFilters(
        township=filters.township if filters.township.isalnum() else "",
        target=filters.target if filters.target.isalnum() else "",
        why=filters.why if filters.why in set(Why) else "",
        kind=filters.kind if filters.kind in set(Kind) else "",
        stands=filters.stands,
        page=max(1, filters.page),
    )


def _group(found: Iterable[Difference]) -> list[Group]:
    """The groups of a list, the largest first."""
    counted = Counter((one.township_code, one.target, one.why) for one in found)
    return [Group(*key, count) for key, count in sorted(counted.items(), key=lambda row: (-row[1], row[0]))]


@dataclass
class _Known:
    """What was found for one database, and up to which entry of its ledger nothing has changed it."""

    state: tuple[Any, ...]
    entry: int
    found: Sequence[Difference]


_known: dict[str, _Known] = {}
_KNOWN_MOST = 4
_lock = Lock()


def _kept(session: Session) -> Sequence[Difference]:
    if not session.get_bind().get_execution_options().get("xuntu_reads"):
        return find_differences(session)
    key = str(session.get_bind().engine.url)
    state = (*areas_state(session), *_sites_state(session))
    known = _known.get(key)
    if known is None or known.state != state or _told_of_sites(session, known):
        last = session.scalar(select(func.max(LedgerEntry.number))) or 0
        known = _Known(state, last, find_differences(session))
        with _lock:
            while len(_known) >= _KNOWN_MOST:
                _known.pop(next(iter(_known)))
            _known[key] = known
    return known.found


def _sites_state(session: Session) -> tuple[int, int | None]:
    return tuple(session.execute(select(func.count(Site.pk), func.max(Site.pk))).one())


def _told_of_sites(session: Session, known: _Known) -> bool:
    """Whether the ledger tells of a site since; what else it tells is not looked at again."""
    of_sites = case((LedgerEntry.subject == "site", LedgerEntry.number))
    query = select(func.max(LedgerEntry.number), func.max(of_sites)).where(LedgerEntry.number > known.entry)
    last, told = session.execute(query).one()
    if last is not None and told is None:
        known.entry = last
    return told is not None
