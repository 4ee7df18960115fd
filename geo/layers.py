"""Features in and out: foreign files read in a process of their own, GeoJSON written fast.

What a file holds is nobody's promise, so it is copied to a folder of its own and read there by `geo.readers`,
with limits and an empty environment; here only its plain answer is taken in. One bad row is a problem of that
row.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from geo.crs import parse_crs
from geo.errors import (
    BadLayer,
    FileUnreadable,
    GeoError,
    ReaderFailed,
    ReaderTimedOut,
    TooLarge,
    kind_of,
)
from geo.formats import HEAD_BYTES, Format, Limits, format_of

__all__ = ["Layer", "Limits", "RowProblem", "read_layer", "write_geojson"]

log = logging.getLogger(__name__)

_PACKAGES = Path(__file__).resolve().parent.parent
_CHUNK = 1 << 20
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
class Layer:
    """The rows of a file, as they stand in it; rows left out are in `problems`, one each."""

    format: str
    sha256: str
    encoding: str | None
    columns: list[str]
    rows: list[dict[str, str | int | float | None]]
    row_numbers: list[int]
    geometries: list[BaseGeometry] | None
    crs: str | None
    problems: list[RowProblem] = field(default_factory=list)
    sheet: str | None = None
    declared_crs: str | None = None

    def lonlat(self) -> list[BaseGeometry] | None:
        """Turn the geometries into longitude and latitude in CGCS2000.

        What was declared wins over what the file says; where neither says anything they are taken as they
        are. They are not yet checked: `geo.shapes.check_geometry` does that, row by row.

        Raises
        ------
        UnknownCRS, NoTransformation
            The file names a system that cannot be read.
        """
        if self.geometries is None:
            return None
        reading = parse_crs(self.declared_crs or self.crs or "CGCS2000")
        return list(reading.to_lonlat(np.array(self.geometries, dtype=object)))


def read_layer(
    path: Path | str, *, limits: Limits | None = None, crs: str | None = None, name: str | None = None
) -> Layer:
    """Read a foreign file into plain rows.

    Parameters
    ----------
    path : Path or str
        The file, opened once; only a copy of it is read.
    limits : Limits, optional
        Sizes, memory and time.
    crs : str, optional
        A declared coordinate system, as `geo.crs.parse_crs` takes it.
    name : str, optional
        What the file is called by the person who gave it, where the path says something else.

    Raises
    ------
    BadLayer
        One of its kinds: the whole file cannot be used.
    UnknownCRS, NoTransformation
        The declared system is not known.
    """
    path, limits = Path(path), limits or Limits()
    declared = parse_crs(crs).name if crs else None
    called = (name or path.name).encode("utf-8", "replace").decode()
    with tempfile.TemporaryDirectory(prefix="layer-") as folder:
        copy = Path(folder) / "input"
        sha256 = _copy(path, copy, limits, called)
        with copy.open("rb") as file:
            found = format_of(called, file.read(HEAD_BYTES))
        answer = _ask_reader(found, copy, called, limits)
        return _layer(answer, found, called, sha256, declared)


def write_geojson(features: Iterable[tuple[BaseGeometry | None, Mapping[str, Any]]]) -> bytes:
    """Write a FeatureCollection of pairs of geometry (longitude, latitude) and properties.

    Properties may hold what orjson writes: text, numbers, dates, UUIDs, lists and dicts with text keys.

    Examples
    --------
    >>> write_geojson([(shapely.Point(100.45, 38.93), {"name": "A"})]).decode()[:59]
    '{"type":"FeatureCollection","features":[{"type":"Feature","'
    """
    pairs = list(features)
    geometries = np.empty(len(pairs), dtype=object)
    geometries[:] = [geometry for geometry, _ in pairs]
    texts = shapely.to_geojson(geometries)
    return orjson.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {"type": "Feature", "geometry": text and orjson.Fragment(text), "properties": properties}
                for text, (_, properties) in zip(texts, pairs, strict=True)
            ],
        }
    )


def _copy(path: Path, copy: Path, limits: Limits, called: str) -> str:
    """Copy a regular file of bearable size and give its sha256."""
    digest, size = hashlib.sha256(), 0
    try:
        # Not blocking: a pipe by this name must not hang the program
        source = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    except (OSError, ValueError) as error:
        raise FileUnreadable(name=called) from error
    with source, copy.open("wb") as target:
        if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
            raise FileUnreadable(name=called)
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > limits.bytes:
                raise TooLarge(most_mb=limits.bytes // 1_000_000)
            digest.update(chunk)
            target.write(chunk)
    return digest.hexdigest()


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
        if reader.returncode != 0:
            said.seek(0)
            log.warning("reading %r ended with %s: %s", called, reader.returncode, said.read(4000)[-2000:])
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
    """End the reader, and whatever it may have started, if it still runs."""
    if reader.poll() is None:
        os.killpg(reader.pid, signal.SIGKILL)
        reader.wait()


def _layer(answer: Path, found: Format, called: str, sha256: str, declared: str | None) -> Layer:
    """Take the answer in; whatever is not as it must be is a failure of the reader."""
    rows: list[list[Any]] = []
    problems: list[list[Any]] = []
    end: dict[str, Any] = {}
    try:
        with answer.open("rb") as lines:
            for line in map(orjson.loads, lines):
                if "error" in line:
                    raise _refusal(*line["error"], called)
                rows += line.get("rows", [])
                problems += line.get("problems", [])
                end = line.get("end", {})
        return Layer(
            format=found.name,
            sha256=sha256,
            encoding=end["encoding"],
            columns=end["columns"],
            rows=[_row(end["columns"], values) for _, values, _ in rows],
            row_numbers=[int(number) for number, _, _ in rows],
            geometries=_geometries([hexed for _, _, hexed in rows]) if found.has_geometry else None,
            crs=end["crs"],
            problems=[RowProblem(*problem) for problem in sorted(problems, key=lambda one: one[0])],
            sheet=end["sheet"],
            declared_crs=declared,
        )
    except (KeyError, TypeError, ValueError, OSError, shapely.errors.GEOSException) as error:
        raise ReaderFailed from error


def _refusal(code: str, facts: dict[str, Any], called: str) -> BadLayer:
    kind = kind_of(code)
    if not issubclass(kind, BadLayer):
        raise ValueError(code)
    # The reader knows the copy only
    return kind(**{**facts, **({"name": called} if "name" in facts else {})})


def _row(columns: list[str], values: list[Any]) -> dict[str, Any]:
    if not all(type(value) in _PLAIN for value in values):
        raise TypeError("a value is not plain")
    row = dict.fromkeys(columns)
    row.update(zip(columns, values, strict=False))
    return row


def _geometries(hexed: list[str]) -> list[BaseGeometry]:
    return list(shapely.from_wkb(np.array(hexed, dtype=object)))
