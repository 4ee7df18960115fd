"""What a writer is given: layers of fields and rows, how they look, and what the file says of itself.

Rows come in batches, read when a writer asks for them. Geometries are longitude and latitude in CGCS2000.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from shapely.geometry.base import BaseGeometry

from geo.errors import GeoError

BEIJING = ZoneInfo("Asia/Shanghai")
_YES, _NO = "是", "否"
_BETWEEN = "、"


def _as_it_is(value: Any) -> Any:
    return value


def _shortest(value: float) -> str:
    return np.format_float_positional(value, trim="-")


@dataclass(frozen=True)
class Field:
    """One field of a layer; a value is None where there is none.

    `form` says what its values are: `text`, `whole` and `number`, `day` (a date), `moment` (an aware
    instant), `yes_no`, `code` and `codes` (a list of them, put into words by `words`), or `shape`: the
    feature's own geometry, which only a format without geometry writes, as WKT where it is no point.
    """

    key: str
    heading: str
    form: str = "text"
    title_en: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    places: int | None = None  # decimals of a number; None for as many as it has
    rare: bool = False  # most rows have none: GeoJSON leaves it out there

    @cached_property
    def in_words(self) -> Callable[[Any], Any]:
        """What people read for a value: codes and yes or no in words, an instant as Beijing time.

        Text, numbers and days stay as they are.

        Examples
        --------
        >>> Field("kind", "类别", "code", words={"pond": "坑塘"}).in_words("pond")
        '坑塘'
        """
        words = self.words
        spoken: Mapping[str, Callable[[Any], Any]] = {
            "code": lambda code: words.get(code, code),
            "codes": lambda codes: _BETWEEN.join(words.get(code, code) for code in codes),
            "yes_no": lambda value: _YES if value else _NO,
            "moment": lambda at: at.astimezone(BEIJING).replace(tzinfo=None),
        }
        return spoken.get(self.form, _as_it_is)

    @cached_property
    def in_text(self) -> Callable[[Any], str]:
        """A value as text that people read and programs can read again; a number with all its decimals.

        Examples
        --------
        >>> Field("lon", "经度", "number", places=7).in_text(100.45), Field("n", "数", "number").in_text(12.0)
        ('100.4500000', '12')
        """
        in_words, places = self.in_words, self.places
        written: Mapping[str, Callable[[Any], str]] = {
            "whole": str,
            "number": _shortest if places is None else lambda value: f"{value:.{places}f}",
            "day": date.isoformat,
            "moment": lambda at: f"{in_words(at):%Y-%m-%d %H:%M:%S}",
        }
        return written.get(self.form, in_words)


@dataclass(frozen=True)
class Sign:
    """How features of one code look: a fill and an edge as `#rrggbb`, a size in millimetres."""

    code: str
    words: str
    fill: str
    edge: str
    size_mm: float


@dataclass(frozen=True)
class Look:
    """How a layer looks by itself: which field names a feature, which decides its colour, which its shape.

    Features of one shape are a group. `signs` stand worst first and are drawn in the other order; `shapes`
    are names that QGIS gives its simple markers. The fields are named by their keys.
    """

    label: str
    colour_by: str
    signs: Sequence[Sign]
    shape_by: str
    shapes: Mapping[str, str]


@dataclass(frozen=True)
class Batch:
    """Some rows in their order: geometries (None for none), and values in the order of the fields."""

    geometries: Sequence[BaseGeometry | None]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Layer:
    """Features of one kind: a `key` for programs, a `name` for people; `only_points` if none is a shape."""

    key: str
    name: str
    fields: Sequence[Field]
    batches: Callable[[], Iterator[Batch]]
    look: Look
    only_points: bool = True

    def place_of(self, key: str) -> int:
        """Where a field stands among the values of a row."""
        return next(place for place, one in enumerate(self.fields) if one.key == key)


@dataclass(frozen=True)
class Document:
    """All that goes into one file. `about` are lines of name and words, which say whose rows and when.

    `say` puts a loss into words, for a format that has a place for them.
    """

    layers: Sequence[Layer]
    about: Sequence[tuple[str, str]] = ()
    encoding: str = "GBK"  # of a Shapefile: GBK or UTF-8
    say: Callable[[GeoError], str] = field(default=str)

    @property
    def layer(self) -> Layer:
        """The one layer of a format that holds no more."""
        (only,) = self.layers
        return only
