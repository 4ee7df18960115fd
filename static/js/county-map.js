/**
 * The county map: sites under a filter, their legend, list and card. The map itself is Folium's (map/xuntu.js); the
 * section around it holds what stands beside it: <div data-module="county-map" data-icons="…" data-marks="…">.
 *
 * The worker keeps the sites (map/engine.js) and draws them (map/sites-layer.js); here is what goes on around them.
 */

import { getJson } from "./api.js";
import { writeAddress } from "./map/address.js";
import { addWholeCounty } from "./map/controls.js";
import { afterPainting, element, fill, grouped } from "./map/dom.js";
import { engine, loaded } from "./map/early.js";
import { readForm, toQuery, writeForm } from "./map/filters.js";
import { Hover } from "./map/hover.js";
import { Live } from "./map/live.js";
import { Panel, siteList } from "./map/panel.js";
import { unproject } from "./map/projection.js";
import { Ring } from "./map/ring.js";
import { Status } from "./map/status.js";

const REACH = { touch: 22, mouse: 10 }; // pixels around a tap or a click
const FINE_LINES_FROM_ZOOM = 11;
const CLOSE_ZOOM = 15; // where true shapes show
const PHONE = 700; // pixels of the window's width
const LISTED_IN_VIEW = 100;
const STATES_AFTER_MS = 30_000; // deadlines pass meanwhile
const REST_MS = 300; // without moving, before the address follows
const BEIJING_AHEAD_MS = 8 * 3_600_000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec"];

export function start(page) {
  const box = page.querySelector(".folium-map");
  if (box.xuntuParts) new CountyMap(page, box.xuntuParts).begin();
  else box.addEventListener("xuntu:map", ({ detail }) => new CountyMap(page, detail).begin(), { once: true });
}

class CountyMap {
  constructor(page, { map, layers, data }) {
    Object.assign(this, { page, map, layers, data, words: data.words, filter: data.filter });
    const { icons, marks } = page.dataset;
    Object.assign(this, { icons, marks, chosen: null, presses: null, whole: Promise.resolve() });
    this.form = document.getElementById("map-filters");
    this.list = page.querySelector(".map-list");
    this.status = new Status(page.querySelector(".map-status"));
    this.panel = new Panel(page.querySelector(".map-side"), {
      words: this.words, icons, marks,
      cardOf: (key) => `/api/map/cards/${key}?period=${periodOf(this.filter)}`,
      told: (open, how) => this.makeRoom(open, how),
    });
    this.ring = new Ring(map);
    this.live = new Live({
      refresh: () => engine.ask("refresh"),
      rests: isSheet,
      news: (facts) => this.hearNews(facts),
      lost: (error) => this.loseTouch(error),
    });
  }

