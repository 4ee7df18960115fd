"""Folium maps, rendered part by part with our own assets only.

`county_map` builds a `folium.Map` whose layers and tools are calls of our own script, the global `xuntu`;
`render_parts` gives its pieces: the box for the page, a script to serve as a file of its own, and the
scripts and styles it needs, each found by Folium's name in a table. What nobody mapped is an error, so no
foreign address can reach a page. The same map gives the same bytes.

The script holds numbers, names of ours and translated words of ours, never text that people wrote: that comes
as JSON and is shown by `textContent`. It calls, in this order: `xuntu.layer(map, name, options)`, which
returns a Leaflet layer, for each `FeatureLayer`; `xuntu.draw(map, options)` for `DrawingTools`;
`xuntu.ready(map)` last.

Latitude comes first in here, for Leaflet, and nowhere else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import isfinite
from typing import Any

import folium
from branca.element import CssLink, Element, Figure, JavascriptLink, MacroElement
from folium.elements import ElementAddToElement
from folium.map import Icon, Popup, Tooltip
from folium.plugins import LocateControl
from markupsafe import Markup

from geo.basemaps import Basemap
from geo.map_elements import (
    TEMPLATE_MARK,
    DrawingTools,
    FeatureLayer,
    MapReady,
    NamedMap,
    Opening,
    plain_word,
)

__all__ = ["NOT_NEEDED", "DrawingTools", "FeatureLayer", "MapParts", "MapReady", "county_map", "render_parts"]

# Text in these reaches a template literal or innerHTML, or they load images and fonts from elsewhere
BANNED = (
    Tooltip,
    Popup,
    Icon,
    folium.DivIcon,
    folium.CustomIcon,
    folium.GeoJsonTooltip,
    folium.GeoJsonPopup,
    folium.Html,
    folium.IFrame,
)
# Folium's header names these for the banned elements alone; they are left out
NOT_NEEDED: dict[str, None] = dict.fromkeys(
    (
        "jquery",
        "bootstrap",
        "bootstrap_css",
        "glyphicons_css",
        "awesome_markers",
        "awesome_markers_css",
        "awesome_markers_font_css",
        "awesome_rotate_css",
    )
)
_WORDS = {"zoom_in": "Zoom in", "zoom_out": "Zoom out", "locate": "Show where I am"}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_FOREIGN = re.compile(r"https?:|[\"'(`]//", re.IGNORECASE)
_UNSAFE_SCRIPT = re.compile(r"(?<![\w$])(\$[.(]|jQuery)|AwesomeMarkers|`")
_UNSAFE_HTML = re.compile(r"<(script|style|iframe|link|img)|\s(style|on\w+)\s*=|javascript:", re.IGNORECASE)


@dataclass(frozen=True)
class MapParts:
    """A rendered map: addresses of scripts and styles in order, the box, and the script's text."""

    scripts: tuple[str, ...]
    styles: tuple[str, ...]
    html: Markup
    script: str

    @property
    def version(self) -> str:
        """Hash of the script's bytes, for its address."""
        return hashlib.sha256(self.script.encode()).hexdigest()[:16]


