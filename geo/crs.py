"""The coordinate systems positions come in, and the one way from each to longitude and latitude in CGCS2000.

`parse_crs` reads what somebody declared or a file says; the `Reading` it gives turns coordinates into what
the program keeps. WGS 84 is taken as equal to CGCS2000 (they differ by less than a metre). Every other datum
needs a way of its own: PROJ would do nothing, in silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.enums import TransformDirection
from pyproj.exceptions import CRSError, ProjError

from geo import shifts
from geo.crs_names import GRIDS, find_datum, find_name, fingerprint, short_name, shown_name, squeeze
from geo.datums import ELLIPSOIDS, ROUGH_M, DatumParameters, LocalDatums
from geo.errors import NoTransformation, UnknownCRS, UnknownDatum

CGCS2000 = CRS.from_epsg(4490)
WGS84 = CRS.from_epsg(4326)
WEB_MERCATOR = CRS.from_epsg(3857)

Pair = tuple[np.ndarray, np.ndarray]
Way = Callable[[np.ndarray, np.ndarray], Pair]

_SHIFTS: dict[str, tuple[Way, Way]] = {
    "GCJ02": (shifts.gcj02_to_wgs84, shifts.wgs84_to_gcj02),
    "BD09": (shifts.bd09_to_wgs84, shifts.wgs84_to_bd09),
}
_GRS80 = (6378137.0, 298.2572)  # near enough to tell it from the others, and not from that of WGS 84
# Systems of degrees that readings lead to: code of the datum (DOMAIN §5), half axis in m and 1 / flattening
_DEGREES = {
    "EPSG:4490": ("cgcs2000", _GRS80),
    "EPSG:4326": ("wgs84", _GRS80),
    "EPSG:4610": ("xian80", ELLIPSOIDS["xian80"]),
    "EPSG:4214": ("bj54", ELLIPSOIDS["bj54"]),
    "EPSG:4555": ("bj54", ELLIPSOIDS["bj54"]),  # the newer adjustment; its parameters would be others
}
_PARAMETERS_FOR = ("EPSG:4610", "EPSG:4214")
_WKT = re.compile(r"(?:PROJ|GEOG|GEOD|COMPD_|BOUND|COMPOUND|LOCAL_|ENG|GEOGRAPHIC|PROJECTED)(?:CS|CRS)\s*\[")
_NOT_SAID = re.compile(r"unknown|undefined|notspecified")
_MERIDIAN = "Longitude of natural origin"
_LONGEST_WKT = 20_000


@dataclass(frozen=True)
class Reading:
    """A way to read coordinates, like `EPSG:4542` or `GCJ02`; x runs east, y north.

    `name` is what reports print, the same whenever the same is read; `label` says it in words. `datum` is
    a code of DOMAIN §5. `accuracy_m` is None where the way is exact. A system without a code keeps its `wkt`,
    and `definition` is what `parse_crs` reads as the same again.
    """

    name: str
    label: str = field(default="", compare=False)
    datum: str = "cgcs2000"
    accuracy_m: float | None = None
    wkt: str | None = field(default=None, repr=False)
    parameters: DatumParameters | None = None

    @property
    def definition(self) -> str:
        """The text to keep, so as to read the same again."""
        return self.wkt or self.name

    @property
    def is_lonlat(self) -> bool:
        """Whether the numbers already are what the program keeps."""
        return self.name in ("EPSG:4490", "EPSG:4326")

    @property
    def is_web_mercator(self) -> bool:
        """Whether the numbers come from a web map, which is no place to measure on."""
        return self.name == "EPSG:3857"

    def to_lonlat(self, geometry: Any) -> Any:
        """Turn a geometry, or an array of them, into longitude and latitude in CGCS2000.

        Z is dropped. A coordinate that the system cannot hold becomes infinite, and
        `geo.shapes.check_geometry` refuses it: one such row does not lose the others.
        `None` in an array stays `None`.

        Examples
        --------
        >>> point = parse_crs("EPSG:4542").to_lonlat(shapely.Point(625734.81, 4311732.81))
        >>> round(point.x, 6), round(point.y, 6)
        (100.45, 38.93)
        """
        if self.is_lonlat:
            return shapely.force_2d(geometry)
        return shapely.transform(geometry, self.lonlat_of, interleaved=False)

    def lonlat_of(self, x: np.ndarray, y: np.ndarray) -> Pair:
        """Longitudes and latitudes of arrays of coordinates; what is no place becomes infinite or NaN."""
        return (x, y) if self.is_lonlat else _ways(self).there(x, y)

    def numbers_of(self, lons: np.ndarray, lats: np.ndarray) -> Pair:
        """Coordinates x and y of places in CGCS2000: the way back."""
        return (lons, lats) if self.is_lonlat else _ways(self).back(lons, lats)


@lru_cache(maxsize=512)
def parse_crs(text: str, *, local: LocalDatums | None = None, rough: bool = False) -> Reading:
    """Read a declared coordinate system: `EPSG:n`, a usual name in Chinese or English, or the WKT of a file.

    Parameters
    ----------
    text : str
        Like `EPSG:4542`, `GCJ02`, 百度, 2000国家大地坐标系, `CGCS2000_3_Degree_GK_Zone_33`, or `PROJCS["…`.
    local : LocalDatums, optional
        The county's own parameters; with them Xian 1980 and Beijing 1954 are read exactly.
    rough : bool
        Somebody agreed to take numbers in Xian 1980 or Beijing 1954, without parameters, as if they were
        CGCS2000: the accuracy is then 200 m.

    Raises
    ------
    UnknownCRS
        The text names none, or one that has no map coordinates.
    UnknownDatum
        It is on a datum that is neither one of China's nor WGS 84.
    NoTransformation
        It is on Xian 1980 or Beijing 1954, and there is neither consent nor parameters.

    Examples
    --------
    >>> parse_crs("gcj-02").name, parse_crs("高德").datum
    ('GCJ02', 'gcj02')
    >>> parse_crs("西安80", rough=True).accuracy_m
    200.0
    """
    written = text.strip().removeprefix("\ufeff")
    wkt = written if _WKT.match(written.upper()) else None
    name = (find_name(written[:200]) or "") if wkt is None else ""
    if name in _SHIFTS:
        return Reading(name, name, name.lower())
    crs = _horizontal(wkt or name, shown=shown_name(written))
    degrees = _degrees_of(crs)
    if degrees in _SHIFTS:
        return _shifted(crs, degrees)
    code = name if name.startswith("EPSG:") else _epsg_of(crs, degrees) or name
    datum, _ = _DEGREES[degrees]
    parameters = getattr(local, datum, None) if degrees in _PARAMETERS_FOR else None
    if datum in ELLIPSOIDS and parameters is None and not rough:
        raise NoTransformation(name=short_name(crs.name), rough_m=f"{ROUGH_M:.0f}")
    reading = Reading(
        name=code or f"{short_name(crs.name)} #{fingerprint(written)}",
        label=short_name(crs.name) if code else _label(crs),
        datum=datum,
        accuracy_m=ROUGH_M if datum in ELLIPSOIDS and parameters is None else None,
        wkt=None if code else wkt,
        parameters=parameters,
    )
    try:
        _ways(reading)
    except ProjError as error:
        raise UnknownCRS(crs=shown_name(written)) from error
    return reading


class _Ways(NamedTuple):
    there: Way  # from coordinates to longitude and latitude
    back: Way


@lru_cache(maxsize=512)
def _ways(reading: Reading) -> _Ways:
    if reading.name in _SHIFTS:
        return _Ways(*(_keeping_gaps(shift) for shift in _SHIFTS[reading.name]))
    crs = _horizontal(reading.definition)
    steps = [Transformer.from_crs(crs, CRS.from_user_input(_degrees_of(crs)), always_xy=True)]
    if reading.parameters:
        steps.append(reading.parameters.transformer())

    def there(x: np.ndarray, y: np.ndarray) -> Pair:
        for step in steps:
            x, y = step.transform(x, y)
        return x, y

    def back(lons: np.ndarray, lats: np.ndarray) -> Pair:
        for step in reversed(steps):
            lons, lats = step.transform(lons, lats, direction=TransformDirection.INVERSE)
        return lons, lats

    return _Ways(there, back)


def _horizontal(definition: str, *, shown: str = "") -> CRS:
    """The system of x and y: without heights, and without a datum shift that somebody hung on to it."""
    if len(definition) > _LONGEST_WKT:
        raise UnknownCRS(crs=shown)
    try:
        crs = CRS.from_wkt(definition) if _WKT.match(definition.upper()) else CRS.from_user_input(definition)
    except CRSError as error:
        raise UnknownCRS(crs=shown) from error
    while crs.is_compound or crs.is_bound:
        crs = crs.sub_crs_list[0] if crs.is_compound else crs.source_crs
    method = crs.coordinate_operation.method_name if crs.coordinate_operation else ""
    if method.startswith("PROJ "):  # PROJ would read files that the text names
        raise UnknownCRS(crs=shown)
    if not (crs.is_geographic or crs.is_projected):
        raise UnknownCRS(crs=shown)
    return crs


def _degrees_of(crs: CRS) -> str:
    """The system of degrees below a system, by its datum; the ellipsoid must agree, as names say anything."""
    datum = _datum_name(crs)
    found = find_datum(datum)
    if found in _SHIFTS:
        return found
    if found not in _DEGREES:
        raise (UnknownCRS if _NOT_SAID.match(squeeze(datum)) else UnknownDatum)(crs=short_name(crs.name))
    ours, theirs = _DEGREES[found][1], crs.ellipsoid
    if abs(theirs.semi_major_metre - ours[0]) > 0.5 or abs(theirs.inverse_flattening - ours[1]) > 0.001:
        raise UnknownDatum(crs=short_name(crs.name))
    return found


def _datum_name(crs: CRS) -> str:
    return (crs.geodetic_crs.datum or crs.geodetic_crs).name


def _shifted(crs: CRS, name: str) -> Reading:
    """GCJ-02 or BD-09 as some programs write it, as a datum; only degrees can be shifted back."""
    if not crs.is_geographic:
        raise UnknownDatum(crs=short_name(crs.name))
    return Reading(name, name, name.lower())


def _epsg_of(crs: CRS, degrees: str) -> str | None:
    """The code of a system whose numbers are the same; WKT may carry a code or a name that is not its own."""
    own = crs.to_json_dict().get("id", {})
    said = [f"{own.get('authority')}:{own.get('code')}", find_name(crs.name), degrees]
    meridian = _parameter(crs, _MERIDIAN)
    said += [
        f"EPSG:{grid.code_at(round(meridian))}" for grid in GRIDS.get(degrees, ()) if meridian is not None
    ]
    return next((name for name in said if name and _same_numbers(crs, name, degrees)), None)


def _same_numbers(crs: CRS, name: str, degrees: str) -> bool:
    """Whether a system with a code gives places in its area the same numbers, on the same datum."""
    if not re.fullmatch(r"EPSG:\d+", name):
        return False
    known = _horizontal(name)
    area = known.area_of_use
    if area is None or known.is_geographic != crs.is_geographic or find_datum(_datum_name(known)) != degrees:
        return False
    lons, lats = (part.ravel() for part in np.meshgrid((area.west, area.east), (area.south, area.north)))
    ways = [Transformer.from_crs(CRS.from_user_input(degrees), one, always_xy=True) for one in (crs, known)]
    ours, theirs = (np.array(way.transform(lons, lats)) for way in ways)
    return bool(np.all(np.abs(ours - theirs) < (1e-9 if crs.is_geographic else 1e-3)))


def _label(crs: CRS) -> str:
    """The name of a system of somebody's own, and what it is measured from."""
    meridian, easting = _parameter(crs, _MERIDIAN), _parameter(crs, "False easting")
    name = short_name(crs.name)
    return name if meridian is None or easting is None else f"{name} ({meridian:g}°, {easting:.0f} m)"


def _parameter(crs: CRS, name: str) -> float | None:
    parts = crs.coordinate_operation.params if crs.coordinate_operation else ()
    return next((part.value for part in parts if part.name == name), None)


def _keeping_gaps(shift: Way) -> Way:
    """Shift what can be degrees and leave the rest for the check of the row it belongs to."""

    def shift_finite(x: np.ndarray, y: np.ndarray) -> Pair:
        x, y = np.array(x, dtype=float), np.array(y, dtype=float)
        sound = (np.abs(x) <= 180.0) & (np.abs(y) <= 180.0)
        x[sound], y[sound] = shift(x[sound], y[sound])
        return x, y

    return shift_finite
