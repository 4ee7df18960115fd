/**
 * Calm sites counted together below zoom 13, by squares of the Web Mercator world, so that a circle stays where it is
 * while one pans. Pure: no map and no page; server and browser make the same squares (inspections/map_files/overview.py).
 *
 * Squares are `{ level, cx, cy, count, inHand, one, x, y }`: arrays in row-major order. x and y are the mean place of
 * their sites from 0 to 1 across the world, kept to 1/256 of a square; `one` is the mark of a single site, kind × 8 +
 * state, or 0. Squares of level 11 are the finest of the opening view; four of them make one of level 10.
 */

import { TILE } from "./projection.js";

export const ALONE_FROM_ZOOM = 13;
export const BASE_LEVEL = 11;
export const SQUARE = 68; // pixels of a level
const FINE = 256; // parts of a square's side
const APART = 34; // pixels; two circles nearer than this become one

/** Squares along the world's side at a level. */
export const squaresAcross = (level) => (TILE * 2 ** level) / SQUARE;

/** Counts rows into squares of a level: `each(visit)` calls `visit(x, y, isInHand, mark)` for each calm row. */
export function countSquares(level, box, each) {
  const across = squaresAcross(level);
  const [west, north] = [Math.floor(box.west * across), Math.floor(box.north * across)];
  const wide = Math.floor(box.east * across) - west + 1;
  const high = Math.floor(box.south * across) - north + 1;
  const size = Math.max(0, wide * high);
  const [count, inHand, one] = [new Uint32Array(size), new Uint32Array(size), new Uint8Array(size)];
  const [sumX, sumY] = [new Float64Array(size), new Float64Array(size)];
  each((x, y, isInHand, mark) => {
    const [column, row] = [Math.floor(x * across), Math.floor(y * across)];
    const at = (row - north) * wide + column - west;
    count[at] += 1;
    inHand[at] += isInHand;
    one[at] = mark;
    sumX[at] += x * across - column;
    sumY[at] += y * across - row;
  });
  const filled = [];
  for (let at = 0; at < size; at += 1) if (count[at]) filled.push(at);
  const fine = (sum, at) => Math.min(FINE - 1, Math.floor((sum[at] / count[at]) * FINE));
  return {
    level,
    cx: Int32Array.from(filled, (at) => west + (at % wide)),
    cy: Int32Array.from(filled, (at) => north + Math.floor(at / wide)),
    count: Uint32Array.from(filled, (at) => count[at]),
    inHand: Uint32Array.from(filled, (at) => inHand[at]),
    one: Uint8Array.from(filled, (at) => (count[at] === 1 ? one[at] : 0)),
    fx: Uint8Array.from(filled, (at) => fine(sumX, at)),
    fy: Uint8Array.from(filled, (at) => fine(sumY, at)),
  };
}

/** Circles and single marks of a level, the fullest circle first, from squares of the same level or a finer one. */
export function circlesOf(squares, level) {
  const joined = new Map();
  const across = squaresAcross(squares.level);
  const coarser = 2 ** (squares.level - level);
  for (let at = 0; at < squares.count.length; at += 1) {
    const count = squares.count[at];
    const x = (squares.cx[at] + (squares.fx[at] + 0.5) / FINE) / across;
    const y = (squares.cy[at] + (squares.fy[at] + 0.5) / FINE) / across;
    const key = Math.floor(squares.cy[at] / coarser) * 2 ** 24 + Math.floor(squares.cx[at] / coarser);
    const circle = joined.get(key);
    const made = { x, y, count, inHand: squares.inHand[at], one: squares.one[at], members: [at] };
    if (circle) join(circle, made);
    else joined.set(key, made);
  }
  return merged([...joined.values()], TILE * 2 ** level);
}

/** Pixels from a circle's middle to its ring: a little more for more sites. */
export function circleRadius(count) {
  return Math.min(15, 8.5 + 1.9 * Math.log10(count));
}

/** Joins circles that would cover each other, the larger taking in the smaller. */
function merged(circles, scale) {
  const order = new Map(circles.map((circle, at) => [circle, at]));
  circles.sort((one, other) => other.count - one.count || order.get(one) - order.get(other));
  const kept = new Map(); // by square of APART pixels
  const cell = (circle, right = 0, down = 0) =>
    (Math.floor((circle.y * scale) / APART) + down) * 2 ** 26 + Math.floor((circle.x * scale) / APART) + right;
  const place = (circle) => {
    const key = cell(circle);
    if (kept.has(key)) kept.get(key).push(circle);
    else kept.set(key, [circle]);
  };
  for (const circle of circles) {
    const near = nearest(circle, kept, cell, scale);
    if (!near) place(circle);
    else {
      const before = kept.get(cell(near));
      before.splice(before.indexOf(near), 1);
      join(near, circle);
      place(near);
    }
  }
  return [...kept.values()].flat().sort((one, other) => other.count - one.count || one.y - other.y || one.x - other.x);
}

function nearest(circle, kept, cell, scale) {
  let found = null;
  let least = APART;
  for (let down = -1; down <= 1; down += 1) {
    for (let right = -1; right <= 1; right += 1) {
      for (const other of kept.get(cell(circle, right, down)) ?? []) {
        const away = Math.hypot(other.x - circle.x, other.y - circle.y) * scale;
        if (away < least) [found, least] = [other, away];
      }
    }
  }
  return found;
}

function join(large, small) {
  const count = large.count + small.count;
  large.x = (large.x * large.count + small.x * small.count) / count;
  large.y = (large.y * large.count + small.y * small.count) / count;
  large.count = count;
  large.inHand += small.inHand;
  large.one = 0;
  large.members.push(...small.members);
}

/** A circle moved up or down out of the boxes it would cover; all in pixels of the level. */
export function keepOff(circle, boxes, scale, grow) {
  const [x, y, room] = [circle.x * scale, circle.y * scale, (circleRadius(circle.count) + 3) * grow];
  const box = boxes.find(
    ({ west, east, north, south }) => x > west - room && x < east + room && y > north - room && y < south + room,
  );
  if (!box) return circle;
  const [up, down] = [box.north - room - y, box.south + room - y];
  return { ...circle, y: circle.y + (-up < down ? up : down) / scale };
}
