"""Features out: one module a format, each from layers of plain rows to a file of its own.

Each has `write(path, document)`, which gives what the format could not hold, as the losses of
`geo.writers.losses`. Rows come in batches, so that memory stays bounded however many there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import ModuleType

# A module is loaded when its format is asked for: a library of one format costs the others nothing.
WRITERS: Mapping[str, str] = {
    ".csv": "geo.writers.text",
    ".geojson": "geo.writers.geojson",
    ".gpkg": "geo.writers.geopackage",
    ".kml": "geo.writers.kml",
    ".xlsx": "geo.writers.workbook",
    ".zip": "geo.writers.shapefile",
}


def writer_of(ending: str) -> ModuleType:
    """The writer for files with an ending of `WRITERS`."""
    return import_module(WRITERS[ending])
