import hashlib
import json
import os
from datetime import date

import pytest
import shapely

from geo import errors, layers
from geo.formats import Limits
from geo.layers import RowProblem, read_layer, write_geojson
from geo.shapes import check_geometry, distance_m

END = b'{"end": {"columns": ["a"], "encoding": null, "crs": null, "sheet": null}}\n'
CONTROL = (100.45, 38.93)
POINT = {"type": "Point", "coordinates": [100.45, 38.93]}


@pytest.fixture
def file(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def collection(*geometries, **members):
    features = [
        {"type": "Feature", "properties": {"n": n}, "geometry": one} for n, one in enumerate(geometries)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features, **members})


def test_a_table_is_read_as_it_stands(file):
    path = file("坑塘.csv", "编号,名称,备注\n007,东湖塘,\n008,西湖塘,<b>${x}</b>\n".encode("gb18030"))
    layer = read_layer(path)
    assert (layer.format, layer.encoding, layer.sheet, layer.crs) == ("CSV", "GB18030", None, None)
    assert layer.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert layer.columns == ["编号", "名称", "备注"]
    assert layer.rows[0] == {"编号": "007", "名称": "东湖塘", "备注": None}
    assert layer.rows[1]["备注"] == "<b>${x}</b>"
    assert layer.row_numbers == [2, 3]
    assert layer.geometries is None
    assert layer.lonlat() is None


def test_bad_rows_are_problems_with_a_sentence(file):
    layer = read_layer(file("a.csv", "a,b\n1,2,3\n4,5\n"))
    assert layer.rows == [{"a": "4", "b": "5"}]
    (problem,) = layer.problems
    assert problem == RowProblem(2, None, "geo.too_many_cells", {"cells": 3, "columns": 2})
    assert str(problem.error).startswith("The row has 3 cells")


def test_features_are_read_with_their_geometries_as_declared(file):
    layer = read_layer(file("a.geojson", collection(POINT, None, POINT)))
    assert [geometry.wkt for geometry in layer.geometries] == ["POINT (100.45 38.93)"] * 2
    assert layer.rows == [{"n": 0}, {"n": 2}]
    assert layer.row_numbers == [1, 3]
    assert [problem.row for problem in layer.problems] == [2]
    assert layer.lonlat() == layer.geometries


@pytest.mark.parametrize(
    ("written", "declared"),
    [
        ((100.451702, 38.93064), "GCJ02"),
        ((100.458115, 38.93689), "bd09"),
        ((625734.81, 4311732.81), "EPSG:4542"),
    ],
)
def test_a_declared_system_brings_features_to_their_place(file, written, declared):
    layer = read_layer(file("a.geojson", collection({"type": "Point", "coordinates": written})), crs=declared)
    assert layer.geometries[0].coords[0] == pytest.approx(written)
    assert distance_m(CONTROL, layer.lonlat()[0]) < 0.1


def test_a_system_named_in_the_file_is_used(file):
    named = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4542"}}
    path = file("a.geojson", collection({"type": "Point", "coordinates": [625734.81, 4311732.81]}, crs=named))
    assert distance_m(CONTROL, read_layer(path).lonlat()[0]) < 0.1


def test_a_row_that_the_system_cannot_hold_does_not_lose_the_others(file):
    lost = {"type": "Point", "coordinates": [1e30, 1e30]}
    path = file("a.geojson", collection(lost, {"type": "Point", "coordinates": [625734.81, 4311732.81]}))
    first, second = read_layer(path, crs="EPSG:4542").lonlat()
    with pytest.raises(errors.GeometryNotFinite):
        check_geometry(first)
    assert distance_m(CONTROL, second) < 0.1


def test_an_unknown_declared_system_is_refused_before_reading(tmp_path):
    with pytest.raises(errors.UnknownCRS):
        read_layer(tmp_path / "missing.csv", crs="EPSG:0")


