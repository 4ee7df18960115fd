/** The pure parts of the map: files read, states told, sites filtered, counted together, found; sentences, addresses. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { writeAddress } from "../../static/js/map/address.js";
import { circleRadius, circlesOf, keepOff } from "../../static/js/map/clusters.js";
import { BrokenFile, openFile } from "../../static/js/map/columns.js";
import { fill, grouped } from "../../static/js/map/dom.js";
import { toQuery } from "../../static/js/map/filters.js";
import { SIZES } from "../../static/js/map/marks.js";
import { Overview } from "../../static/js/map/overview.js";
import { hitAt, piecesIn } from "../../static/js/map/painter.js";
import { TILE, project, unproject } from "../../static/js/map/projection.js";
import { SiteSet } from "../../static/js/map/site-set.js";
import { STATES, URGENT, momentAt, stateOf } from "../../static/js/map/states.js";
import { KINDS, NOW, TODAY, TOWNSHIPS, chances, pack, packShapes, packSites, someSites } from "./packing.mjs";

const WORLD = { west: 0, east: 1, north: 0, south: 1 };
const LOOK = { alone: false, sparse: false, rooms: [], grow: 1 };
const calm = (sites) => sites.filter(({ state }) => !URGENT.has(state));

function setOf(sites, shapes) {
  const set = new SiteSet(packSites(sites));
  if (shapes) set.addShapes(packShapes(sites, shapes));
  set.setMoment(NOW, 30);
  return set;
}

test("every coding comes back as it was written", () => {
  const chance = chances(3);
  const whole = (least, most) => Array.from({ length: 500 }, () => Math.round(least + chance() * (most - least)));
  const columns = {
    a: ["u8", [0, 255, ...whole(0, 255)]], b: ["u16", [0, 65535, ...whole(0, 65535)]], c: ["u32", [0, 2 ** 32 - 1, ...whole(0, 2 ** 32 - 1)]],
    d: ["i32", [-(2 ** 31), 2 ** 31 - 1, ...whole(-1e9, 1e9)]], e: ["d32", [100_450_000, 0, -5, ...whole(-1e8, 1e8)]], f: ["json", ["苇塘", "</script>", ""]],
  };
  const { header, column } = openFile(pack({ part: "sites", rows: 502 }, columns));
  assert.equal(header.part, "sites");
  for (const [name, [, values]] of Object.entries(columns)) assert.deepEqual(Array.from(column(name)), values, name);
});

test("what the server wrote is read as it meant it", () => {
  const golden = JSON.parse(readFileSync(new URL("../geo/golden_columns.json", import.meta.url)));
  const { header, column } = openFile(Uint8Array.from(Buffer.from(golden.hex, "hex")));
  assert.equal(header.order, golden.order);
  for (const { name, values } of golden.columns) assert.deepEqual(Array.from(column(name)), values, name);
});

test("a file that is cut off, longer, or none is refused", () => {
  const file = new Uint8Array(packSites(someSites(20)));
  for (const length of [0, 3, 7, 50, file.length - 1]) assert.throws(() => openFile(file.slice(0, length)), BrokenFile);
  assert.throws(() => openFile(new Uint8Array([...file, 0])), BrokenFile);
  assert.throws(() => openFile(new TextEncoder().encode("<!doctype html><title>Sign in</title>")), BrokenFile);
  assert.throws(() => openFile(file).column("nobody"), BrokenFile);
  assert.throws(() => openFile(pack({ rows: 2 }, { a: ["x9", [1]] })).column("a"), BrokenFile);
});

test("files of different sites do not fit together", () => {
  const sites = someSites(5);
  const set = new SiteSet(packSites(sites));
  assert.throws(() => set.addShapes(packShapes(sites, {}, { order: "b2" })), BrokenFile);
});

test("the first rule that holds gives the state, to the minute and the day", () => {
  const at = momentAt(NOW, 30);
  const minute = at.minute; // whole at NOW
  const shown = (facts, due = 0, closed = 0) => STATES[stateOf(facts, due, closed, at)];
  assert.equal(shown(0), "normal");
  assert.equal(shown(1 + 4, minute), "listed");
  assert.equal(shown(4, minute), "overdue"); // due a minute ago: stored + 1
  assert.equal(shown(4, minute + 1), "due_soon"); // due this very moment
  assert.equal(shown(4, minute + 1 + 72 * 60), "due_soon");
  assert.equal(shown(4, minute + 2 + 72 * 60), "in_hand");
  assert.equal(shown(2 + 4), "suspected");
  assert.equal(shown(0, 0, TODAY + 1), "closed");
  assert.equal(shown(0, 0, TODAY + 1 - 29), "closed");
  assert.equal(shown(0, 0, TODAY + 1 - 30), "normal");
  assert.equal(momentAt(Date.UTC(2026, 10, 11, 16), 30).today, TODAY, "a day begins at midnight in Beijing");
});

test("a set shows the states that its sites were made for, and others when time has passed", () => {
  const sites = someSites(700);
  const set = setOf(sites);
  assert.deepEqual(sites.map((_, row) => set.describe(row).state), sites.map(({ state }) => state));
  assert.equal(set.setMoment(NOW, 30), false);
  assert.equal(set.setMoment(NOW + 4 * 86_400_000, 30), true);
  assert.equal(set.counts().state.due_soon, set.rowsIn(WORLD).filter((row) => set.describe(row).state === "due_soon").length);
});

test("a longer period shows cases that were closed earlier", () => {
  const set = setOf(someSites(700));
  const before = set.counts().state.closed;
  set.setMoment(NOW, 365);
  assert.ok(set.counts().state.closed > before);
});

test("filters agree with a naive recount, for random filters and boxes", () => {
  const sites = someSites(900).map((site, at) => ({ ...site, village: at % 3 ? 0 : 1, body: at % 5 ? 0 : 1 }));
  const set = setOf(sites, {});
  const chance = chances(11);
  const pick = (values) => values[Math.floor(chance() * values.length)];
  for (let round = 0; round < 200; round += 1) {
    const filter = {
      kind: pick(["", ...KINDS]), state: pick(["", ...STATES]), body: pick(["", "", "b1", "gone"]),
      area: pick(["", "990101000000", ...TOWNSHIPS, "990101100001", "990101999000"]),
    };
    set.setFilter(filter);
    const expected = sites.filter((site) =>
      (!filter.kind || KINDS[site.kind] === filter.kind) && (!filter.state || site.state === filter.state) &&
      (!filter.body || (filter.body === "b1" && site.body)) &&
      (["", "990101000000"].includes(filter.area) || TOWNSHIPS[site.township] === filter.area || (filter.area === "990101100001" && site.village)));
    assert.equal(set.counts().total, expected.length, JSON.stringify(filter));
    const [a, b] = [project(100.2 + chance() * 0.6, 38.6 + chance() * 0.7), project(100.2 + chance() * 0.6, 38.6 + chance() * 0.7)];
    const box = { west: Math.min(a.x, b.x), east: Math.max(a.x, b.x), north: Math.min(a.y, b.y), south: Math.max(a.y, b.y) };
    const inside = expected.filter(({ lon, lat }) => {
      const { x, y } = project(lon / 1e6, lat / 1e6);
      return x >= box.west && x <= box.east && y >= box.north && y <= box.south;
    });
    assert.deepEqual(set.rowsIn(box).map((row) => sites[row].key).sort(), inside.map(({ key }) => key).sort());
    assert.equal(set.inView(box, 0).total, inside.length);
  }
});

test("counts are by state and by township code", () => {
  const set = setOf(someSites(70));
  const { total, state, township } = set.counts();
  assert.deepEqual([total, state.overdue, township], [70, 10, { [TOWNSHIPS[0]]: 35, [TOWNSHIPS[1]]: 35 }]);
});

test("a view lists its sites worst first, the earliest deadline before the others", () => {
  const set = setOf(someSites(300));
  const { rows, total } = set.inView(WORLD, 120);
  assert.deepEqual([rows.length, total], [120, 300]);
  for (let at = 1; at < rows.length; at += 1) {
    const [one, other] = [rows[at - 1], rows[at]];
    assert.ok(set.state[one] < set.state[other] || (set.state[one] === set.state[other] && (set.due[one] || 2 ** 32) <= (set.due[other] || 2 ** 32)));
  }
});

test("every site is shown or counted once, at every level", () => {
  const sites = someSites(800);
  const set = setOf(sites);
  for (const level of [5, 8, 9, 10, 11, 12, 13, 16]) {
    const { circles, rows } = piecesIn(set, WORLD, level, LOOK);
    assert.equal(rows.length + circles.reduce((sum, one) => sum + one.count, 0), sites.length);
    assert.equal(new Set(rows).size, rows.length);
  }
});

test("what is listed, overdue or due soon is never counted together", () => {
  const sites = someSites(400);
  const { rows } = piecesIn(setOf(sites), WORLD, 8, LOOK);
  assert.equal(rows.length, sites.length - calm(sites).length);
});

test("from zoom 13, and with every site for itself, nothing is counted together", () => {
  const set = setOf(someSites(300));
  assert.deepEqual(piecesIn(set, WORLD, 13, LOOK).circles, []);
  assert.equal(piecesIn(set, WORLD, 9, { ...LOOK, alone: true }).rows.length, 300);
});

test("on a phone the far view keeps what is late", () => {
  const sites = someSites(70);
  const { circles, rows } = piecesIn(setOf(sites), WORLD, 9, { ...LOOK, sparse: true });
  assert.deepEqual([circles, rows.length], [[], 20]);
});

test("circles keep apart, lie among their sites, and know how many are in hand", () => {
  const sites = someSites(500, ["normal", "in_hand"]);
  const set = setOf(sites);
  for (const level of [8, 9, 10, 11, 12]) {
    const circles = set.circlesAt(level);
    const scale = TILE * 2 ** level;
    for (const [index, one] of circles.entries()) {
      const box = set.boxOfCircle(one, level);
      assert.ok(one.x > box.west - 2 / scale && one.x < box.east + 2 / scale);
      assert.ok(one.y > box.north - 2 / scale && one.y < box.south + 2 / scale);
      assert.equal(set.rowsOfCircle(one, level).length, one.count);
      for (const other of circles.slice(index + 1)) assert.ok(Math.hypot(one.x - other.x, one.y - other.y) * scale > 20);
    }
    assert.equal(circles.reduce((sum, one) => sum + one.inHand, 0), 250);
  }
  assert.ok(circleRadius(3000) > circleRadius(30) && circleRadius(1e9) <= 15);
});

test("one calm site alone in its square is its own mark", () => {
  const set = setOf(someSites(1, ["closed"]));
  const [circle] = set.circlesAt(9);
  assert.deepEqual([circle.count, circle.one & 7, circle.one >> 3], [1, STATES.indexOf("closed"), set.kind[0]]);
});

test("a thousand sites on one spot are one circle, and a list when near", () => {
  const sites = someSites(1000, ["normal"]).map((site) => ({ ...site, lon: 100_400_000, lat: 38_900_000 }));
  const set = setOf(sites, {});
  assert.deepEqual(set.circlesAt(10).map(({ count }) => count), [1000]);
  assert.equal(hitAt(set, project(100.4, 38.9), 15, 10, LOOK).rows.length, 1000);
  assert.equal(hitAt(set, project(100.4, 38.9), 10, 10, LOOK).circle.count, 1000);
});

test("what is pressed is within reach, the worst first, and else a circle", () => {
  const [near, far, worse] = someSites(3, ["normal"]);
  const sites = [
    { ...near, lon: 100_400_000, lat: 38_900_000 }, { ...far, lon: 100_500_000, lat: 38_900_000 },
    { ...worse, ...someSites(1, ["overdue"])[0], key: 3, lon: 100_400_020, lat: 38_900_000 },
  ];
  const set = setOf(sites, {});
  const at = (lon) => hitAt(set, project(lon, 38.9), 16, 10, LOOK).rows.map((row) => sites[row].key);
  assert.deepEqual(at(100.4), [3, 1]);
  assert.deepEqual(at(100.5), [2]);
  assert.deepEqual(at(100.45), []);
  const beside = 100.5 + (15 * 360) / (TILE * 2 ** 16);
  assert.deepEqual(at(beside), []);
  assert.equal(hitAt(set, project(beside, 38.9), 16, 22, LOOK).rows.length, 1, "a finger reaches further");
});

test("no sites and one site are drawn like any", () => {
  const none = setOf([], {});
  assert.deepEqual([none.counts().total, none.circlesAt(9), none.rowsIn(WORLD)], [0, [], []]);
  assert.deepEqual(hitAt(none, project(100.4, 38.9), 9, 10, LOOK), { rows: [], circle: undefined });
  assert.equal(setOf(someSites(1), {}).rowsIn(WORLD).length, 1);
});

test("shapes come back corner by corner, and hold what lies in them but not in their holes", () => {
  const sites = someSites(2, ["normal"]).map((site, at) => ({ ...site, lon: 100_400_000 + at, lat: 38_900_000 }));
  const square = (half) => [[-half, -half], [half, -half], [half, half], [-half, half]].map(([x, y]) => [100_400_000 + x, 38_900_000 + y]);
  const set = setOf(sites, { 0: { closed: true, rings: [square(900), square(300)] }, 1: { closed: false, rings: [square(5000)] } });
  const rings = [];
  set.shapes.eachRing(0, (points, closed) => rings.push({ points: points.length, closed }));
  assert.deepEqual(rings, [{ points: 4, closed: true }, { points: 4, closed: true }]);
  assert.ok(set.shapes.holds(0, 100.4006, 38.9));
  assert.ok(!set.shapes.holds(0, 100.4001, 38.9), "the hole");
  assert.ok(!set.shapes.holds(0, 100.402, 38.9));
  assert.ok(!set.shapes.holds(1, 100.4, 38.9), "a line holds nothing");
  const corner = project(100.4, 38.905);
  const box = { west: corner.x - 1e-9, east: corner.x + 1e-9, north: corner.y - 1e-9, south: corner.y + 1e-9 };
  assert.deepEqual(set.shapes.rowsTouching(box, (wider) => set.rowsIn(wider)), [1], "a large shape is found by its box");
});

test("the overview shows what the set shows, circle by circle", () => {
  const sites = someSites(900);
  const set = setOf(sites);
  const overview = new Overview(overviewOf(set));
  for (const level of [7, 8, 9, 10, 11]) {
    const bare = (scene) => scene.circlesAt(level).map(({ x, y, count, inHand, one }) => ({ x, y, count, inHand, one }));
    assert.deepEqual(bare(overview), bare(set));
    const marks = (scene) => scene.rowsIn(WORLD, 3).map((row) => [scene.x[row], scene.y[row], scene.kind[row], scene.state[row]]).sort();
    assert.deepEqual(marks(overview), marks(set));
  }
});

/** Squares as the server counts them: site by site into a table, in the order of the rows. */
function overviewOf(set) {
  const across = (256 * 2 ** 11) / 68;
  const squares = new Map();
  const urgent = [];
  for (let row = 0; row < set.count; row += 1) {
    if (set.state[row] < 3) {
      urgent.push(row);
      continue;
    }
    const [cx, cy] = [Math.floor(set.x[row] * across), Math.floor(set.y[row] * across)];
    const key = `${cy} ${cx}`;
    if (!squares.has(key)) squares.set(key, { cx, cy, count: 0, inHand: 0, x: 0, y: 0 });
    const square = squares.get(key);
    square.count += 1;
    square.inHand += STATES[set.state[row]] === "in_hand" ? 1 : 0;
    square.x += set.x[row] * across - cx;
    square.y += set.y[row] * across - cy;
    square.one = set.kind[row] * 8 + set.state[row];
  }
  const listed = [...squares.values()].sort((one, other) => one.cy - other.cy || one.cx - other.cx);
  const fine = (sum, count) => Math.min(255, Math.floor((sum / count) * 256));
  return pack({ part: "overview", rows: set.count, level: 11, kinds: KINDS, left_out: 0 }, {
    cx: ["d32", listed.map(({ cx }) => cx)], cy: ["d32", listed.map(({ cy }) => cy)],
    count: ["u32", listed.map(({ count }) => count)], in_hand: ["u32", listed.map(({ inHand }) => inHand)],
    one: ["u8", listed.map(({ one, count }) => (count === 1 ? one : 0))],
    fx: ["u8", listed.map(({ x, count }) => fine(x, count))], fy: ["u8", listed.map(({ y, count }) => fine(y, count))],
    mx: ["d32", urgent.map((row) => set.lon[row])], my: ["d32", urgent.map((row) => set.lat[row])],
    mark: ["u8", urgent.map((row) => set.kind[row] * 8 + set.state[row])],
  });
}

