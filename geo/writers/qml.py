"""How QGIS shows a layer, as the QML text of a style: colours by one field, shapes by another, names near by.

A rule a sign, worst on top. Where a layer mixes points, lines and polygons, QGIS opens it as one layer a kind
of shape, all with this one style, so the rules stand once for each. The old notation `prop` is read by every
QGIS 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement, tostring

from geo.writers.layers import Layer, Look, Sign

LABELS_FROM = 20_000  # the scale below which names stand beside the features
_INK, _HALO = "22,33,31,255", "255,255,255,255"
_FILL_OPACITY = 90
_GLYPHS = {"triangle": "▲", "circle": "●", "square": "■", "diamond": "◆"}
# Kind of symbol, what it is called, which features it is for: asked so that every QGIS 3 understands
_KINDS = (
    ("marker", "点", "area($geometry) IS NULL AND length($geometry) IS NULL"),
    ("line", "线", "length($geometry) IS NOT NULL"),
    ("fill", "面", "area($geometry) IS NOT NULL"),
)


def style_of(layer: Layer) -> str:
    """The QML of a layer; its aliases too, for a QGIS that does not read those of the GeoPackage."""
    root = Element(
        "qgis", version="3.22.0", styleCategories="Symbology|Labeling|Fields|Rendering", labelsEnabled="1"
    )
    _add_renderer(root, layer)
    _add_labels(root, layer.look)
    aliases = SubElement(root, "aliases")
    for place, one in enumerate((one for one in layer.fields if one.form != "shape"), start=1):
        SubElement(aliases, "alias", field=one.key, name=one.heading, index=str(place))
    return tostring(root, encoding="unicode")


def _add_renderer(root: Element, layer: Layer) -> None:
    look = layer.look
    renderer = SubElement(root, "renderer-v2", type="RuleRenderer", symbollevels="0", enableorderby="1")
    rules = SubElement(renderer, "rules", key="root")
    symbols = SubElement(renderer, "symbols")
    for kind, words, condition in _KINDS[: 1 if layer.only_points else None]:
        parent = SubElement(rules, "rule", filter=condition, label=f"{words} {_legend(layer)}")
        for sign in look.signs:
            name = str(len(symbols))
            chosen = f"{_column(look.colour_by)} = {_quoted(sign.code)}"
            SubElement(parent, "rule", filter=chosen, label=sign.words, symbol=name)
            _MAKERS[kind](symbols, name, sign, look)
    order = SubElement(SubElement(renderer, "orderby"), "orderByClause", asc="1", nullsFirst="1")
    order.text = _cases(
        look.colour_by, {sign.code: str(-place) for place, sign in enumerate(look.signs)}, "-99"
    )


def _legend(layer: Layer) -> str:
    """What each shape means: QGIS draws the rules' symbols with one shape."""
    words = layer.fields[layer.place_of(layer.look.shape_by)].words
    return " ".join(f"{_GLYPHS[shape]}{words.get(code, code)}" for code, shape in layer.look.shapes.items())


def _add_marker(parent: Element, name: str, sign: Sign, look: Look) -> None:
    layer = _add_symbol(parent, "marker", name, "SimpleMarker")
    first = next(iter(look.shapes.values()))
    told = {"name": first, "color": _rgb(sign.fill), "outline_color": _rgb(sign.edge), "outline_width": "0.3"}
    _tell(layer, told | {"size": f"{sign.size_mm:g}", "size_unit": "MM", "outline_width_unit": "MM"})
    expression = _cases(
        look.shape_by, {code: _quoted(shape) for code, shape in look.shapes.items()}, _quoted(first)
    )
    _set_by(layer, "name", expression)


def _add_line(parent: Element, name: str, sign: Sign, look: Look) -> None:
    line = _add_symbol(parent, "line", name, "SimpleLine")
    _tell(line, {"line_color": _rgb(sign.edge), "line_width": "0.7", "line_width_unit": "MM"})
    middle = SubElement(_symbol_of(parent, name), "layer", {"class": "MarkerLine", "enabled": "1"})
    _tell(middle, {"placement": "centralpoint", "rotate": "0"})
    _add_marker(middle, f"@{name}@1", sign, look)


