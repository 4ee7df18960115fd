"""Read one shapefile whose parts lie beside each other under names of ours."""

from __future__ import annotations

from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

from geo.errors import EncodingNotAsSaid, PartsDisagree
from geo.formats import Limits
from geo.readers import dbf
from geo.readers.answer import Answer
from geo.readers.features import add_chunk, crs_of, refuse_wide, unique
from geo.readers.gdal import GDAL

SYSTEM, ENCODING = ".system", ".encoding"  # the endings of .prj and .cpg here
_DRIVER = "ESRI Shapefile"
_SHX_HEAD, _SHX_ENTRY = 100, 8
_LONGEST_PRJ = 20_000


def read_shapefile(shp: Path, name: str, answer: Answer, limits: Limits) -> None:
    """Add one sheet with the features of a shapefile; its text is read twice, first to find its encoding."""
    gdal = GDAL(_DRIVER, SHAPE_RESTORE_SHX="YES")
    head = dbf.read_head(shp.with_suffix(".dbf"))
    texts = _try_texts(gdal, shp, head, limits)
    _refuse_unequal(shp, head.records)
    encoding = texts.encoding
    if texts.is_lied_about:
        answer.note(EncodingNotAsSaid(declared=texts.declared, encoding=encoding))
    answer.encoding = answer.encoding or encoding
    sheet = answer.begin_sheet(name, columns=[], has_geometry=True, crs=_crs(shp.with_suffix(SYSTEM)))
    for chunk in gdal.chunks(shp, encoding=dbf.BYTES):
        sheet.columns = unique([dbf.decode_name(one, encoding) for one in chunk.names])
        columns = [[dbf.decode(one, encoding) for one in cells] for cells in chunk.columns]
        add_chunk(answer, replace(chunk, names=sheet.columns, columns=columns))


def _try_texts(gdal: GDAL, shp: Path, head: dbf.Head, limits: Limits) -> dbf.Texts:
    cpg = shp.with_suffix(ENCODING)
    declared = cpg.read_bytes()[:100].decode("ascii", "replace") if cpg.exists() else ""
    texts = dbf.Texts(declared, head.mark)
    for chunk in gdal.chunks(shp, encoding=dbf.BYTES, read_geometry=False):
        refuse_wide(chunk, limits)
        for name, cells, width in zip_longest(chunk.names, chunk.columns, head.widths[: len(chunk.names)]):
            texts.try_name(name)
            texts.try_texts(cells, first=chunk.first, width=width or 0)
    return texts


def _refuse_unequal(shp: Path, records: int) -> None:
    """See that there is a record for every shape; the .shx was restored if it was not there."""
    shapes = max(0, shp.with_suffix(".shx").stat().st_size - _SHX_HEAD) // _SHX_ENTRY
    if shapes != records:
        raise PartsDisagree(shapes=shapes, records=records)


def _crs(prj: Path) -> str | None:
    """Name the coordinate system; without a .prj, none."""
    if not prj.exists():
        return None
    content = prj.read_bytes()[:_LONGEST_PRJ]
    try:
        return crs_of(content.decode())
    except UnicodeDecodeError:
        return crs_of(content.decode("gb18030", "replace"))
