"""Places read from XML: texts by their names, and a geometry or what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.errors import (
    EmptyGeometry,
    InvalidGeometry,
    NoFeatures,
    TooManyColumns,
    UnreadableCoordinates,
    WrongGeometryType,
)
from geo.formats import Limits
from geo.readers.answer import Answer
from geo.readers.features import unique
from geo.shapes import geometry_from_geojson

CRS = "EPSG:4326"  # KML and GPX know no other
Position = tuple[float, float]


@dataclass
class Place:
    """One place on its way in; `parts` are (type, coordinates) as in GeoJSON."""

    values: dict[str, str] = field(default_factory=dict)
    parts: list[tuple[str, list]] = field(default_factory=list)
    error: InvalidGeometry | None = None

    def say(self, name: str, text: str) -> None:
        """Add a text; a second one of the same name stands beside the first."""
        if text:
            count, unique = 2, name
            while unique in self.values:
                unique, count = f"{name} ({count})", count + 1
            self.values[unique] = text

    def geometry(self) -> BaseGeometry:
        """Make the geometry; parts of one type are one.

        Raises
        ------
        InvalidGeometry
            There is none, or it cannot be read.
        """
        if self.error:
            raise self.error
        kinds = {kind for kind, _ in self.parts}
        if not kinds:
            raise EmptyGeometry
        if len(kinds) > 1:
            raise WrongGeometryType(type="GeometryCollection")
        (kind,) = kinds
        coordinates = [positions for _, positions in self.parts]
        several = {"type": f"Multi{kind}", "coordinates": coordinates}
        one = {"type": kind, "coordinates": coordinates[0]}
        return geometry_from_geojson(several if len(coordinates) > 1 else one)


@dataclass
class Places:
    """The places of one sheet, in their order."""

    name: str = ""
    values: list[dict[str, str]] = field(default_factory=list)
    geometries: list[BaseGeometry | None] = field(default_factory=list)
    errors: dict[int, InvalidGeometry] = field(default_factory=dict)  # by place in the lists

    def add(self, place: Place) -> None:
        """Keep a place."""
        geometry = None
        try:
            geometry = place.geometry()
        except InvalidGeometry as error:
            self.errors[len(self.values)] = error
        self.values.append(place.values)
        self.geometries.append(geometry)


def add_sheets(answer: Answer, sheets: list[Places], limits: Limits) -> None:
    """Add the sheets that hold anything; columns stand in the order in which they first come.

    Raises
    ------
    NoFeatures
        None of them does.
    """
    filled = [one for one in sheets if one.values]
    if not filled:
        raise NoFeatures
    names = unique([one.name for one in filled]) if len(filled) > 1 else [filled[0].name]
    for name, one in zip(names, filled, strict=True):
        columns = list(dict.fromkeys(name for values in one.values for name in values))
        if len(columns) > limits.columns:
            raise TooManyColumns(most=limits.columns)
        answer.begin_sheet(name, columns=columns, has_geometry=True, crs=CRS)
        _add_places(answer, one, columns)


def _add_places(answer: Answer, places: Places, columns: list[str]) -> None:
    hexed = shapely.to_wkb(np.array(places.geometries, dtype=object), hex=True)
    for place, values in enumerate(places.values):
        number = place + 1
        if place in places.errors:
            answer.add_problem(number, "geometry", places.errors[place])
        else:
            row = [answer.plain(values.get(name), number) for name in columns]
            answer.add_row(number, row, hexed[place])


def position(*texts: str) -> Position:
    """Read longitude and latitude.

    Raises
    ------
    UnreadableCoordinates
        They are no numbers.
    """
    try:
        lon, lat = (float(text.replace("_", "?")) for text in texts)  # Python takes 1_0 for a number
    except ValueError as error:
        raise UnreadableCoordinates(text=" ".join(texts)[:40]) from error
    return lon, lat
