/**
 * Draws one tile of the map's sites: true shapes when near, circles of calm sites when far, marks with the worst on
 * top. The same code in the worker and in the page; knows canvases, no page.
 *
 * A tile is `{ x, y, z, size }`. Between two zooms Leaflet shows the nearer one's tiles larger or smaller: `grow` is
 * what a pixel of the screen is in pixels of the tile, so that marks and figures keep their size.
 */

import { ALONE_FROM_ZOOM, circleRadius, keepOff } from "./clusters.js";
import { SIZES } from "./marks.js";
import { TILE } from "./projection.js";
import { STATES, URGENT_BELOW } from "./states.js";

export const SHAPES_FROM_ZOOM = 15;
export const SPARSE_BELOW_ZOOM = 11; // on a phone, further out, only what is late is drawn
const LATE_BELOW = 2; // listed and overdue
const MARGIN = 32; // pixels around a tile from which a mark or circle reaches in
const FIGURE = 11; // pixels of type in a circle
const FIGURE_DOWN = 4; // from a circle's middle to the foot of its figures
const WHOLE_TURN = 2 * Math.PI;
const TOP = -Math.PI / 2;

/** What stands at a level in a box: `{ circles, rows }`, rows not yet in order. */
export function piecesIn(scene, box, level, { alone, sparse, rooms, grow }) {
  if (sparse && level < SPARSE_BELOW_ZOOM) return { circles: [], rows: scene.rowsIn(box, LATE_BELOW) };
  if (alone || level >= ALONE_FROM_ZOOM) return { circles: [], rows: scene.rowsIn(box, STATES.length) };
  const scale = TILE * 2 ** level;
  const inside = ({ x, y }) => x >= box.west && x <= box.east && y >= box.north && y <= box.south;
  const circles = scene.circlesAt(level).map((circle) => (circle.one ? circle : keepOff(circle, rooms, scale, grow)));
  return { circles: circles.filter(inside), rows: scene.rowsIn(box, URGENT_BELOW) };
}

/** Draws a tile; `pen` belongs to a canvas of `size * fine` pixels a side. */
export function paintTile(pen, scene, tile, look) {
  const { marks, fine, grow } = look;
  const scale = TILE * 2 ** tile.z;
  const [left, top] = [tile.x * tile.size, tile.y * tile.size];
  const margin = MARGIN * grow;
  const box = (room) => ({
    west: (left - room) / scale, east: (left + tile.size + room) / scale,
    north: (top - room) / scale, south: (top + tile.size + room) / scale,
  });
  const onTile = ({ x, y }) => [x * scale - left, y * scale - top];
  pen.setTransform(fine, 0, 0, fine, 0, 0);
  pen.clearRect(0, 0, tile.size, tile.size);
  if (scene.shapes && tile.z >= SHAPES_FROM_ZOOM) paintShapes(pen, scene, box(margin), onTile, look);
  const { circles, rows } = piecesIn(scene, box(margin), tile.z, look);
  for (const circle of circles) {
    const [x, y] = onTile(circle);
    if (circle.one) paintMark(pen, marks.get(scene.kinds[circle.one >> 3], STATES[circle.one & 7]), x, y, look);
    else paintCircle(pen, circle, x, y, look);
  }
  paintMarks(pen, scene, rows, onTile, look, marks);
}

function paintMarks(pen, scene, rows, onTile, look, marks) {
  const byState = STATES.map(() => []);
  for (const row of rows) byState[scene.state[row]].push(row);
  for (let state = STATES.length - 1; state >= 0; state -= 1) {
    const pictures = scene.kinds.map((kind) => marks.get(kind, STATES[state]));
    for (const row of Int32Array.from(byState[state]).sort()) { // as they lie, so that neighbouring tiles agree
      const [x, y] = onTile({ x: scene.x[row], y: scene.y[row] });
      paintMark(pen, pictures[scene.kind[row]], x, y, look);
    }
  }
}

