"""Write CSV for people and for reading in again: Chinese headings, in UTF-8 with the mark Excel knows it by.

A feature that is no point has its shape as WKT. What a spreadsheet would run as a formula is defused.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.errors import GeoError
from geo.writers.defusing import defuse
from geo.writers.layers import Batch, Document, Field, Layer

DECIMALS = 7


def write(path: Path, document: Document) -> list[GeoError]:
    """Write a layer as one table; nothing is lost."""
    layer = document.layer
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        table = csv.writer(out, lineterminator="\r\n")
        table.writerow([one.heading for one in layer.fields])
        for batch in layer.batches():
            table.writerows(_rows(layer, batch))
    return []


def shapes_in_words(geometries: Sequence[BaseGeometry | None]) -> list[str | None]:
    """WKT with seven decimals of what is not a point, of which longitude and latitude say all."""
    shapes = np.empty(len(geometries), dtype=object)
    shapes[:] = geometries
    points = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
    shapes[points] = None
    return list(shapely.to_wkt(shapes, rounding_precision=DECIMALS, trim=True))


def _rows(layer: Layer, batch: Batch) -> Iterator[list[str]]:
    cells = [_cell_of(one) for one in layer.fields]
    shape_at = next((place for place, one in enumerate(layer.fields) if one.form == "shape"), None)
    shapes = shapes_in_words(batch.geometries)
    for row, shape in zip(batch.rows, shapes, strict=True):
        line = ["" if value is None else cell(value) for cell, value in zip(cells, row, strict=True)]
        if shape_at is not None:
            line[shape_at] = shape or ""
        yield line


def _cell_of(one: Field) -> Callable[[Any], str]:
    """How a value of a field is written; a number's sign is no formula."""
    in_text = one.in_text
    if one.form in ("text", "code", "codes"):
        return lambda value: defuse(in_text(value))
    return in_text
