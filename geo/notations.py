"""How coordinates are written: one grammar for degrees, with or without minutes and seconds, and metres.

Chinese and Western signs, words and labels are brought to one writing first. What can mean two things is
refused.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from geo.errors import BadPosition, NotFinite

_LONGEST_TEXT = 200

# Signs people type, before NFKC takes some of them apart; what cannot be seen is dropped
_SIGNS = str.maketrans(
    {"º": "°", "˚": "°", "′": "'", "‘": "'", "’": "'", "＇": "'", "´": "'", "`": "'"}
    | {"″": '"', "“": '"', "”": '"', "＂": '"', "、": ","}
    | dict.fromkeys("−–—‐‑", "-")
    | dict.fromkeys("\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff")
)
_WORDS = (
    ("横坐标", "X"),
    ("纵坐标", "Y"),
    ("东坐标", "E"),
    ("北坐标", "N"),
    ("坐标", ""),
    ("东经", "E"),
    ("西经", "W"),
    ("北纬", "N"),
    ("南纬", "S"),
    ("经度", "E"),
    ("纬度", "N"),
    ("LONGITUDE", "E"),
    ("LATITUDE", "N"),
    ("POINT", ""),
    ("LNG", "E"),
    ("LON", "E"),
    ("LAT", "N"),
    ("东", "E"),
    ("西", "W"),
    ("北", "N"),
    ("南", "S"),
    ("度", "°"),
    ("分", "'"),
    ("秒", '"'),
    ("米", "M"),
)
# X and Y say nothing, since a surveyor's X runs north; B and L are a surveyor's latitude and longitude
_LABELS = (
    (re.compile(r"(?<!\w)[XY]+\s*[=:]?\s*(?=[-+\d])", re.ASCII), " "),
    (re.compile(r"(?<!\w)B\s*[=:]", re.ASCII), "N:"),
    (re.compile(r"(?<!\w)L\s*[=:]", re.ASCII), "E:"),
    (re.compile(r'"([EWNS])"\s*:'), r"\1:"),
)

_PART = r"\d{1,2}(?:\.\d{1,12})?"
_ONE = re.compile(
    rf"""
    (?P<before>[EWNS])? [\s:=]* (?P<sign>[+-])?
    (?:
        # 100°27'00.0" and what people leave off; a part without its sign stands close to the one before
        (?P<d>\d{{1,3}}(?:\.\d{{1,15}})?) \s* °
        (?: \s* (?P<m>{_PART}) \s* ' | (?P<m_bare>{_PART}) (?![\d.°'"]) )?
        (?: \s* (?P<s>{_PART}) \s* (?:"|'') | (?<=') (?P<s_bare>{_PART}) (?![\d.°'"]) )?
    |
        # 100:27:00, 100-27-00, 100 27 00: with all three parts, or it could be something else
        (?P<d_cut>\d{{1,3}}) (?: (?P<cut>[:-]) | \s+ ) (?P<m_cut>\d{{1,2}})
        (?(cut) (?P=cut) | \s+ ) (?P<s_cut>{_PART}) (?![\d.:-])
    |
        (?P<number>\d{{1,9}}(?:\.\d{{0,20}})?) (?![\d.]) (?:\s*M)?
    )
    (?(before)|(?:\s*(?P<after>[EWNS]))?)
    """,
    re.ASCII | re.VERBOSE,
)
_NO_NUMBER = re.compile(r"[-+\s,]*(NAN|INF(INITY)?)\b.*|.*\b(NAN|INF(INITY)?)[\s)]*", re.DOTALL)
_DIGIT = re.compile(r"\d", re.ASCII)
_GAP = re.compile(r"[\s,]*")
_BETWEEN = re.compile(r"\s*[;|/&\t\r\n]+\s*")
# Commas that can only part thousands, or only be a decimal point: 4,311,732.81 and 100,4500, but not 100,450
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:(?:,\d{3})+(?=\.\d)|(?:,\d{3}){2,}(?![\d.,]))", re.ASCII)
_DECIMAL_COMMA = re.compile(r"(?<![\d.,])(?:\d{1,3},\d{4,}|\d{4,},\d+)(?![\d.,])", re.ASCII)


class Written(NamedTuple):
    """One coordinate as it was written: degrees or metres."""

    value: float  # negative to the west and south
    letter: str | None  # E or N: which way it runs, where that is said


def read_one(text: str) -> Written:
    """Read a text that holds one coordinate; `geo.coordinates.read_coordinate` says what is refused."""
    return _one(_plain(text))


def read_two(text: str) -> tuple[Written, Written]:
    """Read a text that holds two coordinates, in the order they stand in.

    Raises
    ------
    BadPosition
        It holds anything else.
    NotFinite
        It says NaN or infinity.
    """
    written = _plain(text)
    halves = _BETWEEN.split(written)
    if len(halves) == 2:
        return _one(halves[0]), _one(halves[1])
    first = _ONE.match(written)
    gap = _GAP.match(written, first.end()) if first else None
    second = _ONE.fullmatch(written, gap.end()) if gap else None
    if first and gap and second and _stand_apart(first, gap[0], second):
        return _coordinate(first), _coordinate(second)
    halves = written.split()
    if len(halves) != 2:
        raise BadPosition
    return _one(halves[0]), _one(halves[1])


def _stand_apart(first: re.Match[str], gap: str, second: re.Match[str]) -> bool:
    """Whether it is plain where one ends and the other begins; of four bare numbers it is not."""
    if "," in gap or first["after"] or second["before"]:
        return True
    return bool(gap) and bool(first["d_cut"]) == bool(second["d_cut"])


def _plain(text: str) -> str:
    """One writing for digits, signs, letters and labels; brackets taken off."""
    if len(text) > _LONGEST_TEXT:
        raise BadPosition
    written = unicodedata.normalize("NFKC", text.translate(_SIGNS)).upper()
    if _NO_NUMBER.fullmatch(written):
        raise NotFinite
    if not _DIGIT.search(written):
        raise BadPosition
    for word, letter in _WORDS:
        written = written.replace(word, letter)
    for label, letter in _LABELS:
        written = label.sub(letter, written)
    return written.strip("()[]{},; \t\r\n")


def _one(written: str) -> Written:
    written = _THOUSANDS.sub(lambda found: found[0].replace(",", ""), written.strip("()[], "))
    written = _DECIMAL_COMMA.sub(lambda found: found[0].replace(",", "."), written)
    found = _ONE.fullmatch(written)
    if not found:
        raise BadPosition
    return _coordinate(found)


def _coordinate(found: re.Match[str]) -> Written:
    degrees = found["d"] or found["d_cut"]
    minutes = found["m"] or found["m_bare"] or found["m_cut"]
    seconds = found["s"] or found["s_bare"] or found["s_cut"]
    if degrees:
        _refuse_impossible(degrees, minutes, seconds)
        size = round(float(degrees) + float(minutes or 0) / 60 + float(seconds or 0) / 3600, 12)
    else:
        size = float(found["number"])
    letter, negative = found["before"] or found["after"], found["sign"] == "-"
    if letter in ("W", "S") and negative:
        raise BadPosition
    value = -size if negative or letter in ("W", "S") else size
    return Written(value, {"W": "E", "S": "N"}.get(letter, letter))


def _refuse_impossible(degrees: str, minutes: str | None, seconds: str | None) -> None:
    """Sixty minutes are a degree, and only the last part has decimals."""
    if float(degrees) > 180 or float(minutes or 0) >= 60 or float(seconds or 0) >= 60:
        raise BadPosition
    if ("." in degrees and (minutes or seconds)) or (minutes and "." in minutes and seconds):
        raise BadPosition
