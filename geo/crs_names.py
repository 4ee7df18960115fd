"""What people, programs and files call coordinate systems: words to `EPSG:n`, `GCJ02` or `BD09`.

Tables only; whether there is a way from a system to CGCS2000 is for `geo.crs` to say.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import NamedTuple

# Without 坐标 or 坐标系 at the end, except where nothing but a number would be left
_WORDS = {
    "GCJ02": "gcj gcj02 国测局 火星 高德 高德地图 腾讯 腾讯地图 amap autonavi gaode tencent",
    "BD09": "bd09 bd09ll 百度 百度地图 baidu",
    "EPSG:4490": "cgcs2000 china2000 chinageodeticcoordinatesystem2000 gcschinageodeticcoordinatesystem2000 "
    "2000国家大地 国家大地坐标系2000 国家2000 国家2000大地 大地2000 2000大地 2000坐标系 中国2000 天地图",
    "EPSG:4326": "wgs84 wgs1984 gcswgs1984 worldgeodeticsystem1984 crs84 gps 84坐标 84坐标系 谷歌地球 "
    "googleearth",
    "EPSG:4610": "xian80 xian1980 gcsxian1980 西安80 西安1980 1980西安 1980年西安 80西安 80坐标系 国家80 "
    "1980国家大地",
    "EPSG:4214": "bj54 beijing54 beijing1954 gcsbeijing1954 北京54 北京1954 1954北京 1954年北京 54北京 "
    "54坐标系",
    "EPSG:4555": "newbeijing gcsnewbeijing 新北京54 新1954北京 新1954年北京",
    "EPSG:3857": "webmercator 网络墨卡托 web墨卡托 pseudomercator wgs84pseudomercator wgs1984webmercator "
    "wgs1984webmercatorauxiliarysphere",
}
_NAMES = {word: name for name, words in _WORDS.items() for word in words.split()}
_LONGEST_FIRST = sorted(_NAMES, key=len, reverse=True)

FIRST_MERIDIAN, LAST_MERIDIAN = 75, 135


class Grid(NamedTuple):
    """Grids of one kind, one to a meridian from 75°E to 135°E."""

    first_code: int  # EPSG code of the one at 75°E; the others follow it
    step: int  # degrees from one meridian to the next
    first_zone: int | None  # number of the zone at 75°E, where the grids are named by zones

    def code_at(self, meridian: int) -> int | None:
        """EPSG code of the grid at a meridian, None where it has none."""
        past = meridian - FIRST_MERIDIAN
        if past % self.step or not FIRST_MERIDIAN <= meridian <= LAST_MERIDIAN:
            return None
        return self.first_code + past // self.step


class GridAt(NamedTuple):
    """One grid: of which degrees, its width and meridian, and its zone where zones name it."""

    degrees: str
    step: int
    meridian: int
    zone: int | None


# By the system of their degrees. Gauss-Krüger zones carry their number in front of the easting. Three degrees
# come before six, since at one meridian both give the same place where no number is carried.
GRIDS: dict[str, tuple[Grid, ...]] = {
    "EPSG:4490": (Grid(4534, 3, None), Grid(4513, 3, 25), Grid(4491, 6, 13)),
    "EPSG:4610": (Grid(2370, 3, None), Grid(2349, 3, 25), Grid(2327, 6, 13)),
    "EPSG:4214": (Grid(2422, 3, None), Grid(2401, 3, 25), Grid(21413, 6, 13)),
    "EPSG:4326": (Grid(32643, 6, 43),),  # UTM
}
_LONGEST_NAME = 60
_EPSG = re.compile(r"(?:URN:OGC:DEF:CRS:)?(EPSG|ESRI):(?:[\d.]*:)?(\d{1,6})", re.ASCII)
_GK = r"(?:gk|高斯克吕格|高斯|投影|坐标系)*"
_MERIDIAN = r"(?:cm|中央子午线|中央经线)(?P<meridian>\d{2,3})[e度]*"
_ZONE = r"(?:zone|带号)?第?(?P<zone>\d{2})(?:度?带)?(?P<bare>n)?"
_GRID = re.compile(rf"{_GK}(?:(?P<step>[36])(?:degree|度带|度分带))?{_GK}(?:{_MERIDIAN}|{_ZONE})")
_UTM = re.compile(r"(?:wgs84|wgs1984)?utm(?:zone)?(?P<zone>\d{2})n?")
_BRACKETED = re.compile(r"[(\[【]([^)\]】]*)[)\]】]?")
_NUMBERS = re.compile(
    r"经纬度|[经纬]度|东经|北纬|[横纵]坐标|坐标|lon(gitude)?|lng|lat(itude)?|[xy]", re.IGNORECASE
)
_SAME = (("krüger", "kruger"), ("gausskruger", "gk"), ("三度", "3度"), ("六度", "6度"), ("东经", ""))


def find_name(text: str) -> str | None:
    """Find the system a text names: `EPSG:n`, `ESRI:n`, `GCJ02`, `BD09`, or None.

    Letter case, spaces, full width and punctuation do not matter. Besides codes and the usual names it knows
    grids by zone or meridian, in the ways of EPSG, ESRI and Chinese surveyors.

    Examples
    --------
    >>> find_name("高德坐标系"), find_name("CGCS2000_3_Degree_GK_CM_99E"), find_name("西安80 3度带 33带")
    ('GCJ02', 'EPSG:4542', 'EPSG:2357')
    """
    written = unicodedata.normalize("NFKC", text).strip()
    code = _EPSG.fullmatch(written.upper().replace(" ", ""))
    if code:
        return f"{code[1]}:{int(code[2])}"
    if re.fullmatch(r"URN:OGC:DEF:CRS:OGC:(?:[\d.]*:)?CRS84|OGC:CRS84", written.upper()):
        return "EPSG:4326"
    word = squeeze(written)
    utm = _UTM.fullmatch(word)
    if utm:
        return _by_zone("EPSG:4326", int(utm["zone"]), None)
    return _NAMES.get(word) or _NAMES.get(re.sub("坐标系?$", "", word)) or _grid_named(word)


def find_grid(name: str) -> GridAt | None:
    """Find which grid a code names, None where it names none of the table.

    Examples
    --------
    >>> find_grid("EPSG:4542")
    GridAt(degrees='EPSG:4490', step=3, meridian=99, zone=None)
    >>> find_grid("EPSG:32647").zone, find_grid("EPSG:4490")
    (47, None)
    """
    for degrees, grids in GRIDS.items():
        for grid in grids:
            for past in range(0, LAST_MERIDIAN - FIRST_MERIDIAN + 1, grid.step):
                if name == f"EPSG:{grid.first_code + past // grid.step}":
                    zone = None if grid.first_zone is None else grid.first_zone + past // grid.step
                    return GridAt(degrees, grid.step, FIRST_MERIDIAN + past, zone)
    return None


def find_beside(heading: str) -> str | None:
    """Find the system that a heading names beside what the numbers are, None where it names none.

    Examples
    --------
    >>> find_beside("经度（GCJ-02）"), find_beside("百度坐标X"), find_beside("X坐标(西安80 3度带 33带)")
    ('GCJ02', 'BD09', 'EPSG:2357')
    """
    written = unicodedata.normalize("NFKC", heading)
    parts = [*_BRACKETED.findall(written), _NUMBERS.sub("", _BRACKETED.sub("", written))]
    return next((name for part in parts if (name := find_name(part))), None)


def find_datum(name: str) -> str | None:
    """Find the system of degrees that a datum belongs to, by the name a file gives it.

    Examples
    --------
    >>> find_datum("D_Xian_1980"), find_datum("World Geodetic System 1984 ensemble"), find_datum("Tokyo")
    ('EPSG:4610', 'EPSG:4326', None)
    """
    word = squeeze(name)
    found = _NAMES.get(word) or _NAMES.get(word.removeprefix("d"))
    if found is None and re.fullmatch(r"worldgeodeticsystem1984(ensemble|transit|g\d+)", word):
        return "EPSG:4326"
    return found


def squeeze(text: str) -> str:
    """One writing of a name: letters small, digits, and nothing between them but a decimal point."""
    small = unicodedata.normalize("NFKC", text).casefold()
    word = "".join(character for character in small if character.isalnum() or character == ".")
    for one, other in _SAME:
        word = word.replace(one, other)
    return word


def short_name(name: str) -> str:
    """Give a name as it may be printed: what stands in a file may hold anything."""
    printable = "".join(character if character.isprintable() else " " for character in name)
    return " ".join(unicodedata.normalize("NFKC", printable).split())[:_LONGEST_NAME].strip()


def shown_name(text: str) -> str:
    """Say what to call a text that names no system: of WKT the name it gives itself."""
    named = re.match(r'\w+\s*\[\s*"([^"]*)', text)
    return short_name(named[1] if named else text)


def fingerprint(wkt: str) -> str:
    """Give eight characters that tell one WKT from another, whatever its spaces."""
    return hashlib.sha256("".join(wkt.split()).encode()).hexdigest()[:8]


def _grid_named(word: str) -> str | None:
    """Read the name of a Gauss-Krüger grid, like `xian19803degreegkzone33`."""
    datum = next((known for known in _LONGEST_FIRST if word.startswith(known)), "")
    found = _GRID.fullmatch(word, len(datum))
    degrees = _NAMES.get(datum, "")
    if not found or degrees not in GRIDS or degrees == "EPSG:4326":  # of WGS 84 there is only UTM
        return None
    step = int(found["step"]) if found["step"] else None
    if found["bare"]:  # Beijing_1954_GK_Zone_17N: the zone only tells the meridian, and no easting carries it
        return _by_meridian(degrees, 6 * int(found["zone"]) - 3, step)
    if found["meridian"]:
        return _by_meridian(degrees, int(found["meridian"]), step)
    return _by_zone(degrees, int(found["zone"]), step)


def _by_meridian(degrees: str, meridian: int, step: int | None) -> str | None:
    """The 3-degree grid stands for the 6-degree one too, but not at a meridian that has none of 6 degrees."""
    code = GRIDS[degrees][0].code_at(meridian)
    return None if code is None or (step == 6 and meridian % 6 != 3) else f"EPSG:{code}"


def _by_zone(degrees: str, zone: int, step: int | None) -> str | None:
    for grid in GRIDS[degrees]:
        if grid.first_zone is not None and step in (None, grid.step):
            code = grid.code_at(FIRST_MERIDIAN + (zone - grid.first_zone) * grid.step)
            if code:
                return f"EPSG:{code}"
    return None
