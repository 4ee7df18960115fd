"""Read and write coordinates as people and devices give them, alone and in pairs.

How they are written is in `geo.notations`; which system the numbers are in is for `geo.readings` to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from math import isfinite, nan
from typing import TypeVar

import numpy as np

from geo.errors import BadPosition, NotFinite, PositionOutOfRange
from geo.notations import Written, read_one, read_two
from geo.shifts import bd09_to_wgs84, gcj02_to_wgs84, shift_hint, wgs84_to_bd09, wgs84_to_gcj02

__all__ = [
    "CHINA",
    "bd09_to_wgs84",
    "format_position",
    "gcj02_to_wgs84",
    "read_coordinate",
    "read_number_pairs",
    "read_numbers",
    "read_pair",
    "read_position",
    "shift_hint",
    "wgs84_to_bd09",
    "wgs84_to_gcj02",
]

Cell = str | int | float | None
Read = TypeVar("Read")

_LARGEST = 1e15  # no coordinate; beyond it a whole number is no longer exact as a float
# What most cells hold, read without the grammar
_NUMBER = re.compile(r"\s*[+-]?\d{1,9}(?:\.\d{0,20})?\s*", re.ASCII)
_NUMBERS = re.compile(r"([+-]?\d{1,9}(?:\.\d{0,20})?)\s*[,，;\s]\s*([+-]?\d{1,9}(?:\.\d{0,20})?)", re.ASCII)
# Bounds in degrees: longitude and latitude are told apart by size alone, since the two ranges do not meet
CHINA = (73.0, 3.0, 136.0, 54.0)


def read_coordinate(text: str) -> float:
    """Read one coordinate by itself: degrees in any notation, or a plain number of metres.

    West and south are negative. Degrees with minutes and seconds are written `100°27'00.0"E`,
    `100度27分0秒`, `100°27.5′`, `100 27 00`, `100-27-00` or `100:27:00`. A comma is a decimal point or parts
    thousands only where it can be nothing else: `100,4500`, `4,311,732.81`.

    Raises
    ------
    BadPosition
        Anything else, and what may mean two things: `100,450`, `100 27`, minutes or seconds of 60 and more,
        exponents. A bare `1002700` is read as the number it is, never as degrees, minutes and seconds.
    NotFinite
        It says NaN or infinity.

    Examples
    --------
    >>> read_coordinate("100度27分0秒"), read_coordinate("33625734.81"), read_coordinate("38°55.8′S")
    (100.45, 33625734.81, -38.93)
    """
    return read_one(text).value


def read_pair(text: str) -> tuple[float, float]:
    """Read two coordinates from one text: degrees or metres, each as `read_coordinate` reads it.

    Between them stands a space, a comma, a semicolon, a slash or a line's end. Names are understood:
    `lng:100.45,lat:38.93`, `东经…北纬…`, `X=4311732.81 Y=625734.81`, `POINT(100.45 38.93)`, `B=… L=…`.

    Returns
    -------
    tuple of float
        As written, unless letters say that the second runs east; X and Y say nothing.

    Raises
    ------
    BadPosition
        The text is no pair; three numbers are none.
    NotFinite
        It says NaN or infinity.

    Examples
    --------
    >>> read_pair("X=4311732.81 Y=33625734.81")
    (4311732.81, 33625734.81)
    >>> read_pair("北纬38°55′48″ 东经100°27′00″")
    (100.45, 38.93)
    """
    first, second = _by_letters(*read_two(text))
    return first.value, second.value


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
    first, second = _by_letters(*read_two(text))
    lon, lat = first.value, second.value
    if not (first.letter or second.letter) and _looks_swapped(lon, lat):
        lon, lat = lat, lon
    if abs(lon) > 180 or abs(lat) > 90:
        raise PositionOutOfRange(lon=lon, lat=lat)
    return lon, lat


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


def read_numbers(cells: Iterable[Cell]) -> tuple[np.ndarray, dict[int, BadPosition]]:
    """Read a column of single coordinates; plain numbers, which most are, fast.

    Returns
    -------
    numbers : ndarray, shape (n,)
        NaN where the cell is blank or refused.
    errors : dict
        Why a cell is refused, by its place in the column; a blank one is not.

    Examples
    --------
    >>> numbers, errors = read_numbers(["100.45", 38, "100°27′", "", "here"])
    >>> numbers.tolist(), list(errors)
    ([100.45, 38.0, 100.45, nan, nan], [4])
    """
    errors: dict[int, BadPosition] = {}
    return np.array([_number(cell, place, errors) for place, cell in enumerate(cells)], dtype=float), errors


def read_number_pairs(cells: Iterable[Cell]) -> tuple[np.ndarray, np.ndarray, dict[int, BadPosition]]:
    """Read a column of pairs, as `read_pair` reads one: two arrays and the errors, as for `read_numbers`."""
    errors: dict[int, BadPosition] = {}
    pairs = [_pair(cell, place, errors) for place, cell in enumerate(cells)]
    x, y = np.array(pairs, dtype=float).reshape(-1, 2).T
    return x, y, errors


def _by_letters(first: Written, second: Written) -> tuple[Written, Written]:
    """The one that runs east before the one that runs north, where that is said."""
    if first.letter and first.letter == second.letter:
        raise BadPosition
    return (second, first) if first.letter == "N" or second.letter == "E" else (first, second)


def _looks_swapped(a: float, b: float) -> bool:
    """Whether two numbers are latitude and longitude, and not the other way round, by China's ranges."""
    west, south, east, north = CHINA
    return abs(b) > 90 >= abs(a) or (south <= a <= north and west <= b <= east)


def _number(cell: Cell, place: int, errors: dict[int, BadPosition]) -> float:
    if type(cell) is str and _NUMBER.fullmatch(cell):
        return float(cell)
    if type(cell) in (float, int) and -_LARGEST < cell < _LARGEST:
        return cell
    return _slowly(read_coordinate, cell, place, errors, nan)


def _pair(cell: Cell, place: int, errors: dict[int, BadPosition]) -> tuple[float, float]:
    found = _NUMBERS.fullmatch(cell.strip()) if type(cell) is str else None
    if found:
        return float(found[1]), float(found[2])
    return _slowly(read_pair, cell, place, errors, (nan, nan))


def _slowly(
    read: Callable[[str], Read], cell: Cell, place: int, errors: dict[int, BadPosition], blank: Read
) -> Read:
    text = "" if cell is None else str(cell)
    if not text.strip():
        return blank
    try:
        return read(text)
    except BadPosition as error:
        errors[place] = error.with_traceback(None)  # a hundred thousand of them need not keep their frames
        return blank
