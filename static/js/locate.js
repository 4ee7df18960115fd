/**
 * Takes the device's position for a form: <div class="fix" data-module="locate" data-form="visit-form"> with
 * [data-ask], [data-distance] and [data-said]; the place goes into the form's hidden fix-… fields.
 */

const EARTH_M = 6_371_008.8;
const ROUGH_M = 50;
const PATIENCE_MS = 20_000;

/** Metres between two places in degrees, on a sphere: good to half a per cent, for reading. */
export function metresBetween(lon1, lat1, lon2, lat2) {
  const radians = Math.PI / 180;
  const [up, aside] = [(lat2 - lat1) * radians / 2, (lon2 - lon1) * radians / 2];
  const half = Math.sin(up) ** 2 + Math.cos(lat1 * radians) * Math.cos(lat2 * radians) * Math.sin(aside) ** 2;
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(half)));
}

/**
 * Metres from a place to a GeoJSON shape: 0 inside a polygon, else to the nearest edge, on a plane around the place.
 */
export function metresToShape(lon, lat, shape) {
  const east = EARTH_M * Math.PI / 180 * Math.cos(lat * Math.PI / 180);
  const north = EARTH_M * Math.PI / 180;
  const lines = linesOf(shape).map((line) => line.map(([x, y]) => [(x - lon) * east, (y - lat) * north]));
  if (shape.type.endsWith("Polygon") && lines.reduce((odd, ring) => odd !== holdsOrigin(ring), false)) return 0;
  return Math.min(...lines.map(nearest));
}

function linesOf({ type, coordinates }) {
  const depth = { Point: 0, MultiPoint: 1, LineString: 1, MultiLineString: 2, Polygon: 2, MultiPolygon: 3 }[type];
  if (depth === 0) return [[coordinates]];
  if (type === "MultiPoint") return coordinates.map((place) => [place]);
  return depth === 1 ? [coordinates] : coordinates.flat(depth - 2);
}

/** Whether the origin lies within a ring: how many edges cross the line going east from it, odd or even. */
function holdsOrigin(ring) {
  let inside = false;
  for (let i = 1; i < ring.length; i += 1) {
    const [[x1, y1], [x2, y2]] = [ring[i - 1], ring[i]];
    if (y1 > 0 !== y2 > 0 && x1 + (0 - y1) * (x2 - x1) / (y2 - y1) > 0) inside = !inside;
  }
  return inside;
}

/** Metres from the origin to the nearest point of a line. */
function nearest(line) {
  let least = Math.hypot(...line[0]);
  for (let i = 1; i < line.length; i += 1) {
    const [[x1, y1], [x2, y2]] = [line[i - 1], line[i]];
    const [dx, dy] = [x2 - x1, y2 - y1];
    const along = dx || dy ? Math.min(1, Math.max(0, -(x1 * dx + y1 * dy) / (dx * dx + dy * dy))) : 0;
    least = Math.min(least, Math.hypot(x1 + along * dx, y1 + along * dy));
  }
  return least;
}

/** 36 m, or 1.2 km from a thousand. */
export function metresText(metres) {
  return metres < 1000 ? `${Math.round(metres)} m` : `${(metres / 1000).toFixed(1)} km`;
}

export function start(strip) {
  const ask = strip.querySelector("[data-ask]");
  const [distance, said] = [strip.querySelector("[data-distance]"), strip.querySelector("[data-said]")];
  const words = strip.dataset;
  if (!isSecureContext || !navigator.geolocation) {
    said.textContent = words.insecure;
    return;
  }
  ask.hidden = false;
  ask.addEventListener("click", take);
  navigator.permissions?.query({ name: "geolocation" }).then(({ state }) => state === "granted" && take(), () => {});

  function take() {
    ask.disabled = true;
    const options = { enableHighAccuracy: true, timeout: PATIENCE_MS, maximumAge: 0 };
    navigator.geolocation.getCurrentPosition(keep, refuse, options);
  }

  function keep({ coords, timestamp }) {
    ask.disabled = false;
    const form = document.getElementById(words.form);
    const fix = {
      lon: coords.longitude.toFixed(7),
      lat: coords.latitude.toFixed(7),
      accuracy_m: String(Math.round(coords.accuracy)),
      datum: "wgs84",
      fixed_at: new Date(timestamp).toISOString(),
    };
    for (const [name, value] of Object.entries(fix)) form.elements[`fix-${name}`].value = value;
    const metres = words.siteShape
      ? metresToShape(coords.longitude, coords.latitude, JSON.parse(words.siteShape))
      : metresBetween(coords.longitude, coords.latitude, Number(words.siteLon), Number(words.siteLat));
    strip.classList.toggle("fix-none", coords.accuracy > ROUGH_M);
    distance.textContent = words.here.replace("{distance}", metresText(metres));
    said.textContent = words.accuracy.replace("{accuracy}", fix.accuracy_m)
      + (coords.accuracy > ROUGH_M ? ` ${words.rough}` : "");
  }

  function refuse() {
    ask.disabled = false;
    said.textContent = words.refused;
  }
}
