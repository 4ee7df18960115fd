"""The list of differences: what of it an officer sees, narrowed, grouped and in pages.

Comparing a whole register takes a second for 100,000 sites, so what was found is kept until an area changes,
a site comes or goes, or the ledger tells of a site. Only readers use what is kept: a transaction that writes
compares anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from sqlalchemy import case, func, select, true
from sqlalchemy.orm import Session

from inspections.areas import areas_state
from inspections.areas.boundaries import Boundaries
from inspections.areas.comparing import Comparison, Difference, Why, compare_sites
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
    example: Difference


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
    boundaries: Boundaries
    size: int = PAGE_SIZE


def list_differences(session: Session, by: Actor, filters: DifferenceFilters) -> DifferencePage:
    """Give one page of an officer's differences; a page beyond the last gives the last."""
    compared = _compared(session)
    own = _own(compared.found, by)
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
        boundaries=compared.boundaries,
    )


def count_differences(session: Session, by: Actor) -> int:
    """How many sites of an officer's scope differ, and nobody keeps them as they are."""
    return sum(not one.stands for one in own_differences(session, by))


def own_differences(session: Session, by: Actor) -> list[Difference]:
    """All differences of an officer's scope, those that stand among them."""
    return _own(_compared(session).found, by)


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


def _own(found: Sequence[Difference], by: Actor) -> list[Difference]:
    require(by, "area.see")
    return list(found) if by.role == "system" or sees_all(by) else [one for one in found if in_scope(by, one)]


def _group(found: Iterable[Difference]) -> list[Group]:
    """The groups of a list, the largest first."""
    counted: dict[tuple[str, str, Why], list[Difference]] = {}
    for one in found:
        counted.setdefault((one.township_code, one.target, one.why), []).append(one)
    groups = [Group(*key, len(alike), alike[0]) for key, alike in counted.items()]
    return sorted(groups, key=lambda group: (-group.count, group.township_code, group.target))


@dataclass
class _Known:
    """What was found for one database, and up to which entry of its ledger nothing has changed it."""

    state: tuple[Any, ...]
    entry: int
    compared: Comparison


_known: dict[str, _Known] = {}
_KNOWN_MOST = 4
_lock = Lock()


def _compared(session: Session) -> Comparison:
    if not session.get_bind().get_execution_options().get("xuntu_reads"):
        return compare_sites(session)
    key = str(session.get_bind().engine.url)
    known = _known.get(key)
    state, last, told_of_site = _read_state(session, known.entry if known else 0)
    if known is None or known.state != state or told_of_site:
        known = _Known(state, last, compare_sites(session))
        with _lock:
            while len(_known) >= _KNOWN_MOST:
                _known.pop(next(iter(_known)))
            _known[key] = known
    known.entry = max(known.entry, last)
    return known.compared


def _read_state(session: Session, since: int) -> tuple[tuple[Any, ...], int, bool]:
    """What changes with areas and the number of sites, the last entry, and whether one tells of a site."""
    of_sites = case((LedgerEntry.subject == "site", LedgerEntry.number))
    entries = select(func.max(LedgerEntry.number).label("last"), func.max(of_sites).label("told"))
    areas = areas_state().subquery()
    sites = select(func.count(Site.pk).label("sites"), func.max(Site.pk).label("newest")).subquery()
    ledger = entries.where(LedgerEntry.number > since).subquery()
    beside = areas.join(sites, true()).join(ledger, true())  # one row each
    *state, last, told = session.execute(select(areas, sites, ledger).select_from(beside)).one()
    return tuple(state), last or since, told is not None
