"""KML, KMZ and GPX: what stands in them, and what they point to and nobody follows."""

import zipfile

import pytest

from geo import errors
from geo.readers import gpx, kml, kmz
from geo.readers.markup import plain_text
from tests.geo.reading import read_sheets, read_source

POINT = "<Point><coordinates>100.45,38.93,1480</coordinates></Point>"
RING = "<LinearRing><coordinates>{0},38 {0}.5,38 {0}.5,38.5 {0},38</coordinates></LinearRing>"
DOCTYPE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def polygon(lon, *inner):
    holes = "".join(f"<innerBoundaryIs>{ring}</innerBoundaryIs>" for ring in inner)
    return f"<Polygon>{holes}<outerBoundaryIs>{RING.format(lon)}</outerBoundaryIs></Polygon>"


def placemark(name="塘", geometry=POINT, more=""):
    return f"<Placemark><name>{name}</name>{more}{geometry}</Placemark>"


def document(*members, name="巡查.kml"):
    inside = "".join(members)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
        <kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2">
        <Document><name>{name}</name>{inside}</Document></kml>"""


@pytest.fixture
def read(tmp_path):
    def read(content, reader=kml, **limits):
        path = tmp_path / "input"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_sheets(reader, path, **limits)

    return read


def test_every_folder_with_placemarks_is_a_sheet(read):
    inner = f"<Folder><name>甲镇</name>{placemark('内')}</Folder>"
    sheets = read(
        document(
            placemark("根"),
            f"<Folder><name>坑塘</name>{placemark('外')}{inner}{placemark('外二')}</Folder>",
            "<Folder><name>空</name></Folder>",
            f"<Folder><name>甲镇</name>{placemark('同名')}</Folder>",
        )
    )
    rows = {name: [row[0] for row in sheet.rows.values()] for name, sheet in sheets.items()}
    assert rows == {"巡查.kml": ["根"], "坑塘": ["外", "外二"], "甲镇": ["内"], "甲镇 (2)": ["同名"]}
    assert {sheet.crs for sheet in sheets.values()} == {"EPSG:4326"}
    assert list(read(document(placemark(), name=""))) == [""]


def test_name_description_and_data_become_columns(read):
    data = """<description><![CDATA[<table><tr><td>面积</td><td>3亩</td></tr></table><script>x()</script>]]>
        </description>
        <styleUrl>#s</styleUrl><visibility>0</visibility><TimeStamp><when>2026</when></TimeStamp>
        <ExtendedData><Data name="负责人"><value>张三</value></Data>
        <Data name="f1"><displayName>电话</displayName><value>0936</value></Data>
        <Data name="name"><value>别名</value></Data><Data name="空"><value/></Data>
        <SchemaData schemaUrl="#S"><SimpleData name="编号">007</SimpleData></SchemaData></ExtendedData>"""
    (sheet,) = read(document(placemark("西湖塘"), placemark("东湖塘", more=data))).values()
    assert sheet.columns == ["name", "description", "负责人", "电话", "name (2)", "编号"]
    assert sheet.rows[1] == ["西湖塘", None, None, None, None, None]
    assert sheet.rows[2] == ["东湖塘", "面积 3亩", "张三", "0936", "别名", "007"]


@pytest.mark.parametrize(
    ("geometry", "expected"),
    [
        (POINT, "POINT (100.45 38.93)"),
        (
            "<LineString><coordinates>\n100,38,5\n 101,38,5\t</coordinates></LineString>",
            "LINESTRING (100 38, 101 38)",
        ),
        (RING.format(100), "LINESTRING (100 38, 100.5 38, 100.5 38.5, 100 38)"),
        (polygon(100), "POLYGON ((100 38, 100.5 38, 100.5 38.5, 100 38))"),
        (
            polygon(100, RING.format(101)),
            "POLYGON ((100 38, 100.5 38, 100.5 38.5, 100 38), (101 38, 101.5 38, 101.5 38.5, 101 38))",
        ),
        (
            f"<MultiGeometry>{polygon(100)}<MultiGeometry>{polygon(9)}</MultiGeometry></MultiGeometry>",
            "MULTIPOLYGON (((100 38, 100.5 38, 100.5 38.5, 100 38)), ((9 38, 9.5 38, 9.5 38.5, 9 38)))",
        ),
        (
            "<gx:Track><when>2026</when><gx:coord>100 38 1</gx:coord><gx:coord>101 38</gx:coord></gx:Track>",
            "LINESTRING (100 38, 101 38)",
        ),
    ],
)
def test_geometries_are_read_without_heights(read, geometry, expected):
    (sheet,) = read(document(placemark(geometry=geometry))).values()
    assert sheet.shapes == {1: expected}


@pytest.mark.parametrize(
    ("geometry", "code"),
    [
        ("", "geo.empty_geometry"),
        ("<Point><coordinates/></Point>", "geo.empty_geometry"),
        ("<Point><coordinates>abc</coordinates></Point>", "geo.unreadable_coordinates"),
        ("<Point><coordinates>100.45, 38.93</coordinates></Point>", "geo.unreadable_coordinates"),
        ("<Point><coordinates>1_00,38</coordinates></Point>", "geo.unreadable_coordinates"),
        ("<Point><coordinates>nan,38</coordinates></Point>", "geo.geometry_not_finite"),
        ("<LineString><coordinates>100,38</coordinates></LineString>", "geo.too_few_points"),
        (f"<MultiGeometry>{POINT}{polygon(100)}</MultiGeometry>", "geo.wrong_geometry_type"),
        ("<Model><Link><href>http://x/y.dae</href></Link></Model>", "geo.wrong_geometry_type"),
    ],
)
def test_a_place_that_cannot_be_used_does_not_lose_the_others(read, geometry, code):
    (sheet,) = read(document(placemark("甲"), placemark("乙", geometry), placemark("丙"))).values()
    assert sheet.rows == {1: ["甲"], 3: ["丙"]}
    assert sheet.problems == {2: (code, "geometry")}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb2312", "gb18030", "utf-16"])
def test_a_document_is_read_in_the_encoding_it_is_in(read, encoding):
    text = document(placemark("东湖塘")).replace("UTF-8", encoding.removesuffix("-sig"))
    (sheet,) = read(text.encode(encoding)).values()
    assert sheet.rows == {1: ["东湖塘"]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030"])
@pytest.mark.parametrize(("reader", "root"), [(kml, "kml"), (gpx, "gpx")])
def test_a_document_type_is_refused_in_any_encoding(read, reader, root, encoding):
    text = f'<?xml version="1.0" encoding="{encoding}"?>{DOCTYPE}<{root}><name>塘&a;</name></{root}>'
    with pytest.raises(errors.HasDoctype):
        read(text.encode(encoding), reader)


def test_links_to_elsewhere_alone_are_no_places(read):
    link = "<NetworkLink><Link><href>http://127.0.0.1:9/x.kml</href></Link></NetworkLink>"
    with pytest.raises(errors.NoFeatures, match="not a link or a picture"):
        read(document(link))
    (sheet,) = read(document(link, placemark("塘"))).values()
    assert sheet.rows == {1: ["塘"]}


@pytest.mark.parametrize("reader", [kml, gpx])
def test_other_markup_and_what_breaks_off_is_refused(read, reader):
    with pytest.raises(errors.NotThisFormat):
        read("<OGRVRTDataSource><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTDataSource>", reader)
    whole = document(placemark()) if reader is kml else track_file('<wpt lat="38" lon="100"/>')
    for kept in (50, len(whole) - 8):
        with pytest.raises(errors.BrokenXML, match="line"):
            read(whole[:kept], reader)


def test_the_limits_of_a_document_hold(read):
    data = "".join(f'<Data name="c{number}"><value>x</value></Data>' for number in range(10_000))
    wide = document(placemark(more=f"<ExtendedData>{data}</ExtendedData>"))
    with pytest.raises(errors.TooManyColumns, match="1000"):
        read(wide)
    with pytest.raises(errors.TooManyRows, match="2"):
        read(document(*[placemark()] * 3), rows=2)
    with pytest.raises(errors.CellTooLarge):
        read(document(placemark("x" * 10_000_000)))


def test_a_kmz_is_the_documents_in_it(tmp_path):
    path = tmp_path / "点位.ovkmz"
    link = "<NetworkLink><Link><href>layers/大棚.kml</href></Link></NetworkLink>"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("layers/大棚.kml", document(placemark("一号棚"), name="大棚"))
        archive.writestr("doc.kml", document(link, placemark("东湖塘"), name="坑塘"))
        archive.writestr("files/图标.png", b"\x89PNG")
    source, sheets = read_source(path)
    assert (source.format, source.encoding) == ("KMZ", "UTF-8")
    assert {sheet.name: sheet.rows for sheet in sheets} == {"坑塘": {1: ["东湖塘"]}, "大棚": {1: ["一号棚"]}}
    with pytest.raises(errors.TooLarge):
        read_sheets(kmz, path, bytes=400)


def test_a_kmz_with_a_document_type_or_without_a_document_is_refused(tmp_path):
    path = tmp_path / "a.kmz"
    for name, content, refusal in (
        ("doc.kml", f"{DOCTYPE}<kml/>", errors.HasDoctype),
        ("x.txt", "x", errors.NotThisFormat),
    ):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, content)
        with pytest.raises(refusal):
            read_sheets(kmz, path)


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("东湖塘", "东湖塘"),
        ("a &lt; b &nbsp; c", "a < b c"),
        ("一<br>二<p>三</p>", "一\n二\n三"),
        ("<style>p{}</style><div>甲</div><!-- 乙 -->", "甲"),
        ("3 < 5 亩", "3 < 5 亩"),
    ],
)
def test_pages_are_reduced_to_what_they_say(page, said):
    assert plain_text(page) == said


# GPX


def track_file(*members):
    return f'<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1" xmlns:o="http://o">{"".join(members)}</gpx>'


def segment(*points):
    inside = "".join(f'<trkpt lat="{lat}" lon="{lon}"><ele>5</ele></trkpt>' for lon, lat in points)
    return f"<trkseg>{inside}</trkseg>"


def test_waypoints_routes_and_tracks_are_sheets(read):
    sheets = read(
        track_file(
            "<metadata><name>文件</name><author><name>甲</name></author></metadata>",
            '<wpt lat="38.93" lon="100.45"><ele>1480</ele><name>007</name><desc>东湖塘</desc>'
            "<extensions><o:负责人>张三</o:负责人><o:g><o:颜色>红</o:颜色></o:g></extensions></wpt>",
            '<rte><name>路</name><rtept lat="38" lon="100"><name>点</name></rtept>'
            '<rtept lat="39" lon="100"/></rte>',
            f"<trk><name>轨</name>{segment((100, 38), (101, 38))}</trk>",
            f"<trk>{segment((100, 38), (101, 38))}{segment((9, 9))}{segment((102, 38), (103, 38))}</trk>",
        ),
        gpx,
    )
    assert list(sheets) == ["waypoints", "routes", "tracks"]
    assert sheets["waypoints"].columns == ["ele", "name", "desc", "负责人", "颜色"]
    assert sheets["waypoints"].rows == {1: ["1480", "007", "东湖塘", "张三", "红"]}
    assert (sheets["routes"].columns, sheets["routes"].rows) == (["name"], {1: ["路"]})
    assert sheets["routes"].shapes == {1: "LINESTRING (100 38, 100 39)"}
    assert sheets["tracks"].shapes == {
        1: "LINESTRING (100 38, 101 38)",
        2: "MULTILINESTRING ((100 38, 101 38), (102 38, 103 38))",
    }


def test_only_what_is_there_is_a_sheet(read):
    assert list(read(track_file('<wpt lat="38" lon="100"/>'), gpx)) == ["waypoints"]
    with pytest.raises(errors.NoFeatures):
        read(track_file("<metadata/>"), gpx)


@pytest.mark.parametrize(
    ("member", "code"),
    [
        ('<wpt lat="abc" lon="100"/>', "geo.unreadable_coordinates"),
        ('<wpt lon="100"/>', "geo.unreadable_coordinates"),
        ('<wpt lat="nan" lon="100"/>', "geo.geometry_not_finite"),
        ("<trk><name>空</name></trk>", "geo.empty_geometry"),
        (f"<trk>{segment((1, 2))}</trk>", "geo.too_few_points"),
        ('<rte><rtept lat="1" lon="2"/></rte>', "geo.too_few_points"),
    ],
)
def test_a_bad_place_of_a_track_file_is_a_problem_of_its_row(read, member, code):
    good = f'<wpt lat="1" lon="2"/><rte>{segment((1, 2))}</rte>'
    sheets = read(track_file(good, member), gpx).values()
    assert (code, "geometry") in [problem for sheet in sheets for problem in sheet.problems.values()]
