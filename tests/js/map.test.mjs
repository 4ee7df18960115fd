/** The pure parts of the map: counting sites together, filters, shapes, sentences. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { circleRadius, groupSites, project, unproject } from "../../static/js/map/clusters.js";
import { fill, grouped } from "../../static/js/map/dom.js";
import { countFeatures, matches, toQuery } from "../../static/js/map/filters.js";
import { SIZES, STATES, URGENT } from "../../static/js/map/marks.js";
import { partsOf } from "../../static/js/map/shapes.js";

const WEST = "990101100000";
const TOWNSHIPS = new Map([[WEST, "西镇"], ["990101200000", "东乡"]]);
const mayCount = (site) => !URGENT.has(site.state);

function scattered(count, states = ["normal"], seed = 7) {
  let value = seed;
  const chance = () => (value = (value * 16807) % 2147483647) / 2147483647;
  return Array.from({ length: count }, (_, index) => ({
    id: index, state: states[index % states.length], ...project(100.2 + chance() * 0.6, 38.6 + chance() * 0.7),
  }));
}

const feature = (properties) => ({ properties: { kind: "pond", state: "normal", township: "西镇", ...properties } });

test("a place comes back from the world's square", () => {
  const { x, y } = project(100.45, 38.93);
  const [lat, lon] = unproject(x, y);
  assert.ok(Math.abs(lat - 38.93) < 1e-9 && Math.abs(lon - 100.45) < 1e-9);
  assert.deepEqual(project(0, 0), { x: 0.5, y: 0.5 });
});

test("every site is shown or counted once, whatever the zoom", () => {
  const sites = scattered(800, STATES);
  for (const zoom of [6, 9, 9.75, 11, 12.5, 13, 16]) {
    const { alone, circles } = groupSites(sites, zoom, mayCount);
    assert.equal(alone.length + circles.reduce((sum, one) => sum + one.count, 0), sites.length);
    assert.equal(new Set(alone).size, alone.length);
  }
});

test("what is listed, overdue or due soon is never counted together", () => {
  const sites = scattered(400, STATES);
  const { alone } = groupSites(sites, 8, mayCount);
  for (const site of sites.filter(({ state }) => URGENT.has(state))) assert.ok(alone.includes(site));
});

test("from zoom 13 every site stands alone", () => {
  const sites = scattered(300);
  assert.deepEqual(groupSites(sites, 13, mayCount), { alone: sites, circles: [] });
});

test("circles keep apart, hold their sites, and know how many are in hand", () => {
  const sites = scattered(500, ["normal", "in_hand"]);
  const { alone, circles } = groupSites(sites, 9, mayCount);
  const scale = 256 * 2 ** 9;
  for (const [index, one] of circles.entries()) {
    assert.ok(one.west <= one.x && one.x <= one.east && one.north <= one.y && one.y <= one.south);
    for (const other of circles.slice(index + 1)) {
      assert.ok(Math.hypot(one.x - other.x, one.y - other.y) * scale > 15);
    }
  }
  const inHand = circles.reduce((sum, one) => sum + one.inHand, 0);
  assert.equal(inHand + alone.filter(({ state }) => state === "in_hand").length, 250);
  assert.ok(circleRadius(3000) > circleRadius(30) && circleRadius(1e9) <= 15);
});

test("one calm site alone in its square is drawn as itself", () => {
  const [site] = scattered(1);
  assert.deepEqual(groupSites([site], 9, mayCount), { alone: [site], circles: [] });
});

test("a thousand sites on one spot are one circle", () => {
  const sites = Array.from({ length: 1000 }, (_, id) => ({ id, state: "normal", ...project(100.4, 38.9) }));
  const { circles } = groupSites(sites, 10, mayCount);
  assert.equal(circles.length, 1);
  assert.equal(circles[0].count, 1000);
});

test("a filter narrows by kind, state and township together", () => {
  const none = { kind: "", area: "", state: "" };
  assert.ok(matches(feature({}), none, TOWNSHIPS));
  assert.ok(matches(feature({}), { kind: "pond", area: WEST, state: "normal" }, TOWNSHIPS));
  assert.ok(!matches(feature({ township: "东乡" }), { ...none, area: WEST }, TOWNSHIPS));
  assert.ok(!matches(feature({}), { ...none, state: "overdue" }, TOWNSHIPS));
  assert.ok(!matches(feature({}), { ...none, kind: "straw" }, TOWNSHIPS));
  assert.ok(matches(feature({}), { ...none, area: "990101000000" }, TOWNSHIPS), "the county holds all");
});

test("counts are by state and by township code", () => {
  const counts = countFeatures([feature({}), feature({ state: "listed" }), feature({ township: "外乡" })], TOWNSHIPS);
  assert.deepEqual(counts, { state: { normal: 2, listed: 1 }, township: { [WEST]: 2 } });
});

test("an empty filter leaves no question mark in the address", () => {
  assert.equal(toQuery({ kind: "", area: "", state: "" }), "");
  assert.equal(toQuery({ kind: "pond", area: "", state: "overdue" }), "?kind=pond&state=overdue");
});

test("body and period stand in the address, the usual period does not", () => {
  assert.equal(toQuery({ kind: "pond", body: "b0", period: "90" }), "?kind=pond&body=b0&period=90");
  assert.equal(toQuery({ body: "b0", period: "30" }), "?body=b0");
  assert.equal(toQuery({ period: "30" }), "");
});

test("every part of a geometry is drawn, points have none", () => {
  const ring = [[0, 0], [1, 0], [1, 1], [0, 0]];
  assert.deepEqual(partsOf(null), []);
  assert.deepEqual(partsOf({ type: "Point", coordinates: [0, 0] }), []);
  assert.equal(partsOf({ type: "Polygon", coordinates: [ring, ring] }).length, 2);
  assert.equal(partsOf({ type: "MultiPolygon", coordinates: [[ring], [ring, ring]] }).length, 3);
  assert.deepEqual(partsOf({ type: "LineString", coordinates: ring }), [{ closed: false, points: ring }]);
  const both = { type: "GeometryCollection", geometries: [{ type: "MultiLineString", coordinates: [ring, ring] }] };
  assert.equal(partsOf(both).length, 2);
});

test("sentences are filled with figures in groups, and with nothing else", () => {
  assert.equal(fill("{n} of {m} {n}", { n: 3012, m: 5 }), "3,012 of 5 3,012");
  assert.equal(fill("${1} {x}", { n: 1 }), "${1} {x}");
  assert.equal(grouped(1234567), "1,234,567");
  assert.equal(grouped(12), "12");
});

test("worse states are larger and come first", () => {
  assert.deepEqual(STATES, ["listed", "overdue", "due_soon", "suspected", "in_hand", "closed", "normal"]);
  const sizes = STATES.map((state) => SIZES[state]);
  assert.deepEqual(sizes, [...sizes].sort((one, other) => other - one));
});
