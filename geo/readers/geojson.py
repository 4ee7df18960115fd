"""Read GeoJSON: a collection, one feature or one bare geometry, by a JSON parser and never by GDAL.

The number of a feature in its collection, from 1, is its row. A feature that cannot be used is a
problem of its row.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import shapely

from geo.errors import (
    BrokenJSON,
    EmptyGeometry,
    GeoError,
    InvalidGeometry,
    NotAFeature,
    NotThisFormat,
    NumberNotFinite,
    TooDeep,
    TooManyColumns,
    TooManyRows,
    ZeroInText,
)
from geo.formats import Limits
from geo.readers.answer import Answer, whole_characters
from geo.readers.encoding import decode
from geo.shapes import geometry_from_geojson

_GEOMETRIES = ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon")


class _BadCell(Exception):
    """One cell of a feature that cannot be kept, and why."""

    def __init__(self, column: str, reason: GeoError) -> None:
        super().__init__(column)
        self.column, self.reason = column, reason


def read(path: Path, answer: Answer, limits: Limits) -> None:
    """Read the features of a file; properties become columns in the order in which they first come."""
    text, answer.encoding = decode(path.read_bytes())
    document = _parse(text)
    del text
    sheet = answer.begin_sheet(has_geometry=True, crs=_crs(document))
    features = _features(document, path.name)
    if len(features) > limits.rows:
        raise TooManyRows(most=limits.rows)
    columns: dict[str, int] = {}
    for number, feature in enumerate(features, start=1):
        _add(answer, number, feature, columns)
        if len(columns) > limits.columns:
            raise TooManyColumns(most=limits.columns)
    sheet.columns = list(columns)


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise BrokenJSON(line=error.lineno, column=error.colno) from error
    except RecursionError as error:
        raise TooDeep from error
    except ValueError as error:  # a number of thousands of digits
        raise BrokenJSON(line=1, column=1) from error


def _features(document: Any, name: str) -> list[Any]:
    kind = document.get("type") if isinstance(document, dict) else None
    if kind == "FeatureCollection" and isinstance(document.get("features"), list):
        return document["features"]
    if kind == "Feature":
        return [document]
    if kind in _GEOMETRIES:
        return [{"type": "Feature", "properties": {}, "geometry": document}]
    raise NotThisFormat(name=name, format="GeoJSON")


def _crs(document: Any) -> str | None:
    """Give the system an old-style `crs` member names; None where there is none, which means lon, lat."""
    member = document.get("crs") if isinstance(document, dict) else None
    properties = member.get("properties") if isinstance(member, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str):
        return None
    epsg = re.fullmatch(r"(?:urn:ogc:def:crs:)?EPSG:(?:[\d.]*:)?(\d{1,6})", name.strip(), re.IGNORECASE)
    if epsg:
        return f"EPSG:{int(epsg[1])}"
    return None if name.upper().endswith("CRS84") else whole_characters(name)[:100]


def _add(answer: Answer, number: int, feature: Any, columns: dict[str, int]) -> None:
    try:
        values = _values(answer, number, feature, columns)
        geometry = feature.get("geometry")
        if geometry is None:
            raise EmptyGeometry
        shape = geometry_from_geojson(geometry)
        if shape.is_empty:
            raise EmptyGeometry
    except NotAFeature as error:
        answer.add_problem(number, None, error)
    except _BadCell as bad:
        answer.add_problem(number, bad.column, bad.reason)
    except InvalidGeometry as error:
        answer.add_problem(number, "geometry", error)
    else:
        answer.add_row(number, values, shapely.to_wkb(shape, hex=True))


def _values(answer: Answer, number: int, feature: Any, columns: dict[str, int]) -> list[Any]:
    """Put the properties of a feature in the order of the columns, adding those not met before."""
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise NotAFeature
    properties = feature.get("properties")
    if not isinstance(properties, dict | None):
        raise NotAFeature
    plain = {}
    for name, value in (properties or {}).items():
        column = whole_characters(name).replace("\x00", "")
        try:
            plain[column] = answer.plain(value, number)
        except (NumberNotFinite, ZeroInText) as error:
            raise _BadCell(column, error) from error
        except RecursionError as error:
            raise TooDeep from error
    for column in plain:
        columns.setdefault(column, len(columns))
    return [plain.get(column) for column in columns]
