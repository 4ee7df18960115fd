/** The filter of a map: kind, area and map state; read from a form and written to it and to the address. */

const NAMES = ["kind", "area", "state"];

/** `{ kind, area, state }` as a form says; what it does not hold is empty. */
export function readForm(form) {
  const said = new FormData(form);
  return Object.fromEntries(NAMES.map((name) => [name, said.get(name) ?? ""]));
}

/** `?kind=pond&state=overdue`, or an empty text. */
export function toQuery(filter) {
  const chosen = new URLSearchParams(NAMES.filter((name) => filter[name]).map((name) => [name, filter[name]]));
  const text = chosen.toString();
  return text ? `?${text}` : "";
}

/** Sets a form to a filter. */
export function writeForm(form, filter) {
  for (const name of NAMES) {
    const field = form.elements.namedItem(name);
    if (field) field.value = filter[name] ?? "";
  }
}
