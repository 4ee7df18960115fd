/**
 * The marks of the map as pictures: kind is the shape, state the colour and the sign (the twin of icons/marks.svg).
 * Colours come from the page's tokens, so a mark follows the theme. Sizes and order are those of the looks.
 */

import { STATES } from "./states.js";

/** Pixels across. */
export const SIZES = { listed: 24, overdue: 22, due_soon: 19, suspected: 18, in_hand: 15, closed: 14, normal: 12 };

const BOX = 24; // the drawings' own units
const MARGIN = 4; // pixels around a mark for its halo
const SHAPES = {
  straw: "M12 2 22.5 20.5H1.5z",
  pond: "M12 2.5a9.5 9.5 0 1 0 0 19 9.5 9.5 0 0 0 0-19z",
  greenhouse: "M3.5 3.5h17v17h-17z",
  afforestation: "M12 1 23 12 12 23 1 12z",
};
const SIGNS = {
  suspected: { line: "M9.2 9.3a2.9 2.9 0 1 1 4 2.7c-.9.4-1.2 1-1.2 2M12 17.2v.1" },
  in_hand: { area: "M12 9.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6z" },
  due_soon: { line: "M12 7.5v5l3.3 2" },
  overdue: { line: "M12 7v6.2M12 17v.1" },
  listed: { area: "m12 6.2 1.7 3.7 4 .5-3 2.7.8 4-3.5-2-3.5 2 .8-4-3-2.7 4-.5z" },
  closed: { line: "m8 12.3 2.9 2.9 5-5.7" },
};
const SIGN_LOWER = { straw: 2 }; // a triangle's middle lies lower

/** The colours of a page as it looks now. */
export function readPalette(styles = getComputedStyle(document.documentElement)) {
  const token = (name, otherwise = "") => styles.getPropertyValue(`--${name}`).trim() || otherwise;
  const states = STATES.map((state) => [
    state,
    state === "normal"
      ? { fill: token("surface"), edge: token("normal-ink"), sign: "" }
      : { fill: token(state), edge: token(`${state}-edge`), sign: token(`${state}-sign`, "#fff") },
  ]);
  return {
    states: Object.fromEntries(states),
    halo: token("halo", "#fff"),
    surface: token("surface"),
    ink: token("ink"),
    ring: token("normal"),
    inHand: token("in_hand"),
    font: token("font", "sans-serif"),
  };
}

/**
 * Pictures of marks, each drawn once: `marks.get(kind, state)` is a canvas with its middle at `half` pixels. A ratio of 2
 * draws them twice as fine; `makeCanvas(width, height)` makes what to draw on, in a page or in a worker.
 */
export class Marks {
  constructor(palette, ratio, makeCanvas) {
    Object.assign(this, { palette, ratio, makeCanvas, pictures: new Map() });
  }

  get(kind, state) {
    const key = `${kind} ${state}`;
    if (!this.pictures.has(key)) this.pictures.set(key, this.#draw(kind, state));
    return this.pictures.get(key);
  }

  #draw(kind, state) {
    const size = SIZES[state];
    const half = size / 2 + MARGIN;
    const side = Math.ceil(2 * half * this.ratio);
    const canvas = this.makeCanvas(side, side);
    const pen = canvas.getContext("2d");
    const scale = size / BOX;
    pen.scale(this.ratio, this.ratio);
    pen.translate(MARGIN, MARGIN);
    pen.scale(scale, scale);
    drawMark(pen, kind, state, this.palette, scale);
    return { canvas, half, across: 2 * half };
  }
}

function drawMark(pen, kind, state, palette, scale) {
  const { fill, edge, sign } = palette.states[state];
  const shape = new Path2D(SHAPES[kind]);
  const outline = Math.max(1.75, 1.25 / scale);
  pen.lineJoin = pen.lineCap = "round";
  stroke(pen, shape, palette.halo, outline + 3.5 / scale);
  pen.fillStyle = fill;
  pen.fill(shape);
  stroke(pen, shape, edge, outline);
  pen.translate(0, SIGN_LOWER[kind] ?? 0);
  const { line, area } = SIGNS[state] ?? {};
  if (line) stroke(pen, new Path2D(line), sign, Math.max(2.6, 1.6 / scale));
  if (area) {
    pen.fillStyle = sign;
    pen.fill(new Path2D(area));
  }
}

function stroke(pen, path, colour, width) {
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.stroke(path);
}
