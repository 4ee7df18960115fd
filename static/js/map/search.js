/**
 * The search box on the map: sites, places and pasted coordinates, by keyboard or touch. `/` goes to it, arrows and
 * Enter choose, Escape closes the list, then empties the box. On a phone it is a button that opens the box.
 */

import { Refused, getJson } from "../api.js";
import { element, fill, picture } from "./dom.js";
import { formatPosition, later, listLines, step } from "./found.js";

const PAUSE_MS = 150;
const NEAR_ZOOM = 16;
const PLACE_ZOOM = 14; // of a place without a boundary
const MANY = 1000; // so many further sites stand for that many or more

/** Adds the box to a county map. */
export function addSearch(county) {
  const search = new Search(county);
  const { L } = window;
  const control = new L.Control({ position: "topleft" });
  control.onAdd = () => search.root;
  L.DomEvent.disableClickPropagation(search.root);
  L.DomEvent.disableScrollPropagation(search.root);
  control.addTo(county.map);
  document.addEventListener("keydown", (event) => search.pressedAnywhere(event));
  document.addEventListener("pointerdown", ({ target }) => search.root.contains(target) || search.close());
}

// What each kind of line shows, and what it does when it is chosen
const SHOWN = { position: positionLine, place: placeLine, only: onlyLine, site: siteLine };
const CHOSEN = {
  position: ({ county, pin }, position) => {
    pin.put(position);
    county.goTo(position, NEAR_ZOOM);
  },
  place: ({ county }, { bounds, lon, lat }) => {
    if (!bounds) return county.goTo({ lon, lat }, PLACE_ZOOM);
    const [west, south, east, north] = bounds;
    county.map.fitBounds([[south, west], [north, east]], { padding: [20, 20] });
  },
  only: (_search, { code }) => {
    const select = areaSelect();
    select.value = code;
    select.dispatchEvent(new Event("change", { bubbles: true }));
  },
  site: ({ county }, site) => county.chooseKey(site.key, { fly: true, site }),
};

class Search {
  constructor(county) {
    Object.assign(this, { county, words: county.words, lines: [], options: [], active: -1, choosesFirst: false });
    this.ask = later(() => this.#find(), PAUSE_MS);
    this.pin = new Pin(county.map);
    this.#build();
    this.input.addEventListener("input", () => this.#typed());
    this.input.addEventListener("keydown", (event) => this.#pressed(event));
    this.input.addEventListener("click", () => this.lines.length && this.#open());
    this.root.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget && !this.root.contains(relatedTarget)) this.close();
    });
    this.opener.addEventListener("click", () => this.#unfold());
    this.closer.addEventListener("click", () => this.#fold());
    this.list.addEventListener("mousedown", (event) => event.preventDefault()); // the focus stays in the box
    this.list.addEventListener("click", ({ target }) => {
      const option = target.closest("[role=option]");
      if (option) this.#choose(this.options.indexOf(option));
    });
  }

  /** `/` from anywhere but a field; Escape from anywhere takes the pin away. */
  pressedAnywhere(event) {
    if (event.key === "Escape") this.pin.remove();
    const typing = event.target.closest?.("input, select, textarea, [contenteditable]");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.#unfold();
    this.input.select();
  }

  /** Closes the list; what was typed stays. */
  close() {
    this.found.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.#activate(-1);
  }

  #build() {
    const { icons } = this.county;
    const { search, search_hint: hint, close } = this.words;
    const button = (name, icon, look) => {
      const attributes = { class: `btn btn-square ${look}`, type: "button", "aria-label": name };
      return element("button", attributes, picture("i", `${icons}#i-${icon}`));
    };
    this.opener = button(search, "search", "map-search-open");
    this.closer = button(close, "x", "btn-quiet map-search-close");
    this.input = element("input", {
      class: "input", type: "search", role: "combobox", "aria-label": hint, placeholder: hint, "aria-expanded": "false",
      "aria-controls": "map-found", "aria-autocomplete": "list", "aria-keyshortcuts": "/", autocomplete: "off",
      spellcheck: "false", enterkeyhint: "search", maxlength: 200,
    });
    this.list = element("ul", { role: "listbox", id: "map-found", "aria-label": search });
    this.more = element("a", { hidden: true });
    this.found = element("div", { class: "map-found", hidden: true }, this.list, this.more);
    this.said = element("p", { class: "map-found-said", role: "status" });
    const key = element("kbd", { "aria-hidden": "true" }, "/");
    const field = element("div", { class: "search" }, picture("i", `${icons}#i-search`), this.input, key, this.closer);
    this.root = element("div", { class: "map-search leaflet-control", role: "search" }, this.opener, field, this.found, this.said);
  }

  #typed() {
    this.asked?.abort();
    this.pin.remove();
    this.choosesFirst = false;
    if (this.input.value.trim()) return this.ask();
    this.ask.cancel();
    this.#show([], "");
  }

  async #find() {
    const words = this.input.value.trim();
    this.asked?.abort();
    const { signal } = (this.asked = new AbortController());
    const query = new URLSearchParams({ q: words });
    const period = new URLSearchParams(location.search).get("period");
    if (period) query.set("period", period);
    try {
      const answer = await getJson(`/api/search?${query}`, { signal });
      const lines = listLines(answer, words, filteredTownships());
      this.#show(lines, lines.length ? fill(this.words.search_count, { n: lines.length }) : this.words.search_none);
      this.#showMore(answer.more, words);
      if (this.choosesFirst && lines.length) this.#choose(0);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.#show([], error instanceof Refused && error.status < 500 ? error.message : this.words.search_failed);
    }
  }

