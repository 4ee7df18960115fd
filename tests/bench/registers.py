"""Large registers for the benchmarks: the same bytes for the same count, spread over the demo county."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyogrio.raw
import shapely
import xlsxwriter

from inspections.demo import SEED
from inspections.demo.landscape import Landscape, make_landscape

HEADINGS = ("序号", "点位名称", "经度", "纬度", "面积（亩）", "责任人", "联系电话", "备注")
SIDE_M = 8.0  # half a diagonal of a polygon
AWAY_DEGREES = 0.0008  # some 70 m: what lies nearer to a township line waits for an answer


def demo_land() -> Landscape:
    """The land of the demo county."""
    return make_landscape(np.random.default_rng(SEED))


def places(count: int, land: Landscape) -> np.ndarray:
    """So many points of the county, degrees; shape (count, 2).

    None is so near another, or a township line, that a question would be asked: those cost a person's time.
    """
    rng = np.random.default_rng(7)
    west, south, east, north = land.county.bounds
    step = np.sqrt(0.5 * land.county.area / count)
    grid = np.stack(np.meshgrid(np.arange(west, east, step), np.arange(south, north, step)), axis=-1)
    lons, lats = (grid.reshape(-1, 2) + rng.uniform(0, 0.6 * step, (grid.size // 2, 2))).round(6).T
    inner = shapely.buffer(land.townships, -AWAY_DEGREES)
    shapely.prepare(inner)
    inside = np.any([shapely.contains_xy(shape, lons, lats) for shape in inner], axis=0)
    found = np.column_stack([lons, lats])[inside]
    return found[np.sort(rng.choice(len(found), count, replace=False))]


def table_rows(count: int, land: Landscape) -> Iterator[tuple]:
    """The rows of a ledger of ponds, as a township keeps it."""
    for number, (lon, lat) in enumerate(places(count, land).tolist(), start=1):
        mu = round(1 + number * 7 % 290 / 10, 1)
        keeper = f"示例{number % 5000}"
        yield (number, f"坑塘{number}", lon, lat, mu, keeper, f"138{number:08d}", "雨后积水，需疏通")


def write_csv(path: Path, count: int, land: Landscape) -> None:
    """A table in UTF-8."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADINGS)
        writer.writerows(table_rows(count, land))


def write_xlsx(path: Path, count: int, land: Landscape) -> None:
    """A workbook of one sheet with a title over the headings."""
    book = xlsxwriter.Workbook(path, {"constant_memory": True})
    sheet = book.add_worksheet("坑塘台账")
    sheet.write_row(0, 0, ["示范县坑塘台账"])
    for number, row in enumerate([HEADINGS, *table_rows(count, land)], start=1):
        sheet.write_row(number, 0, row)
    book.close()


def write_shapefile(path: Path, count: int, land: Landscape) -> None:
    """A zipped shapefile of quadrangles in degrees, its text in GBK."""
    at = places(count, land)
    turn = np.random.default_rng(8).uniform(0, np.pi, count)
    corners = turn[:, None] + np.array([0.0, 0.5, 1.0, 1.5]) * np.pi
    metre = np.array([1 / 86_600, 1 / 111_000])
    rings = at[:, None, :] + SIDE_M * np.stack([np.cos(corners), np.sin(corners)], axis=-1) * metre
    columns = list(zip(*table_rows(count, land), strict=True))
    shp = path.with_suffix(".shp")
    pyogrio.raw.write(
        shp,
        shapely.to_wkb(shapely.polygons(rings)),
        [np.array(column, dtype=object) for column in (columns[1], columns[5], columns[6])],
        ["名称", "责任人", "联系电话"],
        geometry_type="Polygon",
        crs="EPSG:4490",
        driver="ESRI Shapefile",
        encoding="GBK",
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(path.parent.glob(f"{path.stem}.*")):
            if part != path:
                archive.write(part, part.name)
                part.unlink()
