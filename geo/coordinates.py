"""Read and write positions as people and devices give them, and recognise the shift of web maps.

Degrees, decimal or with minutes and seconds, in whatever order the letters or the sizes of the numbers tell.
Positions on a projected grid are read by `geo.crs`, where the system is declared.
"""

from __future__ import annotations

import re
import unicodedata
from math import isfinite

from geo.crs import CGCS2000
from geo.errors import BadPosition, NotFinite, PositionOutOfRange
from geo.shifts import bd09_to_wgs84, gcj02_to_wgs84, wgs84_to_bd09, wgs84_to_gcj02

__all__ = [
    "bd09_to_wgs84",
    "format_position",
    "gcj02_to_wgs84",
    "read_position",
    "shift_hint",
    "wgs84_to_bd09",
    "wgs84_to_gcj02",
]

_GEOD = CGCS2000.get_geod()
_LONGEST_TEXT = 200

# Signs people type for degrees, minutes and seconds; before NFKC, which takes some of them apart
_SIGNS = str.maketrans(
    {"º": "°", "˚": "°", "度": "°", "′": "'", "‘": "'", "’": "'", "＇": "'", "分": "'"}
    | {"″": '"', "“": '"', "”": '"', "＂": '"', "秒": '"', "−": "-", "–": "-", "、": ",", "；": ";"}
)
_LETTERS = (
    ("东经", "E"),
    ("西经", "W"),
    ("北纬", "N"),
    ("南纬", "S"),
    ("经度", "E"),
    ("纬度", "N"),
    ("LONGITUDE", "E"),
    ("LATITUDE", "N"),
    ("LNG", "E"),
    ("LON", "E"),
    ("LAT", "N"),
    ("东", "E"),
    ("西", "W"),
    ("北", "N"),
    ("南", "S"),
)
_DEGREES = (
    r"(?P<d>[+-]?\d{1,3}(?:\.\d{1,15})?)"
    r"(?:\s*°\s*(?:(?P<m>\d{1,2}(?:\.\d{1,12})?)\s*'\s*)?(?:(?P<s>\d{1,2}(?:\.\d{1,12})?)\s*(?:\"|''))?)?"
)
_ONE = re.compile(rf"(?P<before>[EWNS])?[\s:=]*{_DEGREES}(?(before)|(?:\s*(?P<after>[EWNS]))?)", re.ASCII)
# What tells longitude from latitude by size alone, wherever China's ranges do not meet
_CHINA_LON, _CHINA_LAT = (73.0, 136.0), (3.0, 54.0)

# How far a pair may be from the computed shift: least and most of its length, degrees of direction
_SHIFT_BOUNDS = {
    "gcj02": (wgs84_to_gcj02, 0.6, 1.55, 16.0),
    "bd09": (wgs84_to_bd09, 0.86, 1.06, 7.5),
}


def read_position(text: str) -> tuple[float, float]:
    """Read a pair of degrees as people paste them.

    Letters (E, N, 东经, 北纬, lon, lat) decide which number is which; without them the sizes do, and
    failing that longitude comes first.

    Returns
    -------
    tuple of float
        Longitude and latitude in degrees, as written: no datum is assumed.

    Raises
    ------
    BadPosition
        The text is no pair of degrees.
    PositionOutOfRange
        It is, but not of this world.
    NotFinite
        It says NaN or infinity.

    Examples
    --------
    >>> read_position("38.93，100.45")
    (100.45, 38.93)
    >>> read_position("东经100°27′00″ 北纬38°55′48″")
    (100.45, 38.93)
    """
    written = _plain(text)
    if re.fullmatch(r"[-+\s,]*(NAN|INF(INITY)?)\b.*|.*\b(NAN|INF(INITY)?)[\s)]*", written):
        raise NotFinite
    first = _ONE.match(written)
    if not first:
        raise BadPosition
    gap = re.compile(r"[\s,;/&]*").match(written, first.end())
    second = _ONE.fullmatch(written, gap.end())
    if not second or (not gap[0] and not (first["after"] or second["before"])):
        raise BadPosition
    return _in_order(_one_coordinate(first), _one_coordinate(second))


def format_position(lon: float, lat: float) -> str:
    """Write a position so that people can read it and paste it anywhere: six decimals, longitude first.

    Examples
    --------
    >>> format_position(100.45, 38.93)
    '100.450000, 38.930000'
    """
    if not (isfinite(lon) and isfinite(lat)):
        raise NotFinite
    return f"{lon:.6f}, {lat:.6f}"


def shift_hint(stored: tuple[float, float], new: tuple[float, float]) -> str | None:
    """Tell whether a new position looks like the stored one, shifted as web maps shift it.

    Parameters
    ----------
    stored, new : tuple of float
        Longitude and latitude in CGCS2000.

    Returns
    -------
    str or None
        ``"gcj02"``, ``"bd09"``, or None where it looks like neither.

    Notes
    -----
    The shift is computed at the stored position; distance and direction may differ from it by what two
    careful readings of one place differ.

    Examples
    --------
    >>> shift_hint((100.45, 38.93), (100.4517, 38.9306))
    'gcj02'
    """
    direction, _, distance_m = _GEOD.inv(*stored, *new)
    if not isfinite(distance_m):
        raise NotFinite
    for name, (shift, least, most, degrees) in _SHIFT_BOUNDS.items():
        expected, _, expected_m = _GEOD.inv(*stored, *shift(*stored))
        off = abs((direction - expected + 180.0) % 360.0 - 180.0)
        if expected_m > 1.0 and off <= degrees and least * expected_m <= distance_m <= most * expected_m:
            return name
    return None


def _plain(text: str) -> str:
    """One notation for digits, signs and letters; brackets taken off."""
    if len(text) > _LONGEST_TEXT:
        raise BadPosition
    written = text.upper()
    for word, letter in _LETTERS:
        written = written.replace(word, letter)
    return unicodedata.normalize("NFKC", written.translate(_SIGNS)).strip("()[]{} \t\r\n")


def _one_coordinate(found: re.Match[str]) -> tuple[float, str | None]:
    """Degrees with sign, and the letter that says which way they run."""
    before, after = found["before"], found["after"]
    if before and after:
        raise BadPosition
    minutes, seconds = float(found["m"] or 0), float(found["s"] or 0)
    if minutes >= 60 or seconds >= 60 or ("." in found["d"] and (found["m"] or found["s"])):
        raise BadPosition
    size = round(abs(float(found["d"])) + minutes / 60 + seconds / 3600, 12)
    letter = before or after
    negative = found["d"].startswith("-")
    if letter in ("W", "S"):
        if negative:
            raise BadPosition
        return -size, "E" if letter == "W" else "N"
    return -size if negative else size, letter


def _in_order(first: tuple[float, str | None], second: tuple[float, str | None]) -> tuple[float, float]:
    """Longitude and latitude, by letter or by size."""
    (a, a_letter), (b, b_letter) = first, second
    if a_letter and a_letter == b_letter:
        raise BadPosition
    if a_letter == "N" or b_letter == "E":
        lon, lat = b, a
    elif a_letter or b_letter or not _looks_swapped(a, b):
        lon, lat = a, b
    else:
        lon, lat = b, a
    if abs(lon) > 180 or abs(lat) > 90:
        raise PositionOutOfRange(lon=lon, lat=lat)
    return lon, lat


def _looks_swapped(a: float, b: float) -> bool:
    if abs(b) > 90 >= abs(a):
        return True
    return _CHINA_LAT[0] <= a <= _CHINA_LAT[1] and _CHINA_LON[0] <= b <= _CHINA_LON[1]
