"""A file of areas being checked: county, townships and villages, each by itself and beside the others.

A newer boundary ends the older row and never moves a site; how many sites would lie in another township by
the new lines is said. Only one county is kept: rows of others in the file are passed over with a note.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import shapely
from sqlalchemy import select
from sqlalchemy.orm import Session

from geo.areas import NOWHERE, AreaIndex
from geo.datums import LocalDatums
from geo.errors import GeoError
from geo.sources import Source
from inspections.areas import find_county
from inspections.errors import Conflict, InspectionError, Invalid
from inspections.imports.answers import Answers
from inspections.imports.area_rows import (
    AreaRow,
    BoundaryMissing,
    CodeTwice,
    area_code,
    county_digits,
    read_row,
)
from inspections.imports.area_shapes import overlaps, reaches_out_m
from inspections.imports.headings import AREA_HEADINGS, area_finder
from inspections.imports.messages import RowMessage
from inspections.imports.opening import RowsPassedOver, numbers_in_words, open_tables
from inspections.imports.readings_found import Places
from inspections.imports.rows import CheckedRow
from inspections.imports.tables import Agreed, Passed, Table, cell_at
from inspections.models import Area, Site
from inspections.permissions import Actor, require
from inspections.terms import AreaLevel, MessageLevel, RowOutcome, SiteStatus
from inspections.typed import clean_text

NONE_KNOWN = LocalDatums()
NEEDED = (("code",), ("name",))
TOLERANCE_M = 50.0
MOST_OVERLAP = 0.001
ORDER = {AreaLevel.COUNTY: 0, AreaLevel.TOWNSHIP: 1, AreaLevel.VILLAGE: 2}
_SAME_M_DEG = 1e-7


class NoCountyNamed(Invalid):
    """Several counties, and nothing says which is ours."""

    code = "area.county_not_named"
    message = 'The file holds {count} counties. Name yours in the county profile: [county] code = "{example}"'
    field = "file"


class CountyDiffers(Conflict):
    """The profile names another county than the database holds."""

    code = "area.county_differs"
    message = "The county profile names {code}, this database holds {name} {held}. Use another database."


class AnotherCountysRow(InspectionError):
    """A row outside the one county kept here."""

    code = "area.another_county"
    message = "{name} {code} is not of the county {county} and was passed over."


class ParentMissing(Invalid):
    """The area above is neither in the file nor in the database."""

    code = "area.parent_missing"
    message = "The area above, {parent}, is not there. Add it to the file, or import it first."


class ReachesOut(InspectionError):
    """An area that lies partly outside the one above."""

    code = "area.reaches_out"
    message = "{name} reaches {distance_m} m beyond {parent}. Compare both boundaries."


class SiblingsOverlap(InspectionError):
    """Two areas of one level share ground."""

    code = "area.siblings_overlap"
    message = (
        "{name} and {other} overlap by {percent} %. A place there counts for the one with the lower code."
    )


class AreaUnchanged(InspectionError):
    """A row that says what the database says."""

    code = "area.unchanged"
    message = "{name} is as it was. Nothing will change."


class SitesDiffer(InspectionError):
    """Sites that lie in another township by the new boundaries."""

    code = "area.sites_differ"
    message = (
        "{count} sites lie in another township by the new boundaries. "
        "None is moved: see the list of differences once the file is applied."
    )


class AreaEnds(InspectionError):
    """An area that the row ends."""

    code = "area.ends"
    message = (
        "{name} ends on {day}. Its sites stay with it until they are corrected; see the list of differences."
    )


class SuccessorUnknown(InspectionError):
    """A successor that is neither in the file nor in the database."""

    code = "area.successor_unknown"
    message = "The successor {code} of {name} is not there. Add it to the file, or import it later."


class AreaCheck:
    """A file of areas, opened; `rows` checks it. `blocked` says why nothing of it can be read.

    Parameters
    ----------
    county_code : str
        The county kept here, from the profile; else the database's, else the only one in the file.

    Raises
    ------
    CountyDiffers
        The profile names another county than the database holds.
    NotAllowed
        The officer does not import areas.
    """

    subject = "areas"

    def __init__(
        self,
        session: Session,
        source: Source,
        *,
        by: Actor,
        today: date,
        county_code: str = "",
        answers: Answers | None = None,
        local: LocalDatums = NONE_KNOWN,
        recall: Agreed = lambda headings: {},
    ) -> None:
        require(by, "area.import")
        self._session, self._today = session, today
        answers = answers or Answers()
        self.opened = open_tables(
            source,
            area_finder(),
            answers,
            NEEDED,
            recall,
            (AREA_HEADINGS["code"][2], AREA_HEADINGS["name"][1]),
        )
        self.places = Places(self.opened.tables, _box(session), answers, local)
        self.blocked = self.opened.blocked or self.places.blocked
        self.total = sum(table.sheet.row_count for table in self.opened.tables)
        self.fields = sorted({name for table in self.opened.tables for name in table.fields})
        self._passed = Passed()
        self._messages = [RowMessage(MessageLevel.NOTE, note) for note in source.notes]
        self._messages += self.opened.messages + self.places.messages
        self._county = ""
        if self.blocked is None:
            try:
                self._county = self._our_county(county_code)
            except NoCountyNamed as error:
                self.blocked = error

    def rows(self) -> Iterator[list[CheckedRow]]:
        """Every row of the file, checked, in one go: areas are compared with each other."""
        checked: list[CheckedRow] = []
        areas: dict[str, AreaRow] = {}
        for index, table in enumerate(self.opened.tables):
            for problem in table.sheet.problems:
                row = CheckedRow(problem.row, table.sheet.name)
                row.refuse(problem.error, problem.column or "")
                checked.append(row)
            self._read_table(index, table, checked, areas)
        held = _held(self._session)
        kept = self._with_parents(list(areas.values()), held)
        self._compare(kept, held)
        self._count_differing_sites(kept, held)
        for area in kept:
            self._conclude(area, held)
        yield sorted(checked, key=lambda row: (row.sheet, row.number))

    @property
    def messages(self) -> list[RowMessage]:
        """What there is to read about the whole file; complete once every row was checked."""
        passed = sorted(self._passed.totals + self._passed.notes)
        if not passed:
            return list(self._messages)
        error = RowsPassedOver(count=len(passed), rows=numbers_in_words(passed))
        return [*self._messages, RowMessage(MessageLevel.NOTE, error)]

    def _read_table(
        self, index: int, table: Table, checked: list[CheckedRow], areas: dict[str, AreaRow]
    ) -> None:
        fields, start = table.fields, 0
        for batch in table.batches(self._passed):
            positions = self.places.positions(index, start, batch, needed=False)
            start += len(batch.numbers)
            for number, cells, position in zip(batch.numbers, batch.rows, positions, strict=True):
                said = {name: cell_at(cells, at) for name, at in fields.items()}
                row = CheckedRow(number, table.sheet.name)
                checked.append(row)
                if not self._is_ours(said, row):
                    continue
                for level, error in position.told:
                    row.say(level, error, position.column, position.cell)
                if position.error is not None:
                    row.refuse(position.error, position.column, position.cell)
                elif position.question is not None:
                    row.ask(position.question, position.choices, position.column, position.cell)
                    row.outcome = RowOutcome.ASKED
                else:
                    self._read_row(row, table, said, position.geometry, areas)

    def _is_ours(self, said: Mapping[str, Any], row: CheckedRow) -> bool:
        """Whether a row is of the county kept here; what has no readable code is, and is refused later."""
        digits = county_digits(said.get("code"))
        if not digits or digits == self._county[:6]:
            return True
        name = clean_text(str(said.get("name") or ""))[:40]
        row.note(AnotherCountysRow(name=name, code=digits, county=self._county))
        row.outcome = RowOutcome.LEFT_OUT
        return False

    def _read_row(
        self,
        row: CheckedRow,
        table: Table,
        said: Mapping[str, Any],
        geometry: Any,
        areas: dict[str, AreaRow],
    ) -> None:
        try:
            code = area_code(said.get("code"))
            if code in areas:
                raise CodeTwice(code=code, other=areas[code].number, field="code")
            areas[code] = read_row(row, code, said, geometry, today=self._today)
        except (InspectionError, GeoError) as error:
            field = error.field or "code"
            row.refuse(error, table.heading_of(field) or field, said.get(field))

    def _our_county(self, wanted: str) -> str:
        """The twelve digits of the county whose rows are kept."""
        held = find_county(self._session)
        if wanted:
            wanted = area_code(wanted)
        if held is not None and wanted and held.code != wanted:
            raise CountyDiffers(code=wanted, name=held.name, held=held.code)
        if wanted or held is not None:
            return wanted or held.code  # type: ignore[union-attr]
        codes = set()
        for table in self.opened.tables:
            at = table.fields["code"]
            codes |= {county_digits(cell_at(row, at)) for batch in table.batches() for row in batch.rows}
        codes.discard("")
        if len(codes) > 1:
            raise NoCountyNamed(count=len(codes), example=min(codes))
        return area_code(codes.pop()) if codes else ""

    def _with_parents(self, rows: list[AreaRow], held: Mapping[str, Area]) -> list[AreaRow]:
        """Keep the rows whose area above is in the file, itself accepted, or in the database."""
        kept: dict[str, AreaRow] = {}
        for area in sorted(rows, key=lambda one: (ORDER[one.level], one.number)):
            parent = area.parent_code
            ends = area.valid_to is not None and area.code in held  # what is above may have ended before
            if parent is None or parent in kept or parent in held or ends:
                kept[area.code] = area
            else:
                area.row.refuse(ParentMissing(parent=parent), "code", area.code)
        return list(kept.values())

    def _compare(self, rows: Sequence[AreaRow], held: Mapping[str, Area]) -> None:
        """Warn of what does not fit with the areas above and beside."""
        ended = {area.code for area in rows if area.valid_to is not None}
        known: dict[str, AreaRow | Area] = {**held, **{area.code: area for area in rows}}
        known = {code: area for code, area in known.items() if code not in ended}
        for area in rows:
            before = held.get(area.code)
            has_boundary = area.geometry is not None or (before is not None and before.geometry is not None)
            if area.level is AreaLevel.TOWNSHIP and not has_boundary and area.valid_to is None:
                area.row.warn(BoundaryMissing(name=area.name))
            for code in area.successors:
                if code not in known:
                    area.row.warn(SuccessorUnknown(code=code, name=area.name))
            above = known.get(area.parent_code or "")
            if area.geometry is not None and above is not None and above.geometry is not None:
                out_m = reaches_out_m(area.geometry, above.geometry, TOLERANCE_M)
                if out_m:
                    facts = {"name": area.name, "parent": above.name, "distance_m": round(out_m)}
                    area.row.warn(ReachesOut(**facts))
        self._compare_siblings(rows, known)

    def _compare_siblings(self, rows: Sequence[AreaRow], known: Mapping[str, AreaRow | Area]) -> None:
        new = {area.code for area in rows}
        for level in (AreaLevel.TOWNSHIP, AreaLevel.VILLAGE):
            areas = sorted((area for area in known.values() if area.level is level), key=lambda one: one.code)
            areas = [area for area in areas if area.geometry is not None]
            for first, second, share in overlaps([area.geometry for area in areas], MOST_OVERLAP):
                one, other = areas[first], areas[second]
                one, other = (one, other) if one.code in new else (other, one)
                if isinstance(one, AreaRow):
                    percent = f"{share * 100:.1f}"
                    one.row.warn(SiblingsOverlap(name=one.name, other=other.name, percent=percent))

    def _count_differing_sites(self, rows: Sequence[AreaRow], held: Mapping[str, Area]) -> None:
        known: dict[str, AreaRow | Area] = {
            **held,
            **{area.code: area for area in rows if area.geometry is not None},
        }
        ended = {area.code for area in rows if area.valid_to is not None}
        townships = [
            area
            for area in known.values()
            if area.level is AreaLevel.TOWNSHIP and area.geometry is not None and area.code not in ended
        ]
        if not townships or not any(area.level is AreaLevel.TOWNSHIP for area in rows):
            return
        query = select(Site.lon, Site.lat, Site.township_code)
        sites = self._session.execute(
            query.where(Site.status.in_((SiteStatus.DRAFT, SiteStatus.ACTIVE)))
        ).all()
        index = AreaIndex([area.code for area in townships], [area.geometry for area in townships])
        found = index.locate(np.array([site.lon for site in sites]), np.array([site.lat for site in sites]))
        count = sum(
            at != NOWHERE and index.codes[at] != site.township_code
            for at, site in zip(found, sites, strict=True)
        )
        if count:
            self._messages.append(RowMessage(MessageLevel.WARNING, SitesDiffer(count=count)))

    def _conclude(self, area: AreaRow, held: Mapping[str, Area]) -> None:
        """Keep what applying needs, and say what comes of the row."""
        row, before = area.row, held.get(area.code)
        row.facts, row.shape = area.kept(), area.geometry
        if before is not None and is_same(before, area):
            row.outcome = RowOutcome.SAME
            row.note(AreaUnchanged(name=area.name))
            return
        row.outcome = RowOutcome.NEW if before is None else RowOutcome.CHANGED
        if area.valid_to is not None and before is not None:
            row.note(AreaEnds(name=area.name, day=area.valid_to.isoformat()))


def is_same(before: Area, area: AreaRow) -> bool:
    """Whether a row says nothing new of an area; what it does not say stays as it was."""
    said = (area.name, area.category, area.name_en or before.name_en, area.source or before.source)
    if (before.name, before.category, before.name_en, before.source) != said or area.valid_to is not None:
        return False
    if area.valid_from is not None and area.valid_from > before.valid_from:
        return False
    if area.geometry is None:
        return area.point.is_empty or (
            before.geometry is None
            and bool(shapely.equals_exact(_point(before), area.point, tolerance=_SAME_M_DEG))
        )
    return before.geometry is not None and bool(
        shapely.equals_exact(before.geometry, area.geometry, tolerance=_SAME_M_DEG)
    )


def _point(area: Area) -> shapely.Point:
    return shapely.Point() if area.lon is None else shapely.Point(area.lon, area.lat)


def _held(session: Session) -> dict[str, Area]:
    return {area.code: area for area in session.scalars(select(Area).where(Area.valid_to.is_(None)))}


def _box(session: Session) -> tuple[float, float, float, float] | None:
    county = find_county(session)
    return None if county is None or county.geometry is None else county.geometry.bounds
