"""The readers themselves, in this process: what they say of rows. `test_sources` runs them in their own."""

import io
import json

import orjson
import pytest
import shapely

from geo import errors
from geo.formats import Limits
from geo.readers import geojson, text
from geo.readers.answer import Answer
from geo.readers.encoding import decode

POINT = {"type": "Point", "coordinates": [100.45, 38.93]}


def read(reader, tmp_path, content, **limits):
    """The columns, the rows by number and the problems a reader finds in some bytes."""
    path = tmp_path / "input"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    out = io.BytesIO()
    answer = Answer(out, Limits(**limits))
    reader.read(path, answer, Limits(**limits))
    answer.end()
    lines = [orjson.loads(line) for line in out.getvalue().splitlines()]
    rows = {row[0]: row[1] for line in lines for row in line.get("rows", [])}
    problems = {one[0]: (one[2], one[1]) for line in lines for one in line.get("problems", [])}
    return lines[-1]["end"], rows, problems


def table(tmp_path, content, **limits):
    """The rows of a table, its heading among them, and the problems."""
    _, rows, problems = read(text, tmp_path, content, **limits)
    return rows, problems


def collection(*features, **members):
    return json.dumps({"type": "FeatureCollection", "features": features, **members})


def feature(geometry=POINT, **properties):
    return {"type": "Feature", "properties": properties, "geometry": geometry}


# Encodings


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("甘州区".encode(), "UTF-8"),
        (b"\xef\xbb\xbf" + "甘州区".encode(), "UTF-8"),
        ("甘州区".encode("gbk"), "GB18030"),
        ("甘州区𠮷".encode("gb18030"), "GB18030"),
        ("甘州区".encode("utf-16"), "UTF-16"),
        (b"\xfe\xff" + "甘州区".encode("utf-16-be"), "UTF-16"),
    ],
)
def test_text_is_read_in_the_encoding_it_is_in(data, name):
    assert decode(data) == ("甘州区𠮷" if "𠮷".encode("gb18030") in data else "甘州区", name)


@pytest.mark.parametrize(
    ("data", "offset"),
    [
        (b"name\n\xff\xfe\xfd", 5),
        (b"\xef\xbb\xbf" + "甘州".encode("gbk"), 3),
        ("甘州区纳污坑塘".encode() * 4 + b"\xe7\x94", 84),
        ("甘州区".encode("gbk") + b"\xb8", 6),
        (b"\xff\xfea\x00b", 4),
    ],
)
def test_text_in_a_lying_encoding_is_refused_with_the_offset(data, offset):
    with pytest.raises(errors.UnreadableText) as refusal:
        decode(data)
    assert refusal.value.facts["offset"] == offset


def test_a_zero_byte_is_refused_with_the_offset():
    with pytest.raises(errors.NulInText, match="at 3"):
        decode(b"a,b\x00")
    with pytest.raises(errors.NulInText, match="at 6"):
        decode("a,\x00".encode("utf-16"))


# Tables


SEPARATORS = [",", ";", "\t", "|", "^", "~", "#", "\uff0c", "\uff1b", "、"]


@pytest.mark.parametrize("separator", SEPARATORS)
def test_any_separator_is_found(tmp_path, separator):
    lines = [["name", f"note{separator} in full", "lat"], ["塘", "x", "38"]]
    content = "\r\n".join(separator.join(f'"{cell}"' for cell in line) for line in lines)
    rows, _ = table(tmp_path, content)
    assert rows == {1: lines[0], 2: lines[1]}


@pytest.mark.parametrize("separator", SEPARATORS)
def test_titles_before_the_heading_do_not_decide_the_separator(tmp_path, separator):
    titles = [
        "甘州区纳污坑塘台账",
        "填报单位：水务局　日期：2026年3月13日",
        "说明：表中面积单位为亩, 保留一位小数",
    ]
    rows = [["编号", "名称", "面积"], ["1", "东湖塘", "3.5"], ["2", "西湖塘", "4"], ["3", "北塘", "1"]]
    read_rows, _ = table(tmp_path, "\n".join([*titles, *(separator.join(row) for row in rows)]))
    assert [read_rows[number] for number in (4, 5, 6, 7)] == rows


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["编号\t坐标", "1\t100.45,38.93", "2\t100.46,38.94"], ["1", "100.45,38.93"]),
        (["编号;面积", "1;3,5", "2;4,5", "3;1,0"], ["1", "3,5"]),
        (["编号,名称", "1,1#大棚", "2,2#大棚", "3,3#大棚"], ["1", "1#大棚"]),
        (["编号,作物,备注", "1,玉米、小麦", "2,玉米、小麦,x", "3,玉米、葵花"], ["1", "玉米、小麦"]),
        (["编号，名称", "1，塘、渠", "2，塘、渠"], ["1", "塘、渠"]),
        (["编号,备注", '1,"a;b;c;d"', '2,"a;b;c;d"'], ["1", "a;b;c;d"]),
        (["编号   名称", "1      东湖 塘", "2      西湖 塘"], ["1", "东湖 塘"]),
        (["编号　　名称", "1　　东湖塘"], ["1", "东湖塘"]),
    ],
)
def test_what_stands_inside_texts_is_no_separator(tmp_path, lines, expected):
    rows, _ = table(tmp_path, "\r\n".join(lines))
    assert rows[2] == expected