  /** Shows what was found; with nothing, what is said takes the place of the list. */
  #show(lines, said) {
    this.lines = lines;
    this.options = lines.map((line, index) => this.#option(line, index));
    this.list.replaceChildren(...this.#rows());
    this.more.hidden = true;
    this.said.textContent = said;
    this.said.classList.toggle("only-read", lines.length > 0);
    if (lines.length) this.#open();
    else this.close();
  }

  #showMore(count, words) {
    if (!count) return;
    this.more.textContent = fill(count < MANY ? this.words.search_more : this.words.search_many, { n: count });
    this.more.href = `/sites?${new URLSearchParams({ q: words })}`;
    this.more.hidden = false;
  }

  #option(line, index) {
    const attributes = { role: "option", id: `map-found-${index}`, class: `found-${line.type}`, "aria-selected": "false" };
    return element("div", attributes, ...SHOWN[line.type](line, this.county));
  }

  /** The rows of the list: what filters by a township stands beside the township. */
  #rows() {
    const rows = [];
    for (const [index, option] of this.options.entries()) {
      if (this.lines[index].type === "only") rows.at(-1).append(option);
      else rows.push(element("li", { role: "presentation" }, option));
    }
    return rows;
  }

  #open() {
    this.found.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
  }

  #activate(index) {
    this.options[this.active]?.setAttribute("aria-selected", "false");
    this.active = index;
    const option = this.options[index];
    if (!option) return this.input.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", option.id);
  }

  #pressed(event) {
    if (event.isComposing) return; // Chinese is being typed: the keys belong to that
    if (event.key === "Enter") this.#enter();
    else if (event.key === "Escape") this.#escape(event);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") this.#step(event);
  }

  #step(event) {
    event.preventDefault();
    if (!this.lines.length) return;
    this.#open();
    this.#activate(step(this.active, this.lines.length, event.key));
  }

  /** Chooses the active line or the first; before the answer is there, the first as soon as it is. */
  #enter() {
    if (!this.found.hidden) return this.#choose(Math.max(this.active, 0));
    if (!this.input.value.trim()) return;
    this.choosesFirst = true;
    this.ask.cancel();
    this.#find();
  }

  #escape(event) {
    const open = !this.found.hidden;
    event.preventDefault(); // the browser would empty the box at once
    if (open || this.input.value) event.stopPropagation(); // the card stays
    if (open) this.close();
    else if (this.input.value) this.#empty();
    else this.#fold();
  }

  #empty() {
    this.input.value = "";
    this.#typed();
  }

  #choose(index) {
    const line = this.lines[index];
    this.choosesFirst = false;
    this.pin.remove();
    this.close();
    if (matchMedia("(pointer: coarse)").matches) this.input.blur(); // the keyboard gives the map its room back
    this.root.classList.remove("is-open");
    CHOSEN[line.type](this, line);
  }

  /** On a phone the box opens over the map; elsewhere it is always there. */
  #unfold() {
    this.root.classList.add("is-open");
    this.input.focus();
  }

  #fold() {
    this.#empty();
    this.root.classList.remove("is-open");
    this.opener.focus();
  }
}

/** The mark of a position that was gone to. */
class Pin {
  constructor(map) {
    this.map = map;
    const pane = map.createPane("found");
    pane.style.zIndex = 460; // above the sites
    pane.style.pointerEvents = "none";
  }

  put({ lon, lat }) {
    const { L } = window;
    const options = { renderer: L.svg({ pane: "found" }), pane: "found", interactive: false };
    const circle = (className, radius) => L.circleMarker([lat, lon], { ...options, className, radius });
    this.mark = L.layerGroup([circle("found-halo", 13), circle("found-ring", 13), circle("found-dot", 4)]);
    this.mark.addTo(this.map);
  }

  remove() {
    this.mark?.remove();
    this.mark = null;
  }
}

const areaSelect = () => document.querySelector("#map-filters select[name=area]");

/** Codes of the townships that the map's filter offers. */
function filteredTownships() {
  return new Set([...(areaSelect()?.options ?? [])].map(({ value }) => value));
}

function twoLines(title, note) {
  return element("span", {}, element("span", { class: "strong" }, title), element("span", { class: "hush small" }, note));
}

function siteLine({ kind, state, name, number, township, distance_m: away }, { words, marks }) {
  const near = away === null ? "" : fill(words.search_away, { n: Math.round(away) });
  const mark = picture(`mk s-${state}`, `${marks}#m-${kind}-${state}`);
  return [mark, twoLines(name, [near, number, township].filter(Boolean).join(" · "))];
}

function placeLine({ name, level, township }, { words, icons }) {
  return [picture("i", `${icons}#i-map`), twoLines(name, [words[level], township].filter(Boolean).join(" · "))];
}

function onlyLine({ name }, { words, icons }) {
  return [picture("i i-s", `${icons}#i-filter`), words.search_only, element("span", { class: "only-read" }, name)];
}

function positionLine(position, { words, icons }) {
  const note = [position.words, position.inside ? "" : words.search_outside].filter(Boolean).join(" · ");
  return [picture("i", `${icons}#i-map-pin`), twoLines(formatPosition(position), note)];
}
