/** Lines of county and townships as SVG, which the style sheet colours, and their names. Loaded after Leaflet. */

import { element, grouped } from "./dom.js";

const L = window.L;
const isTownship = (feature) => feature.properties.level === "township";

/** Outlines: `setOutlines(geojson)` exchanges them for finer ones, `choose(code)` draws one township's in ink. */
export const AreasLayer = L.LayerGroup.extend({
  initialize(outlines, { filled = true } = {}) {
    L.LayerGroup.prototype.initialize.call(this);
    this._filled = filled;
    this._ground = L.svg({ pane: "ground", padding: 0.3 }); // below what is drawn under the lines
    this._renderer = L.svg({ pane: "areas", padding: 0.3 });
    this.setOutlines(outlines);
  },

  setOutlines(outlines) {
    this._outlines = outlines;
    this.clearLayers();
    const townships = outlines.features.filter(isTownship);
    const county = outlines.features.filter((feature) => !isTownship(feature));
    const drawn = townships.length ? townships : county;
    if (this._filled) this._add(drawn, "area-plain", this._ground);
    this._add(drawn, "area-line");
    this._add(county, "edge-band");
    this._add(county, "edge-line");
    if (this._chosen) this.choose(this._chosen);
  },

  choose(code) {
    this._chosen = code;
    if (this._ring) this.removeLayer(this._ring);
    this._ring = null;
    const found = this.find(code);
    if (found && isTownship(found)) this._ring = this._add([found], "area-on");
  },

  find(code) {
    return this._outlines.features.find((feature) => feature.properties.code === code);
  },

  boundsOf(code) {
    const found = this.find(code);
    return found ? L.geoJSON(found).getBounds() : null;
  },

  _add(features, className, renderer = this._renderer) {
    const style = { className, renderer, interactive: false };
    const added = L.geoJSON(features, { style, interactive: false });
    this.addLayer(added);
    return added;
  },
});

/** Names of townships with a figure beneath; one that would cover another stays away. */
export const NamesLayer = L.LayerGroup.extend({
  initialize(outlines) {
    L.LayerGroup.prototype.initialize.call(this);
    this._names = outlines.features.filter(isTownship).map(({ properties }) => nameOf(properties));
    for (const { tooltip } of this._names) this.addLayer(tooltip);
  },

  onAdd(map) {
    L.LayerGroup.prototype.onAdd.call(this, map);
    map.on("zoomend", this._thin, this);
    this._thin();
  },

  onRemove(map) {
    map.off("zoomend", this._thin, this);
    L.LayerGroup.prototype.onRemove.call(this, map);
  },

  /** Figures by township code; a township without one shows its name alone. */
  setFigures(figures) {
    const said = (code) => (code in figures ? grouped(figures[code]) : "");
    const others = this._names.filter(({ code, figure }) => figure.textContent !== said(code));
    for (const { code, figure } of others) figure.textContent = said(code);
    if (!this._map || !others.length) return;
    for (const { tooltip } of others) tooltip.update(); // it may have a line more now, and keeps its middle
    this._thin();
  },

  /** Where names stand, as boxes in pixels of the world at a level; circles keep off them. */
  roomsAt(level) {
    if (!this._map) return [];
    if (this._thinnedAt !== this._map.getZoom()) this._thin();
    const grow = 2 ** (level - this._map.getZoom());
    return this._names.filter(({ free }) => free).map(({ tooltip, size }) => {
      const { x, y } = this._map.project(tooltip.getLatLng(), level);
      const [aside, up] = [(size.x / 2) * grow, (size.y / 2) * grow];
      return { west: x - aside, east: x + aside, north: y - up, south: y + up };
    });
  },

  _thin() {
    if (!this._map) return;
    const zoom = (this._thinnedAt = this._map.getZoom());
    const kept = [];
    for (const name of this._names) {
      const at = this._map.project(name.tooltip.getLatLng(), zoom);
      name.size = L.point(name.box.offsetWidth, name.box.offsetHeight);
      const half = name.size.divideBy(2);
      const room = L.bounds(at.subtract(half), at.add(half));
      name.free = kept.every((other) => !other.overlaps(room));
      name.box.classList.toggle("is-covered", !name.free);
      if (name.free) kept.push(room);
    }
  },
});

function nameOf({ code, name, lon, lat }) {
  const figure = element("span", { class: "map-figure" });
  const box = element("span", { class: "map-name-box" }, element("span", {}, name), figure);
  const tooltip = L.tooltip({ permanent: true, direction: "center", className: "map-name", pane: "names" });
  tooltip.setLatLng([lat, lon]).setContent(box);
  return { code, figure, box, tooltip };
}
