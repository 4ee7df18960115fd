"""What somebody asks to have written, and what reading it needs.

An order carries the filters of the lists: an export holds the rows that the officer's list would show, no
others, and counts no others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from geo.writers.layers import Batch, Layer, Look
from inspections.areas import every_name
from inspections.cases.lists import CaseFilters
from inspections.exports.columns import Column
from inspections.layers.overlaps import LayerIndex
from inspections.models import Body
from inspections.permissions import Actor, is_county, is_township
from inspections.sites.lists import SiteFilters, clean_filters
from inspections.terms import Kind, LayerKind
from inspections.visits.lists import VisitFilter

ALL = "all"  # every subject, each a layer of one GeoPackage
OPERATED = ("sites", ALL)  # whose rows have operators
BATCH = 1_000


@dataclass(frozen=True)
class Order:
    """A subject (`sites`, `visits`, `findings`, `cases`, or `all` of them) and what each is narrowed to.

    `with_operators` asks for the restricted fields of sites too, `encoding` is that of a Shapefile.
    """

    subject: str
    sites: SiteFilters = field(default_factory=SiteFilters)
    visits: VisitFilter = field(default_factory=VisitFilter)
    cases: CaseFilters = field(default_factory=CaseFilters)
    with_operators: bool = False
    encoding: str = "GBK"

    @property
    def restricted(self) -> bool:
        """Whether restricted fields go along: only sites have them."""
        return self.with_operators and self.subject in OPERATED

    @property
    def filters(self) -> SiteFilters | VisitFilter | CaseFilters:
        """What narrows the subject; findings go by their visits, everything by what all have."""
        if self.subject in ("visits", "findings"):
            return self.visits
        return self.cases if self.subject == "cases" else clean_filters(self.sites)


def narrowed_to(kind: str, area: str) -> dict[str, Any]:
    """The filters of every subject for one kind and one area's code, each empty for all; for an `Order`."""
    place = {}
    if area and not is_county(code := area.ljust(12, "0")):
        place = {"township" if is_township(code) else "village": code}
    return {
        "sites": SiteFilters(kind=kind, **place),
        "visits": VisitFilter(kind=kind, **place),
        "cases": CaseFilters(kind=kind, **place),
    }


@dataclass(frozen=True)
class Reading:
    """One reading of the database: who asks for what, when, and the names that rows only have codes for."""

    session: Session
    order: Order
    by: Actor
    now: datetime

    @cached_property
    def area_names(self) -> Mapping[str, str]:
        """Names by code: townships, villages and the county itself."""
        return every_name(self.session)

    @cached_property
    def body_names(self) -> Mapping[UUID, str]:
        """Names of bodies by id."""
        return dict(self.session.execute(select(Body.id, Body.name)).all())

    @cached_property
    def basic_farmland(self) -> LayerIndex:
        """The layer of permanent basic farmland, to measure each site in."""
        return LayerIndex(self.session, LayerKind.BASIC_FARMLAND)

    def area_name(self, code: str | None) -> str | None:
        """What an area is called; its code where it is of an older time."""
        return self.area_names.get(code, code) if code else None

    def site_kinds(self) -> Sequence[Kind]:
        """The kinds that sites may be of: the chosen one, else those the officer answers for."""
        chosen = self.order.sites.kind
        return [kind for kind in Kind if kind == chosen or (not chosen and kind in (self.by.kinds or Kind))]


@dataclass(frozen=True)
class Subject:
    """One kind of rows: its name, which rows and how many, which columns, where a row lies, how it looks.

    `count` asks only what decides, so that a page can ask it each time.
    """

    key: str
    name: str
    query: Callable[[Reading], Select]
    count: Callable[[Reading], Select]
    columns: Callable[[Reading], list[Column]]
    place: Callable[[Any], Any]
    look: Look
    only_points: bool = True

    def layer(self, reading: Reading) -> Layer:
        """The layer for a writer, whose rows are read when it asks for them."""
        columns = self.columns(reading)
        values = _reader(columns)

        def batches() -> Iterator[Batch]:
            rows = reading.session.execute(self.query(reading).execution_options(yield_per=BATCH))
            for part in rows.partitions():
                yield Batch([self.place(row) for row in part], [values(row) for row in part])

        fields = [one.field for one in columns]
        return Layer(self.key, self.name, fields, batches, self.look, self.only_points)

    def count_rows(self, reading: Reading) -> int:
        """How many rows there are."""
        return reading.session.scalar(self.count(reading)) or 0


def _reader(columns: Sequence[Column]) -> Callable[[Any], list[Any]]:
    """What gives the values of a row: only columns of its kind are asked, and what is empty is None."""
    asked = {
        kind: [(place, one.get) for place, one in enumerate(columns) if kind in one.kinds] for kind in Kind
    }

    def values(row: Any) -> list[Any]:
        found: list[Any] = [None] * len(columns)
        for place, get in asked[row.kind]:
            value = get(row)
            if value != "" and value != []:
                found[place] = value
        return found

    return values
