"""A file of a layer for reference being checked: rivers, roads, cropland, basic farmland or ban zones.

Each feature is read by itself, but all in one coordinate system. What reaches beyond the county is cut at its
line with some room, what lies wholly outside is refused. A file of a secret class is refused whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import shapely
from sqlalchemy.orm import Session

from geo.areas import NOWHERE, AreaIndex
from geo.datums import LocalDatums
from geo.overlaps import in_pieces
from geo.shapes import DECIMALS, OF_A_LAYER, bounds_around, geodesic_area_m2, geodesic_length_m
from geo.sources import Batch, Source
from inspections.areas import OUTSIDE_MOST_M, NoCounty, find_county, township_index
from inspections.errors import InspectionError, Invalid
from inspections.imports.answers import Answers
from inspections.imports.headings import LAYER_HEADINGS, layer_finder
from inspections.imports.messages import Refusal, RowMessage
from inspections.imports.opening import ColumnIgnored, RowsPassedOver, numbers_in_words, open_tables
from inspections.imports.places import Position
from inspections.imports.readings_found import Places
from inspections.imports.rows import CheckedRow, has_place
from inspections.imports.tables import Agreed, Passed, Table, cell_at
from inspections.permissions import Actor, require
from inspections.terms import LayerKind, MessageLevel, RowOutcome, codes
from inspections.typed import NotInList, clean_text

NONE_KNOWN = LocalDatums()
NEEDED = (("shape",),)
LONGEST_SOURCE, LONGEST_NAME = 200, 100
_SECRET = re.compile("秘密|机密|绝密|機密|絕密")
_LINES, _POLYGONS = ("LineString", "MultiLineString"), ("Polygon", "MultiPolygon")
# What each kind is made of, and what that is called
SHAPES: Mapping[LayerKind, tuple[tuple[str, ...], str]] = {
    LayerKind.RIVERS: ((*_LINES, *_POLYGONS), "lines or polygons"),
    LayerKind.ROADS: (_LINES, "lines"),
    LayerKind.CROPLAND: (_POLYGONS, "polygons"),
    LayerKind.BASIC_FARMLAND: (_POLYGONS, "polygons"),
    LayerKind.BAN_ZONES: (_POLYGONS, "polygons"),
}


class WrongShape(Invalid):
    """A point, or a line where polygons belong."""

    code = "layer.wrong_shape"
    message = "This layer takes {wanted} only. Leave the feature out, or import it as another layer."
    field = "geometry"


class FeatureOutside(Invalid):
    """A feature that lies wholly outside the county."""

    code = "layer.outside"
    message = "The feature lies outside the county. If none lies inside, check the coordinate system."
    field = "geometry"


class FeatureCut(InspectionError):
    """A feature that reaches beyond the county."""

    code = "layer.cut"
    message = "The feature reaches beyond the county and was cut there. Kept: {percent} %."


class SecretLayer(Invalid):
    """Data of a class that does not belong into this program."""

    code = "layer.secret"
    message = "“{said}” is a secret class. Such data do not belong here: take the file off this computer."
    field = "file"


class SourceMissing(InspectionError):
    """Nobody said who the data come from."""

    code = "layer.source_missing"
    message = "Nobody said who this layer comes from. It will be shown without a source."


class DayMissing(InspectionError):
    """Nobody said of which day the data are."""

    code = "layer.day_missing"
    message = "Nobody said of which day this layer is. It will be shown without a day."


class WrongLayerDay(Invalid):
    """No day, or one to come."""

    code = "layer.wrong_day"
    message = "“{said}” is no day up to today. Write it like 2025-12-31."
    field = "dated"


def check_about(answers: Answers, *, today: date) -> None:
    """Check what a person says of a layer: source, day, secrecy class.

    Raises
    ------
    WrongLayerDay, SecretLayer, NotInList
    """
    if _SECRET.search(answers.source):
        raise SecretLayer(said=answers.source[:40], field="source")
    if answers.secrecy not in codes("layer_secrecy"):
        raise NotInList(field="secrecy")
    if answers.dated:
        day = read_dated(answers.dated)
        if day is None or day > today:
            raise WrongLayerDay(said=answers.dated[:20])


def read_dated(text: str) -> date | None:
    """Read the day of a layer as `check_about` let it pass; None for an empty text."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


