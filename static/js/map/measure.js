/**
 * Measures distance and area on the map. Places are set by a press, a tap, or Enter at the cross in the middle; a press
 * upon the last one ends, so a double click does. The library that measures is fetched when measuring starts.
 */

import { addButton } from "./controls.js";
import { fill } from "./dom.js";
import { areaOf, areaSaid, crosses, lengthOf, metresSaid } from "./geodesy.js";
import { MeasureBox } from "./measure-box.js";
import { Sketch } from "./sketch.js";

const NEAR = { touch: 16, mouse: 4 }; // pixels within which a press is upon a place
const LEAST = { distance: 2, area: 3 }; // places
const ARROWS = new Set(["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"]);

/** Puts the button into the map's bar. */
export function addMeasuring(county) {
  const { words, icons } = county;
  const measuring = new Measuring(county);
  measuring.button = addButton(county.map, {
    words: words.measure,
    icon: `${icons}#i-ruler-measure`,
    press: (event) => measuring.toggle(event.detail === 0),
    attributes: { "aria-pressed": "false" },
  });
}

class Measuring {
  constructor(county) {
    const { map, page, words, icons } = county;
    Object.assign(this, { county, map, page, words, mode: "distance", on: false });
    this.sketch = new Sketch(map);
    this.box = new MeasureBox(page.querySelector(".map"), { words, icons, told: (what, value) => this[what](value) });
    this.heard = {
      mousemove: (event) => this.hover(event),
      mouseout: () => this.point(null),
      move: () => this.byKeys && this.point(map.getCenter()),
    };
    this.onKey = (event) => this.key(event);
  }

  toggle(byKeys) {
    if (this.on) this.leave();
    else this.begin(byKeys);
  }

  async begin(byKeys) {
    this.on = true;
    this.button.setAttribute("aria-pressed", "true");
    this.page.classList.add("is-measuring");
    this.release = this.county.takePresses((event) => this.press(event));
    this.map.doubleClickZoom.disable();
    this.map.on(this.heard);
    document.addEventListener("keydown", this.onKey, true);
    this.box.open(this.mode);
    this.restart();
    this.byCross(byKeys);
    this.map.getContainer().focus({ preventScroll: true });
    await this.load();
  }

  async load() {
    try {
      await import(this.page.dataset.geodesic); // a classic script: it leaves its name on the window
      this.geodesic = window.geodesic;
      if (this.on) this.show();
    } catch {
      if (this.on) this.leave();
      this.county.status.say(this.words.measure_failed);
    }
  }

  leave() {
    this.on = false;
    this.button.setAttribute("aria-pressed", "false");
    this.page.classList.remove("is-measuring", "is-by-cross");
    this.release();
    this.map.doubleClickZoom.enable();
    this.map.off(this.heard);
    document.removeEventListener("keydown", this.onKey, true);
    this.box.close();
    this.sketch.clear();
    this.button.focus({ preventScroll: true });
  }

  restart() {
    Object.assign(this, { places: [], pointed: null, done: false });
    this.show();
  }

  choose(mode) {
    this.mode = mode;
    this.done = false;
    this.show();
  }

  press({ latlng, originalEvent }) {
    this.byCross(false);
    this.set(latlng, originalEvent.pointerType === "touch" ? NEAR.touch : NEAR.mouse);
  }

  /** Sets a place, or ends upon the last one; an outline ends upon its first one too. */
  set(latlng, reach) {
    if (this.done) this.restart();
    const isNear = (place) => place && this.pixelsTo(place, latlng) <= reach;
    this.pointed = null;
    if (isNear(this.places.at(-1)) || (this.mode === "area" && isNear(this.places[0]))) return this.finish();
    this.places = [...this.places, [latlng.lng, latlng.lat]];
    this.show();
    return this.box.say(`${fill(this.words.measure_place, { n: this.places.length })} ${this.figure()}`);
  }

  finish() {
    this.pointed = null;
    this.done = this.places.length >= LEAST[this.mode] && !this.isCrossing();
    this.show();
    if (this.done) this.box.say(`${this.words.measure_ended} ${this.figure()}`);
  }

  takeBack() {
    Object.assign(this, { places: this.places.slice(0, -1), pointed: null, done: false });
    this.show();
    this.box.say(this.figure());
  }

  /** A pointer that really moves; a map that moves below one at rest says so too. */
  hover({ latlng, originalEvent: { buttons, movementX, movementY } }) {
    if (buttons || !(movementX || movementY)) return;
    if (this.byKeys) this.byCross(false);
    this.point(latlng);
  }

  /** Where the next place would be: under the pointer, or under the cross. */
  point(latlng) {
    const last = this.places.at(-1);
    const isNew = latlng && last && !this.done && this.pixelsTo(last, latlng) > NEAR.mouse;
    this.pointed = isNew ? [latlng.lng, latlng.lat] : null;
    this.show();
  }

  byCross(byKeys) {
    this.byKeys = byKeys;
    this.page.classList.toggle("is-by-cross", byKeys);
    this.show();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("select, textarea, input:not([type=radio])")) return;
    const act = this.actOf(event.key, event.target === this.map.getContainer());
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  actOf(key, onMap) {
    if (key === "Escape") return () => this.leave();
    if (key === "Backspace") return () => this.takeBack();
    if (!onMap) return null;
    if (ARROWS.has(key)) this.byCross(true); // Leaflet itself moves the map
    if (key !== "Enter") return null;
    if (!this.byKeys && this.places.length && !this.done) return () => this.finish();
    return () => {
      this.byCross(true);
      this.set(this.map.getCenter(), NEAR.mouse);
    };
  }

  show() {
    const places = this.pointed ? [...this.places, this.pointed] : this.places;
    const isArea = this.mode === "area";
    const isCrossing = this.isCrossing(places);
    this.sketch.draw({ fixed: this.places, places, isArea, isCrossing, done: this.done });
    this.box.show({ ...this.measured(places, isCrossing), hint: this.hint(isCrossing), isCrossing, ...this.offered() });
  }

  offered() {
    const { done, places } = this;
    return { canEnd: !done && places.length >= LEAST[this.mode], canTakeBack: places.length > 0, canRestart: done };
  }

  isCrossing(places = this.places) {
    return this.mode === "area" && crosses(places);
  }

  hint(isCrossing) {
    const { words } = this;
    if (isCrossing) return words.measure_crossing;
    if (this.done) return words.measure_again;
    if (this.byKeys) return words.measure_by_keys;
    return this.places.length ? words.measure_next : words.measure_first;
  }

  figure() {
    return this.box.figure;
  }

  /** The figure and what stands below it, as text. */
  measured(places, isCrossing) {
    const { geodesic, words } = this;
    if (!geodesic || places.length < 2) return { figure: "", lines: [] };
    const { total, last } = lengthOf(geodesic, places);
    const leg = this.done ? [] : [fill(words.measure_leg, { m: metresSaid(last) })];
    if (this.mode === "distance") return { figure: metresSaid(total), lines: places.length > 2 ? leg : [] };
    if (places.length < 3 || isCrossing) return { figure: "", lines: leg };
    const { area, around } = areaOf(geodesic, places);
    const { mu, m2, km2 } = areaSaid(area);
    const metric = km2 ? `${m2} m² · ${km2} km²` : `${m2} m²`;
    const outline = fill(words.measure_around, { m: metresSaid(around) });
    return { figure: `${mu} ${words.mu}`, lines: [metric, outline, ...leg] };
  }

  pixelsTo([lon, lat], latlng) {
    const at = (place) => this.map.latLngToContainerPoint(place);
    return at([lat, lon]).distanceTo(at(latlng));
  }
}
