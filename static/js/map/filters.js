/**
 * The filter of a map: kind, area, map state, body that leads, and the period in which a closed case shows; read from
 * a form and written to it and to the address. Pure but for the form.
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

/** Sets a form to a filter. */
export function writeForm(form, filter) {
  for (const field of form.elements) {
    if (!NAMES.includes(field.name)) continue;
    if (field.type === "radio") field.checked = field.value === (filter[field.name] ?? "");
    else field.value = filter[field.name] ?? "";
  }
}