class LayerCheck:
    """A file of a layer, opened; `rows` checks it. `blocked` says why nothing of it can be read.

    Raises
    ------
    NoCounty
        There are no areas yet to tell what lies in the county.
    NotAllowed
        The officer does not import layers.
    """

    subject = "layers"

    def __init__(
        self,
        session: Session,
        source: Source,
        kind: str,
        *,
        by: Actor,
        today: date,
        answers: Answers | None = None,
        local: LocalDatums = NONE_KNOWN,
        recall: Agreed = lambda headings: {},
    ) -> None:
        require(by, "layer.import")
        self._kind, answers = LayerKind(kind), answers or Answers()
        self._county = _county(session)
        shapely.prepare(self._county)
        self.opened = open_tables(source, layer_finder(), answers, NEEDED, recall, LAYER_HEADINGS["shape"])
        self.places = Places(
            self.opened.tables,
            self._county.bounds,
            answers,
            local,
            inside=self._hold,
            limits=OF_A_LAYER,
            one_system=True,
        )
        self.blocked = self._blocked(answers, today)
        self.total = sum(table.sheet.row_count for table in self.opened.tables)
        self.fields = sorted({name for table in self.opened.tables for name in table.fields})
        self._passed = Passed()
        self._messages = [RowMessage(MessageLevel.NOTE, note) for note in source.notes]
        # Most columns of such files say nothing to take: naming each would hide what matters
        self._messages += [
            one for one in self.opened.messages if not isinstance(one.error, ColumnIgnored)
        ] + self.places.messages
        missing = [
            (answers.source, SourceMissing()),
            (answers.dated, DayMissing()),
        ]
        self._messages += [RowMessage(MessageLevel.WARNING, error) for said, error in missing if not said]

    def rows(self) -> Iterator[list[CheckedRow]]:
        """Every feature of the file, checked, a batch at a time."""
        for index, table in enumerate(self.opened.tables):
            yield [_problem_row(table, problem) for problem in table.sheet.problems]
            start = 0
            for batch in table.batches(self._passed):
                positions = self.places.positions(index, start, batch)
                start += len(batch.numbers)
                yield self._check(table, batch, positions)

    @property
    def messages(self) -> list[RowMessage]:
        """What there is to read about the whole file; complete once every row was checked."""
        passed = sorted(self._passed.totals + self._passed.notes)
        if not passed:
            return list(self._messages)
        error = RowsPassedOver(count=len(passed), rows=numbers_in_words(passed))
        return [*self._messages, RowMessage(MessageLevel.NOTE, error)]

    def _blocked(self, answers: Answers, today: date) -> Refusal | None:
        try:
            check_about(answers, today=today)
        except Invalid as error:
            return error
        return self.opened.blocked or self.places.blocked or self._secret()

    def _secret(self) -> Refusal | None:
        """Why a file is refused whose own column calls a feature secret."""
        for table in self.opened.tables:
            at = table.fields.get("secrecy")
            if at is None:
                continue
            said = {str(cell_at(row, at) or "") for batch in table.batches() for row in batch.rows}
            secret = sorted(text for text in said if _SECRET.search(text))
            if secret:
                return SecretLayer(said=secret[0][:40])
        return None

    def _hold(self, lons: np.ndarray, lats: np.ndarray) -> np.ndarray:
        return AreaIndex(["county"], [self._county]).locate(lons, lats) != NOWHERE

    def _check(self, table: Table, batch: Batch, positions: Sequence[Position]) -> list[CheckedRow]:
        rows = [CheckedRow(number, table.sheet.name) for number in batch.numbers]
        placed = [
            (row, cells, position)
            for row, cells, position in zip(rows, batch.rows, positions, strict=True)
            if has_place(row, position)
        ]
        shapes = np.array([position.geometry for _row, _cells, position in placed], dtype=object)
        inside = shapely.covers(self._county, shapes)
        for (row, cells, position), whole in zip(placed, inside, strict=True):
            try:
                row.shape = self._within(row, position.geometry, whole=bool(whole))
            except Invalid as error:
                row.refuse(error, position.column)
                continue
            row.facts = _measured(row.shape) | {"name": _name(table, cells)}
            row.shape = _divided(row.shape)
            if any(message.is_open for message in row.messages):
                row.outcome = RowOutcome.ASKED
        return rows

    def _within(self, row: CheckedRow, shape: Any, *, whole: bool) -> Any:
        """The part of a feature that lies in the county; what else keeps it out is raised."""
        taken, words = SHAPES[self._kind]
        if shape.geom_type not in taken:
            raise WrongShape(wanted=words)
        if whole:
            return shape
        kept = _of_dimension(shapely.intersection(shape, self._county), shapely.get_dimensions(shape))
        if kept is None:
            raise FeatureOutside
        size = shapely.area if kept.geom_type in _POLYGONS else shapely.length
        row.note(FeatureCut(percent=f"{100 * size(kept) / size(shape):.1f}"))
        return kept


def _county(session: Session) -> Any:
    """The county's ground, with the room in which sites are still taken."""
    county = find_county(session)
    if county is None:
        raise NoCounty
    shape = county.geometry
    if shape is None:
        shape = shapely.union_all(township_index(session).geometries)
    if shape.is_empty:
        raise NoCounty
    west, south, east, north = bounds_around(shape.centroid, OUTSIDE_MOST_M)
    return shapely.buffer(shape, min(east - west, north - south) / 2, quad_segs=2)


def _of_dimension(shape: Any, dimension: int) -> Any:
    """The lines or the polygons of what an intersection gave; None where there are none."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    parts = parts[(shapely.get_dimensions(parts) == dimension) & ~shapely.is_empty(parts)]
    if not len(parts):
        return None
    joined = parts[0] if len(parts) == 1 else shapely.union_all(parts)
    rounded = shapely.set_precision(joined, 10.0**-DECIMALS)
    return None if rounded.is_empty else rounded


def _problem_row(table: Table, problem: Any) -> CheckedRow:
    row = CheckedRow(problem.row, table.sheet.name)
    row.refuse(problem.error, problem.column or "")
    return row


def _name(table: Table, cells: Sequence[Any]) -> str:
    at = table.fields.get("name")
    return "" if at is None else clean_text(str(cell_at(cells, at) or ""))[:LONGEST_NAME]


def _measured(shape: Any) -> dict[str, float | None]:
    """Square metres of polygons, metres of lines."""
    if shape.geom_type in _POLYGONS:
        return {"area_m2": round(geodesic_area_m2(shape), 2), "length_m": None}
    return {"area_m2": None, "length_m": round(geodesic_length_m(shape), 2)}


def _divided(shape: Any) -> Any:
    """Polygons in pieces that are compared quickly; the rest as it is."""
    if shape.geom_type not in _POLYGONS:
        return shape
    pieces = [piece for part in shapely.get_parts(shape) for piece in in_pieces(part)]
    return pieces[0] if len(pieces) == 1 else shapely.MultiPolygon(pieces)
