"""Foreign files in: read in a process of their own, given on sheet by sheet and a batch of rows at a time.

What a file holds is nobody's promise, so it is copied to a folder of its own and read there by `geo.readers`,
with limits and an empty environment; here only its plain answer is taken in. A `Sheet` is one sheet of a
workbook or one layer of a file, as it stands there: a grid whose heading is still to be found, or rows under
named columns. One bad row is a problem of that row. Rows are never all in memory: the answer lies on the disk
while the source is open.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import shapely

from geo.bundles import bundle, chunks, open_plain, parts_beside
from geo.errors import (
    BadLayer,
    DiskFull,
    GeoError,
    ReaderFailed,
    ReaderTimedOut,
    kind_of,
)
from geo.formats import HEAD_BYTES, SHAPEFILE, Format, Limits, format_of

__all__ = ["Batch", "Limits", "RowProblem", "Sheet", "Source", "open_source"]

log = logging.getLogger(__name__)

Plain = str | int | float | None
_LAST_WORDS = 2_000  # bytes of what a reader that failed said last
_PACKAGES = Path(__file__).resolve().parent.parent
_FULL = (errno.ENOSPC, errno.EDQUOT)  # a full disk; the reading process ends with these numbers too
_PLAIN = (str, int, float, type(None))


@dataclass(frozen=True)
class RowProblem:
    """Why one row is left out: a code of `geo.errors` with its facts, and the column if one is to blame."""

    row: int
    column: str | None
    code: str
    facts: dict[str, Any]

    @property
    def error(self) -> GeoError:
        """The refusal itself, with its sentence."""
        return kind_of(self.code)(**self.facts)


@dataclass(frozen=True)
class Batch:
    """Some rows of a sheet in their order: numbers, values by column, geometries where there are any.

    A row may hold fewer values than there are columns; what is missing is empty. Geometries are in the
    sheet's own coordinate system and not yet checked.
    """

    numbers: list[int]
    rows: list[list[Plain]]
    geometries: np.ndarray | None  # of shapely geometries, shape (n,)


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook or one layer of a file, as it stands there."""

    index: int
    name: str  # empty where the format knows only one sheet without a name
    columns: (
        list[str] | None
    )  # None for a grid: its first rows may be titles, its heading is still to be found
    row_count: int
    has_geometry: bool = False
    crs: str | None = None  # what the file says: `EPSG:n` where that is clear, else as it is written there
    hidden: bool = False
    hidden_rows: list[int] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    _answer: Path = field(default=Path(), repr=False, compare=False)

    def batches(self) -> Iterator[Batch]:
        """Give the rows in order, some hundreds at a time; may be asked again."""
        for line in _lines(self._answer):
            if line.get("sheet") == self.index and "rows" in line:
                yield self._batch(line["rows"])

    def _batch(self, rows: list[list[Any]]) -> Batch:
        geometries = None
        if self.has_geometry:
            geometries = shapely.from_wkb(np.array([hexed for _, _, hexed in rows], dtype=object))
        return Batch([number for number, _, _ in rows], [values for _, values, _ in rows], geometries)


@dataclass(frozen=True)
class Source:
    """A foreign file, read: what it is and its sheets in their order; `notes` are for the whole file."""

    format: str
    sha256: str
    encoding: str | None
    sheets: list[Sheet]
    notes: list[GeoError] = field(default_factory=list)


@contextmanager
def open_source(
    path: Path | str, *, limits: Limits | None = None, name: str | None = None
) -> Iterator[Source]:
    """Read a foreign file; its rows can be had while the source is open.

    Parameters
    ----------
    path : Path or str
        The file, opened once; only a copy of it is read.
    limits : Limits, optional
        Sizes, memory and time.
    name : str, optional
        What the file is called by the person who gave it, where the path says something else.

    Raises
    ------
    BadLayer
        One of its kinds: the whole file cannot be used.
    """
    path, limits = Path(path), limits or Limits()
    called = (name or path.name).encode("utf-8", "replace").decode()
    with tempfile.TemporaryDirectory(prefix="source-") as folder:
        with _room():
            copy = Path(folder) / "input"
            sha256 = _copy(path, copy, called, limits.bytes)
            found = _format(copy, called)
            if found.name == SHAPEFILE:
                sha256 = _copy_bundle(path, copy, called, limits)
            copy = copy.rename(copy.with_suffix(found.endings[0]))
            answer = _ask_reader(found, copy, called, limits)
            copy.unlink()
        yield _source(answer, found, called, sha256)


def _copy(path: Path, copy: Path, called: str, most_bytes: int) -> str:
    """Copy a regular file of bearable size and give its sha256."""
    digest = hashlib.sha256()
    with open_plain(path, called) as source, copy.open("wb") as target:
        for chunk in chunks(source, most_bytes):
            digest.update(chunk)
            target.write(chunk)
    return digest.hexdigest()


