"""The datums that have no published way to CGCS2000, and the parameters a county may have for them.

Xian 1980 and Beijing 1954 lie up to some two hundred metres from CGCS2000, differently from place to place.
Asked for the way, PROJ does nothing and does not say so. A county that has parameters writes them into its
profile (these figures are made up)::

    [datums.xian80]
    dx = -12.5          # metres, from Xian 1980 to CGCS2000
    dy = 108.2
    dz = 62.4
    rx = 0.5            # seconds; leave out rx, ry, rz, scale_ppm and convention where there are three
    ry = 0.9
    rz = -1.2
    scale_ppm = 1.8
    convention = "position_vector"   # or "coordinate_frame": the signs of rx, ry and rz
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

import numpy as np
from pyproj import Geod, Transformer

from geo.errors import BadDatumParameters, UnknownDatumParameter, UnlikelyDatumParameters

ELLIPSOIDS = {"xian80": (6378140.0, 298.257), "bj54": (6378245.0, 298.3)}  # half axis in m, 1 / flattening
CONVENTIONS = ("position_vector", "coordinate_frame")
ROUGH_M = 200.0  # how far numbers in a local datum may lie off when they are taken as CGCS2000 (DOMAIN §14.2)

_SHIFT = ("dx", "dy", "dz")
_TURN = ("rx", "ry", "rz", "scale_ppm")
_GEOD = Geod(ellps="GRS80")
# Places all over China; good parameters move those near their county by 1 to 500 m
_LONS, _LATS = (part.ravel() for part in np.meshgrid(np.arange(74.0, 136.0), np.arange(18.0, 54.0)))
_LEAST_M, _MOST_M = 1.0, 500.0


@dataclass(frozen=True)
class DatumParameters:
    """Three or seven parameters from a local datum (`xian80`, `bj54`) to CGCS2000.

    Shifts in metres, turns in seconds of arc, the change of scale in parts per million.

    Raises
    ------
    BadDatumParameters
        One is not finite, or there are turns and the convention of their signs is none.
    UnlikelyDatumParameters
        They move no place in China by 1 m, or every one by more than 500 m.
    """

    datum: str
    dx: float
    dy: float
    dz: float
    rx: float = 0.0
    ry: float = 0.0
    rz: float = 0.0
    scale_ppm: float = 0.0
    convention: str = CONVENTIONS[0]

    def __post_init__(self) -> None:
        for name in (*_SHIFT, *_TURN):
            if not isfinite(getattr(self, name)):
                raise BadDatumParameters(datum=self.datum, name=name)
        if self.convention not in CONVENTIONS:
            raise BadDatumParameters(datum=self.datum, name="convention")
        lons, lats = self.transformer().transform(_LONS, _LATS)
        moved_m = np.nan_to_num(_GEOD.inv(_LONS, _LATS, lons, lats)[2], nan=np.inf)
        if moved_m.min() > _MOST_M or moved_m.max() < _LEAST_M:
            raise UnlikelyDatumParameters(datum=self.datum, least_m=f"{moved_m.min():.0f}")

    def transformer(self) -> Transformer:
        """Give the way from longitude and latitude in the local datum to those in CGCS2000.

        Heights are taken as 0 on the local ellipsoid and dropped afterwards.
        """
        half_axis, flattening = ELLIPSOIDS[self.datum]
        values = {"x": self.dx, "y": self.dy, "z": self.dz, "s": self.scale_ppm}
        values |= {"rx": self.rx, "ry": self.ry, "rz": self.rz}
        helmert = " ".join(f"+{name}={value!r}" for name, value in values.items())
        return Transformer.from_pipeline(
            "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad"
            f" +step +proj=cart +a={half_axis!r} +rf={flattening!r}"
            f" +step +proj=helmert {helmert} +convention={self.convention}"
            " +step +inv +proj=cart +ellps=GRS80 +step +proj=unitconvert +xy_in=rad +xy_out=deg"
        )


@dataclass(frozen=True)
class LocalDatums:
    """The parameters a county has; None where it has none."""

    xian80: DatumParameters | None = None
    bj54: DatumParameters | None = None


def read_local_datums(profile: Mapping[str, Any]) -> LocalDatums:
    """Read the tables `[datums.…]` of a county profile; without them the county has no parameters.

    Raises
    ------
    UnknownDatumParameter
        A datum or a parameter that is not known: perhaps misspelt.
    BadDatumParameters, UnlikelyDatumParameters
        A parameter is missing or cannot be one.
    """
    tables = profile.get("datums", {})
    known = tuple(asdict(LocalDatums()))
    for datum, table in tables.items() if isinstance(tables, Mapping) else [("datums", None)]:
        if datum not in known or not isinstance(table, Mapping):
            raise UnknownDatumParameter(name=datum, known=", ".join(f"[datums.{one}]" for one in known))
    return LocalDatums(**{datum: _read_parameters(datum, table) for datum, table in tables.items()})


def _read_parameters(datum: str, table: Mapping[str, Any]) -> DatumParameters:
    turned = any(name in table for name in (*_TURN, "convention"))
    numbers = (*_SHIFT, *_TURN) if turned else _SHIFT
    for name in table:
        if name not in (*_SHIFT, *_TURN, "convention"):
            raise UnknownDatumParameter(name=name, known=", ".join((*_SHIFT, *_TURN, "convention")))
    for name in numbers:
        if type(table.get(name)) not in (int, float):
            raise BadDatumParameters(datum=datum, name=name)
    if turned and table.get("convention") not in CONVENTIONS:
        raise BadDatumParameters(datum=datum, name="convention")
    values: dict[str, Any] = {name: float(table[name]) for name in numbers}
    return DatumParameters(datum, **values, convention=table.get("convention", CONVENTIONS[0]))
