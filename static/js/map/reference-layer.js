/**
 * One layer for reference on the map: loaded for the zoom and the view, drawn as SVG that the style sheet colours, its
 * names at near zooms. Far out the server gives the whole county by classes of zoom (inspections/layers/drawing.py);
 * near, the features of a box. Loaded after Leaflet.
 */

import { getJson } from "../api.js";
import { element } from "./dom.js";

const FAR = [9, 11, 13]; // the zooms that a class serves up to: the server's
const AROUND = 0.5; // of the view's width and height, fetched beyond its edges when near
const MOST_NAMES = 200;

/** The class of zoom that serves a zoom, or null where features of a box are asked for. */
export function classOf(zoom) {
  return FAR.find((one) => zoom <= one) ?? null;
}

/** What to ask of the server: the same for every zoom of a class, so that the answer is kept. */
export function addressOf(kind, zoom, box) {
  const far = classOf(zoom);
  if (far) return `/api/layers/${kind}.geojson?zoom=${far}`;
  const edges = [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()].map((edge) => edge.toFixed(4));
  return `/api/layers/${kind}.geojson?zoom=${Math.ceil(zoom)}&bbox=${edges.join(",")}`;
}

/** The features with a name, each name once. */
export function namedOnce(features) {
  const seen = new Set();
  return features
    .map(({ properties }) => properties)
    .filter(({ name, at }) => name && at && !seen.has(name) && seen.add(name));
}

export class ReferenceLayer {
  /** `told({ busy, failed })` hears how loading goes. */
  constructor(map, kind, told) {
    Object.assign(this, { map, kind, told, on: false, kept: new Map(), names: [] });
    this.group = window.L.featureGroup();
    this.labels = window.L.layerGroup();
    this.moved = () => this.load();
  }

  turn(on) {
    if (on === this.on) return;
    this.on = on;
    for (const part of [this.group, this.labels]) on ? part.addTo(this.map) : part.remove();
    this.map[on ? "on" : "off"]("moveend", this.moved);
    if (on) return this.load();
    this.stop();
    this.told({});
  }

  /** Draws what suits the zoom and the view; what is there already, or on its way, is not asked for again. */
  async load() {
    const zoom = this.map.getZoom();
    const wanted = { far: classOf(zoom), box: this.map.getBounds() };
    this.thinNames();
    if (serves(this.shown, wanted) || serves(this.asking, wanted)) return;
    this.stop();
    const asked = (this.asked = new AbortController());
    const asking = (this.asking = { ...wanted, box: wanted.box.pad(AROUND) });
    this.told({ busy: true });
    try {
      const found = await this.fetch(zoom, asking, asked.signal);
      if (this.asked === asked) this.draw(found, asking);
    } catch {
      if (this.asked === asked) this.failed();
    }
  }

  stop() {
    this.asked?.abort();
    this.asked = this.asking = null;
  }

  failed() {
    this.asking = null;
    this.told({ failed: true });
  }

  async fetch(zoom, { far, box }, signal) {
    if (!this.kept.has(far)) {
      const found = await getJson(addressOf(this.kind, zoom, box), { signal });
      if (!far) return found;
      this.kept.set(far, found);
    }
    return this.kept.get(far);
  }

  draw({ features }, shown) {
    this.shown = shown;
    this.asking = null;
    this.told({});
    const { L } = window;
    const shapes = features.filter(({ geometry }) => geometry.type !== "Point");
    this.group.clearLayers();
    const look = { pane: "reference", renderer: rendererOf(this.map), interactive: false };
    for (const [type, name] of [["Polygon", ""], ["LineString", " ref-line"]]) {
      const fitting = shapes.filter(({ geometry }) => geometry.type.endsWith(type));
      const className = `ref${name} ref-${this.kind}${shown.far ? " ref-far" : ""}`;
      const style = { ...look, className, fillColor: `url(#ref-${this.kind})`, fillOpacity: 1 };
      if (fitting.length) this.group.addLayer(L.geoJSON(together(fitting, type), { ...look, style }));
    }
    this.drawNames(namedOnce(features));
  }

  drawNames(named) {
    this.labels.clearLayers();
    this.names = named.slice(0, MOST_NAMES).map(({ name, at: [lon, lat] }) => {
      const box = element("span", { class: "map-name-box" }, name);
      const options = { permanent: true, direction: "center", className: "map-name ref-name", pane: "reference-names" };
      this.labels.addLayer(window.L.tooltip(options).setLatLng([lat, lon]).setContent(box));
      return box;
    });
    this.thinNames();
  }

  /** Leaves out names that would cover one that stands already, of this layer or of a township. */
  thinNames() {
    const others = this.map.getContainer().querySelectorAll(".map-name-box:not(.is-covered)");
    const kept = [...others].filter((box) => !this.names.includes(box)).map((box) => box.getBoundingClientRect());
    for (const box of this.names) {
      const room = box.getBoundingClientRect();
      const free = kept.every((other) => !overlap(room, other));
      box.classList.toggle("is-covered", !free);
      if (free) kept.push(room);
    }
  }
}

/** Whether what is drawn, or on its way, serves a view. */
function serves(there, { far, box }) {
  return Boolean(there) && there.far === far && (far !== null || there.box.contains(box));
}

const renderers = new WeakMap();

/** All layers share one picture, so that which lies above which is their order in it. */
function rendererOf(map) {
  if (!renderers.has(map)) renderers.set(map, window.L.svg({ pane: "reference", padding: 0.5 }));
  return renderers.get(map);
}

/** One path for all shapes of a sort: browsers draw that quicker than thousands. */
function together(features, type) {
  const parts = features.flatMap(({ geometry }) =>
    geometry.type.startsWith("Multi") ? geometry.coordinates : [geometry.coordinates],
  );
  return { type: `Multi${type}`, coordinates: parts };
}

const overlap = (one, other) =>
  one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