/** A picture at a whole pixel of the screen, so that it is sharp. */
function paintMark(pen, { canvas, half, across }, x, y, { fine, grow }) {
  const corner = (at) => Math.round((at - half * grow) * fine) / fine;
  pen.drawImage(canvas, corner(x), corner(y), across * grow, across * grow);
}

function paintCircle(pen, { count, inHand }, x, y, { palette, fine, grow }) {
  const radius = circleRadius(count) * grow;
  const arc = (from, to, more = 0) => {
    pen.beginPath();
    pen.arc(x, y, radius + more * grow, from, to);
  };
  arc(0, WHOLE_TURN, 1.5);
  pen.fillStyle = palette.surface;
  pen.fill();
  pen.lineWidth = 3 * grow;
  arc(0, WHOLE_TURN);
  pen.strokeStyle = palette.ring;
  pen.globalAlpha = 0.6;
  pen.stroke();
  pen.globalAlpha = 1;
  if (inHand) {
    arc(TOP, TOP + (inHand / count) * WHOLE_TURN);
    pen.strokeStyle = palette.inHand;
    pen.stroke();
  }
  pen.fillStyle = palette.ink;
  pen.font = `600 ${FIGURE * grow}px ${palette.font}`;
  pen.textAlign = "center";
  // By the height of figures: what a font says of its middle differs between a page and a worker
  pen.fillText(short(count), x, Math.round((y + FIGURE_DOWN * grow) * fine) / fine);
}

/** 1234 as 1.2k: what has room in a circle. */
const short = (count) => (count < 1000 ? count : `${(count / 1000).toFixed(count < 10_000 ? 1 : 0)}k`);

function paintShapes(pen, scene, box, onTile, { palette, grow }) {
  const rows = scene.shapes.rowsTouching(box, (wider) => scene.rowsIn(wider)).filter((row) => scene.shown[row]);
  rows.sort((one, other) => scene.state[other] - scene.state[one]);
  pen.lineJoin = pen.lineCap = "round";
  for (const row of rows) {
    const { fill, edge } = palette.states[STATES[scene.state[row]]];
    const path = new Path2D();
    let filled = false;
    scene.shapes.eachRing(row, (points, closed) => {
      points.forEach((point, at) => (at ? path.lineTo(...onTile(point)) : path.moveTo(...onTile(point))));
      if (closed) path.closePath();
      filled ||= closed;
    });
    if (filled) {
      pen.globalAlpha = 0.35;
      pen.fillStyle = fill;
      pen.fill(path, "evenodd");
      pen.globalAlpha = 1;
    }
    for (const [colour, width] of [[palette.halo, filled ? 4 : 7], [edge, filled ? 2 : 4]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = width * grow;
      pen.stroke(path);
    }
  }
}

/** What lies within `reach` pixels of a place of the world: rows, worst and nearest first, or else a circle. */
export function hitAt(scene, { x, y }, level, reach, look) {
  const scale = TILE * 2 ** level;
  const far = (Math.max(reach, SIZES.listed / 2) * look.grow) / scale;
  const box = { west: x - far, east: x + far, north: y - far, south: y + far };
  const away = (place) => Math.hypot(place.x - x, place.y - y) * scale;
  const touches = (state, place) => away(place) <= Math.max(reach, SIZES[STATES[state]] / 2) * look.grow;
  const { circles, rows } = piecesIn(scene, box, level, look);
  const singles = circles.filter((circle) => circle.one && touches(circle.one & 7, circle));
  const near = [...rows, ...singles.flatMap((single) => scene.rowsOfCircle(single, level))]
    .map((row) => ({ row, place: { x: scene.x[row], y: scene.y[row] } }))
    .filter(({ row, place }) => touches(scene.state[row], place))
    .sort((one, other) => scene.state[one.row] - scene.state[other.row] || away(one.place) - away(other.place));
  const circle = circles.find((one) => !one.one && away(one) <= Math.max(reach, circleRadius(one.count)) * look.grow);
  return { rows: near.map(({ row }) => row), circle };
}
