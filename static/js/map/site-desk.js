/**
 * Keeps the map's sites and answers what is asked of them, one method a question. The worker has one, or the page
 * itself where a worker is not to be had; both call it the same way (engine.js). Answers are plain data.
 */

import { BrokenFile } from "./columns.js";
import { Marks } from "./marks.js";
import { hitAt, paintTile, piecesIn } from "./painter.js";
import { SiteSet } from "./site-set.js";
import { URGENT_BELOW } from "./states.js";
import { project } from "./projection.js";

const FILES = { sites: "/api/map/sites", shapes: "/api/map/shapes", names: "/api/map/names" };
const WORLD = { west: 0, east: 1, north: 0, south: 1 };
const MOST_CHOSEN = 200; // sites listed where many lie on one spot

/** An answer that is no file: its status says why. */
export class Unread extends Error {
  constructor(status) {
    super(`status ${status}`);
    Object.assign(this, { name: "Unread", status });
  }
}

export class SiteDesk {
  /** `canvases.make(width, height)` makes a canvas, `canvases.take(canvas)` what of it is handed on. */
  constructor(canvases) {
    this.canvases = canvases;
    this.sites = null;
    this.tags = {};
    this.named = false;
    this.period = 30;
    this.filter = null;
    this.marks = new Map();
  }

  /** Reads the first file, which is all that the first picture needs: `{ count, time, asOf }`. */
  async load() {
    const answers = [await ask("sites")];
    this.#take(await this.#build(answers), answers);
    return { ...answers[0].facts, count: this.sites.count };
  }

  /** Reads the second file, or `names`, for the sites that are here; if they have changed meanwhile, everything anew. */
  async add({ part }) {
    if (part === "names") this.named = true;
    const answer = await ask(part);
    try {
      addTo(this.sites, part, await answer.response.arrayBuffer());
      this.tags[part] = answer.tag;
    } catch (error) {
      if (!(error instanceof BrokenFile)) throw error;
      await this.refresh({ again: true });
    }
    return this.counts();
  }

  /** Asks whether anything has changed, and reads it: `{ changed, count, time, asOf }`. */
  async refresh({ again = false } = {}) {
    const answers = await Promise.all(this.#parts().map((part) => ask(part, again)));
    const changed = again || answers.some(({ part, tag }) => tag !== this.tags[part]);
    if (changed) this.#take(await this.#build(answers), answers);
    else for (const { response } of answers) response.body?.cancel();
    return { ...answers[0].facts, changed, count: this.sites.count };
  }

  #parts() {
    return this.named ? ["sites", "shapes", "names"] : ["sites", "shapes"];
  }

