/** Places of a file as dots, sites that are known as rings: what one reading of coordinates comes to. Loaded after Leaflet. */

const L = window.L;
const DOT = 3.5;
const RING = 5;

/** `points` and `known` are lists of [lon, lat]. */
export const PointsLayer = L.LayerGroup.extend({
  initialize({ points, known }) {
    L.LayerGroup.prototype.initialize.call(this);
    this._renderer = L.svg({ pane: "sites", padding: 0.3 });
    for (const place of known) this._add(place, RING, "map-ring");
    for (const place of points) this._add(place, DOT, "map-dot");
  },

  _add([lon, lat], radius, className) {
    const style = { radius, className, renderer: this._renderer, interactive: false };
    this.addLayer(L.circleMarker([lat, lon], style));
  },
});
