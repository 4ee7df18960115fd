/**
 * The sites of the map as columns: what they show at a moment, which of them a filter lets through, and what lies
 * where. Pure: no map, no page, no request. Filled from the three columnar files (geo/packing.py), the second and
 * third when they come.
 */

import { BASE_LEVEL, circlesOf, countSquares, squaresAcross } from "./clusters.js";
import { BrokenFile, openFile } from "./columns.js";
import { GridIndex } from "./grid-index.js";
import { project } from "./projection.js";
import { SiteShapes } from "./site-shapes.js";
import { FACT, STATES, URGENT_BELOW, momentAt, stateOf } from "./states.js";

const COUNTY = /^\d{6}0{6}$/;
const IN_HAND = STATES.indexOf("in_hand");
const NO_FILTER = { kind: "", area: "", state: "", body: "", period: "" };
const NEVER = 2 ** 32; // later than any deadline
const EMPTY_BOX = { west: 0, east: 0, north: 0, south: 0 };

export class SiteSet {
  /** Of the file `sites`. */
  constructor(buffer) {
    const { header, column } = openFile(buffer);
    this.count = header.rows;
    this.order = header.order;
    this.kinds = header.kinds;
    this.townships = header.townships;
    [this.lon, this.lat] = [column("x"), column("y")];
    [this.kind, this.facts, this.township] = [column("kind"), column("facts"), column("township")];
    [this.due, this.closed] = [column("due"), column("closed")];
    [this.x, this.y] = placed(this.lon, this.lat);
    this.box = boxOf(this.x, this.y);
    this.index = new GridIndex(this.x, this.y, this.box);
    this.state = new Uint8Array(this.count);
    this.shown = new Uint8Array(this.count).fill(1);
    this.filter = NO_FILTER;
    this.shapes = null;
    this.names = null;
    this.#forget();
  }

  /** The file `shapes`: keys, villages, bodies, days, true shapes. Raises BrokenFile if it belongs to other sites. */
  addShapes(buffer) {
    const file = this.#fitting(buffer);
    const { header, column } = file;
    this.key = column("key");
    [this.villages, this.bodies] = [header.villages, header.bodies];
    [this.village, this.body, this.visited] = [column("village"), column("body"), column("visited")];
    this.shapes = new SiteShapes(column, this);
    this.setFilter(this.filter);
  }

  /** The file `names`. */
  addNames(buffer) {
    const { column } = this.#fitting(buffer);
    this.names = { name: column("name"), number: column("number") };
  }

