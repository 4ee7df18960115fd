"""Features out: what is written, read in again."""

import json
from datetime import date

import shapely

from geo.sources import open_source
from geo.writers.geojson import write_geojson

CONTROL = (100.45, 38.93)


def test_features_written_are_geojson_and_read_in_again(tmp_path):
    square = shapely.box(100.45, 38.93, 100.46, 38.94)
    data = write_geojson(
        [(shapely.Point(*CONTROL), {"name": "塘", "on": date(2026, 3, 1)}), (square, {}), (None, {})]
    )
    first, second, third = json.loads(data)["features"]
    assert first["geometry"]["coordinates"] == [100.45, 38.93]
    assert first["properties"] == {"name": "塘", "on": "2026-03-01"}
    assert third["geometry"] is None
    path = tmp_path / "a.geojson"
    path.write_bytes(data)
    with open_source(path) as source:
        (batch,) = source.sheets[0].batches()
        assert batch.geometries[1] == square
        assert source.sheets[0].problems[0].code == "geo.empty_geometry"


def test_no_features_are_an_empty_collection():
    assert json.loads(write_geojson([])) == {"type": "FeatureCollection", "features": []}
