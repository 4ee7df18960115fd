import re

import folium
import pytest
from branca.element import Element
from folium.plugins import Fullscreen, MarkerCluster

from geo.basemaps import Basemap
from geo.maps import NOT_NEEDED, DrawingTools, FeatureLayer, county_map, render_parts

ASSETS = {
    "leaflet": "/static/vendor/leaflet.js",
    "leaflet_css": "/static/vendor/leaflet.css",
    "Control_locate_min_js": "/static/vendor/locate.js",
    "Control_locate_min_css": "/static/vendor/locate.css",
    "leaflet_geoman_js": "/static/vendor/geoman.js",
    "leaflet_geoman_css": "/static/vendor/geoman.css",
}
BOUNDS = (100.1, 38.6, 100.87, 39.4)
EVIL = "<img src=x onerror=alert(1)> ${alert(1)} `x` {{ 7*7 }} {% raw %} https://elsewhere.example"


def build(**options):
    layers = [
        FeatureLayer("areas", label="乡镇", source="areas"),
        FeatureLayer("sites", source="/api/sites.geojson"),
    ]
    return county_map("county", bounds=BOUNDS, layers=layers, **options)


def test_the_same_map_gives_the_same_bytes():
    one, other = render_parts(build(draw={}), ASSETS), render_parts(build(draw={}), ASSETS)
    assert one == other
    assert one.version == other.version
    assert re.fullmatch("[0-9a-f]{16}", one.version)


def test_a_map_rendered_twice_does_not_grow():
    county = build(draw={})
    assert render_parts(county, ASSETS) == render_parts(county, ASSETS)


def test_another_map_has_another_version():
    assert render_parts(build(), ASSETS).version != render_parts(build(locate=False), ASSETS).version


def test_the_page_gets_a_box_and_nothing_inline():
    assert str(render_parts(build(), ASSETS).html).split() == [
        "<div",
        'class="folium-map"',
        'id="county"',
        "></div>",
    ]


def test_leaflet_comes_before_what_stands_on_it():
    parts = render_parts(build(draw={}), ASSETS)
    assert parts.scripts == tuple(f"/static/vendor/{name}.js" for name in ("leaflet", "locate", "geoman"))
    assert parts.styles == tuple(f"/static/vendor/{name}.css" for name in ("leaflet", "locate", "geoman"))


def test_the_script_calls_ours_for_each_layer_and_last_when_all_stands():
    script = render_parts(build(draw={"polygon": True}), ASSETS).script
    calls = re.findall(r"xuntu\.\w+|county\.fitBounds|L\.map", script)
    assert calls == ["L.map", "county.fitBounds", "xuntu.layer", "xuntu.layer", "xuntu.draw", "xuntu.ready"]
    assert "[[38.6, 100.1], [39.4, 100.87]]" in script
    assert 'county, "sites", {"source": "/api/sites.geojson"}' in script
    assert script.count(".addTo(county)") == 6


def test_a_layer_hidden_at_first_is_not_added():
    script = render_parts(
        county_map("small", bounds=BOUNDS, layers=[FeatureLayer("areas", show=False)]), ASSETS
    ).script
    assert "feature_layer_small_2.addTo" not in script
    assert "xuntu.layer(" in script


def test_tiles_are_asked_from_our_own_address_with_a_harmless_attribution():
    script = render_parts(build(basemap=Basemap("tiles", "/tiles/{z}/{x}/{y}", EVIL, 3, 17)), ASSETS).script
    assert '"/tiles/{z}/{x}/{y}"' in script
    assert '"maxNativeZoom": 17' in script
    for harm in ("<img", "${", "`", "{{", "{%", "49", "://"):
        assert harm not in script


def test_a_map_without_attribution_still_has_its_tiles():
    assert (
        "L.tileLayer(" in render_parts(build(basemap=Basemap("t", "/tiles/{z}/{x}/{y}", "")), ASSETS).script
    )


@pytest.mark.parametrize(
    "url", ["https://t0.example/{z}/{x}/{y}", "//t0.example/{z}", "tiles/{z}", "/tiles/{{ 7*7 }}"]
)
def test_tiles_from_elsewhere_are_refused(url):
    with pytest.raises(LookupError):
        build(basemap=Basemap("t", url, "x"))


def test_an_asset_nobody_mapped_is_an_error():
    county = build()
    county.add_child(Fullscreen())
    with pytest.raises(LookupError, match="Fullscreen"):
        render_parts(county, ASSETS)


def test_an_asset_at_a_foreign_address_is_an_error():
    with pytest.raises(LookupError, match="cdn"):
        render_parts(build(), {**ASSETS, "leaflet": "https://cdn.example/leaflet.js"})


