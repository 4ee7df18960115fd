"""Features out: what is written, read in again by others."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import zipfile
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as some

from geo.sources import open_source
from geo.writers import WRITERS, writer_of
from geo.writers.defusing import defuse, restore
from geo.writers.geojson import write_geojson
from geo.writers.layers import Document, Layer
from geo.writers.losses import NotWritten, TooManyForSheet
from geo.writers.shapefile import short_names
from geo.writers.text import DECIMALS
from tests.geo.layers_to_write import (
    CONTROL,
    FIELDS,
    HOLED,
    LINE,
    PAIR,
    SHAPES,
    a_document,
    a_row,
    one_of_each,
)

HEADINGS = [one.heading for one in FIELDS]
KEYS = [one.key for one in FIELDS if one.form != "shape"]


@pytest.fixture
def write(tmp_path: Path):
    """Write a document by its ending; gives the file and what was lost, by code."""

    def write_it(ending: str, document: Document) -> tuple[Path, dict[str, int]]:
        path = tmp_path / f"点位{ending}"
        losses = writer_of(ending).write(path, document)
        return path, {loss.code: loss.facts["count"] for loss in losses}

    return write_it


def xml_of(text: str | bytes) -> ElementTree.Element:
    return ElementTree.fromstring(text)  # noqa: S314 (written here)


def same(one: shapely.Geometry | None, other: shapely.Geometry | None) -> bool:
    """Whether two shapes are the same to 1e-7 of a degree, however their rings turn."""
    if one is None or other is None:
        return one is other
    pair = [shapely.normalize(shapely.set_precision(shape, 0)) for shape in (one, other)]
    return shapely.equals_exact(*pair, tolerance=1.1e-7)


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


@pytest.mark.parametrize("ending", sorted(WRITERS))
def test_a_layer_without_rows_is_a_file_without_rows(write, ending):
    path, lost = write(ending, a_document([]))
    assert path.stat().st_size > 0
    assert not set(lost) - {"geo.names_shortened"}


def test_geojson_keeps_codes_and_says_instants_in_utc(write):
    path, lost = write(".geojson", one_of_each())
    features = json.loads(path.read_bytes())["features"]
    assert lost == {}
    assert [
        same(shapely.from_geojson(json.dumps(one["geometry"])) if one["geometry"] else None, shape)
        for one, shape in zip(features, SHAPES, strict=True)
    ] == [True] * 5
    assert features[0]["properties"] == {
        "name": "塘0",
        "kind": "pond",
        "state": "overdue",
        "lon": 100.1234567,
        "area_mu": 3.25,
        "sheds": 2,
        "irrigated": True,
        "created_on": "2026-03-01",
        "visited_at": "2026-11-11T23:30:00Z",
        "flags_of_a_visit": ["a", "b"],
    }
    assert pyogrio.read_info(path)["layer_name"] == "点位"


def test_csv_is_for_people_and_has_shapes_as_wkt(write):
    path, _ = write(".csv", one_of_each())
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    heading, first, second, third, fourth, last = csv.reader(path.read_text("utf-8-sig").splitlines())
    assert heading == HEADINGS
    assert first == [
        "塘0",
        "纳污坑塘",
        "超期",
        "100.1234567",
        "3.25",
        "2",
        "是",
        "2026-03-01",
        "2026-11-12 07:30:00",
        "甲、乙",
        "",
        "",
    ]
    assert last == ["苇塘", "纳污坑塘", "超期", *[""] * 9]
    shape = HEADINGS.index("图形")
    for row, wanted in ((second, LINE), (third, HOLED), (fourth, PAIR)):
        assert same(shapely.from_wkt(row[shape]), wanted)
        assert (
            max(len(number.partition(".")[2]) for number in row[shape].replace(",", " ").split())
            <= DECIMALS + 2
        )


def test_xlsx_has_numbers_days_and_times_as_such(write):
    path, lost = write(".xlsx", one_of_each())
    book = openpyxl.load_workbook(path)
    assert (book.sheetnames, lost) == (["点位", "说明"], {})
    sheet = book["点位"]
    rows = list(sheet.iter_rows(values_only=True))
    assert list(rows[0]) == HEADINGS
    assert rows[1][:10] == (
        "塘0",
        "纳污坑塘",
        "超期",
        100.1234567,
        3.25,
        2,
        "是",
        datetime(2026, 3, 1),
        datetime(2026, 11, 12, 7, 30),
        "甲、乙",
    )
    assert same(shapely.from_wkt(rows[3][10]), HOLED)
    assert rows[5][3:] == (None,) * 9
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:L6")
    assert sheet["H2"].number_format == "yyyy-mm-dd"
    assert sheet["D2"].number_format == "0.0000000"
    told = [cell for row in book["说明"].iter_rows(values_only=True) for cell in row]
    assert {"西镇", "内部使用 不得公开"} <= set(told)


def test_xlsx_leaves_a_cell_empty_that_excel_cannot_hold_and_says_so(write):
    ring = [(100 + index * 1e-5, 38.9 + (index % 2) * 1e-5) for index in range(3000)]
    document = a_document([a_row(), a_row()], [shapely.Polygon([*ring, (100, 39)]), LINE])
    path, lost = write(".xlsx", document)
    assert lost == {"geo.cells_left_empty": 1}
    book = openpyxl.load_workbook(path)
    assert [row[10] is None for row in book["点位"].iter_rows(min_row=2, values_only=True)] == [True, False]
    assert "32,767" in str(list(book["说明"].iter_rows(values_only=True))[-1])


def test_more_rows_than_a_sheet_holds_are_refused(write, monkeypatch):
    monkeypatch.setattr("geo.writers.workbook.MOST_ROWS", 2)
    with pytest.raises(TooManyForSheet):
        write(".xlsx", a_document([a_row()] * 3))


FORMULAS = ("=1+1", "+86 138", "-备注", "@cmd", "\tx", "'=1+1", "''-", "＝1")


def test_what_would_run_as_a_formula_is_defused_in_csv_and_xlsx(write):
    document = a_document([a_row(name=text, lon=-1.5) for text in (*FORMULAS, "'quoted'", "1-2")])
    path, _ = write(".csv", document)
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))[1:]
    wanted = [*(f"'{text}" for text in FORMULAS), "'quoted'", "1-2"]
    assert [row[0] for row in rows] == wanted
    assert rows[0][3] == "-1.5000000"
    path, _ = write(".xlsx", document)
    sheet = openpyxl.load_workbook(path)["点位"]
    assert [cell.value for cell in sheet["A"][1:]] == wanted
    assert {cell.data_type for cell in sheet["A"]} <= {"s", "inlineStr"}
    assert sheet["D2"].value == -1.5


@given(some.text())
def test_a_defused_text_comes_back_as_it_was(text):
    assert restore(defuse(text)) == text
    assert not defuse(text).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_geopackage_is_in_cgcs2000_with_codes_and_every_kind_of_shape(write):
    path, lost = write(".gpkg", one_of_each())
    info = pyogrio.read_info(path, layer="点位")
    assert (info["crs"], info["features"], lost) == ("EPSG:4490", 5, {})
    assert list(info["fields"]) == KEYS
    assert info["layer_metadata"] == {"DESCRIPTION": "范围：西镇；注意：内部使用 不得公开"}
    frame = pyogrio.read_dataframe(path, layer="点位")
    assert [same(shape, wanted) for shape, wanted in zip(frame.geometry, SHAPES, strict=True)] == [True] * 5
    first = frame.iloc[0]
    assert (first["name"], first.kind, first.lon, first.sheds) == ("塘0", "pond", 100.1234567, 2)
    assert (first.irrigated, first.created_on.date()) == (True, date(2026, 3, 1))
    assert (first.visited_at, first.flags_of_a_visit) == ("2026-11-12 07:30:00", "甲、乙")
    assert frame.iloc[4][KEYS[3:]].isna().all()


def test_geopackage_holds_aliases_code_lists_and_a_default_style(write):
    path, _ = write(".gpkg", one_of_each())
    with closing(sqlite3.connect(path)) as package:
        aliases = dict(package.execute("SELECT column_name, title FROM gpkg_data_columns"))
        words = dict(
            package.execute(
                "SELECT value, c.description FROM gpkg_data_columns d JOIN gpkg_data_column_constraints c "
                "USING (constraint_name) WHERE column_name = 'kind'"
            )
        )
        (style,) = package.execute(
            "SELECT f_table_name, f_geometry_column, useAsDefault, styleQML FROM layer_styles"
        )
        extensions = {row[0] for row in package.execute("SELECT extension_name FROM gpkg_extensions")}
        assert package.execute("PRAGMA user_version").fetchone() == (10200,)
    assert aliases == {one.key: one.heading for one in FIELDS if one.form != "shape"}
    assert words == {"pond": "纳污坑塘", "straw": "秸秆禁烧"}
    assert {"gpkg_schema", "gpkg_rtree_index"} <= extensions
    assert style[:3] == ("点位", "geom", 1)
    qml = xml_of(style[3])
    signs = [rule.get("label") for rule in qml.iter("rule") if rule.get("symbol")]
    assert signs == ["超期", "正常"] * 3
    assert {symbol.get("type") for symbol in qml.iter("symbol")} == {"marker", "line", "fill"}
    assert {alias.get("name") for alias in qml.iter("alias")} == set(aliases.values())
    assert qml.find("labeling//text-style").get("fieldName") == "name"


def test_a_geopackage_of_points_only_says_so_and_needs_no_other_rules(write):
    path, _ = write(".gpkg", a_document([a_row()], only_points=True))
    assert pyogrio.read_info(path, layer="点位")["geometry_type"] == "Point"
    with closing(sqlite3.connect(path)) as package:
        (qml,) = package.execute("SELECT styleQML FROM layer_styles").fetchone()
    assert {symbol.get("type") for symbol in xml_of(qml).iter("symbol")} == {"marker"}


def test_several_layers_share_a_geopackage_each_with_its_style(write):
    first = one_of_each().layer
    second: Layer = replace(a_document([a_row()]).layer, key="cases", name="整改事项")
    path, _ = write(".gpkg", Document([first, second]))
    names = [name for name, _ in pyogrio.list_layers(path)]
    assert names == ["点位", "整改事项", "layer_styles"]
    with closing(sqlite3.connect(path)) as package:
        styled = {row[0] for row in package.execute("SELECT f_table_name FROM layer_styles")}
    assert styled == {"点位", "整改事项"}


def test_a_geopackage_that_cannot_be_written_is_refused_in_our_words(tmp_path):
    with pytest.raises(NotWritten):
        writer_of(".gpkg").write(tmp_path / "none" / "点位.gpkg", one_of_each())


def zipped(path: Path, part: str) -> str:
    return f"/vsizip/{path}/点位_{part}.shp"


@pytest.mark.parametrize("encoding", ["GBK", "UTF-8"])
def test_shapefiles_are_divided_by_shape_and_say_their_encoding(write, encoding):
    path, lost = write(".zip", one_of_each(encoding=encoding))
    assert lost == {"geo.names_shortened": 1, "geo.no_place": 1}
    shapes = {}
    for part in "点线面":
        assert pyogrio.read_info(zipped(path, part))["crs"] == "EPSG:4490"
        shapes[part] = pyogrio.read_dataframe(zipped(path, part))
    assert [len(frame) for frame in shapes.values()] == [2, 1, 2]
    assert same(shapes["点"].geometry[0], SHAPES[0])
    assert shapes["点"].geometry[1] is None
    assert same(shapes["线"].geometry[0], LINE)
    assert [
        same(shape, wanted) for shape, wanted in zip(shapes["面"].geometry, (HOLED, PAIR), strict=True)
    ] == [True] * 2
    first = shapes["点"].iloc[0]
    assert (first["name"], first.kind, first.lon, first.irrigated) == ("塘0", "纳污坑塘", 100.1234567, "是")
    assert (first.created_on, first.visited_at) == (np.datetime64("2026-03-01"), "2026-11-12 07:30:00")
    with zipfile.ZipFile(path) as archive:
        assert archive.read("点位_点.cpg").decode() == encoding
        assert archive.read("点位_点.prj").startswith(b'GEOGCS["GCS_China_Geodetic_Coordinate_System_2000"')
        assert (archive.read("点位_点.dbf")[29] == 0x4D) == (encoding == "GBK")


def test_what_a_shapefile_loses_is_counted_and_named_inside(write):
    long, rare = "很长的备注" * 40, "𠮷塘€"
    document = a_document([a_row(remark=long), a_row(name=rare), a_row(name="?")], say=lambda loss: loss.code)
    path, lost = write(".zip", document)
    assert lost == {"geo.names_shortened": 1, "geo.texts_cut": 1, "geo.characters_replaced": 2}
    frame = pyogrio.read_dataframe(zipped(path, "点"))
    assert frame.remark[0] == long[:127]
    assert list(frame["name"]) == ["苇塘", "?塘?", "?"]
    with zipfile.ZipFile(path) as archive:
        told = archive.read("说明.txt").decode("utf-8-sig").split("\r\n")
    assert {"范围：西镇", "geo.texts_cut", "visited_at = 检查时间", "flags_of_a = 提示"} <= set(told)
    path, lost = write(".zip", replace(document, encoding="UTF-8"))
    assert lost == {"geo.names_shortened": 1, "geo.texts_cut": 1}
    assert pyogrio.read_dataframe(zipped(path, "点"))["name"][1] == rare


def test_a_text_is_never_cut_within_a_character(write):
    for start in ("", "a"):
        path, _ = write(".zip", a_document([a_row(remark=start + "长" * 200)]))
        assert pyogrio.read_dataframe(zipped(path, "点")).remark[0] == start + "长" * (
            (254 - len(start)) // 2
        )


def test_longer_texts_than_the_first_rows_had_are_kept(write):
    path, lost = write(".zip", a_document([a_row(remark="短"), a_row(remark="长" * 100)], size=1))
    assert list(pyogrio.read_dataframe(zipped(path, "点")).remark) == ["短", "长" * 100]
    assert "geo.texts_cut" not in lost


def test_field_names_stay_apart_when_cut():
    assert short_names(["design_density", "design_density_2", "design_den1"]) == [
        "design_den",
        "design_de1",
        "design_de2",
    ]


def test_kml_has_a_folder_a_kind_and_lines_of_facts(write):
    document = one_of_each()
    rows = [a_row(name="<b>塘</b> & ]]>\x01"), a_row(kind="straw")]
    path, lost = write(".kml", a_document(rows, [HOLED, None]))
    assert lost == {"geo.no_place": 1}
    root = xml_of(path.read_bytes())
    space = {"k": "http://www.opengis.net/kml/2.2"}
    assert [one.text for one in root.findall(".//k:Folder/k:name", space)] == ["纳污坑塘", "秸秆禁烧"]
    mark = root.find(".//k:Placemark", space)
    assert mark.find("k:name", space).text == "<b>塘</b> & ]]>"
    lines = mark.find("k:description", space).text.split("\n")
    assert lines[1:3] == ["类别：纳污坑塘", "整改状态：超期"]
    assert mark.find("k:styleUrl", space).text == "#overdue"
    assert root.find(".//k:Style[@id='overdue']/k:IconStyle/k:color", space).text == "ff1a1fbf"
    path, _ = write(".kml", document)
    frame = pyogrio.read_dataframe(path, layer="纳污坑塘")
    assert [same(shape, wanted) for shape, wanted in zip(frame.geometry, SHAPES, strict=True)] == [True] * 5
