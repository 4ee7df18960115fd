/** What is being measured, drawn as SVG over everything else; the style sheet colours it. Loaded after Leaflet. */

const L = window.L;
const LEVEL = 480; // above sites, below Leaflet's own marks and tooltips
const DOT = 5; // pixels

export class Sketch {
  constructor(map) {
    map.createPane("sketch").style.zIndex = LEVEL;
    map.getPane("sketch").style.pointerEvents = "none";
    const renderer = L.svg({ pane: "sketch", padding: 0.5 });
    const drawn = (className, more = {}) => ({
      className, renderer, interactive: false, smoothFactor: 0, fill: false, ...more,
    });
    this.map = map;
    this.ground = L.polygon([], drawn("sketch-ground", { fill: true, stroke: false }));
    this.halo = L.polyline([], drawn("sketch-halo"));
    this.line = L.polyline([], drawn("sketch-line"));
    this.next = L.polyline([], drawn("sketch-next"));
    this.dots = L.layerGroup();
    this.dot = (place) => L.circleMarker(latLng(place), drawn("sketch-dot", { radius: DOT, fill: true }));
    this.all = L.layerGroup([this.ground, this.halo, this.line, this.next, this.dots]);
  }

  /**
   * `fixed` are the places that are set, `places` those and the one that would come next, all [lon, lat]; the line on
   * to that one, and back to the first of an area, is dashed until all is `done`.
   */
  draw({ fixed, places, isArea, isCrossing, done }) {
    this.all.addTo(this.map);
    const back = isArea && places.length > 2 ? [places[0]] : [];
    const next = done ? [] : [...places.slice(Math.max(0, fixed.length - 1)), ...back];
    this.line.setLatLngs([...fixed, ...(done ? back : [])].map(latLng));
    this.next.setLatLngs(next.map(latLng));
    this.halo.setLatLngs([...places, ...back].map(latLng));
    this.ground.setLatLngs(isArea && !isCrossing ? places.map(latLng) : []);
    this.map.getPane("sketch").classList.toggle("is-crossing", isCrossing);
    if (fixed !== this.fixed) this.#setDots(fixed);
  }

  clear() {
    this.all.remove();
  }

  #setDots(fixed) {
    this.fixed = fixed;
    this.dots.clearLayers();
    for (const place of fixed) this.dots.addLayer(this.dot(place));
  }
}

const latLng = ([lon, lat]) => [lat, lon];
