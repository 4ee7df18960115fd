/** Places on the Web Mercator world, from 0 to 1 across it, x to the east and y to the south. Pure. */

export const TILE = 256; // pixels across the world at zoom 0

/** Where a place lies in the world. */
export function project(lon, lat) {
  const sine = Math.sin((lat * Math.PI) / 180);
  return { x: lon / 360 + 0.5, y: 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI) };
}

/** The same backwards: `[lat, lon]`, as Leaflet takes it. */
export function unproject(x, y) {
  const lat = (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;
  return [lat, (x - 0.5) * 360];
}
