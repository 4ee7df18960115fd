/**
 * The filter of a map: kind, area, map state, body that leads, and the period in which a closed case shows; read from
 * a form, written to the address, asked of sites.
 */

const NAMES = ["kind", "area", "state", "body", "period"];
const USUAL_PERIOD = "30"; // days

/** `{ kind, area, state, body, period }` as a form says; what it does not hold is empty. */
export function readForm(form) {
  const said = new FormData(form);
  return Object.fromEntries(NAMES.map((name) => [name, said.get(name) ?? ""]));
}

/** `?kind=pond&state=overdue`, or an empty text; what is usual is left out. */
export function toQuery(filter) {
  const said = NAMES.filter((name) => filter[name] && !(name === "period" && filter[name] === USUAL_PERIOD));
  const chosen = new URLSearchParams(said.map((name) => [name, filter[name]]));
  const text = chosen.toString();
  return text ? `?${text}` : "";
}

/**
 * Whether a feature passes by what it carries: not by body and period. `townships` maps codes to names, which is what
 * a feature has.
 */
export function matches({ properties }, { kind, area, state }, townships) {
  return (
    (!kind || properties.kind === kind) &&
    (!state || properties.state === state) &&
    (!townships.has(area) || properties.township === townships.get(area))
  );
}

/** Counts of features: `{ state: {…}, township: {…} }`, townships by code. */
export function countFeatures(features, townships) {
  const codes = new Map([...townships].map(([code, name]) => [name, code]));
  const counts = { state: {}, township: {} };
  const add = (group, key) => (group[key] = (group[key] ?? 0) + 1);
  for (const { properties } of features) {
    add(counts.state, properties.state);
    const code = codes.get(properties.township);
    if (code) add(counts.township, code);
  }
  return counts;
}
