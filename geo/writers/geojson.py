"""Write GeoJSON, fast: the geometries by shapely, the rest by orjson.

In a file, codes stay codes, days are dates and instants UTC: it is for other programs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from geo.errors import GeoError
from geo.writers.layers import Document, Field, Layer

Pair = tuple[BaseGeometry | None, Mapping[str, Any]]
_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS


def write(path: Path, document: Document) -> list[GeoError]:
    """Write a layer as one FeatureCollection; nothing is lost."""
    layer = document.layer
    with path.open("wb") as out:
        out.write(b'{"type":"FeatureCollection","name":' + orjson.dumps(layer.name) + b',"features":[')
        between = b""
        for features in _batches(layer):
            out.write(between + orjson.dumps(features, option=_OPTIONS)[1:-1])
            between = b",\n"
        out.write(b"]}\n")
    return []


def write_geojson(features: Iterable[Pair]) -> bytes:
    """Write a FeatureCollection of pairs of geometry (longitude, latitude) and properties.

    Properties may hold what orjson writes: text, numbers, dates, UUIDs, lists and dicts with text keys.

    Examples
    --------
    >>> write_geojson([(shapely.Point(100.45, 38.93), {"name": "A"})]).decode()[:59]
    '{"type":"FeatureCollection","features":[{"type":"Feature","'
    """
    return orjson.dumps({"type": "FeatureCollection", "features": _features(features)})


def _batches(layer: Layer) -> Iterable[list[dict[str, Any]]]:
    for batch in layer.batches():
        if batch.rows:
            properties = (_properties(layer.fields, row) for row in batch.rows)
            yield _features(zip(batch.geometries, properties, strict=True))


def _properties(fields: Sequence[Field], row: Sequence[Any]) -> dict[str, Any]:
    return {
        one.key: value
        for one, value in zip(fields, row, strict=True)
        if one.form != "shape" and not (one.rare and value is None)
    }


def _features(features: Iterable[Pair]) -> list[dict[str, Any]]:
    pairs = list(features)
    geometries = np.empty(len(pairs), dtype=object)
    geometries[:] = [geometry for geometry, _ in pairs]
    texts = shapely.to_geojson(geometries)
    return [
        {"type": "Feature", "geometry": text and orjson.Fragment(text), "properties": properties}
        for text, (_, properties) in zip(texts, pairs, strict=True)
    ]