def test_an_asset_may_be_left_out_by_name():
    assert "/static/vendor/leaflet.css" not in render_parts(build(), {**ASSETS, "leaflet_css": None}).styles


def test_folium_asks_by_name_for_nothing_but_what_is_known():
    wanted = {name for name, _ in (*folium.Map.default_js, *folium.Map.default_css, *DrawingTools.default_js)}
    assert wanted - set(NOT_NEEDED) <= set(ASSETS)


@pytest.mark.parametrize(
    "unsafe",
    [
        folium.Tooltip(EVIL),
        folium.Popup("x"),
        folium.Icon(),
        folium.Marker([39, 100], popup="x"),
        folium.Marker([39, 100], tooltip="x"),
        folium.Marker([39, 100], icon=folium.Icon()),
        folium.Marker([39, 100], icon=folium.CustomIcon("https://x.example/x.png")),
        folium.Marker([39, 100], icon=folium.DivIcon(html="<b>x</b>")),
    ],
    ids=lambda element: type(element).__name__,
)
def test_an_element_that_does_not_escape_text_is_refused(unsafe):
    county = build()
    county.add_child(unsafe)
    with pytest.raises(ValueError, match="does not escape"):
        render_parts(county, ASSETS)


@pytest.mark.parametrize(
    "fields", [{"popup": folium.GeoJsonPopup(["n"])}, {"tooltip": folium.GeoJsonTooltip(["n"])}]
)
def test_a_geojson_with_its_own_popup_is_refused(fields):
    feature = {
        "type": "Feature",
        "properties": {"n": EVIL},
        "geometry": {"type": "Point", "coordinates": [100.4, 38.9]},
    }
    county = build()
    county.add_child(folium.GeoJson({"type": "FeatureCollection", "features": [feature]}, **fields))
    with pytest.raises(ValueError, match="does not escape"):
        render_parts(county, ASSETS)


def test_a_foreign_address_in_any_element_is_an_error():
    county = build()
    county.add_child(folium.TileLayer("https://t0.example/{z}/{x}/{y}", attr="x"))
    with pytest.raises(LookupError, match="not ours"):
        render_parts(county, ASSETS)


def test_what_is_put_past_the_map_into_the_figure_is_left_out():
    county = build()
    county.get_root().script.add_child(Element("alert(1)"))
    county.get_root().header.add_child(Element("<style>p {}</style>"))
    county.get_root().html.add_child(Element("<p style='x'>"))
    assert render_parts(county, ASSETS) == render_parts(build(), ASSETS)


def test_an_element_that_needs_jquery_or_a_template_literal_is_refused():
    county = build()
    county.add_child(MarkerCluster(icon_create_function="function (c) { return $.noop(`${c}`); }"))
    assets = {
        **ASSETS,
        **dict.fromkeys(name for name, _ in (*MarkerCluster.default_js, *MarkerCluster.default_css)),
    }
    with pytest.raises(ValueError, match="jQuery"):
        render_parts(county, assets)


@pytest.mark.parametrize(
    "options", [{"note": "{{ 7*7 }}"}, {"deep": [{"a": "{% x %}"}]}, {"{# x": 1}, {"a": "`"}]
)
def test_options_hold_no_text_that_could_be_a_template(options):
    with pytest.raises(ValueError, match="people wrote"):
        FeatureLayer("areas", **options)
    with pytest.raises(ValueError, match="people wrote"):
        DrawingTools(**options)


def test_names_and_words_are_ours():
    for name in ("1", "Sites", "a b", "a;b", ""):
        with pytest.raises(ValueError, match="no name"):
            FeatureLayer(name)
        with pytest.raises(ValueError, match="no name"):
            county_map(name, bounds=BOUNDS)
    with pytest.raises(ValueError, match="no plain word"):
        FeatureLayer("areas", label="<b>")
    with pytest.raises(ValueError, match="no plain word"):
        build(words={"zoom_in": "<b>"})


def test_titles_can_be_translated():
    words = {"zoom_in": "放大", "zoom_out": "缩小", "locate": "我的位置"}
    script = render_parts(build(words=words), ASSETS).script.encode().decode("unicode_escape")
    assert all(word in script for word in words.values())


@pytest.mark.parametrize("bounds", [(1, 2, 0, 3), (1, 2, float("nan"), 3), (1, 2, float("inf"), 3)])
def test_a_map_opens_on_a_real_box(bounds):
    with pytest.raises(ValueError, match="no box"):
        county_map("county", bounds=bounds)
