/** The pure parts of the map's tools: outlines that cross, figures as they are written, how a map lies on a sheet. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { areaSaid, crosses, metresSaid } from "../../static/js/map/geodesy.js";
import { layOut } from "../../static/js/map/print.js";

const SQUARE = [[100.4, 38.9], [100.5, 38.9], [100.5, 39.0], [100.4, 39.0]];
const BOW_TIE = [SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]];

test("an outline that crosses itself is known, closed or not, from whichever corner", () => {
  for (let turn = 0; turn < 4; turn += 1) {
    const bowTie = [...BOW_TIE.slice(turn), ...BOW_TIE.slice(0, turn)];
    const square = [...SQUARE.slice(turn), ...SQUARE.slice(0, turn)];
    assert.equal(crosses(bowTie), true);
    assert.equal(crosses([...bowTie, bowTie[0]]), true);
    assert.equal(crosses(square), false);
    assert.equal(crosses([...square, square[0]].reverse()), false);
  }
});

test("two places, three, or the same one twice never cross", () => {
  assert.equal(crosses([]), false);
  assert.equal(crosses(SQUARE.slice(0, 1)), false);
  assert.equal(crosses(SQUARE.slice(0, 2)), false);
  assert.equal(crosses(SQUARE.slice(0, 3)), false);
  assert.equal(crosses([SQUARE[0], SQUARE[0], SQUARE[1], SQUARE[2], SQUARE[2], SQUARE[3]]), false);
});

test("an outline that comes back to one of its corners or edges crosses", () => {
  assert.equal(crosses([...SQUARE, SQUARE[1]]), true);
  assert.equal(crosses([[0, 0], [4, 0], [4, 4], [2, 0], [0, 4]]), true);
});

test("a bay in an outline is no crossing", () => {
  assert.equal(crosses([[0, 0], [4, 0], [4, 4], [2, 1], [0, 4]]), false);
});

test("metres have four figures and turn into kilometres", () => {
  const said = [0, 7.06, 82.44, 99.96, 823.4, 999.4, 999.6, 1234, 12_345.6, 123_456, 1_234_567];
  assert.deepEqual(said.map(metresSaid), [
    "0.0 m", "7.1 m", "82.4 m", "100 m", "823 m", "999 m", "1.000 km", "1.234 km", "12.35 km", "123.5 km", "1,235 km",
  ]);
});

test("an area is said in mu and square metres, and in square kilometres from one on", () => {
  assert.deepEqual(areaSaid(10_000), { mu: "15.00", m2: "10,000", km2: "" });
  assert.deepEqual(areaSaid(50.26), { mu: "0.08", m2: "50.3", km2: "" });
  assert.deepEqual(areaSaid(823_456), { mu: "1,235.18", m2: "823,456", km2: "" });
  assert.deepEqual(areaSaid(3_700_000_000), { mu: "5,550,000", m2: "3,700,000,000", km2: "3,700" });
  assert.deepEqual(areaSaid(1_234_567), { mu: "1,851.85", m2: "1,234,567", km2: "1.235" });
});

const SHEET = { x: 1032, y: 560 };

/** What of the world is on the sheet, in pixels of the screen. */
const reach = ({ width, height, zoom }, onScreen) => [width / 2 ** (zoom - onScreen), height / 2 ** (zoom - onScreen)];

test("a map laid out afresh fills the sheet and shows all that was seen", () => {
  for (const seen of [{ x: 1920, y: 850 }, { x: 390, y: 560 }, { x: 1024, y: 614 }]) {
    for (const zoom of [9.75, 12, 13, 13.4, 15, 18]) {
      const laid = layOut(seen, zoom, SHEET, true);
      const [wide, high] = reach(laid, zoom);
      assert.ok(wide >= seen.x - 1.5 && high >= seen.y - 1.5, `${JSON.stringify(seen)} at ${zoom}`);
      assert.ok(Math.abs(laid.width * laid.scale - SHEET.x) < 1 && Math.abs(laid.height * laid.scale - SHEET.y) < 1);
      assert.ok(laid.scale <= 1);
    }
  }
});

test("what zooming in has shown stays on the sheet", () => {
  assert.equal(layOut({ x: 2064, y: 1120 }, 13.5, SHEET, true).zoom, 13);
  assert.equal(layOut({ x: 2064, y: 1120 }, 15, SHEET, true).zoom, 15);
  assert.equal(layOut({ x: 2064, y: 1120 }, 12.5, SHEET, true).zoom, 11.5);
});

test("a map printed as it is keeps its size and zoom, and lies in the middle", () => {
  const laid = layOut({ x: 390, y: 560 }, 9.5, SHEET, false);
  assert.deepEqual(laid, { width: 390, height: 560, zoom: 9.5, scale: 1, left: 321, top: 0 });
  const { scale, left, top } = layOut({ x: 2064, y: 560 }, 9.5, SHEET, false);
  assert.deepEqual({ scale, left, top }, { scale: 0.5, left: 0, top: 140 });
});
