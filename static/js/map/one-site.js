/** One site on a small map: its true shape and its mark, as SVG, which the style sheet colours. Loaded after Leaflet. */

import { picture } from "./dom.js";
import { SIZES } from "./marks.js";

const L = window.L;

const MARKS = new URL("../../icons/marks.svg", import.meta.url).pathname;

/** `site` has lon, lat, geometry, kind and state, or is null. */
export const OneSiteLayer = L.LayerGroup.extend({
  initialize(site) {
    L.LayerGroup.prototype.initialize.call(this);
    if (!site) return;
    const { lon, lat, geometry, kind, state } = site;
    const renderer = L.svg({ pane: "sites", padding: 0.3 });
    const style = { className: `site-shape s-${state}`, renderer, interactive: false };
    if (geometry && geometry.type !== "Point") this.addLayer(L.geoJSON(geometry, { style, interactive: false }));
    const icon = new MarkIcon({ symbol: `${MARKS}#m-${kind}-${state}`, state });
    this.addLayer(L.marker([lat, lon], { icon, pane: "sites", interactive: false, keyboard: false }));
  },
});

/** A mark of the sprite; Leaflet's own icons would be pictures from files or markup. */
const MarkIcon = L.Icon.extend({
  createIcon() {
    const { symbol, state } = this.options;
    const icon = picture(`leaflet-marker-icon mk mk-placed s-${state}`, symbol);
    const size = `${SIZES[state] + 4}px`;
    Object.assign(icon.style, { width: size, height: size, marginLeft: `calc(${size} / -2)`, marginTop: `calc(${size} / -2)` });
    return icon;
  },

  createShadow() {
    return null;
  },
});