test("a circle goes out of the way of a name, up or down, whichever is nearer", () => {
  const circle = { x: 0.5, y: 0.5, count: 10, inHand: 0 };
  const scale = 1000;
  const box = { west: 480, east: 520, north: 495, south: 515 };
  const moved = keepOff(circle, [box], scale, 1);
  assert.ok(moved.y * scale < box.north && moved.x === circle.x);
  assert.equal(keepOff(circle, [{ ...box, west: 600, east: 640 }], scale, 1), circle);
});

test("squares that are joined keep their number whatever the level", () => {
  const set = setOf(someSites(600, ["normal"]));
  for (const level of [3, 6, 11]) {
    const sum = circlesOf(overviewOfSquares(set), level).reduce((all, one) => all + one.count, 0);
    assert.equal(sum, 600);
  }
});

const overviewOfSquares = (set) => new Overview(overviewOf(set)).squares;

test("a place comes back from the world's square", () => {
  const { x, y } = project(100.45, 38.93);
  const [lat, lon] = unproject(x, y);
  assert.ok(Math.abs(lat - 38.93) < 1e-9 && Math.abs(lon - 100.45) < 1e-9);
  assert.deepEqual(project(0, 0), { x: 0.5, y: 0.5 });
});

test("an address holds filter, view and card, and nothing that is empty or usual", () => {
  const filter = { kind: "", area: "", state: "", body: "", period: "30" };
  assert.equal(toQuery(filter), "");
  assert.equal(toQuery({ ...filter, kind: "pond", state: "overdue" }), "?kind=pond&state=overdue");
  assert.equal(toQuery({ ...filter, body: "b1", period: "90" }), "?body=b1&period=90");
  assert.equal(writeAddress({ filter, at: null, site: null }), "");
  const at = { lon: 100.123456, lat: 38.9, zoom: 12.26 };
  assert.equal(writeAddress({ filter: { ...filter, kind: "pond" }, at, site: "u1" }), "?kind=pond&at=100.12346,38.90000,12.25&site=u1");
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