def test_a_file_without_separators_is_one_column(tmp_path):
    names = ["名称", *(f"塘{number}" for number in range(30)), "甲塘, 乙塘"]
    rows, _ = table(tmp_path, "\n".join(names))
    assert [rows[number + 1] for number in range(len(names))] == [[name] for name in names]


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"\r', "SEP=;  "])
def test_a_first_line_for_excel_names_the_separator(tmp_path, first):
    rows, _ = table(tmp_path, f"{first}\na,b;c\n1,2;3\n")
    assert rows == {2: ["a,b", "c"], 3: ["1,2", "3"]}


def test_a_register_of_full_length_passes_with_its_titles(tmp_path):
    rows, _ = table(tmp_path, "台账\n单位\na,b\n" + "1,2\n" * 5, rows=5, headings=3)
    assert len(rows) == 8
    with pytest.raises(errors.TooManyRows, match="more than 5 rows"):
        table(tmp_path, "台账\n单位\na,b\n" + "1,2\n" * 6, rows=5, headings=3)


def test_rows_keep_the_line_they_begin_on(tmp_path):
    rows, _ = table(tmp_path, 'a,b\n1,"x\ny"\n\n,,\n3,z\r\n4,')
    assert rows == {1: ["a", "b"], 2: ["1", "x\ny"], 6: ["3", "z"], 7: ["4"]}


def test_leading_zeros_and_outer_spaces(tmp_path):
    rows, _ = table(tmp_path, "code , name\n 006207 , 塘 \n")
    assert rows == {1: ["code", "name"], 2: ["006207", "塘"]}


def test_a_stray_quote_costs_its_row_only(tmp_path):
    rows, problems = table(tmp_path, 'a,b\n1,"x"y\n2,z\n')
    assert rows == {1: ["a", "b"], 3: ["2", "z"]}
    assert problems == {2: ("geo.stray_quote", None)}


def test_an_open_quote_never_swallows_the_rest_in_silence(tmp_path):
    with pytest.raises(errors.OpenQuote, match="row 3"):
        table(tmp_path, 'a,b\n1,2\n3,"x\n4,5\n6,7\n')


def test_the_limits_of_a_table_hold(tmp_path):
    with pytest.raises(errors.TooManyColumns, match="1000"):
        table(tmp_path, ",".join(f"c{n}" for n in range(10_000)) + "\n")
    with pytest.raises(errors.TooManyRows, match="more than 3 rows"):
        table(tmp_path, "a\n" + "1\n" * 4, rows=3, headings=1)
    with pytest.raises(errors.CellTooLarge, match="row 2"):
        table(tmp_path, "a,b\n1," + "x" * 10_000_000)


def test_long_rows_are_given_on_a_few_at_a_time_and_endless_ones_refused(tmp_path):
    (tmp_path / "input").write_text(f"{'x' * 900_000}\n" * 20)
    out = io.BytesIO()
    answer = Answer(out, Limits())
    text.read(tmp_path / "input", answer, Limits())
    answer.end()
    assert max(len(line) for line in out.getvalue().splitlines()) < 6_000_000
    with pytest.raises(errors.CellTooLarge, match="row 1 is longer than 10 MB"):
        table(tmp_path, ",".join(["x" * 900_000] * 20))


def test_blank_lines_alone_are_an_empty_file(tmp_path):
    with pytest.raises(errors.EmptyFile):
        table(tmp_path, ",,\n , \n")


# GeoJSON


def test_features_become_rows_and_nested_properties_text(tmp_path):
    content = collection(
        feature(n=1, x=0.5, ok=True, tags=["a", {"b": 1}], big=2**70, none=None, empty=""),
        feature(other="塘", n=2),
    )
    end, rows, problems = read(geojson, tmp_path, content)
    assert end["sheets"][0]["columns"] == ["n", "x", "ok", "tags", "big", "none", "empty", "other"]
    assert rows[1] == [1, 0.5, "是", '["a", {"b": 1}]', str(2**70), None, None]
    assert rows[2] == [2, None, None, None, None, None, None, "塘"]
    assert problems == {}


