"""GeoPackages: layers and tables, and databases that would reach beyond themselves."""

import sqlite3
import struct

import geopandas
import pandas
import pyogrio
import pytest
import shapely

from geo import errors
from geo.formats import Limits
from tests.geo.reading import read_source

LISTED = (
    "INSERT OR REPLACE INTO gpkg_contents (table_name, data_type, identifier) "
    "VALUES ('{0}', 'attributes', '{0}')"
)


@pytest.fixture
def package(tmp_path):
    """A GeoPackage with a layer of ponds, to which more may be added."""
    path = tmp_path / "数据.gpkg"
    frame = geopandas.GeoDataFrame(
        {
            "编号": ["007", "008", None],
            "证号": pandas.array([123456789012345678, None, 3], dtype="Int64"),
            "已整改": pandas.array([True, None, False], dtype="boolean"),
            "检查时间": pandas.to_datetime(["2026-03-13 08:30:05", None, "2026-01-01 00:00:00"]),
            "面积(亩)": [3.5, None, 4.0],
        },
        geometry=[shapely.Point(100.45, 38.93, 1480), None, shapely.Point(100.46, 38.94)],
        crs="EPSG:4490",
    )
    pyogrio.write_dataframe(frame, path, layer="纳污坑塘")
    return path


def add_layer(path, name, geometries, crs):
    frame = geopandas.GeoDataFrame({"n": range(len(geometries))}, geometry=geometries, crs=crs)
    pyogrio.write_dataframe(frame, path, layer=name)


def test_layers_and_tables_are_sheets(package):
    add_layer(package, "大棚", [shapely.box(500000, 4200000, 500010, 4200010)], "EPSG:4542")
    local = 'PROJCS["甘州独立坐标系",' + geopandas.GeoSeries(crs=4490).crs.to_wkt("WKT1_GDAL")
    local += (
        ',PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",100.5],'
        'PARAMETER["scale_factor",1],PARAMETER["false_easting",500000],PARAMETER["false_northing",0],UNIT["metre",1]]'
    )
    add_layer(package, "独立", [shapely.Point(1, 2)], local)
    pyogrio.write_dataframe(pandas.DataFrame({"备注": ["无图形"]}), package, layer="说明表")
    pyogrio.write_dataframe(pandas.DataFrame({"styleQML": ["<qgis/>"]}), package, layer="layer_styles")
    source, sheets = read_source(package)
    assert source.format == "GeoPackage"
    assert [(one.name, one.has_geometry) for one in sheets] == [
        ("纳污坑塘", True),
        ("大棚", True),
        ("独立", True),
        ("说明表", False),
    ]
    assert [one.crs for one in sheets[:2]] == ["EPSG:4490", "EPSG:4542"]
    assert "甘州独立坐标系" in sheets[2].crs
    assert sheets[1].shapes[1].startswith("POLYGON ((500010 4200000")
    assert (sheets[3].columns, sheets[3].rows) == (["备注"], {1: ["无图形"]})


def test_values_are_plain_and_a_feature_without_geometry_is_a_problem(package):
    _, (sheet,) = read_source(package)
    assert sheet.columns == ["编号", "证号", "已整改", "检查时间", "面积(亩)"]
    assert sheet.rows == {
        1: ["007", 123456789012345678, "是", "2026-03-13 08:30:05", 3.5],
        3: [None, 3, "否", "2026-01-01", 4],
    }
    assert sheet.shapes == {1: "POINT (100.45 38.93)", 3: "POINT (100.46 38.94)"}
    assert sheet.problems == {2: ("geo.empty_geometry", "geometry")}


def test_geometries_of_other_kinds_are_problems_and_curves_become_lines(tmp_path):
    path = tmp_path / "a.gpkg"
    collection = shapely.GeometryCollection([shapely.Point(1, 2), shapely.LineString([(0, 0), (1, 1)])])
    add_layer(path, "混合", [collection, shapely.Point(1, 2), shapely.MultiPoint([(1, 2)])], "EPSG:4490")
    curve = sqlite3.connect(path)
    arc = struct.pack("<BII6d", 1, 8, 3, 0, 0, 1, 1, 2, 0)  # a CircularString
    (blob,) = curve.execute("SELECT geom FROM 混合 WHERE fid = 2").fetchone()
    curve.create_function("ST_IsEmpty", 1, lambda _: 0)
    for axis in ("MinX", "MaxX", "MinY", "MaxY"):
        curve.create_function(f"ST_{axis}", 1, lambda _: 0.0)
    curve.execute("UPDATE 混合 SET geom = ? WHERE fid = 2", (blob[:8] + arc,))
    curve.commit()
    curve.close()
    _, (sheet,) = read_source(path)
    assert sheet.problems == {1: ("geo.wrong_geometry_type", "geometry")}
    assert sheet.shapes[2].startswith("LINESTRING (0 0, ")
    assert sheet.shapes[3] == "MULTIPOINT ((1 2))"


def test_a_table_that_would_read_another_file_is_refused(package, tmp_path):
    for module in (
        f"VirtualShape('{tmp_path}/other', 'utf-8', 0)",
        "VirtualText('/etc/passwd', 'utf-8')",
        "/* rtree */ VirtualOGR('/etc/passwd')",
    ):
        database = sqlite3.connect(package)
        database.execute("PRAGMA writable_schema = ON")
        database.execute("DELETE FROM sqlite_master WHERE name = 'x'")
        database.execute(
            "INSERT INTO sqlite_master VALUES ('table', 'x', 'x', 0, ?)",
            (f"CREATE VIRTUAL TABLE x USING {module}",),
        )
        database.execute(LISTED.format("x"))
        database.commit()
        database.close()
        with pytest.raises(errors.OutsideReference, match="to a new GeoPackage"):
            read_source(package)


def test_a_view_that_would_ask_the_network_is_refused(package):
    database = sqlite3.connect(package)
    database.execute("CREATE VIEW v AS SELECT fid, ogr_geocode('甘州区') AS a FROM 纳污坑塘")
    database.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('v', 'attributes', 'v')"
    )
    database.commit()
    database.close()
    with pytest.raises(errors.BadLayer, match="save it again"):
        read_source(package)


def test_a_package_without_layers_or_broken_is_refused(package, tmp_path):
    whole = package.read_bytes()
    for kept in (100, 4096, len(whole) // 2):
        package.write_bytes(whole[:kept])
        with pytest.raises(errors.BadLayer):
            read_source(package)
    path = tmp_path / "styles.gpkg"
    pyogrio.write_dataframe(pandas.DataFrame({"styleQML": ["<qgis/>"]}), path, layer="layer_styles")
    with pytest.raises(errors.NoFeatures, match="Export the places themselves"):
        read_source(path)


def test_the_limits_of_a_package_hold(package):
    with pytest.raises(errors.TooManyColumns, match="4"):
        read_source(package, limits=Limits(columns=4))
    with pytest.raises(errors.TooManyRows, match="2"):
        read_source(package, limits=Limits(rows=2))
