"""A register of sites being checked: row by row what would come of it; nothing is written.

Tables are found by `opening`, positions read by `places`, cells by `site_cells`, townships by
`townships`, doubles by `duplicates`; the facts themselves are checked as those of a form are. Rows come a
batch at a time, so that no file is ever whole in memory.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import shapely
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from geo.datums import LocalDatums
from geo.errors import GeoError
from geo.shapes import MU_M2, OF_A_SITE, geodesic_area_m2, representative_point
from geo.sources import Batch, Source
from inspections.errors import Conflict, InspectionError, Invalid, InvalidFields
from inspections.imports.answers import Answers
from inspections.imports.duplicates import Candidate, Duplicates
from inspections.imports.headings import SITE_HEADINGS, site_finder
from inspections.imports.messages import RowMessage
from inspections.imports.opening import RowsPassedOver, numbers_in_words, open_tables
from inspections.imports.places import Position
from inspections.imports.readings_found import Places
from inspections.imports.rows import CheckedRow, has_place
from inspections.imports.site_cells import RowReader, code_of, read_facts, read_status
from inspections.imports.site_changes import changed_facts, moves
from inspections.imports.tables import Agreed, Passed, Table
from inspections.imports.townships import Said, Townships
from inspections.layers.overlaps import LayerIndex
from inspections.models import Body, Site
from inspections.permissions import Actor, in_scope, require
from inspections.sites.rows import FACTS, measures
from inspections.sites.rules import SiteFacts, check_facts
from inspections.sites.warnings import (
    AREA_DIFFERS,
    ASKED_OF_FARMLAND,
    ReportedAreaDiffers,
    farmland_warnings,
)
from inspections.terms import Kind, LayerKind, MessageLevel, RowOutcome, SiteStatus
from inspections.typed import clean_text

NONE_KNOWN = LocalDatums()
NEEDED = (("name",), ("shape", "lon+lat", "x+y", "position"))
OUR_NUMBER = re.compile(r"([SPGA])-(\d{9})-(\d{4,9})")


class OutsideYourScope(Invalid):
    """A row in an area or of a kind that the officer does not answer for."""

    code = "import.outside_scope"
    message = "The place lies outside what you answer for. An officer in charge there has to import it."
    field = "position"


class OtherKindPassed(InspectionError):
    """Rows that say they are of another kind than the import."""

    code = "import.other_kind"
    message = "Rows of other kinds were passed over: {rows}. Import them as what they are."


class NumberTaken(Conflict):
    """A number of ours whose site cannot be corrected: retired, refused, merged, or not to be seen."""

    code = "import.number_taken"
    message = "The number {number} belongs to a site that is not in the register now. Leave the cell empty."
    field = "number"


class NumberTwice(Invalid):
    """Two rows of one file with one number of ours."""

    code = "import.number_twice"
    message = "The number {number} stands in row {other} already. Leave one of them."
    field = "number"


class NumberOfAnother(Invalid):
    """A number of ours that names another kind or township than the row."""

    code = "import.number_elsewhere"
    message = "The number {number} is of another kind or township. Leave the cell empty; a new one is given."
    field = "number"


class Unchanged(InspectionError):
    """A row that says what the register says."""

    code = "import.unchanged"
    message = "{number} is as it was. Nothing will change."


class Changes(InspectionError):
    """What a row corrects of a site that is known; `what` are names of facts."""

    code = "import.changes"
    message = "{number} is corrected: {what}."


class ShapeReplaced(InspectionError):
    """A point in the place of a line or an area that was drawn."""

    code = "import.shape_replaced"
    message = "{number} has a shape, and the row a point outside it. Only the point will be left."


@dataclass
class _Read:
    """A row whose words could be read."""

    row: CheckedRow
    reader: RowReader
    position: Position
    facts: SiteFacts
    said: Said
    status: SiteStatus
    number: str
    site: Site | None


class SiteCheck:
    """A register of one kind, opened; `rows` checks it. `blocked` says why nothing of it can be read.

    Parameters
    ----------
    local : LocalDatums
        The county's own ways from Xian 1980 and Beijing 1954, from its profile.
    recall : callable
        Heading → field, as agreed before for a file with these headings.

    Raises
    ------
    NoCounty
        There are no areas yet.
    NotAllowed
        The officer does not import sites.
    """

    subject = "sites"

    def __init__(
        self,
        session: Session,
        source: Source,
        kind: str,
        *,
        by: Actor,
        answers: Answers | None = None,
        local: LocalDatums = NONE_KNOWN,
        recall: Agreed = lambda headings: {},
    ) -> None:
        require(by, "site.import")
        self._session, self._kind, self._by = session, Kind(kind), by
        self._townships = Townships(session)
        answers = answers or Answers()
        self.opened = open_tables(
            source, site_finder(kind), answers, NEEDED, recall, SITE_HEADINGS["name"][:5]
        )
        self._duplicates = Duplicates(session, kind, by, self._townships.box)
        self.places = Places(
            self.opened.tables,
            self._townships.box,
            answers,
            local,
            inside=self._townships.hold,
            known=self._duplicates,
            limits=OF_A_SITE,
        )
        self.blocked = self.opened.blocked or self.places.blocked
        self.total = sum(table.sheet.row_count for table in self.opened.tables)
        self.fields = sorted({name for table in self.opened.tables for name in table.fields})
        if any(table.sheet.has_geometry for table in self.opened.tables):
            self.fields = sorted({*self.fields, "shape"})
        self._bodies = _bodies(session) if "body" in self.fields else {}
        asked = self._kind in ASKED_OF_FARMLAND
        self._farmland = LayerIndex(session, LayerKind.BASIC_FARMLAND) if asked else None
        self._numbers: dict[str, int] = {}  # of ours, by the row they stand in
        self._other_kinds: list[int] = []
        self._passed = Passed()
        self._messages = [RowMessage(MessageLevel.NOTE, note) for note in source.notes]
        self._messages += self.opened.messages + self.places.messages
        if self._townships.missing:
            self._messages.append(RowMessage(MessageLevel.WARNING, self._townships.missing))

    def rows(self) -> Iterator[list[CheckedRow]]:
        """Every row of the register, checked, a batch at a time."""
        for index, table in enumerate(self.opened.tables):
            fields, start = table.fields, 0
            yield [_problem_row(table, problem) for problem in table.sheet.problems]
            for batch in table.batches(self._passed):
                positions = self.places.positions(index, start, batch)
                readers = [RowReader(table, fields, cells) for cells in batch.rows]
                yield self._check(batch, readers, positions, table)
                start += len(batch.numbers)

    @property
    def messages(self) -> list[RowMessage]:
        """What there is to read about the whole file; complete once every row was checked."""
        found = list(self._messages)
        passed = sorted(self._passed.totals + self._passed.notes)
        if passed:
            error = RowsPassedOver(count=len(passed), rows=numbers_in_words(passed))
            found.append(RowMessage(MessageLevel.NOTE, error))
        if self._other_kinds:
            rows = numbers_in_words(self._other_kinds)
            others = OtherKindPassed(count=len(self._other_kinds), rows=rows)
            found.append(RowMessage(MessageLevel.WARNING, others))
        return found

    def _check(
        self, batch: Batch, readers: Sequence[RowReader], positions: Sequence[Position], table: Table
    ) -> list[CheckedRow]:
        rows: list[CheckedRow] = []
        read: list[_Read] = []
        sites = self._sites_named(readers)
        for number, reader, position in zip(batch.numbers, readers, positions, strict=True):
            row = CheckedRow(number, table.sheet.name)
            rows.append(row)
            try:
                passed = self._is_of_another_kind(reader)
            except Invalid as error:
                row.refuse(error, *reader.named("kind"))
                continue
            if passed:
                self._other_kinds.append(number)
                row.outcome = RowOutcome.LEFT_OUT
            elif has_place(row, position) and (found := self._read(row, reader, position, sites)):
                read.append(found)
        self._place(read, table)
        return rows

    def _is_of_another_kind(self, reader: RowReader) -> bool:
        said = clean_text(reader.text("kind"))
        kind = code_of("site_kind", said) if said else None
        return kind is not None and kind != self._kind

    def _sites_named(self, readers: Sequence[RowReader]) -> dict[str, Site]:
        """The sites whose numbers stand in these rows."""
        numbers = {clean_text(str(reader.value("number") or "")).upper() for reader in readers}
        numbers = {number for number in numbers if OUR_NUMBER.fullmatch(number)}
        if not numbers:
            return {}
        query = select(Site).options(joinedload(Site.operator)).where(Site.number.in_(numbers))
        return {site.number: site for site in self._session.scalars(query)}

    def _read(
        self, row: CheckedRow, reader: RowReader, position: Position, sites: Mapping[str, Site]
    ) -> _Read | None:
        """The facts of a row, or None where it is refused."""
        try:
            number, reference, site = self._numbers_of(row, reader, sites)
            facts = read_facts(
                row, reader, position, kind=self._kind, reference=reference, bodies=self._bodies
            )
            facts = check_facts(facts, shape_is_checked=True)
            said = Said(*_said_of(reader), reason=facts.township_reason)
            return _Read(row, reader, position, facts, said, read_status(reader), number, site)
        except InvalidFields as refusal:
            for name, error in refusal.problems.items():
                row.refuse(error, *reader.named(name))
        except (InspectionError, GeoError) as error:
            row.refuse(error, *reader.named(error.field or ""))
        return None

    def _numbers_of(
        self, row: CheckedRow, reader: RowReader, sites: Mapping[str, Site]
    ) -> tuple[str, str, Site | None]:
        """The number of ours that a row gives, its number at its source, and the site that has the first."""
        number, reference = clean_text(reader.code("number")), reader.code("source_ref")
        found = OUR_NUMBER.fullmatch(number.upper())
        if not found:
            return "", reference or number, None
        number = found[0]
        if number in self._numbers:
            raise NumberTwice(number=number, other=self._numbers[number])
        if found[1] != self._kind.letter:
            raise NumberOfAnother(number=number)
        self._numbers[number] = row.number
        site = sites.get(number)
        if site is not None and not self._may_correct(site):
            raise NumberTaken(number=number)
        return number, reference, site

    def _may_correct(self, site: Site) -> bool:
        seen = self._by.role == "system" or in_scope(self._by, site)
        return seen and site.status in (SiteStatus.DRAFT, SiteStatus.ACTIVE)

    def _place(self, read: Sequence[_Read], table: Table) -> None:
        """Put the rows into their townships; what stays where it was keeps its own."""
        placed = self._townships.place([one.facts.geometry for one in read], [one.said for one in read])
        kept: list[_Read] = []
        for one, place in zip(read, placed, strict=True):
            stays = one.site is not None and not moves(one.site, one.facts.geometry, self.fields)
            if one.site is not None and stays and not (place.error is None and _says_another(one, place)):
                self._put(one, one.site.township_code, one.site.village_code)
                kept.append(one)
                continue
            self._put(one, place.township_code, place.village_code)
            error = place.error
            if error is None and self._by.role != "system" and not in_scope(self._by, one.facts):
                error = OutsideYourScope()
            if error is not None:
                one.row.refuse(error, one.position.column, one.position.cell)
                continue
            for warning in place.warnings:
                one.row.warn(warning, *one.reader.named(warning.field or ""))
            if place.question is not None:
                one.row.ask(place.question, place.choices, *one.reader.named("township"))
            kept.append(one)
        self._look_for_doubles(kept, table)

    def _put(self, one: _Read, township_code: str, village_code: str | None) -> None:
        one.facts = replace(one.facts, township_code=township_code, village_code=village_code)

    def _look_for_doubles(self, read: Sequence[_Read], table: Table) -> None:
        points = [representative_point(one.facts.geometry) for one in read]
        candidates = [_candidate(one, point) for one, point in zip(read, points, strict=True)]
        doubles = self._duplicates.find(candidates, [one.site.id if one.site else None for one in read])
        for one, point, double in zip(read, points, doubles, strict=True):
            if double is not None and double.choices:
                one.row.ask(double.error, double.choices, table.heading_of("name"), one.facts.name)
            elif double is not None:
                one.row.warn(double.error, one.position.column, one.position.cell)
            self._conclude(one, point)

    def _conclude(self, one: _Read, point: shapely.Point) -> None:
        """Keep what applying needs, and say what comes of the row."""
        row, facts = one.row, one.facts
        if one.number and one.site is None and one.number[2:11] != (facts.township_code or "")[:9]:
            row.refuse(NumberOfAnother(number=one.number), *one.reader.named("number"))
            return
        row.shape, row.facts = facts.geometry, _kept(one, point)
        _warn_of_area(one)
        if one.site is not None:
            self._compare_with_site(one, one.site)
        if one.site is None or "geometry" in row.facts.get("changed", ()):
            self._warn_of_farmland(one)
        if any(message.is_open for message in row.messages):
            row.outcome = RowOutcome.ASKED

    def _warn_of_farmland(self, one: _Read) -> None:
        if self._farmland is not None:
            found = self._farmland.measure(one.facts.geometry, one.facts.attrs.get("width_m"))
            for warning in farmland_warnings(found):
                one.row.warn(warning, one.position.column, one.position.cell)

    def _compare_with_site(self, one: _Read, site: Site) -> None:
        row = one.row
        row.site_id, row.site_version = site.id, site.row_version
        changed = changed_facts(site, row.facts, row.shape, self.fields)
        if not changed:
            row.outcome = RowOutcome.SAME
            row.note(Unchanged(number=site.number))
            return
        row.outcome = RowOutcome.CHANGED
        row.facts["changed"] = changed
        row.note(Changes(number=site.number, what=", ".join(changed)))
        if "geometry" in changed and row.shape.geom_type == "Point" and site.geometry.geom_type != "Point":
            row.warn(ShapeReplaced(number=site.number), one.position.column, one.position.cell)


def _problem_row(table: Table, problem: Any) -> CheckedRow:
    row = CheckedRow(problem.row, table.sheet.name)
    row.refuse(problem.error, problem.column or "")
    return row


def _said_of(reader: RowReader) -> tuple[str, str]:
    """What a row says of its township and village; codes go before names."""
    township, village = (
        clean_text(reader.code(f"{name}_code") or reader.text(name)) for name in ("township", "village")
    )
    return township, village


def _says_another(one: _Read, place: Any) -> bool:
    """Whether the row, for a reason, puts a site that did not move into another township."""
    return bool(one.said.reason) and place.township_code != one.site.township_code  # type: ignore[union-attr]


def _candidate(one: _Read, point: shapely.Point) -> Candidate:
    shape = one.facts.geometry if one.facts.geometry.geom_type.endswith("Polygon") else None
    return Candidate(one.row.number, one.facts.name, one.facts.village_code, point.x, point.y, shape)


def _kept(one: _Read, point: shapely.Point) -> dict[str, Any]:
    """The facts of a site as JSON, with what is derived from its shape."""
    facts = one.facts
    area_m2, length_m = measures(facts)
    kept = {name: getattr(facts, name) for name in FACTS if name not in ("area_m2", "length_m", "body_id")}
    kept |= {"area_m2": area_m2, "length_m": length_m, "attrs": dict(facts.attrs)}
    kept |= {"lon": round(point.x, 7), "lat": round(point.y, 7)}
    kept |= {"kind": one.facts.kind, "status": one.status.value, "number": one.number}
    kept |= {"loc_datum": facts.loc_datum, "loc_raw": facts.loc_raw}
    kept["body_id"] = str(facts.body_id) if facts.body_id else None
    kept["operator"] = (
        [facts.operator_name, facts.operator_type, facts.operator_phone] if facts.operator_name else None
    )
    return kept


def _warn_of_area(one: _Read) -> None:
    reported_mu = one.facts.area_reported_mu
    if reported_mu is None or not one.facts.geometry.geom_type.endswith("Polygon"):
        return
    measured_mu = geodesic_area_m2(one.facts.geometry) / MU_M2
    differs = abs(reported_mu - measured_mu) / measured_mu
    if differs > AREA_DIFFERS:
        said = {"reported_mu": f"{reported_mu:.2f}", "measured_mu": f"{measured_mu:.2f}"}
        error = ReportedAreaDiffers(**said, percent=round(differs * 100))
        one.row.warn(error, *one.reader.named("area_reported_mu"))


def _bodies(session: Session) -> dict[str, uuid.UUID]:
    """Active bodies by name and short name; a short name that two share names none."""
    query = select(Body.id, Body.name, Body.short_name).where(Body.active)
    found: dict[str, uuid.UUID] = {}
    shared: set[str] = set()
    for body_id, name, short_name in session.execute(query):
        shared |= {short_name} & found.keys()
        found.setdefault(short_name, body_id)
        found[name] = body_id
    return {name: body_id for name, body_id in found.items() if name and name not in shared}
