"""Points put into townships: the index of `geo.areas` beside a spatial join of GeoPandas."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import geopandas
import shapely

from geo.areas import AreaIndex
from tests.bench.registers import demo_land, places


def time_points(count: int) -> tuple[float, float]:
    """Milliseconds of both for so many points of the demo county, medians of 5."""
    land = demo_land()
    at = places(count, land)
    townships = [
        shapely.MultiPolygon(shape) if shape.geom_type == "MultiPolygon" else shape
        for shape in land.townships
    ]
    index = AreaIndex([str(number) for number in range(len(townships))], townships)
    frame = geopandas.GeoDataFrame({"township": range(len(townships))}, geometry=townships, crs=4490)
    points = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(at[:, 0], at[:, 1], crs=4490))
    ours = median_ms(lambda: index.locate(at[:, 0], at[:, 1]))
    return ours, median_ms(lambda: points.sjoin(frame, how="left", predicate="intersects"))


def median_ms(work: Callable[[], object], times: int = 5) -> float:
    """How long work takes, in milliseconds."""
    spent = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        spent.append(1000 * (time.perf_counter() - began))
    return statistics.median(spent)