@pytest.mark.parametrize(
    "content",
    [
        '<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer>',
        '{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read /etc/passwd"}',
        '{"x": 1, "type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read /etc/passwd"}',
        '{"type": "Topology", "objects": {}}',
        b"PK\x03\x04" + b"\x00" * 5000,
    ],
)
def test_what_lies_about_its_format_is_refused_by_the_name_people_know(file, content):
    with pytest.raises(errors.NotThisFormat, match=r"坑塘\.geojson does not hold GeoJSON"):
        read_layer(file("upload", content), name="坑塘.geojson")


def test_a_refusal_of_the_reading_process_arrives_as_itself(file):
    with pytest.raises(errors.UnreadableText, match="byte 2"):
        read_layer(file("a.csv", b"a\n\xff\xff\xff"))
    with pytest.raises(errors.TooDeep):
        read_layer(file("a.geojson", '{"type": "FeatureCollection", "features": ' + "[" * 100_000))


def test_a_file_too_large_is_refused_before_it_is_read(file):
    with pytest.raises(errors.TooLarge, match="1 MB"):
        read_layer(file("a.csv", "a,b\n" * 300_000), limits=Limits(bytes=1_000_000))


@pytest.mark.parametrize("name", ["missing.csv", "folder.csv", "pipe.csv", "zero\x00.csv"])
def test_what_is_no_plain_file_is_refused_and_hangs_nothing(tmp_path, name):
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(errors.FileUnreadable):
        read_layer(tmp_path / name)


def test_a_reader_that_takes_too_long_is_ended(file):
    with pytest.raises(errors.ReaderTimedOut, match="0.01 seconds"):
        read_layer(file("a.csv", "a,b\n1,2\n"), limits=Limits(seconds=0.01))


@pytest.mark.parametrize("limits", [{"memory_bytes": 40_000_000}, {"answer_bytes": 1_000}])
def test_a_reader_that_dies_loses_only_its_file(file, limits, caplog):
    path = file("a.csv", "a,b\n" + f"1,{'x' * 2_000}\n" * 5_000)
    with pytest.raises(errors.ReaderFailed):
        read_layer(path, limits=Limits(**limits))
    assert "ended with" in caplog.text
    assert len(read_layer(path).rows) == 5_000


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b'{"rows": [[1, ["x"], null]]}\n',
        b"not json\n",
        b'{"rows": [[1, [{"deep": 1}], null]]}\n' + END,
        b'{"rows": 7}\n',
        b'{"error": ["geo.no_such_code", {}]}\n',
        b'{"error": ["geo.unknown_crs", {"crs": "x"}]}\n',
    ],
)
def test_half_an_answer_or_a_forged_one_is_a_failure(file, answer, monkeypatch, tmp_path):
    forged = tmp_path / "forged"
    forged.write_bytes(answer)
    monkeypatch.setattr(layers, "_ask_reader", lambda *_: forged)
    with pytest.raises(errors.ReaderFailed):
        read_layer(file("a.csv", "a\nx\n"))


def test_the_reading_process_sees_nothing_of_ours(monkeypatch, tmp_path):
    monkeypatch.setenv("XUNTU_SECRET_KEY", "secret")
    monkeypatch.setenv("https_proxy", "http://proxy")
    assert not {"XUNTU_SECRET_KEY", "https_proxy"} & set(layers._environment(tmp_path))


def test_features_written_are_geojson_and_read_in_again(file):
    square = shapely.box(100.45, 38.93, 100.46, 38.94)
    data = write_geojson(
        [(shapely.Point(*CONTROL), {"name": "塘", "on": date(2026, 3, 1)}), (square, {}), (None, {})]
    )
    first, second, third = json.loads(data)["features"]
    assert first["geometry"]["coordinates"] == [100.45, 38.93]
    assert first["properties"] == {"name": "塘", "on": "2026-03-01"}
    assert third["geometry"] is None
    layer = read_layer(file("a.geojson", data))
    assert layer.geometries[1] == square
    assert layer.problems[0].code == "geo.empty_geometry"


def test_no_features_are_an_empty_collection():
    assert json.loads(write_geojson([])) == {"type": "FeatureCollection", "features": []}
