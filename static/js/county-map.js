/**
 * The county map: sites under a filter, their legend, list and card. The map itself is Folium's (map/xuntu.js); the
 * section around it holds what stands beside it: <div data-module="county-map" data-icons="…" data-marks="…">.
 */

import { Refused, getJson } from "./api.js";
import { unproject } from "./map/clusters.js";
import { addWholeCounty } from "./map/controls.js";
import { element, fill, grouped } from "./map/dom.js";
import { readForm, toQuery } from "./map/filters.js";
import { URGENT } from "./map/marks.js";
import { Panel, siteList } from "./map/panel.js";
import { addReferenceLayers } from "./map/reference.js";
import { SiteSource } from "./map/source.js";
import { Status } from "./map/status.js";

const REACH = { touch: 22, mouse: 10 }; // pixels around a tap or a click
const FINE_LINES_FROM_ZOOM = 11;
const SHAPES_FROM_ZOOM = 15;
const ALL_MARKS_FROM_ZOOM = 11; // on a phone; further out it keeps what is late
const PHONE = 700; // pixels of the map's width
const LISTED_IN_VIEW = 100;

export function start(page) {
  const box = page.querySelector(".folium-map");
  if (box.xuntuParts) new CountyMap(page, box.xuntuParts).begin();
  else box.addEventListener("xuntu:map", ({ detail }) => new CountyMap(page, detail).begin(), { once: true });
}

class CountyMap {
  constructor(page, { map, layers, data }) {
    Object.assign(this, { page, map, layers, data, words: data.words, filter: data.filter });
    const { icons, marks } = page.dataset;
    Object.assign(this, { icons, marks });
    this.form = document.getElementById("map-filters");
    this.list = page.querySelector(".map-list");
    this.status = new Status(page.querySelector(".map-status"));
    this.source = new SiteSource(data.total, townshipNames(data.areas));
    const told = (open) => this.makeRoom(open);
    this.panel = new Panel(page.querySelector(".map-side"), { words: this.words, icons, marks, told });
  }

