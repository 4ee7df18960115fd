"""What the county map costs, beside `explore()` and `FastMarkerCluster`: `python -m tests.bench.map`.

The same rows in the same run: a demo county served by `xuntu serve`, and pages that GeoPandas and Folium
make of its sites. Each visit is in a new browser with an empty cache; figures are medians of 5 visits, of 3
for the others. What counts as drawn is said in `tests.bench.visits`, and printed. The slow link is a proxy of
our own that all connections share; opening one takes a round trip too. The others need `pip install -e
'.[bench]'`.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.bench.counties import make_county
from tests.bench.figures import measure_county
from tests.bench.tables import print_notes, print_table

SITES = "1000,10000,100000"


def main() -> None:
    """Print a table for each size of county."""
    parser = argparse.ArgumentParser(description="Measure the county map beside others on the same rows.")
    parser.add_argument("--sites", default=SITES, help=f"sizes of counties ({SITES})")
    parser.add_argument(
        "--rivals", action=argparse.BooleanOptionalAction, default=True, help="measure the others too"
    )
    parser.add_argument("--markdown", action="store_true", help="print tables for the readme")
    parser.add_argument("--visits", type=int, default=5, help="of which to take medians (5)")
    parser.add_argument("--counties", type=Path, help="a folder that keeps the demo counties by their size")
    given = parser.parse_args()
    print_notes()
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        for sites in (int(size) for size in given.sites.split(",")):
            county = make_county(given.counties or Path(made), sites)
            empty = make_county(given.counties or Path(made), 1)
            figures = measure_county(playwright, county, empty, visits=given.visits, with_rivals=given.rivals)
            print_table(sites, figures, markdown=given.markdown)


if __name__ == "__main__":
    main()
