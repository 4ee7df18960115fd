"""Foreign files read in their own process: what arrives here, and what never does."""

import hashlib
import json
import os

import pytest

from geo import errors, sources
from geo.formats import Limits
from geo.sources import RowProblem, open_source

END = b'{"end": {"format": null, "encoding": null, "notes": [], "sheets": [{"name": ""}]}}\n'
POINT = {"type": "Point", "coordinates": [100.45, 38.93]}


@pytest.fixture
def file(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def rows_of(path, **how):
    """Every row of a file by its number, all sheets together."""
    with open_source(path, **how) as source:
        batches = [batch for sheet in source.sheets for batch in sheet.batches()]
        return {n: row for batch in batches for n, row in zip(batch.numbers, batch.rows, strict=True)}


def collection(*geometries, **members):
    features = [
        {"type": "Feature", "properties": {"n": n}, "geometry": one} for n, one in enumerate(geometries)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features, **members})


def test_a_table_is_read_as_it_stands(file):
    path = file("坑塘.csv", "编号,名称,备注\n007,东湖塘,\n008,西湖塘,<b>${x}</b>\n".encode("gb18030"))
    with open_source(path) as source:
        assert (source.format, source.encoding, source.notes) == ("CSV", "GB18030", [])
        assert source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        (sheet,) = source.sheets
        assert (sheet.name, sheet.columns, sheet.row_count) == ("", None, 3)
        for _ in range(2):  # the rows may be asked for again
            (batch,) = sheet.batches()
            assert batch.rows[0] == ["编号", "名称", "备注"]
            assert batch.rows[1] == ["007", "东湖塘"]
            assert batch.rows[2][2] == "<b>${x}</b>"
            assert batch.numbers == [1, 2, 3]
            assert batch.geometries is None


def test_bad_rows_are_problems_with_a_sentence(file):
    with open_source(file("a.csv", 'a,b\n1,"x"y\n4,5\n')) as source:
        (problem,) = source.sheets[0].problems
        assert problem == RowProblem(2, None, "geo.stray_quote", {})
        assert str(problem.error).startswith("A quotation mark stands")
        assert source.sheets[0].row_count == 2


def test_features_are_read_with_their_geometries_as_they_stand(file):
    with open_source(file("a.geojson", collection(POINT, None, POINT))) as source:
        (sheet,) = source.sheets
        assert (sheet.columns, sheet.has_geometry, sheet.crs) == (["n"], True, None)
        (batch,) = sheet.batches()
        assert [geometry.wkt for geometry in batch.geometries] == ["POINT (100.45 38.93)"] * 2
        assert batch.rows == [[0], [2]]
        assert batch.numbers == [1, 3]
        assert [problem.row for problem in sheet.problems] == [2]


def test_a_system_named_in_the_file_is_given_on(file):
    named = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4542"}}
    path = file("a.geojson", collection({"type": "Point", "coordinates": [625734.81, 4311732.81]}, crs=named))
    with open_source(path) as source:
        assert source.sheets[0].crs == "EPSG:4542"


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
        rows_of(file("upload", content), name="坑塘.geojson")


def test_a_refusal_of_the_reading_process_arrives_as_itself(file):
    with pytest.raises(errors.UnreadableText, match="byte 2"):
        rows_of(file("a.csv", b"a\n\xff\xff\xff"))
    with pytest.raises(errors.TooDeep):
        rows_of(file("a.geojson", '{"type": "FeatureCollection", "features": ' + "[" * 100_000))


def test_a_file_too_large_is_refused_before_it_is_read(file):
    with pytest.raises(errors.TooLarge, match="1 MB"):
        rows_of(file("a.csv", "a,b\n" * 300_000), limits=Limits(bytes=1_000_000))


@pytest.mark.parametrize("name", ["missing.csv", "folder.csv", "pipe.csv", "zero\x00.csv"])
def test_what_is_no_plain_file_is_refused_and_hangs_nothing(tmp_path, name):
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(errors.FileUnreadable):
        rows_of(tmp_path / name)


def test_a_reader_that_takes_too_long_is_ended(file):
    with pytest.raises(errors.ReaderTimedOut, match="0.01 seconds"):
        rows_of(file("a.csv", "a,b\n1,2\n"), limits=Limits(seconds=0.01))


@pytest.mark.parametrize("limits", [{"memory_bytes": 40_000_000}, {"answer_bytes": 1_000}])
def test_a_reader_that_dies_loses_only_its_file(file, limits, caplog):
    path = file("a.csv", "a,b\n" + f"1,{'x' * 2_000}\n" * 5_000)
    with pytest.raises(errors.ReaderFailed):
        rows_of(path, limits=Limits(**limits))
    assert "ended with" in caplog.text
    assert len(rows_of(path)) == 5_001


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b'{"sheet": 0, "rows": [[1, ["x"], null]]}\n',
        b"not json\n",
        b'{"sheet": 0, "rows": [[1, [{"deep": 1}], null]]}\n' + END,
        b'{"sheet": 0, "rows": [["1", ["x"], null]]}\n' + END,
        b'{"sheet": 0, "rows": [[1, ["x"], 7]]}\n' + END,
        b'{"sheet": 0, "rows": 7}\n' + END,
        b'{"end": {"format": null, "encoding": null, "notes": [], "sheets": [{"nom": ""}]}}\n',
        b'{"error": ["geo.no_such_code", {}]}\n',
        b'{"error": ["geo.unknown_crs", {"crs": "x"}]}\n',
    ],
)
def test_half_an_answer_or_a_forged_one_is_a_failure(file, answer, monkeypatch, tmp_path):
    forged = tmp_path / "forged"
    forged.write_bytes(answer)
    monkeypatch.setattr(sources, "_ask_reader", lambda *_: forged)
    with pytest.raises(errors.ReaderFailed):
        rows_of(file("a.csv", "a\nx\n"))


def test_the_reading_process_sees_nothing_of_ours(monkeypatch, tmp_path):
    monkeypatch.setenv("XUNTU_SECRET_KEY", "secret")
    monkeypatch.setenv("https_proxy", "http://proxy")
    assert not {"XUNTU_SECRET_KEY", "https_proxy"} & set(sources._environment(tmp_path))
