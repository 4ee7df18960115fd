"""GDAL with one driver and no other, reading nothing but the file itself, some thousand features at a time.

GDAL trusts content, not endings, and some of what it reads names other files and addresses. So it is loaded
here, in the reading process, with all drivers but one taken out beforehand; if another one is there all the
same, nothing is read.
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from geo.errors import BadLayer

# All vector drivers of any GDAL, from its documentation; those a build lacks do no harm
_KNOWN = (
    "ADBC, AeronavFAA, AIVector, AmigoCloud, ARCGEN, Arrow, AVCBin, AVCE00, BAG, BNA, CAD, Carto, "
    "Cloudant, CouchDB, CSV, CSW, DB2ODBC, DGN, DGNV8, DODS, DWG, DXF, EDIGEO, EEDA, Elasticsearch, "
    "ESRI Shapefile, ESRIJSON, FileGDB, FlatGeobuf, GDALG, Geoconcept, GeoJSON, GeoJSONSeq, Geomedia, "
    "GeoRSS, GFT, GML, GMLAS, GPKG, GPSBabel, GPSTrackMaker, GPX, GTFS, GTM, HANA, HTF, HTTP, IDB, Idrisi, "
    "INGRES, Interlis 1, Interlis 2, JML, JP2ECW, JP2KAK, JP2Lura, JP2MrSID, JP2OpenJPEG, JPEG2000, "
    "JSONFG, KML, LIBKML, LVBAG, MapInfo File, MapML, MBTiles, MEM, Memory, MiraMonVector, MongoDB, "
    "MongoDBv3, MSSQLSpatial, MVT, MySQL, NAS, netCDF, NGW, OAPIF, OCI, OCI GeoRaster, ODBC, ODS, OGCAPI, "
    "OGDI, OGR_DODS, OGR_GMT, OGR_GRASS, OGR_OGDI, OGR_PDS, OGR_SDE, OGR_VRT, OpenAir, OpenFileGDB, OSM, "
    "Parquet, PCIDSK, PDF, PDS4, PGDUMP, PGeo, PLSCENES, PMTiles, PostgreSQL, REC, S57, SDE, SEGUKOOA, "
    "SEGY, Selafin, SOSI, SQLite, SUA, SVG, SXF, TIGER, TileDB, TopoJSON, UK .NTF, VDV, VFK, VICAR, Walk, "
    "WAsP, WFS, WFS3, XLS, XLSX, XODR, XPLANE"
)
DRIVERS = _KNOWN.split(", ")
# No plug-ins, no script in a file, and a proxy that is not there for whatever would still ask the network
_CLOSED = {
    "GDAL_DRIVER_PATH": "disable",
    "GDAL_PYTHON_DRIVER_PATH": "disable",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "GDAL_HTTP_PROXY": "127.0.0.1:9",
    "GDAL_HTTP_MAX_RETRY": "0",
    "GDAL_HTTP_TIMEOUT": "1",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
    "GDAL_NUM_THREADS": "1",
    "CPL_LOG": os.devnull,  # what matters is raised; the rest are drivers that are not there
}
_CHUNK = 5_000
_WHOLE = ("OFTInteger", "OFTInteger64")
_DAYS = ("OFTDate", "OFTDateTime", "OFTTime")
_EXACT = 2**53  # the greatest whole number up to which a float holds them all
_INSTANT = re.compile(
    r"(?P<year>\d{4})[-/](?P<month>\d\d)[-/](?P<day>\d\d)"
    r"(?:[T ](?P<time>\d\d:\d\d:\d\d)(?:\.\d+)?(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?)?"
)


@dataclass(frozen=True)
class Chunk:
    """Some features of a layer: values by column, geometries as WKB, both in their order."""

    names: list[str]
    columns: list[list[Any]]
    geometries: np.ndarray | None  # of bytes or None, shape (n,)
    crs: str | None
    first: int  # number of the first feature, from 1
    count: int


class GDAL:
    """GDAL with one driver.

    Raises
    ------
    RuntimeError
        It has another one too: a version that is newer than our list.
    """

    def __init__(self, driver: str, **options: str) -> None:
        skipped = ",".join(one for one in DRIVERS if one != driver)
        os.environ.update(_CLOSED | options | {"OGR_SKIP": skipped})
        self._pyogrio: ModuleType = importlib.import_module("pyogrio")
        others = set(self._pyogrio.list_drivers()) - {driver}
        if others:
            raise RuntimeError(f"GDAL would also read by {', '.join(sorted(others))}")

    def layers(self, path: Path) -> list[tuple[str, bool]]:
        """List the layers of a file: names, and whether they have geometries."""
        with _readable():
            return [(str(name), kind is not None) for name, kind in self._pyogrio.list_layers(path)]

    def chunks(self, path: Path, **how: Any) -> Iterator[Chunk]:
        """Read a layer, at least one chunk; `how` as `pyogrio.raw.read` takes it."""
        first = 0
        while True:
            chunk = self.chunk(path, first, _CHUNK, **how)
            yield chunk
            first += chunk.count
            if chunk.count < _CHUNK:
                return

    def chunk(self, path: Path, skipped: int, most: int, **how: Any) -> Chunk:
        """Read some features of a layer."""
        how = {"force_2d": True, "datetime_as_string": True, "return_fids": True} | how
        with _readable():
            return self._read(path, skipped, most, how)

    def _read(self, path: Path, skipped: int, most: int, how: dict[str, Any]) -> Chunk:
        said, ids, geometries, arrays = self._pyogrio.raw.read(
            path, skip_features=skipped, max_features=most, **how
        )
        names = [str(name) for name in said["fields"]]
        columns = []
        for name, kind, subtype, array in zip(
            names, said["ogr_types"], said["ogr_subtypes"], arrays, strict=True
        ):
            if kind in _WHOLE and array.dtype.kind == "f" and np.nanmax(np.abs(array), initial=0) > _EXACT:
                array = self._exact(path, name, ids, array, how)
            columns.append(_values(array, kind, subtype))
        return Chunk(names, columns, geometries, said["crs"], skipped + 1, len(ids))

    def _exact(
        self, path: Path, name: str, ids: np.ndarray, array: np.ndarray, how: dict[str, Any]
    ) -> np.ndarray:
        """Read whole numbers again without the empty ones among them, which cost them their last digits."""
        filled = ~np.isnan(array)
        only = {"columns": [name], "read_geometry": False, "fids": ids[filled]}
        exact = np.full(len(array), None, dtype=object)
        exact[filled] = self._pyogrio.raw.read(path, **(how | only))[3][0]
        return exact


@contextmanager
def _readable() -> Iterator[None]:
    """Call a file that GDAL stumbles over unreadable."""
    try:
        yield
    except (RuntimeError, ValueError) as error:
        raise BadLayer from error


def _values(array: np.ndarray, kind: str, subtype: str) -> list[Any]:
    """Give a column as Python has it; pictures and the like are left out."""
    if kind == "OFTBinary":
        return [None] * len(array)
    if array.dtype == np.float32:
        array = array.astype(str).astype(float)  # 3.6, not 3.5999999
    values = [None if value != value else value for value in array.tolist()]
    if kind in _WHOLE:
        whole = bool if subtype == "OFSTBoolean" else int
        return [None if value is None else whole(value) for value in values]
    if kind in _DAYS:
        return [_iso(value) for value in values]
    return [_trimmed(value) for value in values]


def _iso(value: str | None) -> str | None:
    """Write a day or an instant as ISO text; midnight is only the day.

    Examples
    --------
    >>> _iso("2026/03/13 00:00:00"), _iso("2026-03-13T08:30:05+08:00")
    ('2026-03-13', '2026-03-13 08:30:05+08:00')
    """
    found = _INSTANT.fullmatch(value or "")
    if not found:
        return value
    day = f"{found['year']}-{found['month']}-{found['day']}"
    return f"{day} {found['time']}{found['zone'] or ''}" if found["time"] not in (None, "00:00:00") else day


def _trimmed(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip(" \t\r\n\x00\u3000")
    return value.tolist() if isinstance(value, np.ndarray) else value
