/** True shapes of sites as columns: which row has one, its rings, and the box each fills. Pure. */

import { project } from "./projection.js";

const MICRO = 1e6;
const LARGE = 4e-6; // of the world's side, 160 m at the equator: what is wider is looked for by its box

export class SiteShapes {
  /** From the columns of the file `shapes`; `places` has `lon` and `lat` of the rows in micro-degrees, `x` and `y`. */
  constructor(column, places) {
    this.row = column("shape_row");
    this.closed = column("shape_closed");
    this.firstRing = sums(column("shape_rings"));
    this.firstPoint = sums(column("ring_points"));
    [this.lon, this.lat] = this.#corners(column("px"), column("py"), places);
    this.at = new Int32Array(places.lon.length).fill(-1);
    this.row.forEach((row, shape) => (this.at[row] = shape));
    this.boxes = this.#boxes();
    this.large = [];
    this.row.forEach((row, shape) => this.#isLarge(shape, places.x[row], places.y[row]) && this.large.push(row));
  }

  /** Rows whose shape may touch a box of the world; `rowsIn(box)` gives the rows whose place lies in one. */
  rowsTouching(box, rowsIn) {
    const wider = { west: box.west - LARGE, east: box.east + LARGE, north: box.north - LARGE, south: box.south + LARGE };
    const near = rowsIn(wider).filter((row) => this.at[row] >= 0);
    const known = new Set(near);
    return [...near, ...this.large.filter((row) => !known.has(row) && this.#touches(this.at[row], box))];
  }

  /** Calls `ring(points, closed)` for each ring of a row's shape, points as [x, y] of the world. */
  eachRing(row, ring) {
    const shape = this.at[row];
    for (let at = this.firstRing[shape]; at < this.firstRing[shape + 1]; at += 1) {
      const points = [];
      for (let point = this.firstPoint[at]; point < this.firstPoint[at + 1]; point += 1) {
        points.push(project(this.lon[point] / MICRO, this.lat[point] / MICRO));
      }
      ring(points, Boolean(this.closed[shape]));
    }
  }

  /** Whether a place in degrees lies inside a row's shape; a line holds nothing. */
  holds(row, lon, lat) {
    const shape = this.at[row];
    if (shape < 0 || !this.closed[shape]) return false;
    let inside = false;
    for (let at = this.firstRing[shape]; at < this.firstRing[shape + 1]; at += 1) {
      const [first, end] = [this.firstPoint[at], this.firstPoint[at + 1]];
      for (let one = first, before = end - 1; one < end; before = one, one += 1) {
        const [y1, y2] = [this.lat[one] / MICRO, this.lat[before] / MICRO];
        if (y1 > lat === y2 > lat) continue;
        const [x1, x2] = [this.lon[one] / MICRO, this.lon[before] / MICRO];
        if (lon < x1 + ((x2 - x1) * (lat - y1)) / (y2 - y1)) inside = !inside;
      }
    }
    return inside;
  }

  /** Corners in micro-degrees: the first of a ring was told from the site's place, each other from the one before. */
  #corners(px, py, { lon, lat }) {
    const [x, y] = [new Int32Array(px.length), new Int32Array(py.length)];
    for (let shape = 0; shape < this.row.length; shape += 1) {
      for (let ring = this.firstRing[shape]; ring < this.firstRing[shape + 1]; ring += 1) {
        let [atX, atY] = [lon[this.row[shape]], lat[this.row[shape]]];
        for (let point = this.firstPoint[ring]; point < this.firstPoint[ring + 1]; point += 1) {
          x[point] = atX += px[point];
          y[point] = atY += py[point];
        }
      }
    }
    return [x, y];
  }

  /** West, north, east, south of each shape in the world. */
  #boxes() {
    const boxes = new Float64Array(4 * this.row.length);
    for (let shape = 0; shape < this.row.length; shape += 1) {
      let [west, east, south, north] = [Infinity, -Infinity, Infinity, -Infinity];
      const last = this.firstPoint[this.firstRing[shape + 1]];
      for (let point = this.firstPoint[this.firstRing[shape]]; point < last; point += 1) {
        west = Math.min(west, this.lon[point]);
        east = Math.max(east, this.lon[point]);
        south = Math.min(south, this.lat[point]);
        north = Math.max(north, this.lat[point]);
      }
      const [upper, lower] = [project(west / MICRO, north / MICRO), project(east / MICRO, south / MICRO)];
      boxes.set([upper.x, upper.y, lower.x, lower.y], 4 * shape);
    }
    return boxes;
  }

  #isLarge(shape, x, y) {
    const [west, north, east, south] = this.boxes.subarray(4 * shape, 4 * shape + 4);
    return Math.max(x - west, east - x, y - north, south - y) > LARGE;
  }

  #touches(shape, box) {
    const [west, north, east, south] = this.boxes.subarray(4 * shape, 4 * shape + 4);
    return west <= box.east && east >= box.west && north <= box.south && south >= box.north;
  }
}

/** Where each begins, and behind the last where it ends. */
function sums(counts) {
  const starts = new Uint32Array(counts.length + 1);
  for (let at = 0; at < counts.length; at += 1) starts[at + 1] = starts[at] + counts[at];
  return starts;
}
