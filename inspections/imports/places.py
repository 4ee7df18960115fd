"""Where the rows of a file lie: coordinates read from columns or geometries, each row by itself, in bulk.

A first pass over a table gathers every row's numbers, so that how they are to be read is decided by size and
by the county (`geo.readings`), never by the name of a column and never for a whole file at once. What fits in
several ways is a question. A second pass gives each batch of rows its positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely

from geo.coordinates import CHINA, read_number_pairs, read_numbers
from geo.crs import Reading, parse_crs
from geo.crs_names import find_beside
from geo.datums import LocalDatums
from geo.errors import InvalidGeometry
from geo.readings import Candidate, Pairs, Status, read_pairs
from geo.repairs import propose_repair
from geo.shapes import DECIMALS, MU_M2, ShapeLimits, check_geometry
from geo.sources import Batch, Plain
from inspections.errors import Invalid
from inspections.imports.answers import Answers
from inspections.imports.messages import REPAIR, Refusal
from inspections.imports.tables import Table, cell_at
from inspections.terms import MessageLevel

LONGEST_RAW = 20_000
MOST_DRAWN = 5_000  # corners of a shape whose repair is shown as a picture
_PAIRS = (("lon", "lat"), ("x", "y"))
_DEGREES = "EPSG:4490"
Box = tuple[float, float, float, float]


class PositionMissing(Invalid):
    """A row without a position."""

    code = "import.position_missing"
    message = "The row has no position. Fill in longitude and latitude."
    field = "position"


class NoPlace(Invalid):
    """Numbers that are no place under any reading."""

    code = "import.no_place"
    message = "{x}, {y} is no place in any system known here. Correct it, or name the system."
    field = "position"


class WhichReading(Invalid):
    """Numbers that lie in the county under several readings."""

    code = "import.which_reading"
    message = "{x}, {y} lies in the county as {readings}, far apart. Say which it is."
    field = "position"


class DeclaredElsewhere(Invalid):
    """What was declared puts the row outside the county, another reading inside."""

    code = "import.declared_elsewhere"
    message = "As {declared}, {x}, {y} lies outside the county; as {readings}, inside. Say which it is."
    field = "position"


class NotSwapped(Invalid):
    """North before east, and somebody said that this is not to be put right."""

    code = "import.not_swapped"
    message = "{x}, {y} has latitude before longitude. Correct the row."
    field = "position"


class RepairProposed(Invalid):
    """A shape that crosses itself, and what a repair would make of it."""

    code = REPAIR
    message = (
        "The outline is not sound near {lon}, {lat}. Repaired it has {after_mu} mu instead of {before_mu}. "
        "Agree to that, or redraw it."
    )
    field = "geometry"


class WKTUnreadable(Invalid):
    """A cell of the column of shapes that is no WKT."""

    code = "import.wkt_unreadable"
    message = "This is no shape in WKT. Write it like POLYGON ((100.45 38.93, …)), or leave the cell empty."
    field = "shape"


@dataclass(frozen=True)
class Position:
    """Where one row lies, or why it cannot be told; with a `question`, what an answer would make of it."""

    geometry: Any = None  # lon/lat CGCS2000, checked; None where it cannot be told
    raw: str = ""  # as received
    datum: str = "cgcs2000"
    accuracy_m: float | None = None
    error: Refusal | None = None
    question: Refusal | None = None
    choices: tuple[str, ...] = ()
    told: tuple[tuple[MessageLevel, Refusal], ...] = ()
    column: str = ""
    cell: str = ""


class TablePlaces:
    """The positions of one table; its numbers are read at once, its rows a batch at a time.

    Parameters
    ----------
    box : tuple of float, optional
        The county's bounds; without it only what is declared, or degrees, can be read.
    limits : ShapeLimits, optional
        How large shapes may be, which are checked then and repairs proposed; None for boundaries, which are
        checked elsewhere.
    one_system : bool
        Whether the rows are features of one system, so that one of them tells of all: a river or a road may
        have its middle outside the county.

    Raises
    ------
    UnknownCRS, UnknownDatum, NoTransformation
        What the file or a person says of its coordinate system cannot be read.
    """

    def __init__(
        self,
        table: Table,
        box: Box | None,
        answers: Answers,
        local: LocalDatums,
        *,
        limits: ShapeLimits | None = None,
        one_system: bool = False,
    ) -> None:
        self.table, self.box, self._answers, self._limits = table, box, answers, limits
        degrees = parse_crs(_DEGREES)
        fields = table.fields
        pairs = [pair for pair in _PAIRS if all(name in fields for name in pair)]
        self._names = pairs[0] if pairs else (("position",) if "position" in fields else ())
        said = answers.crs or table.sheet.crs or self._said_by_headings()
        self.declared = parse_crs(said, local=local, rough=answers.rough) if said else None
        self._odd: dict[int, Refusal] = {}  # rows whose cells are no numbers, and why
        self.x, self.y = self._gather()
        chosen = [parse_crs(name, local=local, rough=answers.rough) for name in answers.readings]
        # Without a county there is nothing to tell readings apart by: degrees, unless somebody says otherwise
        self.pairs: Pairs = read_pairs(
            self.x,
            self.y,
            box or CHINA,
            declared=self.declared or (None if box else degrees),
            chosen=chosen,
        )
        if one_system:
            self._read_as_one(box or CHINA)
        self._swapped = self.pairs.swapped

    @property
    def column(self) -> str:
        """The heading to name where a position is wrong."""
        names = ("shape", *self._names) if "shape" in self.table.fields else self._names
        return next((self.table.heading_of(name) for name in names), "")

    def used(self, row: int) -> Reading | None:
        """The reading of a row."""
        at = int(self.pairs.used[row])
        return self.pairs.candidates[at].reading if at >= 0 else None

    def undecided(self) -> list[tuple[str, tuple[Candidate, ...], np.ndarray]]:
        """The rows that wait for a reading: the question's code, what may be said, the rows."""
        codes = {Status.AMBIGUOUS: WhichReading.code, Status.ELSEWHERE: DeclaredElsewhere.code}
        groups = self.pairs.groups()
        return [(codes[one.status], one.candidates, one.rows) for one in groups if one.status in codes]

    def swapped_degrees(self) -> np.ndarray:
        """The rows in degrees whose latitude stands first."""
        in_degrees = self.pairs.spread(
            (one.reading.is_lonlat for one in self.pairs.candidates), unknown=False
        )
        return np.flatnonzero(self._swapped & in_degrees & (self.pairs.status == Status.SURE))

    def number(self, row: int) -> int:
        """What people call a row."""
        start = 0
        for batch in self.table.batches():
            if row < start + len(batch.numbers):
                return batch.numbers[row - start]
            start += len(batch.numbers)
        return 0

    def positions(self, start: int, batch: Batch, *, needed: bool = True) -> list[Position]:
        """The positions of a batch whose first row is row `start` of the table.

        With `needed` false a row without a position has none, and that is no mistake.
        """
        rows = range(start, start + len(batch.numbers))
        if batch.geometries is not None:
            raws = shapely.to_geojson(batch.geometries)
            given = zip(rows, batch.geometries, raws, strict=True)
            return [self._of_shape(row, shape, raw[:LONGEST_RAW]) for row, shape, raw in given]
        lons = np.round(self.pairs.lons[start : rows.stop], DECIMALS) + 0.0
        lats = np.round(self.pairs.lats[start : rows.stop], DECIMALS) + 0.0
        points = shapely.points(lons, lats)
        found = []
        for row, cells, point in zip(rows, batch.rows, points, strict=True):
            wkt = self._cell(cells, "shape")
            if wkt is not None:
                found.append(self._of_wkt(row, str(wkt)))
            else:
                found.append(self._of_point(row, cells, point, needed))
        return found

    def _read_as_one(self, box: Box) -> None:
        """Read every row as those are read that surely lie in the county."""
        used = self.pairs.used[self.pairs.status == Status.SURE]
        if not used.size or used.size == self.x.size:
            return
        reading = self.pairs.candidates[int(np.bincount(used).argmax())].reading
        self.pairs = read_pairs(self.x, self.y, box, declared=reading, chosen=[reading])

    def _said_by_headings(self) -> str | None:
        """The system that a heading names; degrees need no naming, and metres are told by their size."""
        named = (find_beside(self.table.heading_of(name)) for name in self._names)
        return next((name for name in named if name not in (None, "EPSG:4490", "EPSG:4326")), None)

    def _gather(self) -> tuple[np.ndarray, np.ndarray]:
        """The two numbers of every row: of its columns, or of the middle of its geometry's box."""
        parts: list[tuple[np.ndarray, np.ndarray]] = []
        start = 0
        for batch in self.table.batches():
            if batch.geometries is not None:
                bounds = shapely.bounds(batch.geometries)
                parts.append(((bounds[:, 0] + bounds[:, 2]) / 2, (bounds[:, 1] + bounds[:, 3]) / 2))
            else:
                parts.append(self._numbers(start, batch.rows))
            start += len(batch.numbers)
        if not parts:
            return np.empty(0), np.empty(0)
        return np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts])

    def _numbers(self, start: int, rows: Sequence[Sequence[Plain]]) -> tuple[np.ndarray, np.ndarray]:
        columns = [[cell_at(row, self.table.fields[name]) for row in rows] for name in self._names]
        if len(columns) == 2:
            x, errors = read_numbers(columns[0])
            y, others = read_numbers(columns[1])
            errors = others | errors
        elif columns:
            x, y, errors = read_number_pairs(columns[0])
        else:
            return np.full(len(rows), np.nan), np.full(len(rows), np.nan)
        self._odd.update({start + at: error for at, error in errors.items()})
        return x, y

    def _cell(self, cells: Sequence[Plain], name: str) -> Plain:
        index = self.table.fields.get(name)
        return None if index is None else cell_at(cells, index)

    def _of_point(self, row: int, cells: Sequence[Plain], point: Any, needed: bool) -> Position:
        texts = [str(cell) for name in self._names if (cell := self._cell(cells, name)) is not None]
        raw = ", ".join(text.strip() for text in texts)[:LONGEST_RAW]
        if len([text for text in texts if text.strip()]) < len(self._names) or not self._names:
            return self._wrong(PositionMissing(), raw) if needed or texts else Position()
        return self._judged(row, raw) or self._read(row, point, raw)

    def _of_shape(self, row: int, shape: Any, raw: str) -> Position:
        judged = self._judged(row, raw)
        if judged is not None:
            return replace(judged, cell="")
        reading = self.used(row) or parse_crs(_DEGREES)
        if self._swapped[row]:
            shape = shapely.transform(shape, lambda xy: xy[:, ::-1])
        return self._checked(row, reading.to_lonlat(shape), raw)

    def _of_wkt(self, row: int, wkt: str) -> Position:
        """A shape written out, which goes before the point beside it; degrees, unless declared otherwise."""
        try:
            shape = shapely.from_wkt(wkt)
        except (shapely.errors.GEOSException, ValueError):
            return self._wrong(WKTUnreadable(), wkt[:LONGEST_RAW])
        return self._checked(row, (self.declared or parse_crs(_DEGREES)).to_lonlat(shape), wkt[:LONGEST_RAW])

    def _judged(self, row: int, raw: str) -> Position | None:
        """What keeps a row from having a place: an error or a question; None where nothing does."""
        if row in self._odd:
            return self._wrong(self._odd[row], raw)
        status = Status(int(self.pairs.status[row]))
        facts = {"x": f"{self.x[row]:.10g}", "y": f"{self.y[row]:.10g}"}
        if status is Status.NOWHERE:
            return self._wrong(NoPlace(**facts), raw)
        if status in (Status.AMBIGUOUS, Status.ELSEWHERE):
            candidates = self.pairs.choices[self.pairs.possible[row]]
            options = list(dict.fromkeys(one.reading for one in candidates))
            others = [one for one in options if one != self.declared]
            facts["readings"] = "、".join(one.label or one.name for one in others)
            error: Invalid = WhichReading(**facts)
            if status is Status.ELSEWHERE and self.declared is not None:
                error = DeclaredElsewhere(declared=self.declared.label or self.declared.name, **facts)
            choices = tuple(one.name for one in options)
            return Position(None, raw, question=error, choices=choices, column=self.column, cell=raw[:200])
        if self._swapped[row] and self._answers.swapped == "no" and self._in_degrees(row):
            return self._wrong(NotSwapped(**facts), raw)
        return None

    def _in_degrees(self, row: int) -> bool:
        reading = self.used(row)
        return reading is None or reading.is_lonlat

    def _read(self, row: int, geometry: Any, raw: str) -> Position:
        reading = self.used(row)
        datum = reading.datum if reading is not None and self.declared is not None else "cgcs2000"
        accuracy_m = reading.accuracy_m if reading is not None else None
        return Position(geometry, raw, datum, accuracy_m, column=self.column, cell=raw[:200])

    def _checked(self, row: int, shape: Any, raw: str) -> Position:
        """A shape as it may be kept; where it crosses itself, a repair to agree to."""
        read = replace(self._read(row, shape, raw), cell="")
        if self._limits is None:
            return read
        try:
            return replace(read, geometry=check_geometry(shape, self._limits))
        except InvalidGeometry as refusal:
            try:
                repair = propose_repair(shape, self._limits)
            except InvalidGeometry:
                return replace(read, geometry=None, error=refusal)
            facts = {"lon": refusal.facts.get("lon"), "lat": refusal.facts.get("lat")}
            facts |= {"changed": round(repair.changed, 6), "before": _to_draw(shape)}
            facts |= {"before_mu": _mu(repair.before_m2), "after_mu": _mu(repair.after_m2)}
            error = RepairProposed(**facts)
            return replace(read, geometry=repair.geometry, question=error, choices=("repair", "out"))

    def _wrong(self, error: Refusal, raw: str) -> Position:
        return Position(None, raw, error=error, column=self.column, cell=raw[:200])


def _to_draw(shape: Any) -> str:
    """A shape as the page draws it beside its repair; empty where it has too many corners for a picture."""
    return shapely.to_wkb(shape, hex=True) if shapely.get_num_coordinates(shape) <= MOST_DRAWN else ""


def _mu(area_m2: float) -> str:
    return f"{area_m2 / MU_M2:.2f}"
