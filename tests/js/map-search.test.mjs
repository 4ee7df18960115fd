/** The pure parts of the map's search: the order of what was found, the way through it, and the pause while typing. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { fold, formatPosition, later, listLines, step } from "../../static/js/map/found.js";

const WEST = { code: "990101100000", name: "西镇", level: "township", bounds: [100.1, 38.5, 100.5, 39.4] };
const VILLAGE = { code: "990101100201", name: "柳荫村", level: "village", bounds: null };
const SITE = { key: 7, number: "P-1", name: "苇塘东塘" };
const HERE = { lon: 100.45, lat: 38.93, words: "WGS 84 / CGCS2000", inside: true };
const answer = (parts) => ({ sites: [], places: [], positions: [], more: 0, ...parts });
const types = (lines) => lines.map(({ type, name }) => (name ? `${type} ${name}` : type));

test("width, letter case and spaces are folded away", () => {
  assert.equal(fold("Ａ１ 号　大棚（东）"), fold("a1号大棚(东)"));
  assert.equal(fold("  "), "");
});

test("positions come first, then places that begin so, sites, and other places", () => {
  const found = answer({ sites: [SITE], places: [VILLAGE, WEST], positions: [HERE] });
  const lines = listLines(found, "西", new Set());
  assert.deepEqual(types(lines), ["position", "place 西镇", "site 苇塘东塘", "place 柳荫村"]);
  assert.deepEqual(lines[0], { type: "position", ...HERE });
});

test("only a township that the map filters by has a line that does so, right behind it", () => {
  const found = answer({ sites: [SITE], places: [WEST, VILLAGE] });
  const lines = listLines(found, "西镇", new Set([WEST.code]));
  assert.deepEqual(types(lines), ["place 西镇", "only 西镇", "site 苇塘东塘", "place 柳荫村"]);
  assert.deepEqual(types(listLines(found, "西镇", new Set())), ["place 西镇", "site 苇塘东塘", "place 柳荫村"]);
});

test("nothing found has no lines", () => {
  assert.deepEqual(listLines(answer({}), "x", new Set()), []);
});

test("arrows go through the lines and round the ends through none", () => {
  assert.deepEqual([-1, 0, 1, 2].map((active) => step(active, 3, "ArrowDown")), [0, 1, 2, -1]);
  assert.deepEqual([-1, 0, 1, 2].map((active) => step(active, 3, "ArrowUp")), [2, -1, 0, 1]);
});

test("a position is written as on every page", () => {
  assert.equal(formatPosition(HERE), "100.450000, 38.930000");
});

test("of several calls only the last runs, after its pause", () => {
  const waiting = new Map();
  const timers = {
    setTimeout: (run, ms, ...said) => (waiting.set(waiting.size + 1, { run, ms, said }), waiting.size),
    clearTimeout: (timer) => waiting.delete(timer),
  };
  const ran = [];
  const call = later((words) => ran.push(words), 150, timers);
  call("P");
  call("P-9");
  assert.deepEqual([...waiting.values()].map(({ ms }) => ms), [150]);
  for (const { run, said } of waiting.values()) run(...said);
  assert.deepEqual(ran, ["P-9"]);
  call("P-99");
  call.cancel();
  assert.equal(waiting.size, 0);
});
