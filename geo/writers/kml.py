"""Write KML for map programs on phones and desks: a folder a group, a placemark a feature, colours by state.

What is known of a feature stands in its description, a line a field. KML is WGS 84, taken as equal to
CGCS2000.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.sax.saxutils import XMLGenerator

import shapely
from shapely.geometry.base import BaseGeometry

from geo.errors import GeoError
from geo.writers.layers import Document, Layer, Sign
from geo.writers.losses import NoPlace

_NAMESPACE = "http://www.opengis.net/kml/2.2"
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # what XML cannot hold, escaped or not
_FILL_OPACITY = "66"


def write(path: Path, document: Document) -> list[GeoError]:
    """Write a layer; rows of one group have to stand together."""
    layer = document.layer
    with path.open("w", encoding="utf-8", newline="\n") as out:
        kml = _Kml(out)
        with kml.document(), kml.inside("kml", xmlns=_NAMESPACE), kml.inside("Document"):
            kml.text("name", layer.name)
            kml.text("description", "\n".join(f"{name}：{words}" for name, words in document.about))
            for sign in layer.look.signs:
                _style(kml, sign)
            without = _folders(kml, layer)
    return [NoPlace(count=without)] if without else []


class _Kml:
    """Elements one after the other, escaped by the library."""

    def __init__(self, out: Any) -> None:
        self._xml = XMLGenerator(out, "utf-8", short_empty_elements=True)

    @contextmanager
    def document(self) -> Iterator[None]:
        self._xml.startDocument()
        yield
        self._xml.endDocument()

    @contextmanager
    def inside(self, name: str, **attributes: str) -> Iterator[None]:
        self._xml.startElement(name, attributes)
        yield
        self._xml.endElement(name)

    def text(self, name: str, text: str) -> None:
        self._xml.startElement(name, {})
        self._xml.characters(_UNWRITABLE.sub("", text))
        self._xml.endElement(name)


def _folders(kml: _Kml, layer: Layer) -> int:
    """Write the rows, and give how many have no place."""
    without, group = 0, layer.place_of(layer.look.shape_by)
    words = layer.fields[group]
    features = (pair for batch in layer.batches() for pair in zip(batch.geometries, batch.rows, strict=True))
    for code, pairs in groupby(features, key=lambda pair: pair[1][group]):
        with kml.inside("Folder"):
            kml.text("name", words.in_text(code) if code else layer.name)
            for geometry, row in pairs:
                without += geometry is None
                _placemark(kml, layer, geometry, row)
    return without


def _placemark(kml: _Kml, layer: Layer, geometry: BaseGeometry | None, row: Sequence[Any]) -> None:
    named, coloured = layer.place_of(layer.look.label), layer.place_of(layer.look.colour_by)
    with kml.inside("Placemark"):
        kml.text("name", str(row[named] or ""))
        kml.text("description", "\n".join(_lines(layer, row)))
        kml.text("styleUrl", f"#{row[coloured]}")
        if geometry is not None:
            _geometry(kml, geometry)


def _lines(layer: Layer, row: Sequence[Any]) -> Iterator[str]:
    for one, value in zip(layer.fields, row, strict=True):
        if value is not None and one.form != "shape":
            yield f"{one.heading}：{one.in_text(value)}"


def _style(kml: _Kml, sign: Sign) -> None:
    with kml.inside("Style", id=sign.code):
        with kml.inside("IconStyle"):
            kml.text("color", _colour(sign.fill))
            kml.text("scale", f"{sign.size_mm / 3:.2f}")
        with kml.inside("LineStyle"):
            kml.text("color", _colour(sign.edge))
            kml.text("width", "2")
        with kml.inside("PolyStyle"):
            kml.text("color", _colour(sign.fill, _FILL_OPACITY))


def _colour(rgb: str, opacity: str = "ff") -> str:
    """KML's order: opacity, blue, green, red.

    Examples
    --------
    >>> _colour("#bf1f1a")
    'ff1a1fbf'
    """
    return f"{opacity}{rgb[5:7]}{rgb[3:5]}{rgb[1:3]}"


def _geometry(kml: _Kml, geometry: BaseGeometry) -> None:
    parts = shapely.get_parts(geometry)
    if len(parts) == 1:
        _part(kml, parts[0])
        return
    with kml.inside("MultiGeometry"):
        for part in parts:
            _part(kml, part)


def _part(kml: _Kml, part: BaseGeometry) -> None:
    if part.geom_type != "Polygon":
        with kml.inside(part.geom_type):
            kml.text("coordinates", _coordinates(part))
        return
    with kml.inside("Polygon"):
        for boundary, ring in [
            ("outerBoundaryIs", part.exterior),
            *(("innerBoundaryIs", hole) for hole in part.interiors),
        ]:
            with kml.inside(boundary), kml.inside("LinearRing"):
                kml.text("coordinates", _coordinates(ring))


def _coordinates(line: BaseGeometry) -> str:
    return " ".join(f"{lon:.7f},{lat:.7f}" for lon, lat in shapely.get_coordinates(line))
