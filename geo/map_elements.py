"""The elements our Folium maps are made of: layers and tools drawn by our own script, the global `xuntu`.

What they put into a map's script is checked here: names and plain words of ours, options without a start of a
template. Text that people wrote never gets that far.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import folium
from branca.element import MacroElement
from folium.elements import JSCSSMixin
from folium.map import Layer
from folium.template import Template

_LAYER_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
# Branca reads the text of a script as a template once more: what could start an expression is refused
TEMPLATE_MARK = re.compile(r"\{[{%#]")


class FeatureLayer(Layer):
    """Features drawn by our own script: `xuntu.layer(map, name, options)` makes the Leaflet layer.

    Parameters
    ----------
    name : str
        Small letters, digits and hyphens; by it the script knows what to draw.
    label : str, optional
        A translated word; with one, the layer stands in the map's layer control.
    show : bool
        Whether it is on at first.
    **options
        JSON values, given on as they are; no text that people wrote.
    """

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = xuntu.layer(
                {{ this._parent.get_name() }}, {{ this.feature_name|tojson }}, {{ this.options|tojson }}
            );
        {% endmacro %}
        """
    )

    def __init__(self, name: str, *, label: str | None = None, show: bool = True, **options: Any) -> None:
        if not _LAYER_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a layer")
        super().__init__(name=plain_word(label or name), overlay=True, control=label is not None, show=show)
        self._name = "FeatureLayer"
        self.feature_name = name
        self.options = _plain_options(options)


class DrawingTools(JSCSSMixin, MacroElement):
    """Geoman, started by our own script: `xuntu.draw(map, options)`."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            xuntu.draw({{ this._parent.get_name() }}, {{ this.options|tojson }});
        {% endmacro %}
        """
    )
    # Named as folium.plugins.GeoMan names them; the addresses are never used
    default_js = [("leaflet_geoman_js", "leaflet-geoman.js")]
    default_css = [("leaflet_geoman_css", "leaflet-geoman.css")]

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self._name = "DrawingTools"
        self.options = _plain_options(options)


class MapReady(MacroElement):
    """The last call of the script, `xuntu.ready(map)`: everything stands."""

    _template = Template(
        "{% macro script(this, kwargs) %}xuntu.ready({{ this._parent.get_name() }});{% endmacro %}"
    )

    def __init__(self) -> None:
        super().__init__()
        self._name = "MapReady"


class Opening(MacroElement):
    """The opening view, zoom with translated titles, a scale in metres, an attribution without a flag."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            {{ this._parent.get_name() }}.fitBounds({{ this.corners|tojson }}, {{ this.view|tojson }});
            L.control.zoom({{ this.zoom|tojson }}).addTo({{ this._parent.get_name() }});
            L.control.scale({"imperial": false}).addTo({{ this._parent.get_name() }});
            {{ this._parent.get_name() }}.attributionControl.setPrefix("Leaflet");
        {% endmacro %}
        """
    )

    def __init__(self, corners: list[list[float]], max_zoom: int, words: Mapping[str, str]) -> None:
        super().__init__()
        self._name = "Opening"
        self.corners = corners
        self.view = {"animate": False, "maxZoom": min(17, max_zoom)}
        titles = {"zoomInTitle": words["zoom_in"], "zoomOutTitle": words["zoom_out"]}
        self.zoom = {"position": "topright", **titles}


class NamedMap(folium.Map):
    """A map whose box and variable bear the name it was given."""

    def __init__(self, name: str, **options: Any) -> None:
        self.name = name
        super().__init__(**options)

    def get_name(self) -> str:
        """Name the box in the page and the variable in the script."""
        return self.name


def plain_word(text: str) -> str:
    """Let a word of our own pass, and nothing that could be markup."""
    if re.search(r"[<>&`{}\\\"]", text):
        raise ValueError(f"{text!r} is no plain word")
    return text


def _plain_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Let options pass that hold no start of a template."""

    def texts(value: Any) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            for key, below in value.items():
                yield str(key)
                yield from texts(below)
        elif isinstance(value, Iterable):
            for below in value:
                yield from texts(below)

    if any(TEMPLATE_MARK.search(text) or "`" in text for text in texts(options)):
        raise ValueError("options of a map hold no text that people wrote")
    return dict(options)