def _add_fill(parent: Element, name: str, sign: Sign, look: Look) -> None:
    fill = _add_symbol(parent, "fill", name, "SimpleFill")
    told = {"color": _rgb(sign.fill, _FILL_OPACITY), "style": "solid", "outline_color": _rgb(sign.edge)}
    _tell(fill, told | {"outline_style": "solid", "outline_width": "0.4", "outline_width_unit": "MM"})
    middle = SubElement(_symbol_of(parent, name), "layer", {"class": "CentroidFill", "enabled": "1"})
    _tell(middle, {"point_on_surface": "1", "point_on_all_parts": "0"})
    _add_marker(middle, f"@{name}@1", sign, look)


_MAKERS = {"marker": _add_marker, "line": _add_line, "fill": _add_fill}


def _add_symbol(parent: Element, kind: str, name: str, drawn_as: str) -> Element:
    symbol = SubElement(parent, "symbol", type=kind, name=name, alpha="1", clip_to_extent="1")
    return SubElement(symbol, "layer", {"class": drawn_as, "enabled": "1", "locked": "0", "pass": "0"})


def _symbol_of(parent: Element, name: str) -> Element:
    return next(one for one in parent.iter("symbol") if one.get("name") == name)


def _tell(layer: Element, told: Mapping[str, str]) -> None:
    for key, value in told.items():
        SubElement(layer, "prop", k=key, v=value)


def _set_by(layer: Element, key: str, expression: str) -> None:
    """Let an expression decide one property."""
    whole = SubElement(SubElement(layer, "data_defined_properties"), "Option", type="Map")
    SubElement(whole, "Option", name="name", value="", type="QString")
    properties = SubElement(whole, "Option", name="properties", type="Map")
    one = SubElement(properties, "Option", name=key, type="Map")
    SubElement(one, "Option", name="active", value="true", type="bool")
    SubElement(one, "Option", name="expression", value=expression, type="QString")
    SubElement(one, "Option", name="type", value="3", type="int")
    SubElement(whole, "Option", name="type", value="collection", type="QString")


def _add_labels(root: Element, look: Look) -> None:
    settings = SubElement(SubElement(root, "labeling", type="simple"), "settings")
    style = SubElement(settings, "text-style", _TEXT | {"fieldName": look.label})
    SubElement(style, "text-buffer", _BUFFER)
    SubElement(settings, "placement", placement="6", dist="1", distUnits="MM", offsetType="1")
    SubElement(settings, "rendering", _RENDERING)


_TEXT = {"isExpression": "0", "fontSize": "9", "fontSizeUnit": "Point", "textColor": _INK, "textOpacity": "1"}
_BUFFER = {
    "bufferDraw": "1",
    "bufferSize": "0.8",
    "bufferSizeUnits": "MM",
    "bufferColor": _HALO,
    "bufferOpacity": "1",
}
_RENDERING = {"scaleVisibility": "1", "scaleMin": "0", "scaleMax": str(LABELS_FROM), "drawLabels": "1"}


def _cases(key: str, results: Mapping[str, str], otherwise: str) -> str:
    """An expression that gives a result for each code of a field."""
    whens = (f"WHEN {_column(key)} = {_quoted(code)} THEN {result}" for code, result in results.items())
    return f"CASE {' '.join(whens)} ELSE {otherwise} END"


def _column(key: str) -> str:
    return f'"{key}"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _rgb(colour: str, opacity: int = 255) -> str:
    """`r,g,b,a` of `#rrggbb`.

    Examples
    --------
    >>> _rgb("#bf1f1a")
    '191,31,26,255'
    """
    return ",".join(str(part) for part in (*bytes.fromhex(colour[1:]), opacity))
