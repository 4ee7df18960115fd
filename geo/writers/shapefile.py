"""Write zipped Shapefiles: points, lines and polygons each as one, and what was lost in 说明.txt.

Codes stand in words, yes and no too, and instants as text in Beijing time, because a DBF knows only days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from shapely.geometry.base import BaseGeometry

from geo.errors import GeoError
from geo.writers.gdal import Column, column_of, write_rows
from geo.writers.layers import Batch, Document, Field
from geo.writers.losses import CharactersReplaced, NamesShortened, NoPlace, TextsCut

MOST_BYTES = 254
NAME_BYTES = 10
ABOUT = "说明.txt"
# What the file of each kind of shape is called; the geometries it holds, None among the points
_PARTS: Mapping[str, tuple[str, tuple[str | None, ...]]] = {
    "点": ("Point", ("Point", None)),
    "多点": ("MultiPoint", ("MultiPoint",)),
    "线": ("LineString", ("LineString", "MultiLineString")),
    "面": ("Polygon", ("Polygon", "MultiPolygon")),
}
_PART_OF = {kind: part for part, (_, kinds) in _PARTS.items() for kind in kinds}
_AS_THEY_ARE = ("whole", "number", "day")
# A byte of the DBF's heading by which programs know the encoding that do not read .cpg
_LDID_AT, _LDIDS = 29, {"GBK": b"\x4d"}


def write(path: Path, document: Document) -> list[GeoError]:
    """Write a layer into a zip; `document.encoding` is GBK or UTF-8.

    Raises
    ------
    NotWritten
        GDAL gave up.
    """
    with TemporaryDirectory(prefix="shapefile-", dir=path.parent) as folder:
        files = _Files(Path(folder), document)
        for batch in document.layer.batches():
            files.add(batch)
        losses = files.end()
        with ZipFile(path, "w", ZIP_DEFLATED) as archive:
            for file in sorted(Path(folder).iterdir()):
                archive.write(file, file.name)
    return losses


def short_names(keys: Sequence[str]) -> list[str]:
    """Field names of at most ten bytes, each once.

    Examples
    --------
    >>> short_names(["name", "township_code", "township_colour"])
    ['name', 'township_c', 'township_1']
    """
    names: list[str] = []
    for key in keys:
        name, count = key[:NAME_BYTES], 0
        while name in names:
            count += 1
            name = key[: NAME_BYTES - len(str(count))] + str(count)
        names.append(name)
    return names


class _Files:
    """The Shapefiles of one layer in a folder, each begun when its first row comes."""

    def __init__(self, folder: Path, document: Document) -> None:
        self._folder, self._document = folder, document
        layer = document.layer
        self._fields = [(place, one) for place, one in enumerate(layer.fields) if one.form != "shape"]
        self._names = short_names([one.key for _, one in self._fields])
        self._texts = _Texts(document.encoding)
        self._begun: set[str] = set()
        self._without = 0

    def add(self, batch: Batch) -> None:
        parts: dict[str, list[int]] = {}
        for place, geometry in enumerate(batch.geometries):
            parts.setdefault(_part_of(geometry), []).append(place)
            self._without += geometry is None
        for part, places in parts.items():
            rows = [batch.rows[place] for place in places]
            self._write(part, [batch.geometries[place] for place in places], rows)

    def end(self) -> list[GeoError]:
        """Say what the files are and give what was lost."""
        if not self._begun:
            self._write("点", [], [])
        for part in self._begun:
            self._say_encoding(self._path(part).with_suffix(".dbf"))
        losses = self._losses()
        self._folder.joinpath(ABOUT).write_text(self._about(losses), encoding="utf-8-sig", newline="\r\n")
        return losses

    def _write(
        self, part: str, geometries: Sequence[BaseGeometry | None], rows: Sequence[Sequence[Any]]
    ) -> None:
        geometry_type, _ = _PARTS[part]
        write_rows(
            self._path(part),
            self._names,
            [self._column(one, [row[place] for row in rows]) for place, one in self._fields],
            geometries,
            driver="ESRI Shapefile",
            geometry_type=geometry_type,
            encoding=self._document.encoding,
            append=part in self._begun,
        )
        self._begun.add(part)

    def _column(self, one: Field, values: Sequence[Any]) -> Column:
        if one.form in _AS_THEY_ARE:
            return column_of(one.form, values)
        in_text, fit = one.in_text, self._texts.fit
        texts = [None if value is None else fit(in_text(value)) for value in values]
        return column_of("text", texts, width=self._texts.widest(texts))

    def _path(self, part: str) -> Path:
        return self._folder / f"{self._document.layer.name}_{part}.shp"

    def _say_encoding(self, table: Path) -> None:
        if (mark := _LDIDS.get(self._document.encoding)) is not None:
            with table.open("r+b") as file:
                file.seek(_LDID_AT)
                file.write(mark)

    def _losses(self) -> list[GeoError]:
        names = zip(self._fields, self._names, strict=True)
        shortened = sum(one.key != name for (_, one), name in names)
        encoding, replaced = self._document.encoding, self._texts.replaced
        said: list[tuple[int, GeoError]] = [
            (shortened, NamesShortened(count=shortened)),
            (self._texts.cut, TextsCut(count=self._texts.cut)),
            (replaced, CharactersReplaced(count=replaced, encoding=encoding)),
            (self._without, NoPlace(count=self._without)),
        ]
        return [loss for count, loss in said if count]

    def _about(self, losses: Sequence[GeoError]) -> str:
        lines = [f"{name}：{words}" for name, words in self._document.about]
        lines += ["", *(self._document.say(loss) for loss in losses), ""]
        names = zip(self._fields, self._names, strict=True)
        return "\n".join([*lines, *(f"{name} = {one.heading}" for (_, one), name in names), ""])


class _Texts:
    """Makes texts fit a DBF, and counts what that cost."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self.cut = self.replaced = 0

    def fit(self, text: str) -> str:
        try:
            written = text.encode(self._encoding)
        except UnicodeEncodeError:
            written = text.encode(self._encoding, "replace")
            self.replaced += written.count(b"?") - text.count("?")
            text = written.decode(self._encoding)
        if len(written) <= MOST_BYTES:
            return text
        self.cut += 1
        return written[:MOST_BYTES].decode(self._encoding, "ignore")  # without half a character at the end

    def widest(self, texts: Sequence[str | None]) -> int:
        """Bytes of the longest; where later ones are longer, GDAL widens the column."""
        return max((len(text.encode(self._encoding)) for text in texts if text), default=1)


def _part_of(geometry: BaseGeometry | None) -> str:
    return _PART_OF[geometry.geom_type if geometry is not None else None]
