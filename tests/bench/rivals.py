"""The other ways to put sites on a Folium map, made of the same rows: `explore()` and `FastMarkerCluster`.

Their pages load libraries from other hosts. Those are answered here from the packages that the tests bring
along, at no cost of time or bandwidth to them; what draws nothing on these pages (icon fonts, plugins for
icons) is answered empty.
"""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import folium
import geopandas
from folium.plugins import FastMarkerCluster
from playwright.sync_api import BrowserContext, Route

ROOT = Path(__file__).parents[2]
FOLDERS = [ROOT / "static" / "vendor", ROOT / "tests" / "vendor"]
SHOWN = ["name", "number", "kind", "township", "state"]
# End of the address: the file of a package, or nothing
LIBRARIES = {
    "/leaflet.js": "leaflet@*/dist/leaflet.js",
    "/leaflet.css": "leaflet@*/dist/leaflet.css",
    "/marker-icon.png": "leaflet@*/dist/images/marker-icon.png",
    "/marker-icon-2x.png": "leaflet@*/dist/images/marker-icon-2x.png",
    "/marker-shadow.png": "leaflet@*/dist/images/marker-shadow.png",
    "/jquery-3.7.1.min.js": "jquery@*/dist/jquery.min.js",
    "/bootstrap.bundle.min.js": "bootstrap@*/dist/js/bootstrap.bundle.min.js",
    "/bootstrap.min.css": "bootstrap@*/dist/css/bootstrap.min.css",
    "/leaflet.markercluster.js": "leaflet.markercluster@*/dist/leaflet.markercluster.js",
    "/MarkerCluster.css": "leaflet.markercluster@*/dist/MarkerCluster.css",
    "/MarkerCluster.Default.css": "leaflet.markercluster@*/dist/MarkerCluster.Default.css",
    "/leaflet.awesome-markers.js": "",
    "/leaflet.awesome-markers.css": "",
    "/leaflet.awesome.rotate.min.css": "",
    "/bootstrap-glyphicons.css": "",
    "/all.min.css": "",
}
CALLBACK = """function (row) {
    return L.marker(new L.LatLng(row[0], row[1])).bindPopup(
        "<table><tr><th>name</th><td>" + row[2] + "</td></tr><tr><th>number</th><td>" + row[3] +
        "</td></tr><tr><th>kind</th><td>" + row[4] + "</td></tr><tr><th>township</th><td>" + row[5] +
        "</td></tr><tr><th>state</th><td>" + row[6] + "</td></tr></table>"
    );
}"""


def empty_map(_rows: geopandas.GeoDataFrame) -> folium.Map:
    """A map with nothing on it: what the memory of the others is counted from."""
    return folium.Map(tiles=None, zoom_start=10)


def explore(rows: geopandas.GeoDataFrame) -> folium.Map:
    """Colours by state and a popup of the facts at the head of our card; one canvas."""
    return rows.explore(
        column="state",
        categorical=True,
        legend=False,
        tooltip=False,
        popup=SHOWN,
        tiles=None,
        prefer_canvas=True,
    )


def fast_marker_cluster(rows: geopandas.GeoDataFrame) -> folium.Map:
    """Markers clustered in the browser, with the same popup."""
    made = folium.Map(tiles=None, maxZoom=19)
    at = rows.geometry
    data = [list(row) for row in zip(at.y, at.x, *(rows[name] for name in SHOWN), strict=True)]
    FastMarkerCluster(data, callback=CALLBACK).add_to(made)
    west, south, east, north = rows.total_bounds
    made.fit_bounds([[south, west], [north, east]])
    return made


RIVALS: dict[str, Callable[[geopandas.GeoDataFrame], folium.Map]] = {
    "explore()": explore,
    "FastMarkerCluster": fast_marker_cluster,
}


@dataclass(frozen=True)
class Page:
    """A map's page as Folium saves it, and how long that took: from rows in memory to bytes."""

    html: bytes
    packed: bytes
    took_s: float


def build(make: Callable[[geopandas.GeoDataFrame], folium.Map], rows: geopandas.GeoDataFrame) -> Page:
    """Make a map's page of rows."""
    began = time.perf_counter()
    html = make(rows).get_root().render().encode()
    took_s = time.perf_counter() - began
    return Page(html, gzip.compress(html, compresslevel=6), took_s)


@contextmanager
def serving_pages(pages: dict[str, Page]) -> Iterator[int]:
    """Serve pages by their path, packed below `/packed/`; gives the port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            wants_packed = self.path.startswith("/packed/")
            page = pages.get(self.path.removeprefix("/packed"))
            content = b"" if page is None else page.packed if wants_packed else page.html
            self.send_response(200 if page else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            if wants_packed:
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def answer_libraries(context: BrowserContext) -> None:
    """Answer what pages ask of other hosts; what is not in the table is a fault of the benchmark."""
    context.route(lambda address: urlsplit(address).scheme == "https", _answer)


def _answer(route: Route) -> None:
    address = urlsplit(route.request.url).path
    name = address[address.rindex("/") :]
    if name not in LIBRARIES:
        route.abort()
        raise LookupError(f"{route.request.url} is asked for and has no answer in LIBRARIES")
    kind = "text/javascript" if name.endswith(".js") else "text/css"
    if not LIBRARIES[name]:
        route.fulfill(body="", content_type=kind)
    else:
        route.fulfill(path=max(path for folder in FOLDERS for path in folder.glob(LIBRARIES[name])))
