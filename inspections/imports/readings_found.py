"""What reading a file's coordinates came to: what was done for all of it, and what a person has to say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from geo.crs import Reading
from geo.datums import LocalDatums
from geo.errors import GeoError
from geo.readings import Candidate, Status, shift_hints
from geo.shapes import ShapeLimits
from geo.sources import Batch
from inspections.errors import InspectionError
from inspections.imports.answers import Answers
from inspections.imports.duplicates import Duplicates
from inspections.imports.messages import Refusal, RowMessage
from inspections.imports.places import Box, Position, TablePlaces
from inspections.imports.tables import Table, cell_at
from inspections.terms import MessageLevel

MOST_POINTS = 300  # of a reading, on the small map
MOST_KNOWN = 1000  # sites beside them
_LEAST_SHIFTED, _SHARE_SHIFTED = 3, 0.5
_DATUMS = {"gcj02": "GCJ-02", "bd09": "BD-09"}
Inside = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Swapped(InspectionError):
    """Latitude stood where longitude belongs; asked once a file."""

    code = "import.swapped"
    message = "Latitude stands before longitude: {count}, first in row {row}. Put them right?"


class PutRight(InspectionError):
    """The same, once somebody agreed."""

    code = "import.put_right"
    message = "Latitude stood before longitude and was put right: {count}, first in row {row}."


class ReadAs(InspectionError):
    """How numbers were read that nobody declared."""

    code = "import.read_as"
    message = "Rows read as {reading}: {count}."


class WebMercator(InspectionError):
    """Metres of a web map."""

    code = "import.web_mercator"
    message = "Rows in metres of a web map (EPSG:3857): {count}. Check where they come from."


class TakenRough(InspectionError):
    """Xian 1980 or Beijing 1954, taken as it stands."""

    code = "import.taken_rough"
    message = "Rows in {reading}, taken as they stand, true to {accuracy_m} m: {count}."


class FileLooksShifted(InspectionError):
    """Known sites lie where a web map would put them."""

    code = "import.looks_shifted"
    message = (
        "{count} of {matched} sites known by name are shifted here as {datum} maps shift them. Read it so?"
    )


class Places:
    """The positions of every table of a file, and what there is to say of them together."""

    def __init__(
        self,
        tables: Sequence[Table],
        box: Box | None,
        answers: Answers,
        local: LocalDatums,
        *,
        inside: Inside | None = None,
        known: Duplicates | None = None,
        limits: ShapeLimits | None = None,
        one_system: bool = False,
    ) -> None:
        self._answers, self._inside, self._known = answers, inside, known
        self.blocked: Refusal | None = None
        self.tables: list[TablePlaces] = []
        try:
            shapes: dict[str, Any] = {"limits": limits, "one_system": one_system}
            self.tables = [TablePlaces(table, box, answers, local, **shapes) for table in tables]
        except GeoError as error:
            self.blocked = error
        self.messages = list(self._messages())

    @property
    def named(self) -> str:
        """The coordinate system for the report: one name, or several."""
        names = sorted({reading.name for reading, _rows in self._used() if reading is not None})
        return ", ".join(names) or "EPSG:4490"

    @property
    def found(self) -> list[dict[str, Any]]:
        """The questions about readings: for each set of readings that rows may have, how they would lie."""
        found: dict[tuple[str, ...], dict[str, Any]] = {}
        for places in self.tables:
            for code, candidates, rows in places.undecided():
                key = (code, *sorted({one.reading.name for one in candidates}))
                said = found.setdefault(key, {"code": code, "rows": 0, "sample": _sample(places, rows[0])})
                said["rows"] += len(rows)
                said.setdefault("known", self._known.sample(MOST_KNOWN) if self._known else [])
                said.setdefault("readings", [self._drawn(places, one, rows) for one in candidates])
        return list(found.values())

    def positions(self, table: int, start: int, batch: Batch, *, needed: bool = True) -> list[Position]:
        """The positions of a batch whose first row is row `start` of a table."""
        return self.tables[table].positions(start, batch, needed=needed)

    def _drawn(self, places: TablePlaces, candidate: Candidate, rows: np.ndarray) -> dict[str, Any]:
        """How the rows would lie under one reading: counts, and some of them for the map."""
        lons, lats = candidate.lonlat_of(places.x[rows], places.y[rows])
        reading = candidate.reading
        inside = self._inside(lons, lats) if self._inside else np.zeros(len(rows), dtype=bool)
        known = self._known.near(lons, lats) if self._known else np.zeros(len(rows), dtype=bool)
        some = np.linspace(0, len(rows) - 1, min(len(rows), MOST_POINTS)).astype(int)
        points = [
            [round(float(lons[at]), 6), round(float(lats[at]), 6)] for at in some if np.isfinite(lons[at])
        ]
        return {
            "name": reading.name,
            "label": reading.label or reading.name,
            "inside": int(inside.sum()),
            "known": int(known.sum()),
            "points": points,
        }

    def _used(self) -> Iterator[tuple[Reading | None, int]]:
        """Each reading that rows have, and how many."""
        counts: dict[str, tuple[Reading, int]] = {}
        for places in self.tables:
            at, rows = np.unique(places.pairs.used[places.pairs.status == Status.SURE], return_counts=True)
            for index, count in zip(at, rows, strict=True):
                reading = places.pairs.candidates[int(index)].reading
                before = counts.get(reading.name, (reading, 0))[1]
                counts[reading.name] = (reading, before + int(count))
        yield from counts.values()

    def _messages(self) -> Iterator[RowMessage]:
        for reading, count in self._used():
            yield from self._about(reading, count)
        yield from self._about_order()
        yield from self._about_shift()

    def _about(self, reading: Reading, count: int) -> Iterator[RowMessage]:
        facts = {"count": count, "reading": reading.label or reading.name}
        if reading.is_web_mercator:
            yield RowMessage(MessageLevel.WARNING, WebMercator(count=count))
        elif reading.accuracy_m is not None:
            yield RowMessage(MessageLevel.WARNING, TakenRough(**facts, accuracy_m=round(reading.accuracy_m)))
        elif not reading.is_lonlat:
            yield RowMessage(MessageLevel.NOTE, ReadAs(**facts))

    def _about_order(self) -> Iterator[RowMessage]:
        for places in self.tables:
            rows = places.swapped_degrees()
            if not len(rows) or self._answers.swapped == "no":
                continue
            facts = {"count": len(rows), "row": places.number(int(rows[0]))}
            sheet = places.table.sheet.name
            if self._answers.swapped:
                yield RowMessage(MessageLevel.NOTE, PutRight(**facts), sheet=sheet)
            else:
                yield RowMessage(MessageLevel.QUESTION, Swapped(**facts), sheet=sheet, choices=("yes", "no"))

    def _about_shift(self) -> Iterator[RowMessage]:
        if self._known is None or self._answers.shifted or self._answers.crs.upper() in ("GCJ02", "BD09"):
            return
        hints = np.concatenate([_shifts(places, self._known) for places in self.tables] or [np.empty(0)])
        for datum, words in _DATUMS.items():
            count = int((hints == datum).sum())
            if count >= _LEAST_SHIFTED and count >= _SHARE_SHIFTED * len(hints):
                error = FileLooksShifted(count=count, matched=len(hints), datum=words)
                yield RowMessage(MessageLevel.QUESTION, error, choices=("yes", "no"))


def _shifts(places: TablePlaces, known: Duplicates) -> np.ndarray:
    """How the rows lie that a site of their name is known of: an empty text, or the datum they look like."""
    fields = places.table.fields
    if "name" not in fields or not known.has_names:
        return np.empty(0, dtype=str)
    stored, row, at = [], [], 0
    for batch in places.table.batches():
        for cells in batch.rows:
            stands = known.namesakes(str(cell_at(cells, fields["name"]) or "").strip())
            if len(stands) == 1 and np.isfinite(places.pairs.lons[at]):
                stored.append(stands[0])
                row.append(at)
            at += 1
    if not row:
        return np.empty(0, dtype=str)
    lons, lats = np.array(stored).T
    return shift_hints(lons, lats, places.pairs.lons[row], places.pairs.lats[row])


def _sample(places: TablePlaces, row: int) -> dict[str, Any]:
    return {
        "row": places.number(int(row)),
        "sheet": places.table.sheet.name,
        "x": f"{places.x[row]:.10g}",
        "y": f"{places.y[row]:.10g}",
    }