  begin() {
    const { map, layers, words } = this;
    addWholeCounty(map, countyBounds(this.data.bounds), words.all_of_it, this.icons);
    nameLayersButton(map, words.layers);
    layers.names.setFigures(this.data.counts.township);
    layers.sites.setLook({ sparse: this.isSparse() });
    layers.sites.setObstacles((level) => layers.names.roomsAt(level));
    this.form.addEventListener("change", () => this.applyForm());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.applyForm();
    });
    map.on("click", (event) => this.press(event));
    map.on("moveend", () => this.moved());
    map.on("resize", () => layers.sites.setLook({ sparse: this.isSparse() }));
    this.hover = new Hover(map, layers.sites, { words, ready: () => this.fetchNames() });
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.panel.close());
    this.list.addEventListener("toggle", () => this.listInView());
    addEventListener("popstate", ({ state }) => this.goBackTo(state));
    engine.renewed = () => this.load();
    if (this.filter.area) this.goToArea({ move: !this.data.at });
    if (this.data.chosen) this.goToSite(this.data.chosen);
    history.replaceState(this.place, "", location.href);
    this.load(loaded);
    this.showFineLines();
    setInterval(() => this.passTime(), STATES_AFTER_MS);
  }

  /** Reads the sites and shows them; what the page knew of them stands there meanwhile. */
  async load(asked = engine.ask("load")) {
    this.status.wait(this.words.loading);
    try {
      const facts = await asked;
      performance.mark("xuntu:sites");
      this.live.start(facts);
      this.say(facts);
      await engine.ask("moment", { now: this.live.now(), period: periodOf(this.filter) });
      this.layers.sites.setEngine(engine);
      await this.show();
      const tools = this.addTools();
      this.whole = engine.ask("add", { part: "shapes" });
      await this.whole;
      if (this.needsShapes()) await this.show();
      await tools;
      this.map.getContainer().dataset.complete = "";
    } catch (error) {
      this.addTools();
      if (error.name !== "AbortError") this.fail(error);
    }
  }

  /** Brings what is pressed sooner or later, once: it waits until the sites are on the screen, or do not come. */
  addTools() {
    this.tools ??= import("./map/tools.js").then(
      ({ addTools }) => addTools(this),
      () => {
        this.tools = null;
        this.status.fail(this.words.failed, this.words.retry, () => this.addTools());
      },
    );
    return this.tools;
  }

  /** Has the engine show the filter's sites, and says how many there are. */
  async show() {
    const asked = (this.asked = {});
    const box = this.map.getContainer();
    delete box.dataset.drawn;
    const counts = await engine.ask("show", { filter: this.filter });
    if (asked !== this.asked || !counts) return;
    const painted = this.layers.sites.refresh();
    this.layers.names.setFigures(counts.township);
    for (const figure of this.page.querySelectorAll("[data-state]")) {
      figure.textContent = grouped(counts.state[figure.dataset.state] ?? 0);
    }
    if (counts.total) this.status.clear();
    else this.status.say(this.data.total ? this.words.nothing : this.words.none_yet);
    this.listInView();
    await painted;
    await new Promise(afterPainting);
    if (asked !== this.asked) return;
    box.dataset.drawn = counts.total;
    performance.mark("xuntu:drawn");
  }

  /** Whether what is shown hangs on the second file: true shapes, villages, bodies. */
  needsShapes() {
    return this.map.getZoom() >= CLOSE_ZOOM - 1 || Boolean(this.filter.area || this.filter.body);
  }

  fail({ status }) {
    const words = status === 401 ? this.words.signed_out : this.words.failed;
    this.status.fail(words, this.words.retry, () => (status === 401 ? location.reload() : this.load()));
  }

  /** Something may have been changed elsewhere: the view stays as it is. */
  async hearNews(facts) {
    this.say(facts);
    await this.passTime();
    if (!facts.changed) return;
    await this.show();
    if (this.chosen) this.panel.renew(this.chosen);
  }

  loseTouch(error) {
    if (error.status === 401) this.fail(error);
    else this.sayAge(fill(this.words.as_of_then, { moment: this.moment }), true);
  }

  /** Says how old the data is; a county whose sites were all taken away is none that is empty by filter. */
  say({ asOf, count }) {
    this.data.total = count ?? this.data.total;
    this.moment = momentText(asOf);
    this.sayAge(fill(this.words.as_of, { moment: this.moment }), false);
  }

  sayAge(words, isOld) {
    const line = document.querySelector("[data-as-of]");
    line.textContent = words;
    line.classList.toggle("is-old", isOld);
  }

  async passTime() {
    if (!this.live.timer || isSheet()) return;
    const changed = await engine.ask("moment", { now: this.live.now(), period: periodOf(this.filter) });
    if (changed) this.show();
  }

  applyForm() {
    this.applyFilter(readForm(this.form));
    this.remember({ push: true });
  }

  async applyFilter(filter, { move = true } = {}) {
    const before = this.filter;
    this.filter = filter;
    this.layers.sites.setLook({ sparse: this.isSparse() });
    if (filter.area !== before.area) this.goToArea({ move });
    if (filter.period !== before.period) {
      await engine.ask("moment", { now: this.live.now(), period: periodOf(filter) });
    }
    await this.show();
    performance.mark("xuntu:filtered");
  }

  goToArea({ move = true } = {}) {
    this.layers.areas.choose(this.filter.area);
    const bounds = this.layers.areas.boundsOf(this.filter.area) ?? countyBounds(this.data.bounds);
    if (move) this.map.fitBounds(bounds, { padding: [20, 20] });
  }

  goToSite(site) {
    if (!this.data.at) this.map.setView([site.lat, site.lon], CLOSE_ZOOM, { animate: false });
    this.choose(site, { push: false });
  }

  /** Goes to a place in degrees. */
  goTo({ lon, lat }, zoom = CLOSE_ZOOM) {
    this.map.flyTo([lat, lon], Math.max(zoom, this.map.getZoom()), { animate: !prefersStillness() });
  }

  /** Opens the card of a site by its key, and flies to it if asked; `site` is what is known of it. */
  async chooseKey(key, { fly = false, site = null } = {}) {
    const known = site ?? (await engine.ask("site", { key })) ?? (await getJson(this.panel.cardOf(key)));
    if (fly) this.goTo(known);
    await this.choose(known, { keep: !fly });
  }

  /** What the address says: filter, view, open card. */
  get place() {
    const { lng: lon, lat } = this.map.getCenter();
    return { filter: this.filter, at: { lon, lat, zoom: this.map.getZoom() }, site: this.chosen };
  }

  remember({ push }) {
    clearTimeout(this.resting);
    const { filter, at, site } = this.place;
    const address = `/map${writeAddress({ filter, at, site: site?.id })}`;
    if (push) history.pushState({ filter, at, site }, "", address);
    else history.replaceState({ filter, at, site }, "", address);
    document.getElementById("map-to-list").href = `/sites${toQuery(filter)}`;
    for (const next of document.querySelectorAll("input[name=next]")) next.value = address;
  }

  /** Shows what the address said before. */
  async goBackTo(state) {
    if (!state) return; // only the part behind # is another: a way to skip to the map
    const { filter, at, site } = state;
    writeForm(this.form, filter);
    this.map.setView([at.lat, at.lon], at.zoom, { animate: false });
    if (toQuery(filter) !== toQuery(this.filter)) await this.applyFilter(filter, { move: false });
    if (site) await this.choose(site, { push: false });
    else this.panel.close({ quietly: true });
    this.remember({ push: false });
  }

  moved() {
    if (isSheet()) return; // laid out for paper: nobody moved
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.remember({ push: false }), REST_MS);
    this.listInView();
    this.showFineLines();
  }

  async showFineLines() {
    if (this.fineLines || this.map.getZoom() < FINE_LINES_FROM_ZOOM) return;
    this.fineLines = true;
    const outlines = await getJson("/api/areas.geojson").catch(() => null);
    if (outlines) this.layers.areas.setOutlines(outlines);
    else this.fineLines = false;
  }

  /** On a phone the county keeps what is late; a chosen state is always shown. */
  isSparse() {
    return innerWidth < PHONE && !this.filter.state;
  }

  /** Gives all presses on the map to a tool, until the function it gets back is called. */
  takePresses(handler) {
    this.presses = handler;
    this.hover.hide();
    return () => {
      if (this.presses === handler) this.presses = null;
    };
  }

  async press(event) {
    if (this.presses) return this.presses(event);
    const { containerPoint, originalEvent } = event;
    const reach = originalEvent.pointerType === "touch" ? REACH.touch : REACH.mouse;
    const { sites, total, box } = await this.hitWhole(containerPoint, reach);
    if (total === 1) return this.choose(sites[0]);
    if (total) return this.offer(sites, total);
    if (box) return this.map.fitBounds(boundsOfBox(box), { padding: [60, 60], maxZoom: this.map.getZoom() + 3 });
    return this.panel.close();
  }

  /** What is pressed, with the keys that come in the second file. */
  async hitWhole(point, reach) {
    const found = await this.layers.sites.hit(point, reach);
    if (!found.total || found.sites[0].key !== undefined) return found;
    await this.whole.catch(() => {});
    return this.layers.sites.hit(point, reach);
  }

  /** Lists the sites that lie on one spot. */
  async offer(sites, total) {
    const named = sites[0].name ? sites : await this.named(sites);
    this.panel.showChoice(named, total, (site) => this.choose(site));
  }

  async named(sites) {
    await this.fetchNames();
    return Promise.all(sites.map(async (site) => (await engine.ask("site", { key: site.key })) ?? site));
  }

  /** Reads the names, which nothing drawn needs, once. */
  fetchNames() {
    this.namesAsked ??= engine.ask("add", { part: "names" }).catch(() => (this.namesAsked = null));
    return this.namesAsked;
  }

  async choose(site, { push = true, keep = true } = {}) {
    this.ring.show(site);
    this.map.fire("xuntu:aim", { site });
    const isOther = this.chosen?.key !== site.key;
    if (keep) this.keepInSight(site);
    const card = await this.panel.showSite(site);
    performance.mark("xuntu:card");
    if (!card) return;
    this.chosen = { ...site, id: card.id, name: card.name };
    if (keep) this.keepInSight(site);
    if (isOther) this.remember({ push });
  }

  /** Moves the map if the site would lie under its edge or under the sheet. */
  keepInSight({ lat, lon }) {
    const box = this.map.getContainer().getBoundingClientRect();
    const sheet = this.panel.aside.getBoundingClientRect();
    const covered = sheet.left < box.right && sheet.height ? Math.max(0, box.bottom - sheet.top) : 0;
    this.map.panInside([lat, lon], { paddingTopLeft: [40, 40], paddingBottomRight: [60, 40 + covered] });
  }

  /** The panel takes its place beside the map, or gives it back. */
  makeRoom(open, { quietly = false } = {}) {
    this.page.classList.toggle("no-side", !open);
    this.map.invalidateSize({ animate: false });
    if (open) return;
    const wasChosen = this.chosen;
    this.chosen = null;
    this.ring.hide();
    this.map.fire("xuntu:aim", { site: null });
    if (wasChosen && !quietly) this.remember({ push: true });
  }

  /** Counts the sites in view, and lists them if the list is open. */
  async listInView() {
    const asked = (this.listAsked = {});
    const { open } = this.list;
    if (open) await this.fetchNames();
    const bounds = this.map.getBounds();
    const box = { west: bounds.getWest(), south: bounds.getSouth(), east: bounds.getEast(), north: bounds.getNorth() };
    const { sites, total } = await engine.ask("inView", { ...box, limit: open ? LISTED_IN_VIEW : 0 });
    if (asked !== this.listAsked) return;
    this.list.querySelector("summary").textContent = fill(this.words.in_view, { n: total });
    if (!open) return;
    const lines = siteList(sites, this.marks, (site) => this.choose(site));
    const more = total - sites.length;
    if (more > 0) lines.append(element("li", { class: "hush small panel-text" }, fill(this.words.more, { n: more })));
    this.list.querySelector("ul").replaceWith(lines);
  }
}

/** Leaflet knows this button's name in English only. */
function nameLayersButton(map, words) {
  const button = map.getContainer().querySelector(".leaflet-control-layers-toggle");
  button.title = words;
  button.setAttribute("aria-label", words);
}

const periodOf = ({ period }) => Number(period) || 30;
const isSheet = () => document.documentElement.classList.contains("is-sheet");
const prefersStillness = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
const countyBounds = ([west, south, east, north]) => [[south, west], [north, east]];
const boundsOfBox = ({ west, east, north, south }) => [unproject(west, south), unproject(east, north)];

/** 11月12日 10:42, or 12 Nov 10:42: Beijing time, whatever the browser's zone. Its own formatting takes 50 ms to load. */
function momentText(ms) {
  const beijing = new Date(ms + BEIJING_AHEAD_MS);
  const [month, day] = [beijing.getUTCMonth(), beijing.getUTCDate()];
  const time = beijing.toISOString().slice(11, 16);
  if (document.documentElement.lang.startsWith("zh")) return `${month + 1}月${day}日 ${time}`;
  return `${day} ${MONTHS[month]} ${time}`;
}
