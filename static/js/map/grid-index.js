/** Which rows lie in a box: the rows of each cell of a grid stand next to each other. Pure. */

const CELLS = 256; // along each side of the box of all

export class GridIndex {
  /** `x` and `y` of the rows, all inside `box`. */
  constructor(x, y, { west, east, north, south }) {
    const size = (span) => (span / CELLS) * (1 + 1e-9) || 1e-9;
    Object.assign(this, { x, y, west, north, wide: size(east - west), high: size(south - north) });
    const cell = new Int32Array(x.length);
    this.start = new Int32Array(CELLS * CELLS + 1);
    for (let row = 0; row < x.length; row += 1) {
      cell[row] = this.#down(y[row]) * CELLS + this.#across(x[row]);
      this.start[cell[row] + 1] += 1;
    }
    for (let at = 0; at < CELLS * CELLS; at += 1) this.start[at + 1] += this.start[at];
    const next = this.start.slice();
    this.rows = new Int32Array(x.length);
    for (let row = 0; row < x.length; row += 1) this.rows[next[cell[row]]++] = row;
  }

  /** Visits each row inside a box, its edges included. */
  each({ west, east, north, south }, visit) {
    const [from, to] = [this.#across(west), this.#across(east)];
    const last = this.#down(south);
    for (let line = this.#down(north); line <= last; line += 1) {
      for (let at = this.start[line * CELLS + from]; at < this.start[line * CELLS + to + 1]; at += 1) {
        const row = this.rows[at];
        const [x, y] = [this.x[row], this.y[row]];
        if (x >= west && x <= east && y >= north && y <= south) visit(row);
      }
    }
  }

  #across(x) {
    return within(Math.floor((x - this.west) / this.wide));
  }

  #down(y) {
    return within(Math.floor((y - this.north) / this.high));
  }
}

const within = (cell) => Math.max(0, Math.min(CELLS - 1, cell));
