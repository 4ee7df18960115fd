/**
 * What the opening view shows before the data is here: squares and urgent marks that came inside the page
 * (inspections/map_files/overview.py), as the same pieces that the painter takes of a SiteSet. Pure.
 */

import { circlesOf } from "./clusters.js";
import { openFile } from "./columns.js";
import { project } from "./projection.js";

export class Overview {
  constructor(buffer) {
    const { header, column } = openFile(buffer);
    this.count = header.rows;
    this.kinds = header.kinds;
    this.shapes = null;
    const [cx, cy, count, inHand] = ["cx", "cy", "count", "in_hand"].map(column);
    this.squares = { level: header.level, cx, cy, count, inHand, one: column("one"), fx: column("fx"), fy: column("fy") };
    const [lon, lat, mark] = ["mx", "my", "mark"].map(column);
    const places = Array.from(lon, (value, at) => project(value / 1e6, lat[at] / 1e6));
    this.x = Float64Array.from(places, (place) => place.x);
    this.y = Float64Array.from(places, (place) => place.y);
    this.kind = mark.map((one) => one >> 3);
    this.state = mark.map((one) => one & 7);
    this.circles = new Map();
  }

  circlesAt(level) {
    if (level > this.squares.level) return [];
    if (!this.circles.has(level)) this.circles.set(level, circlesOf(this.squares, level));
    return this.circles.get(level);
  }

  rowsIn({ west, east, north, south }, below) {
    const found = [];
    for (let row = 0; row < this.x.length; row += 1) {
      const inside = this.x[row] >= west && this.x[row] <= east && this.y[row] >= north && this.y[row] <= south;
      if (inside && this.state[row] < below) found.push(row);
    }
    return found;
  }
}
