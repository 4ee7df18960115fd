"""The list of differences: what of it an officer sees, narrowed, grouped and in pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from inspections.areas.boundaries import Boundaries
from inspections.areas.comparing import Difference, Why
from inspections.areas.known import known_comparison
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
    compared = known_comparison(session)
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
    return _own(known_comparison(session).found, by)


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
