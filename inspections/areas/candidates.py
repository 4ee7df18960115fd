"""Which townships an officer may move a site to that differs from the boundaries of today."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import shapely
from sqlalchemy.orm import Session

from geo.areas import AreaIndex
from inspections.areas import BORDER_M, LARGEST_SHARE, OUTSIDE_MOST_M, township_index
from inspections.areas.boundaries import Boundaries
from inspections.areas.comparing import OF_VILLAGE, Difference, Why
from inspections.models import Site


def list_candidates(
    session: Session, found: Iterable[tuple[Difference, Site]], boundaries: Boundaries
) -> Mapping[int, tuple[str, ...]]:
    """The codes to choose from for each site, by its key: what the boundaries say first, none it belongs to.

    Several where the place lies on a line, where it lies outside every township but near some, and where no
    boundary tells which of several took an ended township's place.
    """
    index = township_index(session)
    return {one.pk: _candidates(index, one, site, boundaries) for one, site in found}


def _candidates(index: AreaIndex, one: Difference, site: Site, boundaries: Boundaries) -> tuple[str, ...]:
    if one.why in OF_VILLAGE:
        return (one.township_code,)
    codes = [one.target] if one.target else []
    if len(index):
        codes += [index.codes[place] for place in _near(index, one, site)]
    if not codes and one.why is Why.ENDED:
        codes = list(boundaries.successors_today(one.township_code))
    return tuple(code for code in dict.fromkeys(codes) if code != one.township_code)


def _near(index: AreaIndex, one: Difference, site: Site) -> list[int]:
    """The townships that hold part of a shape, or that a point lies beside."""
    geometry: Any = site.geometry
    if geometry.geom_type != "Point" and one.why is not Why.OUTSIDE:
        shares = index.share(geometry)
        return [place for place, share in shares if shares[0][1] < LARGEST_SHARE or share >= LARGEST_SHARE]
    within_m = OUTSIDE_MOST_M if one.why is Why.OUTSIDE else max(BORDER_M, site.loc_accuracy_m or 0.0)
    return index.within(shapely.Point(site.lon, site.lat), within_m)