def county_map(
    name: str,
    *,
    bounds: tuple[float, float, float, float],
    layers: Sequence[FeatureLayer] = (),
    basemap: Basemap | None = None,
    locate: bool = True,
    draw: Mapping[str, Any] | None = None,
    max_zoom: int = 19,
    words: Mapping[str, str] | None = None,
) -> folium.Map:
    """Build a map that opens on a box of longitudes and latitudes.

    Parameters
    ----------
    name : str
        The id of its box and its variable: small letters, digits and underlines.
    bounds : tuple of float
        `(minx, miny, maxx, maxy)` in degrees.
    layers : sequence of FeatureLayer
        From the bottom up; those with a label are listed in a layer control.
    basemap : Basemap, optional
        Its address is one of our own, starting with a slash.
    locate : bool
        Whether there is a button for one's own position.
    draw : mapping, optional
        Options of the drawing tools; None leaves them out.
    max_zoom : int
        How deep one may zoom, with tiles or without.
    words : mapping, optional
        Translations of `zoom_in`, `zoom_out` and `locate`.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a map")
    said = {key: plain_word(word) for key, word in {**_WORDS, **(words or {})}.items()}
    options = {"minZoom": 4, "maxZoom": max_zoom, "fadeAnimation": False}  # what is drawn anew does not blink
    county = NamedMap(name, tiles=None, zoom_control=False, prefer_canvas=True, **options)
    county.add_child(Opening(_corners(bounds), max_zoom, said))
    if basemap is not None:
        county.add_child(_tile_layer(basemap, max_zoom))
    for layer in layers:
        county.add_child(layer)
    for tool in _tools(said, locate, draw, any(layer.control for layer in layers)):
        county.add_child(tool)
    return county


def render_parts(county: folium.Map, assets: Mapping[str, str | None]) -> MapParts:
    """Render a map into what a page and a script file need.

    Parameters
    ----------
    county : folium.Map
        As `county_map` made it, perhaps with more children. What was put straight into its figure, past the
        map, is left out.
    assets : mapping
        Address of ours for each of Folium's names of scripts and styles; None leaves one out.

    Raises
    ------
    LookupError
        The map needs an asset without an address, or something in it names a foreign one.
    ValueError
        It holds an element that shows text unsafely, or its script needs jQuery.
    """
    if not any(isinstance(child, MapReady) for child in county._children.values()):
        county.add_child(MapReady())
    _name_children(county)
    _refuse_unsafe_elements(county)
    root = county.get_root()
    for part in (root.header, root.html, root.script):
        part._children.clear()
    for child in list(root._children.values()):
        child.render()
    _refuse_unsafe_elements(county)
    links = list(_own_links(root, {**NOT_NEEDED, **assets}))
    html, script = _text_of(root.html), _text_of(root.script)
    _refuse_unsafe_text(html, script)
    return MapParts(
        scripts=tuple(address for kind, address in links if kind is JavascriptLink),
        styles=tuple(address for kind, address in links if kind is CssLink),
        html=Markup(html),  # noqa: S704  (checked above: a box and nothing else)
        script=script,
    )


def _tools(
    words: Mapping[str, str], locate: bool, draw: Mapping[str, Any] | None, listed: bool
) -> Iterator[MacroElement]:
    if locate:
        still = {"keyboard": False, "interactive": False}  # a mark to look at, no button without a name
        yield LocateControl(
            position="topright",
            strings={"title": words["locate"]},
            showPopup=False,
            locateOptions={"enableHighAccuracy": True, "maxZoom": 17},
            circleStyle={"className": "me-accuracy", "interactive": False, "weight": 1},
            markerStyle=still,
            compassStyle=still,
        )
    if draw is not None:
        yield DrawingTools(**draw)
    if listed:
        yield folium.LayerControl()


def _tile_layer(basemap: Basemap, max_zoom: int) -> folium.TileLayer:
    if not re.match(r"/(?!/)", basemap.url) or TEMPLATE_MARK.search(basemap.url):
        raise LookupError(f"the tiles of {basemap.name!r} have no address of ours")
    return folium.TileLayer(
        tiles=basemap.url,
        attr=_as_html(basemap.attribution) or " ",
        name=plain_word(basemap.name),
        min_zoom=basemap.min_zoom,
        max_zoom=max_zoom,
        max_native_zoom=basemap.max_zoom,
        overlay=True,
    )


def _corners(bounds: tuple[float, float, float, float]) -> list[list[float]]:
    minx, miny, maxx, maxy = (round(float(degrees), 7) for degrees in bounds)
    if not all(isfinite(degrees) for degrees in bounds) or minx > maxx or miny > maxy:
        raise ValueError(f"{bounds} is no box")
    return [[miny, minx], [maxy, maxx]]


def _as_html(text: str) -> str:
    """Make plain text safe where Leaflet sets innerHTML, and free of what the checks look for."""
    return escape(text).replace("{", "&#123;").replace("`", "&#96;").replace(":", "&#58;")


def _walk(element: Element) -> Iterator[Element]:
    yield element
    for child in list(element._children.values()):
        yield from _walk(child)


def _name_children(county: folium.Map) -> None:
    """Give numbers to what Folium names at random; the `.addTo` elements show no name."""
    named = (child for child in _walk(county) if not isinstance(child, ElementAddToElement))
    for number, child in enumerate(named):
        child._id = f"{county.get_name()}_{number}"


def _refuse_unsafe_elements(county: folium.Map) -> None:
    for child in _walk(county):
        if isinstance(child, BANNED):
            raise ValueError(f"folium.{type(child).__name__} does not escape text: use a layer of ours")


def _own_links(root: Figure, assets: Mapping[str, str | None]) -> Iterator[tuple[type[Element], str]]:
    for name, link in root.header._children.items():
        if not isinstance(link, JavascriptLink | CssLink):
            continue
        if name not in assets:
            raise LookupError(f"{name!r}, which the map needs, has no address of ours")
        address = assets[name]
        if address is not None:
            if not re.match(r"/(?!/)", address):
                raise LookupError(f"{address!r} for {name!r} is no address of ours")
            yield type(link), address


def _text_of(part: Element) -> str:
    """Join what was rendered into a part, as it is: rendering the part would read it as a template again."""
    texts = (child._template_str or "" for child in part._children.values())
    lines = (line.strip() for text in texts for line in text.splitlines())
    return "\n".join(line for line in lines if line) + "\n"


def _refuse_unsafe_text(html: str, script: str) -> None:
    if _FOREIGN.search(script) or _FOREIGN.search(html):
        raise LookupError("the map names an address that is not ours")
    if _UNSAFE_SCRIPT.search(script) or _UNSAFE_HTML.search(html):
        raise ValueError("the map holds an element that needs jQuery or does not escape text")
