/** The pure parts of the pages of sites. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { needlessNames } from "../../static/js/filter-form.js";
import { readDecimals, roughSize, rounded } from "../../static/js/shape-editor.js";
import { positionText } from "../../static/js/take-position.js";

test("empty and usual filters stay out of the address", () => {
  assert.deepEqual(needlessNames([["period", "30"], ["kind", ""]], { period: "30" }), ["period", "kind"]);
  assert.deepEqual(needlessNames([["period", "90"]], { period: "30" }), []);
  assert.deepEqual(needlessNames([["q", ""], ["kind", "pond"], ["state", ""]]), ["q", "state"]);
});

test("decimal degrees are read either way round", () => {
  assert.deepEqual(readDecimals("100.45, 38.93"), [100.45, 38.93]);
  assert.deepEqual(readDecimals("38.93，100.45"), [100.45, 38.93]);
  assert.deepEqual(readDecimals("(100.45 38.93)"), [100.45, 38.93]);
});

test("what is no pair of decimal degrees is left to the server", () => {
  for (const text of ["", "100.45", "100°27′E 38°55′N", "NaN, 38", "400, 500"]) assert.equal(readDecimals(text), null);
});

test("a shape is written with seven decimals", () => {
  const line = { type: "LineString", coordinates: [[100.123456789, 38.9], [100.2, 38.98765432199]] };
  assert.deepEqual(rounded(line).coordinates, [[100.1234568, 38.9], [100.2, 38.9876543]]);
});

test("the rough area of a square of 100 m is 15 mu", () => {
  const [dx, dy] = [100 / (111_195 * Math.cos((38.93 * Math.PI) / 180)), 100 / 111_195];
  const [west, south] = [100.4, 38.93];
  const ring = [[west, south], [west + dx, south], [west + dx, south + dy], [west, south + dy], [west, south]];
  assert.deepEqual(roughSize({ type: "Polygon", coordinates: [ring] }), { corners: 4, mu: "15.00" });
  const outside = roughSize({ type: "LineString", coordinates: ring.slice(0, 3) });
  assert.deepEqual(outside, { corners: 3, m: 200 });
});

test("a position is written with its accuracy rounded up", () => {
  const taken = positionText({ longitude: 100.45, latitude: 38.93, accuracy: 6.2 });
  assert.deepEqual(taken, { position: "100.4500000, 38.9300000", accuracy: "7" });
});
