"""Write GeoJSON, fast: the geometries by shapely, the rest by orjson."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import orjson
import shapely
from shapely.geometry.base import BaseGeometry


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