  /** Makes a set of files; if they are broken or do not fit each other they are asked for once more, past every cache. */
  async #build(answers) {
    try {
      return await built(answers, this);
    } catch (error) {
      if (!(error instanceof BrokenFile)) throw error;
      const anew = await Promise.all(answers.map(({ part }) => ask(part, true)));
      anew.forEach((answer, at) => (answers[at] = answer));
      return built(anew, this);
    }
  }

  #take(sites, answers) {
    this.sites = sites;
    for (const { part, tag } of answers) this.tags[part] = tag;
  }

  /** Tells the time of the server and for how long closed cases show; whether a state changed by it. */
  moment({ now, period }) {
    this.period = period;
    return this.sites?.setMoment(now, period) ?? false;
  }

  /** Shows what a filter lets through, and counts it. */
  show({ filter }) {
    this.filter = filter;
    this.sites?.setFilter(filter);
    return this.counts();
  }

  counts() {
    return this.sites?.counts() ?? null;
  }

  /** How things look: `{ palette, ratio }`. */
  look({ palette, ratio }) {
    Object.assign(this, { palette, ratio });
    this.marks.clear();
  }

  /** One tile, drawn: what the canvases hand on. */
  tile({ tile, grow, look }) {
    const fine = this.ratio / grow;
    const side = Math.max(1, Math.round(tile.size * fine));
    const canvas = this.canvases.make(side, side);
    const full = { ...look, grow, fine, palette: this.palette, marks: this.#marks() };
    paintTile(canvas.getContext("2d"), this.sites, tile, full);
    return this.canvases.take(canvas);
  }

  #marks() {
    if (!this.marks.has(this.ratio)) this.marks.set(this.ratio, new Marks(this.palette, this.ratio, this.canvases.make));
    return this.marks.get(this.ratio);
  }

  /** What lies at a place: `{ sites, total, box }`; a box is that of the circle there. */
  hit({ lon, lat, level, reach, grow, look }) {
    if (!this.sites) return { sites: [], total: 0, box: null };
    const { rows, circle } = hitAt(this.sites, project(lon, lat), level, reach, { ...look, grow });
    const found = rows.length || circle ? rows : this.#around(lon, lat, level);
    return {
      sites: found.slice(0, MOST_CHOSEN).map((row) => this.sites.describe(row)),
      total: found.length,
      box: circle && !rows.length ? this.sites.boxOfCircle(circle, level) : null,
    };
  }

  /** The sites whose shape holds a place, where shapes are drawn. */
  #around(lon, lat, level) {
    const { shapes } = this.sites;
    if (!shapes || level < 15) return [];
    const { x, y } = project(lon, lat);
    const point = { west: x, east: x, north: y, south: y };
    const rows = shapes.rowsTouching(point, (box) => this.sites.rowsIn(box));
    return this.sites.worstFirst(rows.filter((row) => this.sites.shown[row] && shapes.holds(row, lon, lat)));
  }

  /** The sites of a view, worst first: `{ sites, total }`. */
  inView({ west, south, east, north, limit }) {
    if (!this.sites) return { sites: [], total: 0 };
    const [upper, lower] = [project(west, north), project(east, south)];
    const found = this.sites.inView({ west: upper.x, east: lower.x, north: upper.y, south: lower.y }, limit);
    return { sites: found.rows.map((row) => this.sites.describe(row)), total: found.total };
  }

  /** What is known of a site by its key, or null. */
  site({ key }) {
    const row = this.sites?.rowOf(key) ?? -1;
    return row < 0 ? null : this.sites.describe(row);
  }

  /** What a level shows in the whole world: circles, the sites that stand alone, where the urgent ones are. */
  pieces({ level }) {
    const { circles, rows } = piecesIn(this.sites, WORLD, level, { rooms: [], grow: 1 });
    const bare = ({ x, y, count, inHand, one }) => ({ x, y, count, inHand, one });
    const { x, y, kind, state } = this.sites;
    const urgent = this.sites.rowsIn(WORLD, URGENT_BELOW).map((row) => [x[row], y[row], kind[row], state[row]]);
    return { circles: circles.map(bare), alone: rows.map((row) => this.sites.describe(row)), urgent };
  }
}

/** Asks for a file; the browser keeps it and sends its tag along. */
async function ask(part, past = false) {
  const response = await fetch(FILES[part], { cache: past ? "reload" : "no-cache" });
  if (!response.ok) throw new Unread(response.status);
  const header = (name) => response.headers.get(name);
  const facts = { time: Date.parse(header("X-Xuntu-Time")), asOf: Date.parse(header("X-Xuntu-As-Of")) };
  return { part, response, tag: header("ETag"), facts };
}

async function built(answers, { period, filter }) {
  const [sites, ...more] = await Promise.all(answers.map(({ response }) => response.arrayBuffer()));
  const made = new SiteSet(sites);
  more.forEach((buffer, at) => addTo(made, answers[at + 1].part, buffer));
  made.setMoment(answers[0].facts.time, period);
  if (filter) made.setFilter(filter);
  return made;
}

function addTo(sites, part, buffer) {
  if (part === "shapes") sites.addShapes(buffer);
  else sites.addNames(buffer);
}
