"""Shapefiles, loose and zipped, in the encodings they really come in."""

import shutil
import struct
import zipfile
from datetime import date

import numpy as np
import pyogrio
import pytest
import shapely

from geo import errors
from geo.bundles import bundle, parts_beside
from geo.formats import Limits
from geo.readers import dbf, features, gdal
from geo.readers.features import crs_of
from tests.geo.reading import read_source
from tests.geo.shapefiles import BOX, write_shapefile

NAMES = ["东湖塘", "西湖塘", None]


def zipped(target, members):
    """An archive as Windows in China writes it: names in GBK and nowhere said so."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (name, content) in enumerate(members.items()):
            archive.writestr(f"{number:04}".ljust(len(name.encode("gbk")), "_"), content)
    raw = target.read_bytes()
    for number, name in enumerate(members):
        written = name.encode("gbk")
        raw = raw.replace(f"{number:04}".ljust(len(written), "_").encode(), written)
    target.write_bytes(raw)
    return target


def parts_of(shp, prefix=""):
    return {prefix + name: path.read_bytes() for name, path in parts_beside(shp).items()}


def sum_of(path):
    return read_source(path)[0].sha256


def test_a_shapefile_is_read_with_what_lies_beside_it(tmp_path):
    fields = {
        "编号": ["007", "008", "009"],
        "名称": NAMES,
        "面积": [3.5, 4.0, None],
        "证号": [123456789012345678, None, 3],
        "日期": [date(2026, 3, 13), None, date(2026, 1, 1)],
    }
    shp = write_shapefile(tmp_path, "坑塘", fields, encoding="gbk")
    (tmp_path / "坑塘.DBF").write_bytes((tmp_path / "坑塘.dbf").read_bytes())
    (tmp_path / "坑塘.dbf").unlink()
    source, (sheet,) = read_source(shp)
    assert (source.format, source.encoding, source.notes) == ("Shapefile", "GB18030", [])
    assert (sheet.name, sheet.crs, sheet.has_geometry, sheet.hidden) == ("坑塘", "EPSG:4490", True, False)
    assert sheet.columns == ["编号", "名称", "面积", "证号", "日期"]
    assert sheet.rows == {
        1: ["007", "东湖塘", 3.5, 123456789012345678, "2026-03-13"],
        2: ["008", "西湖塘", 4, None, None],
        3: ["009", None, None, 3, "2026-01-01"],
    }
    assert all(shapely.from_wkt(shape).equals(BOX) for shape in sheet.shapes.values())


def test_the_same_parts_are_the_same_file(tmp_path):
    first = write_shapefile(tmp_path / "a", "坑塘", {"名称": NAMES})
    second = write_shapefile(tmp_path / "b", "坑塘", {"名称": NAMES})
    sums = {sum_of(shp) for shp in (first, second)}
    bundle(dict(reversed(parts_beside(first).items())), tmp_path / "bundle.zip")
    assert sums == {sum_of(tmp_path / "bundle.zip")}
    assert sum_of(write_shapefile(tmp_path / "b", "坑塘", {"名称": NAMES[:2]})) not in sums


ENCODINGS = [  # of the text, how that is said, what it is taken for, whether the .cpg lies
    ("gbk", {}, "GB18030", False),
    ("gb18030", {"mark": 0x4D}, "GB18030", False),
    ("gbk", {"mark": 0x7A, "cpg": ""}, "GB18030", False),
    ("gbk", {"cpg": "936"}, "GB18030", False),
    ("utf-8", {}, "UTF-8", False),
    ("utf-8", {"cpg": "UTF-8\n"}, "UTF-8", False),
    ("utf-8", {"cpg": "65001"}, "UTF-8", False),
    ("utf-8", {"mark": 0x4D}, "UTF-8", False),
    ("gbk", {"cpg": "UTF-8"}, "GB18030", True),
    ("gbk", {"cpg": "ISO-8859-1"}, "GB18030", True),
    ("utf-8", {"cpg": "GBK"}, "UTF-8", True),
    ("gbk", {"cpg": "?"}, "GB18030", False),
    ("big5", {"cpg": "Big5"}, "big5", False),
]
IN_ENCODINGS = {"gb18030": ["东湖塘", "西湖塘𠮷"], "big5": ["東湖塘", "西湖"]}


def test_a_table_is_read_in_the_encoding_it_is_in(tmp_path):
    members, expected = {}, {}
    for number, (text, how, _, _) in enumerate(ENCODINGS):
        names = IN_ENCODINGS.get(text, ["东湖塘", "镇塘"])
        heading = "名稱" if text == "big5" else "名称"
        members |= parts_of(write_shapefile(tmp_path, f"{number}", {heading: names}, encoding=text, **how))
        expected[f"{number}"] = ([heading], [[name] for name in names])
    source, sheets = read_source(zipped(tmp_path / "a.zip", members))
    assert {one.name: (one.columns, list(one.rows.values())) for one in sheets} == expected
    lies = [(how["cpg"], said) for _, how, said, lies in ENCODINGS if lies]
    assert [(note.facts["declared"], note.facts["encoding"]) for note in source.notes] == lies
    assert "Check a few names" in str(source.notes[0])


@pytest.mark.parametrize(("text", "how", "said", "lies"), ENCODINGS)
def test_the_encoding_of_a_table_is_what_all_of_its_text_fits(text, how, said, lies):
    texts = dbf.Texts(how.get("cpg", ""), how.get("mark", 0))
    names = IN_ENCODINGS.get(text, ["东湖塘", "镇塘"])
    texts.try_texts((one.encode(text).decode(dbf.BYTES) for one in names), first=1, width=60)
    assert (texts.encoding, texts.is_lied_about) == (said, lies)


def test_a_mark_or_a_cpg_does_not_win_over_much_text_that_is_surely_utf8(tmp_path):
    even = ["甘州区", "东湖", "西湖", "南湖"] * 8  # each text also fits GB18030
    texts = dbf.Texts("GBK", 0x4D)
    texts.try_texts((one.encode().decode(dbf.BYTES) for one in even if len(one) % 2 == 0), first=1, width=60)
    assert texts.encoding == "UTF-8"
    assert texts.is_lied_about


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_a_text_cut_by_the_width_of_its_field_loses_only_half_a_character(tmp_path, encoding):
    fields = {"备注": ["a" + "整改" * 20, "西湖塘", "b"]}
    _, (sheet,) = read_source(write_shapefile(tmp_path, "a", fields, encoding=encoding))
    assert sheet.rows[1][0] == {"utf-8": "a" + "整改" * 9 + "整", "gbk": "a" + "整改" * 14 + "整"}[encoding]
    assert [row[0] for row in sheet.rows.values()][1:] == ["西湖塘", "b"]


def test_text_in_no_encoding_is_refused_with_its_record(tmp_path):
    shp = write_shapefile(tmp_path, "a", {"名称": ["塘", b"\xb6\xff\xff\xff"]})
    with pytest.raises(errors.UnreadableRecord, match="record 2"):
        read_source(shp)


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_a_field_name_cut_inside_a_character_loses_only_that_one(tmp_path, encoding):
    fields = {"整改责任人姓名": ["张三"], "a整改责任人": ["李四"], b"abc\xe6\x95\xb4\xe8\xb4_1": ["x"]}
    if encoding == "gbk":
        fields.popitem()
    _, (sheet,) = read_source(write_shapefile(tmp_path, "a", fields, encoding=encoding))
    expected = {"utf-8": ["整改责", "a整改责", "abc整_1"], "gbk": ["整改责任人", "a整改责任"]}
    assert sheet.columns == expected[encoding]
    assert sheet.rows[1][:2] == ["张三", "李四"]


def test_columns_of_the_same_name_are_told_apart(tmp_path):
    fields = {"整改责任单位": ["甲"], "整改责任单位电话": ["0936"]}
    _, (sheet,) = read_source(write_shapefile(tmp_path, "a", fields, encoding="gbk"))
    assert sheet.columns == ["整改责任单", "整改责任单 (2)"]
    assert sheet.rows == {1: ["甲", "0936"]}


def test_bad_geometries_are_problems_of_their_rows(tmp_path):
    points = [shapely.Point(100, 38), None, shapely.Point(99, 38), shapely.Point(98, 38, 5)]
    shp = write_shapefile(tmp_path, "a", {"n": [1, 2, 3, 4]}, geometries=points)
    shp.write_bytes(shp.read_bytes().replace(struct.pack("<d", 99.0), struct.pack("<d", float("nan"))))
    _, (sheet,) = read_source(shp)
    assert sheet.rows == {1: [1], 4: [4]}
    assert sheet.problems == {
        2: ("geo.empty_geometry", "geometry"),
        3: ("geo.geometry_not_finite", "geometry"),
    }
    assert sheet.shapes == {1: "POINT (100 38)", 4: "POINT (98 38)"}


def test_a_geometry_without_end_is_a_problem_before_it_is_read(monkeypatch):
    monkeypatch.setattr(features, "_LONGEST_WKB", 100)
    _, bad = features.checked(np.array([shapely.to_wkb(BOX.buffer(1)), shapely.to_wkb(BOX.centroid)]))
    assert {place: error.code for place, error in bad.items()} == {0: "geo.too_many_vertices"}


def test_parts_that_are_missing_are_named_or_made_again(tmp_path):
    shp = write_shapefile(tmp_path, "坑塘", {"名称": NAMES}, crs=None)
    shp.with_suffix(".shx").unlink()
    _, (sheet,) = read_source(shp)
    assert (len(sheet.rows), sheet.crs) == (3, None)
    shp.with_suffix(".dbf").unlink()
    with pytest.raises(errors.PartMissing, match=r"坑塘\.dbf is missing"):
        read_source(shp)
    with pytest.raises(errors.PartMissing, match=r"上传\.dbf is missing"):
        read_source(shutil.copy(shp, tmp_path / "upload"), name="上传.shp")


def test_a_table_that_does_not_belong_to_the_shapes_is_refused(tmp_path):
    shp = write_shapefile(tmp_path, "a", {"n": [1, 2, 3]})
    shorter = write_shapefile(tmp_path, "b", {"n": [1, 2]})
    shutil.copy(shorter.with_suffix(".dbf"), shp.with_suffix(".dbf"))
    with pytest.raises(errors.PartsDisagree, match="3 shapes, the .dbf 2 records"):
        read_source(shp)


def test_an_archive_may_hold_several_shapefiles_in_folders_with_chinese_names(tmp_path):
    first = write_shapefile(tmp_path, "坑塘", {"名称": NAMES}, encoding="gbk")
    second = write_shapefile(tmp_path, "大棚", {"名称": NAMES[:1]}, encoding="gbk")
    members = parts_of(first, "数据/甲镇/") | parts_of(second, "数据/") | parts_of(second, "数据/乙镇/")
    members |= {"__MACOSX/数据/._坑塘.shp": b"x", "数据/旧.zip": b"PK\x03\x04", "说明.docx": b"PK"}
    source, sheets = read_source(zipped(tmp_path / "数据.zip", members))
    assert source.format == "Shapefile"
    assert [(sheet.name, len(sheet.rows)) for sheet in sheets] == [
        ("坑塘", 3),
        ("数据/大棚", 1),
        ("数据/乙镇/大棚", 1),
    ]


def test_an_archive_may_hold_one_file_of_another_format(tmp_path):
    table = "编号,名称\n007,东湖塘\n".encode("gbk")
    source, (sheet,) = read_source(zipped(tmp_path / "a.zip", {"台账/坑塘.csv": table, "说明.txt": b"x"}))
    assert (source.format, source.encoding) == ("CSV", "GB18030")
    assert sheet.rows == {1: ["编号", "名称"], 2: ["007", "东湖塘"]}
    with pytest.raises(errors.NothingToRead):
        read_source(zipped(tmp_path / "a.zip", {"坑塘.csv": table, "大棚.csv": table}))
    with pytest.raises(errors.NothingToRead):
        read_source(zipped(tmp_path / "a.zip", {"坑塘.dbf": b"x", "内.zip": b"PK\x03\x04"}))
    with pytest.raises(errors.NotThisFormat):
        read_source(zipped(tmp_path / "a.zip", {"坑塘.shp": b"<OGRVRTDataSource/>", "坑塘.dbf": b"x"}))
    with pytest.raises(errors.TooLarge, match="2 MB"):
        read_source(
            zipped(tmp_path / "a.zip", {"坑塘.csv": b"a,b\n" * 600_000}), limits=Limits(bytes=2_000_000)
        )


@pytest.mark.parametrize("kept", [10, 60, 150])
def test_a_shapefile_that_breaks_off_is_refused(tmp_path, kept):
    for part in (".shp", ".dbf"):
        shp = write_shapefile(tmp_path, "a", {"名称": NAMES})
        broken = shp.with_suffix(part)
        broken.write_bytes(broken.read_bytes()[:kept])
        with pytest.raises(errors.BadLayer, match=r"again|missing"):
            read_source(shp)


def test_too_many_columns_are_refused(tmp_path):
    shp = write_shapefile(tmp_path, "a", {f"c{number}": ["x"] for number in range(30)})
    with pytest.raises(errors.TooManyColumns, match="29"):
        read_source(shp, limits=Limits(columns=29))


GEOGCS = (
    'GEOGCS["GCS_{0}",DATUM["D_{1}",SPHEROID["{2}",{3}]],PRIMEM["Greenwich",0.0],'
    'UNIT["Degree",0.0174532925199433]]'
)
CHINA_2000 = GEOGCS.format(
    "China_Geodetic_Coordinate_System_2000", "China_2000", "CGCS2000", "6378137.0,298.257222101"
)
XIAN_80 = GEOGCS.format("Xian_1980", "Xian_1980", "Xian_1980", "6378140.0,298.257")
BEIJING_54 = GEOGCS.format("Beijing_1954", "Beijing_1954", "Krasovsky_1940", "6378245.0,298.3")
WGS_84 = GEOGCS.format("WGS_1984", "WGS_1984", "WGS_1984", "6378137.0,298.257223563")


def projected(name, geographic, east, meridian, *, scale=1.0, way="Gauss_Kruger"):
    return (
        f'PROJCS["{name}",{geographic},PROJECTION["{way}"],PARAMETER["False_Easting",{east}],'
        f'PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",{meridian}],'
        f'PARAMETER["Scale_Factor",{scale}],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (CHINA_2000, "EPSG:4490"),
        (XIAN_80, "EPSG:4610"),
        (BEIJING_54, "EPSG:4214"),
        (WGS_84, "EPSG:4326"),
        (projected("CGCS2000_3_Degree_GK_Zone_33", CHINA_2000, 33500000.0, 99.0), "EPSG:4521"),
        (projected("CGCS2000_3_Degree_GK_CM_99E", CHINA_2000, 500000.0, 99.0), "EPSG:4542"),
        (projected("CGCS2000_GK_Zone_17", CHINA_2000, 17500000.0, 99.0), "EPSG:4495"),
        (projected("Xian_1980_3_Degree_GK_Zone_33", XIAN_80, 33500000.0, 99.0), "EPSG:2357"),
        (projected("Beijing_1954_GK_Zone_17", BEIJING_54, 17500000.0, 99.0), "EPSG:21417"),
        (
            projected(
                "WGS_1984_UTM_Zone_47N", WGS_84, 500000.0, 99.0, scale=0.9996, way="Transverse_Mercator"
            ),
            "EPSG:32647",
        ),
    ],
)
def test_coordinate_systems_of_esri_are_known_by_their_code(text, name):
    assert crs_of(text) == name


@pytest.mark.parametrize(
    "text", [projected("甘州独立坐标系", CHINA_2000, 500000.0, 100.5), "某坐标系", 'LOCAL_CS["x"]']
)
def test_a_coordinate_system_without_a_code_is_given_as_it_is_written(tmp_path, text):
    members = {}
    for encoding in ("utf-8", "gbk"):
        shp = write_shapefile(tmp_path, encoding, {"n": [1]})
        shp.with_suffix(".prj").write_text(text + "\n", encoding=encoding)
        members |= parts_of(shp)
    assert [sheet.crs for sheet in read_source(zipped(tmp_path / "a.zip", members))[1]] == [text, text]


def test_every_driver_of_this_gdal_is_known_and_taken_out():
    assert set(pyogrio.list_drivers()) <= set(gdal.DRIVERS)


def test_nothing_is_read_where_another_driver_is_left(monkeypatch):
    monkeypatch.setattr(gdal.os, "environ", {})  # this process has them all
    with pytest.raises(RuntimeError, match="would also read by .*OGR_VRT"):
        gdal.GDAL("GPX")
