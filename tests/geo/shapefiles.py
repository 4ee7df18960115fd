"""Shapefiles for tests: geometry written by GDAL, the table byte by byte, so that its encoding is ours."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import shapely

BOX = shapely.box(100.45, 38.93, 100.46, 38.94)
CGCS2000 = "EPSG:4490"


def write_shapefile(
    folder: Path,
    name: str,
    fields: dict[str | bytes, Sequence[Any]],
    *,
    encoding: str = "utf-8",
    geometries: Sequence[Any] = (),
    mark: int = 0,
    cpg: str | None = None,
    crs: str | None = CGCS2000,
) -> Path:
    """Write the parts of a shapefile; texts of bytes are taken as they are. Give the .shp."""
    folder.mkdir(exist_ok=True)
    rows = max([len(values) for values in fields.values()], default=1)
    shapes = np.array(list(geometries) or [BOX] * rows, dtype=object)
    shp = folder / f"{name}.shp"
    kind = next((one.geom_type for one in shapes if one is not None), "Polygon")
    pyogrio.raw.write(
        shp, shapely.to_wkb(shapes), [], [], geometry_type=kind, crs=crs or CGCS2000, driver="ESRI Shapefile"
    )
    shp.with_suffix(".dbf").write_bytes(_table(fields, rows, encoding, mark))
    shp.with_suffix(".cpg").unlink(missing_ok=True)
    if cpg is not None:
        shp.with_suffix(".cpg").write_text(cpg)
    if crs is None:
        shp.with_suffix(".prj").unlink()
    return shp


def _table(fields: dict[str | bytes, Sequence[Any]], rows: int, encoding: str, mark: int) -> bytes:
    """A dBASE III table; days as D, numbers as N, all else as C."""
    kinds = {name: _kind(values) for name, values in fields.items()}
    head = struct.pack("<B3BIHH17xB2x", 3, 126, 3, 13, rows, 33 + 32 * len(fields), _width(kinds), mark)
    for name, (letter, width, decimals) in kinds.items():
        cut = (name if isinstance(name, bytes) else name.encode(encoding))[:10]
        head += struct.pack("<11sc4xBB14x", cut, letter.encode(), width, decimals)
    body = b"".join(
        b" " + b"".join(_cell(values[row], kinds[name][1], encoding) for name, values in fields.items())
        for row in range(rows)
    )
    return head + b"\r" + body + b"\x1a"


def _width(kinds: dict[str | bytes, tuple[str, int, int]]) -> int:
    return 1 + sum(width for _, width, _ in kinds.values())


def _kind(values: Sequence[Any]) -> tuple[str, int, int]:
    sample = next((one for one in values if one is not None), "")
    if isinstance(sample, int):
        return "N", 18, 0
    if isinstance(sample, float):
        return "N", 19, 6
    is_day = hasattr(sample, "strftime")
    return ("D", 8, 0) if is_day else ("C", 60, 0)


def _cell(value: Any, width: int, encoding: str) -> bytes:
    if isinstance(value, float):
        return f"{value:.6f}".rjust(width).encode()
    if isinstance(value, int):
        return str(value).rjust(width).encode()
    if hasattr(value, "strftime"):
        return value.strftime("%Y%m%d").encode()
    raw = value if isinstance(value, bytes) else (value or "").encode(encoding)
    return raw[:width].ljust(width)
