/**
 * The global `xuntu` that a map's script calls (geo/maps.py): layers by name, drawing tools, and that all stands.
 *
 * What a layer shows comes from the JSON block `<id of the map's box>-data`. When the map stands, its box carries it
 * as `xuntuMap`, says so by the event `xuntu:map` with `{ map, element, layers, data }`, and keeps that as
 * `xuntuParts` for who comes later. Loaded after Leaflet.
 */

import { AreasLayer, NamesLayer } from "./areas.js";
import { LinesLayer } from "./lines.js";
import { OneSiteLayer } from "./one-site.js";
import { Overview } from "./overview.js";
import { featuresOf } from "./outlines.js";
import { PointsLayer } from "./points.js";
import { followPosition } from "./position.js";
import { SitesLayer } from "./sites-layer.js";

// From the ground up; Leaflet's own panes for tiles and controls lie below and above
const PANES = { ground: 340, reference: 345, areas: 350, "reference-names": 415, names: 420, sites: 450, chosen: 460 };
const NEAREST = 16;
const STILL = { zoomAnimation: false, fadeAnimation: false, inertia: false };
const made = new WeakMap();

const LAYERS = {
  areas: ({ areas }, options) => new AreasLayer(areas, options),
  names: ({ areas }) => new NamesLayer(areas),
  sites: ({ overview }) => new SitesLayer(overview ? new Overview(bytesOf(overview)) : null),
  site: ({ site }) => new OneSiteLayer(site),
  points: (data) => new PointsLayer(data),
  lines: ({ lines }) => new LinesLayer(lines),
};

// Before the map's script makes one: who wants no movement gets none
if (matchMedia("(prefers-reduced-motion: reduce)").matches) window.L.Map.mergeOptions(STILL);

window.xuntu = {
  layer(map, name, options) {
    const { data, layers } = about(map);
    layers[name] = LAYERS[name](data, options);
    return layers[name];
  },

  draw(map) {
    map.pm.setLang(document.documentElement.lang.startsWith("zh") ? "zh" : "en");
  },

  ready(map) {
    const { data, layers } = about(map);
    openView(map, data);
    const box = map.getContainer();
    followPosition(map, { words: data.words, aim: data.site });
    followTheme(() => layers.sites?.repaint());
    Object.assign(box, { xuntuMap: map, xuntuParts: { map, element: box, layers, data } });
    box.dispatchEvent(new CustomEvent("xuntu:map", { bubbles: true, detail: box.xuntuParts }));
  },
};

/** Layers by name and the data of a map made here. */
export function about(map) {
  if (!made.has(map)) {
    for (const [name, level] of Object.entries(PANES)) {
      Object.assign(map.createPane(name).style, { zIndex: level, pointerEvents: "none" });
    }
    const block = document.getElementById(`${map.getContainer().id}-data`);
    const data = JSON.parse(block.textContent);
    made.set(map, { layers: {}, data: { ...data, areas: featuresOf(data.areas) } });
  }
  return made.get(map);
}

/** Shows the site, or the officer's own part of the county as large as it fits; pictures of tiles want whole zooms. */
function openView(map, { site, bounds, at, opens_on: own }) {
  const [west, south, east, north] = own ?? bounds;
  map.attributionControl.removeAttribution(" "); // tiles nobody asks credit for
  if (!hasTiles(map)) Object.assign(map.options, { zoomSnap: 0.25, wheelPxPerZoomLevel: 100 });
  if (at) map.setView([at[1], at[0]], at[2], { animate: false });
  else if (site) goTo(map, site);
  else map.fitBounds([[south, west], [north, east]], { animate: false });
}

function hasTiles(map) {
  let found = false;
  map.eachLayer((layer) => (found ||= layer instanceof window.L.TileLayer));
  return found;
}

function goTo(map, { lon, lat, geometry }) {
  const bounds = geometry ? window.L.geoJSON(geometry).getBounds() : null;
  if (bounds?.isValid() && !bounds.getNorthEast().equals(bounds.getSouthWest())) {
    map.fitBounds(bounds, { maxZoom: NEAREST, padding: [24, 24], animate: false });
  } else {
    map.setView([lat, lon], 14, { animate: false });
  }
}

/** Calls back whenever the page changes between light and dark; a sheet of paper is drawn by who lays it out. */
function followTheme(redraw) {
  const changed = () => document.documentElement.classList.contains("is-sheet") || redraw();
  new MutationObserver(changed).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}

/** The bytes of a text in base64. */
function bytesOf(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
