"""What large registers cost, from the file to the register: `python -m tests.bench.imports`.

Each file is received in an empty demo county and checked and applied by the server's own worker, one process
for each step. Beside it, on the same files in the same run, GeoPandas reads the file, joins the townships and
writes a GeoPackage: no headings found, no cell checked, no ledger. Times are medians where a step is short.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import geopandas
import pandas as pd

from inspections import demo
from inspections.imports import batches
from inspections.models import ImportBatch
from inspections.permissions import SYSTEM
from inspections.settings import read_settings
from inspections.store import Store, now_utc
from inspections.terms import ImportState
from tests.bench.measuring import Measured, measure
from tests.bench.points import time_points
from tests.bench.registers import HEADINGS, demo_land, write_csv, write_shapefile, write_xlsx
from tests.databases import own_database

COLUMNS = "{:<34} {:>9} {:>9} {:>9} {:>9} {:>9}"


@dataclass(frozen=True)
class Case:
    """A file to import, and what it may cost: seconds for check and apply together, MB at the peak."""

    name: str
    file: str
    kind: str
    rows: int
    write: Callable
    most_s: float
    most_mb: float


def cases(share: float) -> list[Case]:
    """The three registers of the budget, or a share of them."""
    table, drawn = int(100_000 * share), int(50_000 * share)
    return [
        Case(f"CSV, {table:,} rows", "ponds.csv", "pond", table, write_csv, 60, 500),
        Case(f"XLSX, {table:,} rows", "ponds.xlsx", "pond", table, write_xlsx, 90, 800),
        Case(f"Shapefile, {drawn:,} polygons", "houses.zip", "greenhouse", drawn, write_shapefile, 90, 800),
    ]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Measure imports of large registers.")
    parser.add_argument("--share", type=float, default=1.0, help="of the rows, for a quick look")
    parser.add_argument(
        "--database", default="", help="a PostgreSQL server; each file gets a database of its own there"
    )
    parser.add_argument("--rival", metavar="FILE", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.rival:
        read_and_join(Path(given.rival))
        return
    with tempfile.TemporaryDirectory() as folder:
        measure_imports(Path(folder), given.share, given.database)
    measure_points(int(100_000 * given.share))


def measure_imports(folder: Path, share: float, database: str) -> None:
    """Check and apply each file in a county of its own; then let GeoPandas do its part."""
    print(COLUMNS.format("", "check s", "apply s", "sum s", "budget", "peak MB"))
    land = demo_land()
    for case in cases(share):
        file = folder / case.file
        case.write(file, case.rows, land)
        with own_database(database) if database else nullcontext("") as url:
            check, apply = import_file(folder / case.name, case, file, url)
        budget = f"{case.most_s:.0f}/{case.most_mb:.0f}"
        spent = check.seconds + apply.seconds
        peak = max(check.peak_mb, apply.peak_mb)
        print(
            COLUMNS.format(case.name, *_seconds(check.seconds, apply.seconds, spent), budget, f"{peak:.0f}")
        )
        rival = measure([sys.executable, "-m", "tests.bench.imports", "--rival", str(file)])
        print(
            COLUMNS.format(
                "  GeoPandas, nothing checked", "", "", *_seconds(rival.seconds), "", f"{rival.peak_mb:.0f}"
            )
        )


def import_file(data: Path, case: Case, file: Path, database: str) -> tuple[Measured, Measured]:
    """Receive a file in an empty county and have the worker check it and apply it."""
    env = {"XUNTU_DATA": str(data)} | ({"XUNTU_DATABASE_URL": database} if database else {})
    settings = read_settings(env)
    data.mkdir()
    store = Store.from_settings(settings)
    store.migrate()
    if not demo.is_built(store):
        demo.build(store, settings, sites=1, photos=0)
    with store.write() as session, file.open("rb") as opened:
        batch_id = batches.receive(
            session,
            settings.imports,
            opened,
            file.name,
            subject="sites",
            kind=case.kind,
            by=SYSTEM,
            now=now_utc(),
        ).id
    worker = [sys.executable, "-m", "inspections.web.work", str(batch_id)]
    check = measure(worker, env)
    with store.write() as session:
        batch = session.get_one(ImportBatch, batch_id)
        if (batch.state, batch.rows_accepted) != (ImportState.CHECKED, case.rows):
            raise RuntimeError(f"{batch.rows_accepted} rows were accepted: {batch.failure or batch.found}")
        batches.ask_to_apply(session, batch, by=SYSTEM)
    apply = measure(worker, env)
    with store.read() as session:
        batch = session.get_one(ImportBatch, batch_id)
        if batch.state is not ImportState.APPLIED:
            raise RuntimeError(f"not applied: {batch.failure}")
    store.close()
    return check, apply


def read_and_join(file: Path) -> None:
    """What a script with GeoPandas does with such a file."""
    if file.suffix == ".zip":
        frame = geopandas.read_file(file, encoding="GBK")
    else:
        table = (
            pd.read_csv(file) if file.suffix == ".csv" else pd.read_excel(file, header=1, engine="calamine")
        )
        lons, lats = table[HEADINGS[2]], table[HEADINGS[3]]
        frame = geopandas.GeoDataFrame(table, geometry=geopandas.points_from_xy(lons, lats, crs=4490))
    townships = geopandas.GeoDataFrame({"township": range(18)}, geometry=demo_land().townships, crs=4490)
    joined = frame.sjoin(townships, how="left", predicate="intersects")
    joined.to_file(file.with_suffix(".gpkg"), driver="GPKG")


def measure_points(count: int) -> None:
    """Put points into townships."""
    ours, rival = time_points(count)
    print(f"\n{count:,} points into townships, median of 5: {ours:.0f} ms (budget 60);", end=" ")
    print(f"GeoPandas sjoin {rival:.0f} ms")


def _seconds(*spent: float) -> list[str]:
    return [f"{one:.1f}" for one in spent]


if __name__ == "__main__":
    main()
