"""Layers for reference with sound defaults, and files of them."""

from __future__ import annotations

import uuid
from datetime import date
from pathlib import Path
from typing import Any

import shapely
from shapely import LineString, box
from sqlalchemy.orm import Session

from geo.shapes import geodesic_area_m2, geodesic_length_m
from inspections.layers import replace_current
from inspections.models import Layer, LayerFeature
from inspections.permissions import SYSTEM, Actor
from inspections.terms import LayerKind, LayerStanding
from tests.factories import NOW
from tests.imports import areas_file

FARMLAND = box(100.40, 38.90, 100.45, 38.95)  # of 西镇
RIVER = LineString([(100.20, 38.70), (100.40, 38.93), (100.70, 39.20)])


def a_layer(
    session: Session,
    kind: LayerKind = LayerKind.BASIC_FARMLAND,
    *shapes: Any,
    names: tuple[str, ...] = (),
    by: Actor = SYSTEM,
    now=NOW,
    **named: Any,
) -> Layer:
    """A layer in use, of these shapes or of one that suits its kind."""
    shapes = shapes or ((RIVER,) if kind in (LayerKind.RIVERS, LayerKind.ROADS) else (FARMLAND,))
    facts = {"source": "自然资源局", "dated": date(2025, 12, 31), "file_name": "图层.geojson"} | named
    layer = Layer(
        id=uuid.uuid4(),
        kind=kind,
        standing=LayerStanding.CURRENT,
        features=len(shapes),
        area_m2=sum(map(geodesic_area_m2, shapes)) or None,
        length_m=sum(geodesic_length_m(one) for one in shapes if one.geom_type.endswith("String")) or None,
        sha256=uuid.uuid4().hex * 2,
        imported_at=now,
        imported_by_id=by.id,
        **facts,
    )
    replace_current(session, layer, by=by, now=now)
    for number, shape in enumerate(shapes, 1):
        name = names[number - 1] if names else ""
        for part in shapely.get_parts(shape):
            session.add(LayerFeature(layer_id=layer.id, number=number, name=name, geometry=part))
    session.flush()
    return layer


def layer_file(folder: Path, *shapes: Any, names: tuple[str, ...] = (), name: str = "layer.geojson") -> Path:
    """A GeoJSON file of shapes, each with its name."""
    named = names or tuple(f"图斑{number}" for number in range(1, len(shapes) + 1))
    features = [({"名称": called}, shape) for called, shape in zip(named, shapes, strict=True)]
    return areas_file(folder, *features, name=name)