@pytest.mark.parametrize(
    ("bad", "code", "column"),
    [
        (feature(None), "geo.empty_geometry", "geometry"),
        (feature({"type": "Polygon", "coordinates": []}), "geo.empty_geometry", "geometry"),
        (feature({"type": "Point", "coordinates": [float("nan"), 1]}), "geo.geometry_not_finite", "geometry"),
        (feature({"type": "Point", "coordinates": [1, float("inf")]}), "geo.geometry_not_finite", "geometry"),
        (feature({"type": "GeometryCollection", "geometries": []}), "geo.wrong_geometry_type", "geometry"),
        (feature({"type": "Point", "coordinates": ["1", 2]}), "geo.not_a_geometry", "geometry"),
        (feature("POINT (1 2)"), "geo.not_a_geometry", "geometry"),
        (feature(depth=float("nan")), "geo.number_not_finite", "depth"),
        (feature(depth=[float("-inf")]), "geo.number_not_finite", "depth"),
        (feature(name="a\x00b"), "geo.zero_in_text", "name"),
        ({"type": "Point", "coordinates": [1, 2]}, "geo.not_a_feature", None),
        ({"type": "Feature", "properties": [], "geometry": POINT}, "geo.not_a_feature", None),
        (7, "geo.not_a_feature", None),
    ],
)
def test_one_bad_feature_does_not_lose_the_others(tmp_path, bad, code, column):
    _, rows, problems = read(geojson, tmp_path, collection(feature(n=1), bad, feature(n=3)))
    assert list(rows) == [1, 3]
    assert problems == {2: (code, column)}


def test_z_is_dropped_and_half_characters_replaced(tmp_path):
    path = tmp_path / "input"
    path.write_text(
        '{"type": "Feature", "properties": {"n\\ud800": "x\\udfff"}, "geometry": '
        '{"type": "Point", "coordinates": [100.45, 38.93, 1480]}}'
    )
    out = io.BytesIO()
    answer = Answer(out, Limits())
    geojson.read(path, answer, Limits())
    answer.end()
    (row,) = orjson.loads(out.getvalue().splitlines()[0])["rows"]
    assert row[1] == ["x\ufffd"]
    assert shapely.from_wkb(row[2]).wkt == "POINT (100.45 38.93)"


@pytest.mark.parametrize(
    ("name", "crs"),
    [
        ("urn:ogc:def:crs:EPSG::4542", "EPSG:4542"),
        ("EPSG:4490", "EPSG:4490"),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", None),
        ("mars", "mars"),
        (7, None),
    ],
)
def test_the_coordinate_system_is_given_as_found(tmp_path, name, crs):
    content = collection(feature(), crs={"type": "name", "properties": {"name": name}})
    assert read(geojson, tmp_path, content)[0]["sheets"][0]["crs"] == crs


def test_a_bare_feature_and_a_bare_geometry_are_files_of_one(tmp_path):
    assert list(read(geojson, tmp_path, json.dumps(feature(a=1)))[1].values()) == [[1]]
    assert list(read(geojson, tmp_path, json.dumps(POINT))[1].values()) == [[]]


@pytest.mark.parametrize(
    "document", [{"type": "Topology"}, {"type": "FeatureCollection"}, {}, {"type": ["Feature"]}]
)
def test_json_that_is_no_geojson_is_refused(tmp_path, document):
    with pytest.raises(errors.NotThisFormat):
        read(geojson, tmp_path, json.dumps(document))


def test_json_that_breaks_off_is_refused_with_the_place(tmp_path):
    with pytest.raises(errors.BrokenJSON, match="line 2, column 1"):
        read(geojson, tmp_path, collection(feature())[:-1] + "\n")
    with pytest.raises(errors.BrokenJSON):
        read(geojson, tmp_path, '{"type": ' + "9" * 5000 + "}")


@pytest.mark.parametrize("deep", ["[" * 100_000, '{"a":' * 100_000])
def test_deep_json_is_refused(tmp_path, deep):
    with pytest.raises(errors.TooDeep):
        read(geojson, tmp_path, '{"type": "FeatureCollection", "features": ' + deep)


def test_the_limits_of_a_collection_hold(tmp_path):
    with pytest.raises(errors.TooManyRows):
        read(geojson, tmp_path, collection(*[feature()] * 4), rows=3)
    with pytest.raises(errors.TooManyColumns):
        read(geojson, tmp_path, collection(feature(**{f"c{n}": n for n in range(1001)})))
    with pytest.raises(errors.CellTooLarge):
        read(geojson, tmp_path, collection(feature(a="x" * 2_000_000)))
