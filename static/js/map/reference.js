/**
 * Layers for reference: villages, rivers, roads, cropland, basic farmland, ban zones. Switches in the map's layer control,
 * off until somebody turns them on, which this browser remembers; those that are on stand in the legend with their source.
 */

import { drawing, element } from "./dom.js";
import { ReferenceLayer } from "./reference-layer.js";

const STORED = "xuntu.reference";
// From the ground up, whatever was switched on first
const ORDER = ["cropland", "basic_farmland", "ban_zones", "villages", "rivers", "roads"];
const LINES = new Set(["villages", "rivers", "roads"]);

/** Adds a switch for each layer that `county.data.reference` offers: `[{ kind, label, about }]`. */
export function addReferenceLayers(county) {
  const offered = county.data.reference ?? [];
  if (offered.length) new ReferenceLayers(county, offered).begin();
}

class ReferenceLayers {
  constructor({ map, page, words, data }, offered) {
    Object.assign(this, { map, page, words, opening: data.opens_on ?? data.bounds });
    this.switches = offered.map((one) => this.makeSwitch(one));
    this.legend = element("ul", { class: "legend-reference", "aria-label": words.reference });
  }

  begin() {
    const control = this.map.getContainer().querySelector(".leaflet-control-layers-list");
    const rows = this.switches.map(({ row }) => row);
    control.append(element("fieldset", { class: "ref-list" }, element("legend", {}, this.words.reference), ...rows));
    this.page.querySelector(".legend-bar > ul").after(this.legend);
    this.page.append(patterns());
    for (const one of this.switches) one.input.addEventListener("change", () => this.turn(one));
    this.turnOnAgain(recall());
  }

  /** What this browser had on; the legend takes its room, and what the map opened on is still seen whole. */
  turnOnAgain(kinds) {
    const [west, south, east, north] = this.opening;
    const opening = window.L.latLngBounds([[south, west], [north, east]]);
    const whole = this.map.getBounds().contains(opening);
    for (const one of this.switches.filter(({ kind }) => kinds.includes(kind))) {
      one.input.checked = true;
      this.turn(one);
    }
    if (whole && !this.map.getBounds().contains(opening)) this.map.fitBounds(opening, { animate: false });
  }

  makeSwitch({ kind, label, about }) {
    const input = element("input", { type: "checkbox" });
    const words = element("span", {}, label, ...(about ? [element("small", {}, about)] : []));
    const row = element("div", { class: "ref-switch" }, element("label", {}, input, key(kind), words));
    const told = element("span", { class: "ref-told", role: "status" });
    const entry = element("li", {}, key(kind), words.cloneNode(true), told);
    const layer = new ReferenceLayer(this.map, kind, (state) => this.tell({ row, told }, layer, state));
    layer.group.on("layeradd", () => this.stack());
    return { kind, input, row, layer, entry };
  }

  turn({ input, layer }) {
    layer.turn(input.checked);
    const on = this.switches.filter((one) => one.input.checked);
    this.legend.replaceChildren(...on.map((one) => one.entry));
    this.map.invalidateSize({ animate: false });
    remember(on.map((one) => one.kind));
  }

  /** Says in the legend, which is always in sight, what did not arrive. */
  tell({ row, told }, layer, { busy = false, failed = false }) {
    row.toggleAttribute("data-busy", busy);
    if (!failed) return told.replaceChildren();
    const again = element("button", { class: "btn btn-small", type: "button" }, this.words.retry);
    again.addEventListener("click", () => layer.load());
    told.replaceChildren(this.words.reference_failed, again);
  }

  stack() {
    for (const kind of ORDER) this.switches.find((one) => one.kind === kind)?.layer.group.bringToFront();
  }
}

/** A little picture of how a layer is drawn. */
function key(kind) {
  const d = LINES.has(kind) ? "M0 7h24" : "M1 1h22v12H1z";
  const className = `ref ${LINES.has(kind) ? "ref-line " : ""}ref-${kind}`;
  const path = drawing("path", { class: className, d, fill: `url(#ref-${kind})` });
  return drawing("svg", { class: "ref-key", viewBox: "0 0 24 14", "aria-hidden": "true" }, path);
}

/** What fills the layers: a plain ground, lines across it, and nothing; coloured by the style sheet. */
function patterns() {
  const made = ["cropland", "basic_farmland", "ban_zones", "rivers"].map((kind) =>
    drawing(
      "pattern",
      { id: `ref-${kind}`, width: 8, height: 8, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      drawing("rect", { class: `ref-ground ref-ground-${kind}`, width: 8, height: 8 }),
      drawing("path", { class: `ref-hatch ref-hatch-${kind}`, d: "M0 4h8" }),
    ),
  );
  return drawing("svg", { class: "ref-patterns", width: 0, height: 0, "aria-hidden": "true" }, drawing("defs", {}, ...made));
}

function recall() {
  try {
    const kinds = JSON.parse(localStorage.getItem(STORED));
    return Array.isArray(kinds) ? kinds : [];
  } catch {
    return []; // a browser that keeps nothing, or something else under this name
  }
}

function remember(kinds) {
  try {
    localStorage.setItem(STORED, JSON.stringify(kinds));
  } catch {
    // it is on until the page is left
  }
}