def _copy_bundle(path: Path, copy: Path, called: str, limits: Limits) -> str:
    """Copy a shapefile with its parts; one that was handed over alone has nothing beside it."""
    parts = parts_beside(path) if path.suffix.lower() == ".shp" else {called: path}
    gathered = copy.with_name("bundle")
    bundle(parts, gathered, most_bytes=limits.bytes)
    return _copy(gathered, copy, called, limits.unpacked_bytes)


def _format(copy: Path, called: str) -> Format:
    with copy.open("rb") as file:
        return format_of(called, file.read(HEAD_BYTES))


@contextmanager
def _room() -> Iterator[None]:
    """Say so where the disk is full."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise DiskFull from error


def _ask_reader(found: Format, copy: Path, called: str, limits: Limits) -> Path:
    """Run the reading process on the copy; give the file that holds its answer."""
    answer = copy.with_name("answer")
    job = {"format": found.name, "file": str(copy), "answer": str(answer), "limits": asdict(limits)}
    with copy.with_name("said").open("w+b") as said:
        reader = subprocess.Popen(
            [sys.executable, "-P", "-B", "-m", "geo.readers"],
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
            cwd=copy.parent,
            env=_environment(copy.parent),
            start_new_session=True,
        )
        try:
            reader.communicate(json.dumps(job).encode(), timeout=limits.seconds)
        except subprocess.TimeoutExpired as error:
            raise ReaderTimedOut(seconds=limits.seconds) from error
        finally:
            _end(reader)
        if reader.returncode == -signal.SIGXCPU:
            raise ReaderTimedOut(seconds=limits.seconds)
        if reader.returncode in _FULL:
            raise DiskFull
        if reader.returncode != 0:
            said.seek(max(0, said.seek(0, os.SEEK_END) - _LAST_WORDS))
            log.warning("reading %r ended with %s: %s", called, reader.returncode, said.read())
            raise ReaderFailed
    return answer


def _environment(folder: Path) -> dict[str, str]:
    """Give what Python needs and nothing of ours: no address of a database, no key, no proxy."""
    return {
        "PYTHONPATH": str(_PACKAGES),
        "PYTHONHASHSEED": "0",
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "OPENBLAS_NUM_THREADS": "1",
        "PROJ_NETWORK": "OFF",
    }


def _end(reader: subprocess.Popen[bytes]) -> None:
    """End the reader, if it still runs, and whatever it may have started."""
    with suppress(ProcessLookupError):
        os.killpg(reader.pid, signal.SIGKILL)
    reader.wait()


def _source(answer: Path, found: Format, called: str, sha256: str) -> Source:
    """Take the answer in; whatever is not as it must be is a failure of the reader."""
    problems: dict[int, list[RowProblem]] = {}
    counts: dict[int, int] = {}
    end: dict[str, Any] = {}
    for line in _lines(answer):
        try:
            if "error" in line:
                raise _refusal(*line["error"], called)
            counts[line.get("sheet", -1)] = counts.get(line.get("sheet", -1), 0) + _count(
                line.get("rows", [])
            )
            problems.setdefault(line.get("sheet", -1), []).extend(
                RowProblem(*problem) for problem in line.get("problems", [])
            )
            end = line.get("end", {})
        except (KeyError, TypeError, ValueError) as error:
            raise ReaderFailed from error
    try:
        sheets = [
            Sheet(
                index=index,
                row_count=counts.get(index, 0),
                problems=sorted(problems.get(index, []), key=lambda one: one.row),
                _answer=answer,
                **said,
            )
            for index, said in enumerate(end["sheets"])
        ]
        notes = [kind_of(code)(**facts) for code, facts in end["notes"]]
        return Source(end["format"] or found.name, sha256, end["encoding"], sheets, notes)
    except (KeyError, TypeError, ValueError) as error:
        raise ReaderFailed from error


def _lines(answer: Path) -> Iterator[dict[str, Any]]:
    try:
        with answer.open("rb") as lines:
            for line in lines:
                yield orjson.loads(line)
    except (OSError, ValueError) as error:
        raise ReaderFailed from error


def _count(rows: list[Any]) -> int:
    """See that rows are as they must be, and count them."""
    for number, values, hexed in rows:
        if type(number) is not int or not all(type(value) in _PLAIN for value in values):
            raise TypeError("a row is not plain")
        if hexed is not None and not isinstance(hexed, str):
            raise TypeError("a geometry is not plain")
    return len(rows)


def _refusal(code: str, facts: dict[str, Any], called: str) -> BadLayer:
    kind = kind_of(code)
    if not issubclass(kind, BadLayer):
        raise ValueError(code)
    # The reader knows the copy only
    return kind(**{**facts, **({"name": called} if "name" in facts else {})})
