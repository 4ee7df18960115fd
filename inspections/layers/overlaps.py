"""What of a site lies in the layers for reference: basic farmland, cropland, burning ban zones.

Computed when asked, from the few features whose boxes the site's box meets: that takes some milliseconds
whatever the layer holds, and a newer layer or a corrected outline is never out of step with what is shown.
For many sites at once a `LayerIndex` holds a whole layer in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from geo.overlaps import lies_in, overlap_m, overlap_m2
from geo.shapes import geodesic_area_m2
from inspections.layers import find_current
from inspections.models import Layer, LayerFeature, Site
from inspections.store import in_box
from inspections.terms import Kind, LayerKind, LayerStanding

# Less is a line drawn apart by different hands: of a polygon (DOMAIN §7), and of a line
NEGLIGIBLE_M2, NEGLIGIBLE_M = 10.0, 5.0
# What says something of a site of each kind
SAID_OF: Mapping[Kind, tuple[LayerKind, ...]] = {
    Kind.STRAW: (LayerKind.BAN_ZONES, LayerKind.CROPLAND, LayerKind.BASIC_FARMLAND),
    Kind.POND: (LayerKind.BASIC_FARMLAND, LayerKind.CROPLAND),
    Kind.GREENHOUSE: (LayerKind.BASIC_FARMLAND, LayerKind.CROPLAND),
    Kind.AFFORESTATION: (LayerKind.BASIC_FARMLAND, LayerKind.CROPLAND),
}


@dataclass(frozen=True)
class Overlap:
    """What of one shape lies in a layer; without a layer nothing is known.

    A polygon has square metres, a line metres and, where its width is known, square metres; of a point it is
    only known whether it lies inside.
    """

    kind: LayerKind
    layer: Layer | None = None
    inside: bool | None = None
    area_m2: float | None = None
    length_m: float | None = None


def list_site_overlaps(session: Session, site: Site) -> list[Overlap]:
    """List what of a site lies in each layer that says something of its kind."""
    return list_overlaps(session, _shape_of(site), SAID_OF[site.kind], width_m=_width_of(site))


def list_overlaps(
    session: Session, shape: Any, kinds: Iterable[LayerKind], *, width_m: float | None = None
) -> list[Overlap]:
    """List what of a shape, lon/lat CGCS2000, lies in the current layer of each kind, in their order.

    `width_m` is that of a belt drawn as its middle line.
    """
    kinds = tuple(kinds)
    near = _read_near(session, shape, kinds)
    return [_measured(kind, *near[kind], shape, width_m) if kind in near else Overlap(kind) for kind in kinds]


def basic_farmland_m2(session: Session, site: Site) -> float | None:
    """Measure the basic farmland that a site takes; None where no layer or no outline tells."""
    kinds = (LayerKind.BASIC_FARMLAND,)
    return list_overlaps(session, _shape_of(site), kinds, width_m=_width_of(site))[0].area_m2


class LayerIndex:
    """The current layer of a kind in memory, for the shapes of a whole file; `layer` is None without one."""

    def __init__(self, session: Session, kind: LayerKind) -> None:
        self.layer = find_current(session, kind)
        self._shapes = np.empty(0, dtype=object)
        if self.layer is not None:
            query = select(LayerFeature.geometry).where(LayerFeature.layer_id == self.layer.id)
            self._shapes = np.array(session.scalars(query).all(), dtype=object)
        self._tree = shapely.STRtree(self._shapes)

    def measure(self, shape: Any, width_m: float | None = None) -> Overlap | None:
        """Measure what of a shape lies in the layer; None without one."""
        if self.layer is None:
            return None
        near = self._shapes[self._tree.query(shape)]
        return _measured(self.layer.kind, self.layer, near, shape, width_m)


def _shape_of(site: Site) -> Any:
    return shapely.Point(site.lon, site.lat) if site.geometry is None else site.geometry


def _width_of(site: Site) -> float | None:
    return (site.attrs or {}).get("width_m")


def _read_near(
    session: Session, shape: Any, kinds: Sequence[LayerKind]
) -> dict[LayerKind, tuple[Layer, list[Any]]]:
    """The current layers of some kinds, each with its features whose boxes a shape's box meets."""
    near = and_(LayerFeature.layer_id == Layer.id, in_box(session, LayerFeature, shape.bounds))
    query = select(Layer, LayerFeature.geometry).outerjoin(LayerFeature, near)
    query = query.where(Layer.standing == LayerStanding.CURRENT, Layer.kind.in_(kinds))
    found: dict[LayerKind, tuple[Layer, list[Any]]] = {}
    for layer, feature in session.execute(query):
        features = found.setdefault(layer.kind, (layer, []))[1]
        if feature is not None:
            features.append(feature)
    return found


def _measured(
    kind: LayerKind, layer: Layer, near: Sequence[Any], shape: Any, width_m: float | None
) -> Overlap:
    if shape.geom_type.endswith("Polygon"):
        area_m2 = round(overlap_m2(shape, near), 2)
        return Overlap(kind, layer, area_m2 > min(NEGLIGIBLE_M2, geodesic_area_m2(shape) / 2), area_m2)
    if shape.geom_type.endswith("LineString"):
        length_m = round(overlap_m(shape, near), 2)
        area_m2 = round(length_m * width_m, 2) if width_m else None
        return Overlap(kind, layer, length_m > NEGLIGIBLE_M, area_m2, length_m)
    return Overlap(kind, layer, lies_in(shape, near))
