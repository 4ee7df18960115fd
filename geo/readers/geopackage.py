"""Read a GeoPackage: every layer and every table without geometry is a sheet."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from geo.errors import BadLayer, NoFeatures, OutsideReference
from geo.formats import Limits
from geo.readers.answer import Answer
from geo.readers.features import add_chunk, crs_of, refuse_wide, unique
from geo.readers.gdal import GDAL

_DRIVER = "GPKG"
_OF_PROGRAMS = ("layer_styles", "qgis_projects")  # what QGIS keeps beside the layers
# SQLite writes what a table was made by in this form; a table of another kind may read any file
_TABLE = re.compile(
    r"CREATE TABLE\b.*"
    r"""|CREATE VIRTUAL TABLE ("(?:[^"]|"")*"|'(?:[^']|'')*'|[\w.]+)\s+USING\s+"?(rtree|fts[345])"?\s*\(.*""",
    re.IGNORECASE | re.DOTALL,
)


def read(path: Path, answer: Answer, limits: Limits) -> None:
    """Read every layer in the order of the file."""
    _refuse_outside(path)
    gdal = GDAL(_DRIVER)
    layers = [(name, drawn) for name, drawn in gdal.layers(path) if name not in _OF_PROGRAMS]
    if not layers:
        raise NoFeatures
    for name, drawn in layers:
        sheet = answer.begin_sheet(name, columns=[], has_geometry=drawn)
        for chunk in gdal.chunks(path, layer=name):
            refuse_wide(chunk, limits)
            sheet.columns, sheet.crs = unique(chunk.names), crs_of(chunk.crs)
            add_chunk(answer, chunk)


def _refuse_outside(path: Path) -> None:
    """See that all tables lie in the file itself."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            made_by = database.execute("SELECT sql FROM sqlite_master WHERE type = 'table'").fetchall()
    except sqlite3.Error as error:
        raise BadLayer from error
    if not all(isinstance(sql, str) and _TABLE.fullmatch(sql) for (sql,) in made_by):
        raise OutsideReference
