/** What a search found, as lines to choose from: pure, no map and no page. */

/** Width, letter case and spaces taken away, as the server folds names (inspections/models/names.py). */
export function fold(text) {
  return text.normalize("NFKC").toLowerCase().replace(/\s+/gu, "");
}

/**
 * An answer of /api/search in the order it is shown: positions, places that begin with the words, sites, other places.
 * Each line is `{ type, … }`: "position", "place", "site", and behind a township among `townships` (codes) "only", which
 * filters the map by it.
 */
export function listLines({ sites, places, positions }, words, townships) {
  const key = fold(words);
  const begins = ({ name }) => fold(name).startsWith(key);
  const lines = (type) => (one) => ({ type, ...one });
  const withFilter = (place) => {
    const line = { type: "place", ...place };
    return townships.has(place.code) ? [line, { ...line, type: "only" }] : [line];
  };
  return [
    ...positions.map(lines("position")),
    ...places.filter(begins).flatMap(withFilter),
    ...sites.map(lines("site")),
    ...places.filter((place) => !begins(place)).flatMap(withFilter),
  ];
}

/** The line that an arrow leads to from `active` (-1: none) of `count`; round the ends through none. */
export function step(active, count, key) {
  const around = count + 1; // the lines and none
  return ((active + 1 + (key === "ArrowDown" ? 1 : -1) + around) % around) - 1;
}

/** `100.450000, 38.930000`, as every page writes a position. */
export function formatPosition({ lon, lat }) {
  return `${lon.toFixed(6)}, ${lat.toFixed(6)}`;
}

/** Runs `run(…)` a while after the last of several calls; `cancel()` forgets it. */
export function later(run, pauseMs, timers = globalThis) {
  let timer = null;
  const call = (...said) => {
    timers.clearTimeout(timer);
    timer = timers.setTimeout(run, pauseMs, ...said);
  };
  call.cancel = () => timers.clearTimeout(timer);
  return call;
}