  begin() {
    const { map, layers, words } = this;
    addWholeCounty(map, countyBounds(this.data.bounds), words.all_of_it, this.icons);
    nameLayersButton(map, words.layers);
    addReferenceLayers(this);
    layers.names.setFigures(this.data.counts.township);
    layers.sites.setRules({
      mayCount: (site) => !URGENT.has(site.state),
      isShown: (site, zoom) => this.isShown(site, zoom),
    });
    layers.sites.setObstacles(() => layers.names.rooms());
    this.form.addEventListener("change", () => this.applyFilter());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.applyFilter();
    });
    map.on("click", (event) => this.press(event));
    map.on("mousemove", (event) => this.point(event));
    map.on("moveend", () => this.moved());
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.panel.close());
    this.list.addEventListener("toggle", () => this.listInView());
    if (this.filter.area) this.goToArea();
    if (this.data.chosen) this.goToSite(this.data.chosen);
    this.load();
  }

  /** Fetches what the filter and the view ask for, and shows it. */
  async load() {
    this.asked?.abort();
    const asked = (this.asked = new AbortController());
    this.status.wait(this.words.loading);
    try {
      const found = await this.source.load(this.filter, this.map.getBounds(), asked.signal);
      this.show(found);
    } catch (error) {
      if (error.name === "AbortError") return;
      const words = error instanceof Refused && error.status < 500 ? error.message : this.words.failed;
      this.status.fail(words, this.words.retry, () => this.load());
    }
  }

  show({ features, matched, counts }) {
    this.layers.sites.setSites(features);
    this.layers.names.setFigures(counts.township);
    for (const figure of this.page.querySelectorAll("[data-state]")) {
      figure.textContent = grouped(counts.state[figure.dataset.state] ?? 0);
    }
    if (matched > features.length) this.status.say(fill(this.words.cut, { n: features.length, m: matched }));
    else if (matched || this.anyElsewhere(counts)) this.status.clear();
    else this.status.say(this.data.total ? this.words.nothing : this.words.none_yet);
    this.listInView();
    this.showShapes();
  }

  /** Whether the filter finds sites outside what was fetched. */
  anyElsewhere(counts) {
    return Object.values(counts.state).some(Boolean);
  }

  applyFilter() {
    const before = this.filter;
    this.filter = readForm(this.form);
    const query = toQuery(this.filter);
    history.replaceState(null, "", `/map${query}`);
    document.getElementById("map-to-list").href = `/sites${query}`;
    for (const next of document.querySelectorAll("input[name=next]")) next.value = `/map${query}`;
    if (this.filter.area !== before.area) this.goToArea();
    this.load();
  }

  goToArea() {
    this.layers.areas.choose(this.filter.area);
    const bounds = this.layers.areas.boundsOf(this.filter.area) ?? countyBounds(this.data.bounds);
    this.map.fitBounds(bounds, { padding: [20, 20] });
  }

  goToSite(site) {
    this.map.setView([site.lat, site.lon], SHAPES_FROM_ZOOM, { animate: false });
    this.choose(site);
  }

  moved() {
    if (!this.source.covers(this.map.getBounds())) this.load();
    this.listInView();
    this.showShapes();
    this.showFineLines();
  }

  async showShapes() {
    if (this.map.getZoom() < SHAPES_FROM_ZOOM) return;
    this.shapesAsked?.abort();
    this.shapesAsked = new AbortController();
    const { signal } = this.shapesAsked;
    const found = await this.source.shapes(this.filter, this.map.getBounds(), signal).catch(() => null);
    if (found) this.layers.sites.setShapes(found); // without it the marks are there all the same
  }

  async showFineLines() {
    if (this.fineLines || this.map.getZoom() < FINE_LINES_FROM_ZOOM) return;
    this.fineLines = true;
    const outlines = await getJson("/api/areas.geojson").catch(() => null);
    if (outlines) this.layers.areas.setOutlines(outlines);
    else this.fineLines = false;
  }

  /** On a phone the county keeps what is late; a chosen state is always shown. */
  isShown({ state }, zoom) {
    const narrow = this.map.getSize().x < PHONE && zoom < ALL_MARKS_FROM_ZOOM;
    return !narrow || Boolean(this.filter.state) || state === "listed" || state === "overdue";
  }

  press({ containerPoint, originalEvent }) {
    const reach = originalEvent.pointerType === "touch" ? REACH.touch : REACH.mouse;
    const { sites, circle } = this.layers.sites.hit(containerPoint, reach);
    if (sites.length === 1) this.choose(sites[0]);
    else if (sites.length) this.panel.showChoice(sites, (site) => this.choose(site));
    else if (circle) this.map.fitBounds(boundsOfCircle(circle), { padding: [60, 60], maxZoom: this.map.getZoom() + 3 });
    else this.panel.close();
  }

  point({ containerPoint, originalEvent }) {
    if (originalEvent.buttons) return;
    const { sites, circle } = this.layers.sites.hit(containerPoint, REACH.mouse);
    this.map.getContainer().classList.toggle("is-over-site", Boolean(sites.length || circle));
  }

  async choose(site) {
    this.layers.sites.setChosen(site.id);
    this.keepInSight(site);
    await this.panel.showSite(site);
    this.keepInSight(site);
  }

  /** Moves the map if the site would lie under its edge or under the sheet. */
  keepInSight({ lat, lon }) {
    const box = this.map.getContainer().getBoundingClientRect();
    const sheet = this.panel.aside.getBoundingClientRect();
    const covered = sheet.left < box.right && sheet.height ? Math.max(0, box.bottom - sheet.top) : 0;
    this.map.panInside([lat, lon], { paddingTopLeft: [40, 40], paddingBottomRight: [60, 40 + covered] });
  }

  /** The panel takes its place beside the map, or gives it back. */
  makeRoom(open) {
    this.page.classList.toggle("no-side", !open);
    if (!open) this.layers.sites.setChosen(null);
    this.map.invalidateSize({ animate: false });
  }

  listInView() {
    const sites = this.layers.sites.inView();
    this.list.querySelector("summary").textContent = fill(this.words.in_view, { n: sites.length });
    if (!this.list.open) return;
    const lines = siteList(sites.slice(0, LISTED_IN_VIEW), this.marks, (site) => this.choose(site));
    const more = sites.length - LISTED_IN_VIEW;
    if (more > 0) lines.append(element("li", { class: "hush small panel-text" }, fill(this.words.more, { n: more })));
    this.list.querySelector("ul").replaceWith(lines);
  }
}

function townshipNames({ features }) {
  const townships = features.map(({ properties }) => properties).filter(({ level }) => level === "township");
  return new Map(townships.map(({ code, name }) => [code, name]));
}

/** Leaflet knows this button's name in English only. */
function nameLayersButton(map, words) {
  const button = map.getContainer().querySelector(".leaflet-control-layers-toggle");
  button.title = words;
  button.setAttribute("aria-label", words);
}

const countyBounds = ([west, south, east, north]) => [[south, west], [north, east]];

function boundsOfCircle({ west, east, north, south }) {
  return [unproject(west, south), unproject(east, north)];
}
