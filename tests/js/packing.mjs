/** Writes columnar files as geo/packing.py does, for tests of what reads them; and counties of random sites. */

import { STATES } from "../../static/js/map/states.js";

export const KINDS = ["straw", "pond", "greenhouse", "afforestation"];
export const TOWNSHIPS = ["990101100000", "990101200000"];
export const NOW = Date.UTC(2026, 10, 12, 2, 42);
const DAY_ZERO = Date.UTC(2020, 0, 1);
const MINUTE = (NOW - DAY_ZERO) / 60_000;
export const TODAY = Math.floor((NOW + 8 * 3_600_000 - DAY_ZERO) / 86_400_000);
const WIDTH = { u8: 1, u16: 2, u32: 4, i32: 4, d32: 4 };

/** Numbers from 0 to 1 that are the same each time. */
export function chances(seed = 7) {
  let value = seed;
  return () => (value = (value * 16807) % 2147483647) / 2147483647;
}

/** A file of columns `{ name: [coding, values] }` and further facts of its header. */
export function pack(facts, columns) {
  const parts = [];
  const listed = [];
  let at = 0;
  for (const [name, [coding, values]] of Object.entries(columns)) {
    const bytes = coding === "json" ? new TextEncoder().encode(JSON.stringify(values)) : planes(coding, values);
    listed.push({ name, coding, at, bytes: bytes.length, count: values.length });
    parts.push(bytes);
    at += bytes.length;
  }
  let header = JSON.stringify({ ...facts, columns: listed });
  while ((8 + new TextEncoder().encode(header).length) % 8) header += " ";
  const head = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + head.length + at);
  file.set(new TextEncoder().encode("XTC1"));
  new DataView(file.buffer).setUint32(4, head.length, true);
  file.set(head, 8);
  let end = 8 + head.length;
  for (const bytes of parts) {
    file.set(bytes, end);
    end += bytes.length;
  }
  return file.buffer;
}

function planes(coding, values) {
  const width = WIDTH[coding];
  const bytes = new Uint8Array(width * values.length);
  let before = 0;
  Array.from(values).forEach((value, row) => {
    let coded = value;
    if (coding === "d32") [coded, before] = [value - before, value];
    if (coding === "d32" || coding === "i32") coded = ((coded << 1) ^ (coded >> 31)) >>> 0;
    for (let plane = 0; plane < width; plane += 1) bytes[plane * values.length + row] = (coded >>> (8 * plane)) & 255;
  });
  return bytes;
}

/** Sites as plain objects: place, kind, township, facts, and the state that they show at NOW. */
export function someSites(count, states = STATES, seed = 7) {
  const chance = chances(seed);
  return Array.from({ length: count }, (_, at) => {
    const lon = Math.round((100.2 + chance() * 0.6) * 1e6);
    const lat = Math.round((38.6 + chance() * 0.7) * 1e6);
    const state = states[at % states.length];
    return { key: at + 1, lon, lat, kind: Math.floor(chance() * 4), township: at % 2, state, ...factsOf(state, chance) };
  });
}

function factsOf(state, chance) {
  const later = Math.floor(chance() * 2000);
  return {
    listed: { facts: 5, due: 0, closed: 0 },
    overdue: { facts: 4, due: Math.floor(MINUTE) - later, closed: 0 },
    due_soon: { facts: 4, due: Math.ceil(MINUTE) + 2 + later, closed: 0 },
    suspected: { facts: 6, due: 0, closed: 0 },
    in_hand: { facts: 4, due: Math.ceil(MINUTE) + 2 + 72 * 60 + later, closed: 0 },
    closed: { facts: 0, due: 0, closed: TODAY + 1 - Math.floor(chance() * 30) },
    normal: { facts: 0, due: 0, closed: chance() < 0.3 ? TODAY + 1 - 30 - Math.floor(chance() * 300) : 0 },
  }[state];
}

/** The first file of such sites. */
export function packSites(sites, facts = {}) {
  const column = (name) => sites.map((site) => site[name]);
  return pack({ part: "sites", rows: sites.length, order: "a1", kinds: KINDS, townships: TOWNSHIPS, ...facts }, {
    x: ["d32", column("lon")], y: ["d32", column("lat")], kind: ["u8", column("kind")], facts: ["u8", column("facts")],
    due: ["u32", column("due")], closed: ["u16", column("closed")], township: ["u16", column("township")],
  });
}

/** The second file; `shapes` maps a row to `{ closed, rings }`, rings as lists of [lon, lat] in micro-degrees. */
export function packShapes(sites, shapes = {}, facts = {}) {
  const zeros = sites.map(() => 0);
  const rows = Object.keys(shapes).map(Number);
  const rings = rows.flatMap((row) => shapes[row].rings.map((ring) => ({ row, ring })));
  const steps = (axis) =>
    rings.flatMap(({ row, ring }) =>
      ring.map((point, at) => point[axis] - (at ? ring[at - 1][axis] : [sites[row].lon, sites[row].lat][axis])),
    );
  return pack({ part: "shapes", rows: sites.length, order: "a1", villages: ["990101100001"], bodies: ["b1"], ...facts }, {
    key: ["d32", sites.map(({ key }) => key)], village: ["u16", sites.map(({ village }) => village ?? 0)],
    body: ["u16", sites.map(({ body }) => body ?? 0)], visited: ["u16", zeros],
    shape_row: ["d32", rows], shape_closed: ["u8", rows.map((row) => (shapes[row].closed ? 1 : 0))],
    shape_rings: ["u16", rows.map((row) => shapes[row].rings.length)], ring_points: ["u32", rings.map(({ ring }) => ring.length)],
    px: ["i32", steps(0)], py: ["i32", steps(1)],
  });
}
