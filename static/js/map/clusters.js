/**
 * Which sites of a view stand alone and which are counted together: pure, no map and no page.
 *
 * A placed site is `{ x, y, state, … }` with x and y from 0 to 1 across the Web Mercator world. Below zoom 13 calm
 * sites are counted by squares of the world, so a circle stays where it is while one pans.
 */

export const ALONE_FROM_ZOOM = 13;
export const TILE = 256; // pixels of the world at zoom 0
const SQUARE = 68; // pixels
const APART = 30; // two circles nearer than this become one

/** Where a place lies in the world, from 0 to 1. */
export function project(lon, lat) {
  const sine = Math.sin((lat * Math.PI) / 180);
  return { x: lon / 360 + 0.5, y: 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI) };
}

/** The same backwards: `[lat, lon]`, as Leaflet takes it. */
export function unproject(x, y) {
  const lat = (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;
  return [lat, (x - 0.5) * 360];
}

/** `{ alone, circles }`; a circle has x, y, count, inHand and the box of its sites. `mayCount(site)` says who is calm. */
export function groupSites(sites, zoom, mayCount) {
  if (zoom >= ALONE_FROM_ZOOM) return { alone: sites, circles: [] };
  const alone = [];
  const squares = new Map();
  const scale = TILE * 2 ** zoom;
  for (const site of sites) {
    if (!mayCount(site)) {
      alone.push(site);
      continue;
    }
    const key = Math.floor((site.x * scale) / SQUARE) * 1e7 + Math.floor((site.y * scale) / SQUARE);
    const members = squares.get(key);
    if (members) members.push(site);
    else squares.set(key, [site]);
  }
  const circles = merged([...squares.values()].map(circleOf), scale);
  return { alone: [...circles.filter(isOne).map(onlySite), ...alone], circles: circles.filter((one) => !isOne(one)) };
}

/** Pixels from a circle's middle to its ring: a little more for more sites. */
export function circleRadius(count) {
  return Math.min(15, 8.5 + 1.9 * Math.log10(count));
}

const isOne = (circle) => circle.count === 1;
const onlySite = (circle) => circle.first;

function circleOf(members) {
  const circle = { x: 0, y: 0, count: members.length, inHand: 0, first: members[0], west: 1, east: 0, north: 1, south: 0 };
  for (const { x, y, state } of members) {
    circle.x += x / members.length;
    circle.y += y / members.length;
    if (state === "in_hand") circle.inHand += 1;
    circle.west = Math.min(circle.west, x);
    circle.east = Math.max(circle.east, x);
    circle.north = Math.min(circle.north, y);
    circle.south = Math.max(circle.south, y);
  }
  return circle;
}

/** Joins circles that would cover each other, the larger taking in the smaller. */
function merged(circles, scale) {
  const kept = [];
  for (const circle of circles.sort((one, other) => other.count - one.count)) {
    const near = kept.find((other) => Math.hypot(other.x - circle.x, other.y - circle.y) * scale < APART);
    if (near) join(near, circle);
    else kept.push(circle);
  }
  return kept;
}

function join(large, small) {
  const count = large.count + small.count;
  large.x = (large.x * large.count + small.x * small.count) / count;
  large.y = (large.y * large.count + small.y * small.count) / count;
  large.count = count;
  large.inHand += small.inHand;
  large.west = Math.min(large.west, small.west);
  large.east = Math.max(large.east, small.east);
  large.north = Math.min(large.north, small.north);
  large.south = Math.max(large.south, small.south);
}
