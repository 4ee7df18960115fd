"""Read DXF: points, lines and, where a line is closed, polygons, each with its layer and the text in it.

A block stands for one place, its insertion point: what is drawn in it is a symbol.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import shapely

from geo.errors import NoFeatures, TooManyRows
from geo.formats import Limits
from geo.readers.answer import Answer
from geo.readers.encoding import decode
from geo.readers.features import checked
from geo.readers.gdal import GDAL, Chunk

_COLUMNS = ["图层", "文字"]
_FIELDS = ["Layer", "PaperSpace", "Text", "BlockAttributes"]
_BINARY = b"AutoCAD Binary DXF"
_LEAST_RING = 4  # positions of a ring, the last one being the first
# Texts are entities too and most of them go into a polygon: so many entities for each row that is taken
_ENTITIES_A_ROW = 3
_BETWEEN = "；"


def read(path: Path, answer: Answer, limits: Limits) -> None:
    """Read what is drawn in the model; what stands on a sheet of paper is left out."""
    entities = _entities(path, answer, limits)
    layers, on_paper, texts, attributes = entities.columns
    shapes, bad = checked(entities.geometries)
    left_out = {place for place in range(entities.count) if place in bad or on_paper[place]}
    shapes = np.array([None if n in left_out else _closed(one) for n, one in enumerate(shapes)], dtype=object)
    is_point = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
    texts = [text if at else None for text, at in zip(texts, is_point, strict=True)]  # else a hatching's name
    inside = _texts_inside(shapes, texts)
    taken = {place for places in inside.values() for place in places}
    drawn = [place for place in range(entities.count) if place not in taken and not on_paper[place]]
    if not drawn:
        raise NoFeatures
    answer.begin_sheet(columns=_COLUMNS, has_geometry=True)
    hexed = shapely.to_wkb(shapes, hex=True)
    for place in drawn:
        number = place + 1
        if place in bad:
            answer.add_problem(number, "geometry", bad[place])
            continue
        said = [texts[place], *_values(attributes[place]), *(texts[one] for one in inside[place])]
        row = [layers[place], _BETWEEN.join(one for one in said if one)]
        answer.add_row(number, [answer.plain(value, number) for value in row], hexed[place])


def _entities(path: Path, answer: Answer, limits: Limits) -> Chunk:
    """Read all entities at once; text is decoded here, for the drawing may lie about it."""
    content, options = path.read_bytes(), {"DXF_INLINE_BLOCKS": "FALSE"}
    if not content.startswith(_BINARY):
        text, answer.encoding = decode(content)
        path = path.with_name("drawing.dxf")
        path.write_text(text, encoding="utf-8", newline="")
        options["DXF_ENCODING"] = "UTF-8"
    most = _ENTITIES_A_ROW * limits.rows
    entities = GDAL("DXF", **options).chunk(path, 0, most + 1, layer="entities", columns=_FIELDS)
    if entities.count > most:
        raise TooManyRows(most=limits.rows)
    return entities


def _closed(shape: shapely.Geometry | None) -> shapely.Geometry | None:
    """Make a polygon of a line that ends where it begins."""
    if shape is None or shape.geom_type != "LineString" or not shape.is_closed:
        return shape
    return shapely.Polygon(shape) if len(shape.coords) >= _LEAST_RING else shape


def _texts_inside(shapes: np.ndarray, texts: list[str | None]) -> dict[int, list[int]]:
    """Find the texts that stand in a polygon, by the smallest polygon each stands in."""
    polygons = np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON)
    points = np.array([place for place, text in enumerate(texts) if text], dtype=int)
    inside: dict[int, list[int]] = defaultdict(list)
    smallest: dict[int, int] = {}
    areas = shapely.area(shapes)
    tree = shapely.STRtree(shapes[polygons])
    for text, polygon in zip(*tree.query(shapes[points], predicate="within"), strict=True):
        text, polygon = int(points[text]), int(polygons[polygon])
        if text not in smallest or areas[polygon] < areas[smallest[text]]:
            smallest[text] = polygon
    for text, polygon in smallest.items():
        inside[polygon].append(text)
    return inside


def _values(attributes: list[str] | None) -> list[str]:
    """Give the values of a block's attributes, which come as `NAME value`."""
    return [one.partition(" ")[2].strip() for one in attributes or []]
