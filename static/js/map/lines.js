/** An area's boundary, and dashed the one it had before, as SVG, which the style sheet colours. Loaded after Leaflet. */

const L = window.L;

/** `now` and `before` are GeoJSON geometries; either may be null. */
export const LinesLayer = L.LayerGroup.extend({
  initialize({ now, before }) {
    L.LayerGroup.prototype.initialize.call(this);
    this._renderer = L.svg({ pane: "sites", padding: 0.3 });
    this._add(before, "line-before");
    this._add(now, "line-now");
  },

  _add(geometry, className) {
    if (!geometry) return;
    const style = { className, renderer: this._renderer, interactive: false };
    this.addLayer(L.geoJSON(geometry, { style, interactive: false }));
  },
});