  #fitting(buffer) {
    const file = openFile(buffer);
    if (file.header.order !== this.order) throw new BrokenFile("the files are of different sites");
    return file;
  }

  /** Computes the states of a moment; whether any is another than before. */
  setMoment(nowMs, closedWithinDays) {
    const moment = momentAt(nowMs, closedWithinDays);
    let changed = false;
    for (let row = 0; row < this.count; row += 1) {
      const state = stateOf(this.facts[row], this.due[row], this.closed[row], moment);
      if (state !== this.state[row]) {
        this.state[row] = state;
        changed = true;
      }
    }
    if (changed) this.setFilter(this.filter);
    return changed;
  }

  /** Shows the sites of a kind, an area, a state, a body; an empty text asks for all. */
  setFilter(filter) {
    this.filter = filter;
    const { kind, area, state, body } = filter;
    const asked = [
      [this.kind, kind, this.kinds.indexOf(kind)],
      [this.state, state, STATES.indexOf(state)],
      [this.body, body, (this.bodies ?? []).indexOf(body) + 1 || -1],
      ...(COUNTY.test(area) ? [] : [this.#area(area)]),
    ].filter(([, value]) => value);
    this.shown.fill(1);
    for (const [column, , code] of asked) {
      for (let row = 0; row < this.count; row += 1) if (column?.[row] !== code) this.shown[row] = 0;
    }
    this.#forget();
  }

  #area(code) {
    const township = this.townships.indexOf(code);
    if (!code || township >= 0) return [this.township, code, township];
    return [this.village, code, (this.villages ?? []).indexOf(code) + 1 || -1];
  }

  #forget() {
    this.circles = new Map();
    this.counted = null;
  }

  /** How many are shown: `{ total, state: {…}, township: {…} }`, townships by code. */
  counts() {
    if (this.counted) return this.counted;
    const states = new Uint32Array(STATES.length);
    const townships = new Uint32Array(this.townships.length);
    let total = 0;
    for (let row = 0; row < this.count; row += 1) {
      if (!this.shown[row]) continue;
      total += 1;
      states[this.state[row]] += 1;
      townships[this.township[row]] += 1;
    }
    return (this.counted = { total, state: named(STATES, states), township: named(this.townships, townships) });
  }

  /** Circles and single calm sites of a level. */
  circlesAt(level) {
    if (!this.circles.has(level)) {
      const squares = this.#squares(Math.max(level, BASE_LEVEL));
      this.circles.set(level, circlesOf(squares, level));
    }
    return this.circles.get(level);
  }

  #squares(level) {
    const { x, y, kind, state, shown, count } = this;
    return countSquares(level, this.box, (visit) => {
      for (let row = 0; row < count; row += 1) {
        if (!shown[row] || state[row] < URGENT_BELOW) continue;
        visit(x[row], y[row], state[row] === IN_HAND ? 1 : 0, kind[row] * 8 + state[row]);
      }
    });
  }

  /** Rows shown inside a box of the world, in no order; `below` keeps those whose state has a lower number. */
  rowsIn(box, below = STATES.length) {
    const found = [];
    this.index.each(box, (row) => {
      if (this.shown[row] && this.state[row] < below) found.push(row);
    });
    return found;
  }

  /** Rows shown inside a box, worst first, as far as `limit`, and how many there are. */
  inView(box, limit) {
    const rows = this.rowsIn(box);
    return { total: rows.length, rows: limit ? this.worstFirst(rows, limit) : [] };
  }

  /** The first of some rows by state, then by deadline, then as they lie; only what is asked for is sorted. */
  worstFirst(rows, limit = rows.length) {
    const byState = STATES.map(() => []);
    for (const row of rows) byState[this.state[row]].push(row);
    const due = (row) => this.due[row] || NEVER;
    let sorted = [];
    for (const some of byState) {
      if (sorted.length >= limit) break;
      sorted = sorted.concat(some.sort((one, other) => due(one) - due(other) || one - other));
    }
    return sorted.slice(0, limit);
  }

  /** The calm rows that a circle of a level stands for. */
  rowsOfCircle({ members }, level) {
    const squares = this.#squares(Math.max(level, BASE_LEVEL));
    const across = squaresAcross(squares.level);
    const mine = new Set(members.map((at) => squares.cy[at] * 2 ** 24 + squares.cx[at]));
    const rows = [];
    for (let row = 0; row < this.count; row += 1) {
      if (!this.shown[row] || this.state[row] < URGENT_BELOW) continue;
      if (mine.has(Math.floor(this.y[row] * across) * 2 ** 24 + Math.floor(this.x[row] * across))) rows.push(row);
    }
    return rows;
  }

  /** The box of the sites that a circle of a level stands for. */
  boxOfCircle(circle, level) {
    const box = { west: 1, east: 0, north: 1, south: 0 };
    for (const row of this.rowsOfCircle(circle, level)) widen(box, this.x[row], this.y[row]);
    return box;
  }

  /** The row of a key, or -1. */
  rowOf(key) {
    return this.key ? this.key.indexOf(key) : -1;
  }

  /** What is known of a row, for lists and cards. */
  describe(row) {
    return {
      key: this.key?.[row],
      kind: this.kinds[this.kind[row]],
      state: STATES[this.state[row]],
      township: this.townships[this.township[row]],
      draft: Boolean(this.facts[row] & FACT.draft),
      lon: this.lon[row] / 1e6,
      lat: this.lat[row] / 1e6,
      name: this.names?.name[row] ?? "",
      number: this.names?.number[row] ?? "",
    };
  }
}

function placed(lon, lat) {
  const [x, y] = [new Float64Array(lon.length), new Float64Array(lon.length)];
  for (let row = 0; row < lon.length; row += 1) {
    const place = project(lon[row] / 1e6, lat[row] / 1e6);
    x[row] = place.x;
    y[row] = place.y;
  }
  return [x, y];
}

function boxOf(x, y) {
  if (!x.length) return EMPTY_BOX;
  const box = { west: 1, east: 0, north: 1, south: 0 };
  for (let row = 0; row < x.length; row += 1) widen(box, x[row], y[row]);
  return box;
}

function widen(box, x, y) {
  if (x < box.west) box.west = x;
  if (x > box.east) box.east = x;
  if (y < box.north) box.north = y;
  if (y > box.south) box.south = y;
}

const named = (names, values) => Object.fromEntries(names.map((name, at) => [name, values[at]]));
