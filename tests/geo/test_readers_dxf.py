"""Drawings: what is a place in them, and in which encoding their text is."""

import pytest

from geo import errors
from geo.formats import Limits
from tests.geo.reading import read_source


def entity(kind, layer, *pairs):
    codes = [(0, kind), (8, layer), *pairs]
    return "".join(f"{code}\n{value}\n" for code, value in codes)


def polyline(layer, *points, closed=True):
    pairs = [pair for x, y in points for pair in ((10, x), (20, y))]
    return entity("LWPOLYLINE", layer, (90, len(points)), (70, int(closed)), *pairs)


def text(layer, x, y, said, kind="TEXT", *more):
    return entity(kind, layer, (10, x), (20, y), (40, 2.5), (1, said), *more)


def point(layer, x, y):
    return entity("POINT", layer, (10, x), (20, y), (30, 5))


def hatching(layer, *points):
    corners = [pair for x, y in points for pair in ((10, x), (20, y))]
    outline = [(91, 1), (92, 2), (72, 0), (73, 1), (93, len(points)), *corners, (97, 0)]
    return entity("HATCH", layer, (10, 0), (20, 0), (2, "SOLID"), (70, 1), (71, 0), *outline)


def drawing(*entities, version="AC1015", page="ANSI_936", blocks=""):
    head = f"9\n$ACADVER\n1\n{version}\n9\n$DWGCODEPAGE\n3\n{page}\n"
    sections = {"HEADER": head, "BLOCKS": blocks, "ENTITIES": "".join(entities)}
    inside = "".join(f"0\nSECTION\n2\n{name}\n{content}0\nENDSEC\n" for name, content in sections.items())
    return inside + "0\nEOF\n"


@pytest.fixture
def read(tmp_path):
    def read(content, encoding="gbk", **limits):
        path = tmp_path / "地块.dxf"
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        source, (sheet,) = read_source(path, limits=Limits(**limits))
        return source, sheet

    return read


SQUARE = ((0, 0), (100, 0), (100, 100), (0, 100))


def test_points_lines_and_closed_lines_are_read_with_layer_and_text(read):
    old = entity("POLYLINE", "旧式", (66, 1), (70, 1))
    old += "".join(entity("VERTEX", "旧式", (10, x), (20, y)) for x, y in ((0, 200), (9, 200), (9, 209)))
    source, sheet = read(
        drawing(
            polyline("坑塘", *SQUARE),
            polyline("坑塘", *((x + 200, y) for x, y in (*SQUARE, SQUARE[0])), closed=False),
            polyline("渠", (0, 0), (500, 500), closed=False),
            old + "0\nSEQEND\n8\n旧式\n",
            text("注记", 50, 50, "东湖塘"),
            text("注记", 250, 50, r"{\fSimSun|b0;西湖塘}\P3.5亩", "MTEXT"),
            text("注记", 900, 900, "孤字"),
            point("点", 5, 7),
            text("注记", 60, 60, "2号"),
            text("图签", 50, 50, "图名", "TEXT", (67, 1)),
            hatching("填充", (300, 300), (309, 300), (309, 309)),
        )
    )
    assert (source.format, source.encoding) == ("DXF", "GB18030")
    assert (sheet.name, sheet.columns, sheet.crs) == ("", ["图层", "文字"], None)
    assert sheet.rows == {
        1: ["坑塘", "东湖塘；2号"],
        2: ["坑塘", "西湖塘\n3.5亩"],
        3: ["渠", None],
        4: ["旧式", None],
        7: ["注记", "孤字"],
        8: ["点", None],
        11: ["填充", None],
    }
    assert sheet.shapes.pop(11).startswith("POLYGON ((30")
    assert sheet.shapes == {
        1: "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))",
        2: "POLYGON ((200 0, 300 0, 300 100, 200 100, 200 0))",
        3: "LINESTRING (0 0, 500 500)",
        4: "POLYGON ((0 200, 9 200, 9 209, 0 200))",
        7: "POINT (900 900)",
        8: "POINT (5 7)",
    }


def test_a_text_belongs_to_the_smallest_polygon_it_stands_in(read):
    small = ((40, 40), (60, 40), (60, 60), (40, 60))
    _, sheet = read(
        drawing(
            polyline("村", *SQUARE), polyline("塘", *small), text("字", 50, 50, "内"), text("字", 9, 9, "外")
        )
    )
    assert sheet.rows == {1: ["村", "外"], 2: ["塘", "内"]}


@pytest.mark.parametrize(
    ("version", "page", "encoding"),
    [("AC1015", "ANSI_1252", "gbk"), ("AC1032", "ANSI_936", "utf-8"), ("AC1015", "ANSI_936", "gb18030")],
)
def test_text_is_read_in_the_encoding_it_is_in_whatever_the_drawing_says(read, version, page, encoding):
    _, sheet = read(drawing(point("坑塘", 1, 2), version=version, page=page), encoding)
    assert sheet.rows == {1: ["坑塘", None]}


def test_a_block_is_a_point_with_the_values_of_its_attributes(read):
    block = entity("BLOCK", "0", (2, "GC"), (70, 0), (10, 0), (20, 0)) + polyline("0", *SQUARE)
    block += entity("ENDBLK", "0")
    inserted = entity("INSERT", "高程点", (66, 1), (2, "GC"), (10, 700), (20, 800))
    inserted += entity("ATTRIB", "高程点", (10, 700), (20, 800), (40, 2), (1, "1480.5 米"), (2, "H"), (70, 0))
    _, sheet = read(drawing(inserted + "0\nSEQEND\n8\n0\n", blocks=block))
    assert sheet.rows == {1: ["高程点", "1480.5 米"]}
    assert sheet.shapes == {1: "POINT (700 800)"}


def test_a_drawing_without_places_or_with_too_many_is_refused(read):
    with pytest.raises(errors.NoFeatures):
        read(drawing(text("图签", 0, 0, "图名", "TEXT", (67, 1))))
    with pytest.raises(errors.TooManyRows, match="2"):
        read(drawing(*[point("点", 1, 2)] * 3), rows=2)
    with pytest.raises(errors.TooManyRows, match="2"):
        read(drawing(*[point("点", 1, 2)] * 7), rows=2)


def test_a_drawing_that_breaks_off_or_cannot_be_is_refused(read):
    whole = drawing(*[polyline("坑塘", *SQUARE)] * 9)
    for broken in (
        whole[:30],
        whole[:400],
        whole.replace("LWPOLYLINE", "LWPOLYLINE\nx"),
        "0\nSECTION\n" * 50,
    ):
        with pytest.raises(errors.BadLayer):
            read(broken)


def test_a_coordinate_that_is_no_number_is_a_problem_of_its_row(read):
    _, sheet = read(drawing(point("点", "nan", 2), point("点", 1, 2)))
    assert sheet.problems == {1: ("geo.geometry_not_finite", "geometry")}
    assert sheet.rows == {2: ["点", None]}
