/**
 * The county map on one sheet of A4, by the button, Ctrl+P or the browser's menu.
 *
 * From the button the map is laid out afresh at the size of the sheet, so that names and marks are as large as on the
 * screen, and its canvases are drawn sharp. The browser's menu leaves no time for that: then the map is scaled as it is.
 */

import { addButton } from "./controls.js";
import { fill, grouped } from "./dom.js";

const SHARP = 3; // pixels of a canvas to one of the sheet, which has 96 to the inch
const MORE_FROM_ZOOMS = [13, 15]; // single sites, true shapes: what one sees by zooming in stays on the sheet
const PATIENCE_MS = 8000;
const LIGHT = "light";

/** Puts the button into the map's bar, and looks after printing by other ways. */
export function addPrinting(county) {
  const sheet = new Sheet(county);
  const { map, words, icons } = county;
  addButton(map, { words: words.print, icon: `${icons}#i-printer`, press: () => sheet.print() });
  sheet.begin();
}

/**
 * How a map of `seen` pixels at a zoom lies in the sheet's room: its width and height in pixels, its zoom, the scale it
 * is shrunk by, and where it begins. All that is seen is on the sheet; `afresh` fills the room.
 */
export function layOut(seen, zoom, room, afresh) {
  const fit = Math.min(room.x / seen.x, room.y / seen.y);
  if (!afresh) {
    const [left, top] = [(room.x - seen.x * fit) / 2, (room.y - seen.y * fit) / 2];
    return { width: seen.x, height: seen.y, zoom, scale: fit, left, top };
  }
  const fitting = zoom + Math.log2(fit);
  const least = Math.max(-Infinity, ...MORE_FROM_ZOOMS.filter((from) => from <= zoom));
  const drawn = Math.max(fitting, least);
  const scale = 2 ** (fitting - drawn);
  const [width, height] = [Math.round(room.x / scale), Math.round(room.y / scale)];
  return { width, height, zoom: drawn, scale, left: 0, top: 0 };
}

class Sheet {
  constructor(county) {
    const { map, page, words, form, layers } = county;
    Object.assign(this, { map, page, words, form, layers, root: document.documentElement, before: null });
    this.place = page.querySelector(".map");
  }

  begin() {
    document.addEventListener("keydown", (event) => {
      if (event.key !== "p" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
      event.preventDefault();
      this.print();
    });
    addEventListener("beforeprint", () => this.lay(false));
    addEventListener("afterprint", () => this.putBack());
    matchMedia("print").addEventListener("change", ({ matches }) => (matches ? this.lay(false) : this.putBack()));
    this.page.querySelector(".sheet-wait").addEventListener("click", () => this.putBack());
  }

  async print() {
    if (this.before) return;
    if (document.fullscreenElement) await document.exitFullscreen();
    const { scale } = this.lay(true);
    await this.drawn(Math.max(SHARP * scale, devicePixelRatio));
    if (this.before) window.print();
  }

  /** Turns the page into the sheet, at once. */
  lay(afresh) {
    if (this.before) return null;
    const { map, root } = this;
    map.stop();
    const [seen, zoom] = [map.getSize(), map.getZoom()];
    this.before = { center: map.getCenter(), zoom, snap: map.options.zoomSnap, theme: root.dataset.theme, afresh };
    if (afresh) root.dataset.theme = LIGHT;
    else root.classList.toggle("is-drawn-dark", getComputedStyle(root).colorScheme === "dark");
    root.classList.add("is-sheet");
    this.turnPaper(seen.x > seen.y);
    this.write();
    const laid = layOut(seen, zoom, { x: this.place.clientWidth, y: this.place.clientHeight }, afresh);
    this.take(laid);
    return laid;
  }

  /** The paper lies as the map does; a named page would be neater, but Chromium at times forgets its size. */
  turnPaper(isWide) {
    this.root.classList.toggle("is-wide", isWide);
    const sheet = [...document.styleSheets].at(-1);
    const before = [...sheet.cssRules].indexOf(this.paper);
    if (before >= 0) sheet.deleteRule(before);
    const rule = `@page { size: A4 ${isWide ? "landscape" : "portrait"}; }`;
    this.paper = sheet.cssRules[sheet.insertRule(rule, sheet.cssRules.length)];
  }

  take({ width, height, zoom, scale, left, top }) {
    const sizes = { width: `${width}px`, height: `${height}px`, left: `${left}px`, top: `${top}px`, scale };
    for (const [name, value] of Object.entries(sizes)) this.place.style.setProperty(`--map-${name}`, value);
    if (this.before.afresh) this.view(this.before.center, zoom, 0);
  }

  view(center, zoom, snap) {
    this.map.options.zoomSnap = snap;
    this.map.invalidateSize({ animate: false, pan: false });
    this.map.setView(center, zoom, { animate: false });
  }

  putBack() {
    if (!this.before) return;
    const { center, zoom, snap, theme, afresh } = this.before;
    this.before = null;
    this.root.classList.remove("is-sheet", "is-wide", "is-drawn-dark");
    if (!afresh) return;
    if (theme) this.root.dataset.theme = theme;
    else delete this.root.dataset.theme;
    this.view(center, zoom, snap);
    this.layers.sites.repaint();
  }

  /** Waits until the sites are drawn at `ratio` pixels to one, and pictures of tiles have come, for a while. */
  async drawn(ratio) {
    const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
    await Promise.race([patience, this.layers.sites.repaint(ratio)]);
    await Promise.race([patience, Promise.all(this.loading())]);
    await new Promise(requestAnimationFrame);
  }

  loading() {
    const waits = [];
    this.map.eachLayer((layer) => {
      if (layer.isLoading?.()) waits.push(new Promise((resolve) => layer.once("load", resolve)));
    });
    return waits;
  }

  /** Writes what is shown, as of when, and which signs of the legend are in use. */
  write() {
    const counts = [...this.page.querySelectorAll(".legend-bar [data-state]")];
    const all = counts.reduce((sum, { textContent }) => sum + Number(textContent.replaceAll(",", "")), 0);
    const shown = chosenIn(this.form);
    const said = {
      shown: shown.length ? shown.join(" · ") : this.words.all_sites,
      count: fill(this.words.sheet_count, { n: grouped(all) }),
      asOf: document.querySelector("[data-as-of]")?.textContent ?? "",
    };
    for (const part of this.page.querySelectorAll("[data-sheet]")) part.textContent = said[part.dataset.sheet];
    for (const count of counts) count.closest("li").classList.toggle("is-unused", count.textContent === "0");
    const kind = new FormData(this.form).get("kind");
    for (const one of this.page.querySelectorAll(".legend-bar [data-kind]")) {
      one.classList.toggle("is-unused", Boolean(kind) && one.dataset.kind !== kind);
    }
  }
}

/** What a filter's form asks for, in the page's words. */
function chosenIn({ elements }) {
  const narrows = ({ value, type, checked, dataset }) => value && value !== dataset.usual && (type !== "radio" || checked);
  const chosen = [...elements].filter(narrows);
  return chosen.map(wordsOf).filter(Boolean);
}

function wordsOf(field) {
  if (field.type === "radio") return field.closest("label").textContent.trim();
  if (field.type === "select-one") return field.selectedOptions[0].text.trim();
  return field.type === "date" ? field.value : "";
}
