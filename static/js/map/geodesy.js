/**
 * Lengths and areas on the ellipsoid of WGS 84, and how they are written: pure but for the library, which is passed
 * in (geographiclib-geodesic, Karney 2013, doi:10.1007/s00190-012-0578-z). Places are [lon, lat] in degrees.
 */

import { project } from "./projection.js";
import { grouped } from "./dom.js";

export const MU_M2 = 10_000 / 15;
const KM2_M2 = 1_000_000;

/** Metres along a line of places, and of its last leg. */
export function lengthOf({ Geodesic }, places) {
  let [total, last] = [0, 0];
  for (let i = 1; i < places.length; i += 1) {
    const [[lon1, lat1], [lon2, lat2]] = [places[i - 1], places[i]];
    last = Geodesic.WGS84.Inverse(lat1, lon1, lat2, lon2, Geodesic.DISTANCE).s12;
    total += last;
  }
  return { total, last };
}

/** Square metres within a ring of places, closed or not, and the metres around it. */
export function areaOf({ Geodesic }, places) {
  const polygon = Geodesic.WGS84.Polygon(false);
  for (const [lon, lat] of places) polygon.AddPoint(lat, lon);
  const { area, perimeter } = polygon.Compute(false, true);
  return { area: Math.abs(area ?? 0), around: perimeter };
}

/** Whether the outline of a ring crosses itself, as it is drawn on the map: its last place is joined to the first. */
export function crosses(places) {
  const corners = places.filter(isNew).map(([lon, lat]) => project(lon, lat));
  const count = corners.length;
  const edge = (i) => [corners[i], corners[(i + 1) % count]];
  for (let i = 0; i < count - 2; i += 1) {
    for (let j = i + 2; j < count; j += 1) {
      const neighbours = i === 0 && j === count - 1;
      if (!neighbours && meet(edge(i), edge(j))) return true;
    }
  }
  return false;
}

/** 82.4 m, 823 m, 1.234 km, 12.35 km: four figures from a kilometre. */
export function metresSaid(metres) {
  if (metres < 99.95) return `${metres.toFixed(1)} m`;
  return metres < 999.5 ? `${Math.round(metres)} m` : `${figures(metres / 1000)} km`;
}

/** An area as `{ mu, m2, km2 }`, numbers as text; square kilometres only from one on. */
export function areaSaid(area) {
  const mu = area / MU_M2;
  return {
    mu: mu < 10_000 ? withPlaces(mu, 2) : grouped(Math.round(mu)),
    m2: area < 99.95 ? area.toFixed(1) : grouped(Math.round(area)),
    km2: area < KM2_M2 ? "" : figures(area / KM2_M2),
  };
}

/** Four figures of a number from one on. */
function figures(value) {
  return withPlaces(value, Math.max(0, 3 - Math.floor(Math.log10(Math.max(1, value)))));
}

function withPlaces(value, places) {
  const [whole, rest] = value.toFixed(places).split(".");
  return grouped(Number(whole)) + (rest ? `.${rest}` : "");
}

/** Whether a place is another than the one before it; the first follows the last. */
function isNew([lon, lat], index, places) {
  const [lonBefore, latBefore] = places.at(index - 1);
  return places.length === 1 || lon !== lonBefore || lat !== latBefore;
}

/** Whether two edges have a place in common; edges along one line do where they overlap. */
function meet([a, b], [c, d]) {
  const [abc, abd, cda, cdb] = [side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b)];
  if (abc * abd < 0 && cda * cdb < 0) return true;
  return (!abc && spans(a, b, c)) || (!abd && spans(a, b, d)) || (!cda && spans(c, d, a)) || (!cdb && spans(c, d, b));
}

/** On which side of the line from `a` to `b` a place lies: 1, -1, or 0 upon it. */
const side = (a, b, { x, y }) => Math.sign((b.x - a.x) * (y - a.y) - (b.y - a.y) * (x - a.x));

const spans = (a, b, { x, y }) =>
  Math.min(a.x, b.x) <= x && x <= Math.max(a.x, b.x) && Math.min(a.y, b.y) <= y && y <= Math.max(a.y, b.y);
