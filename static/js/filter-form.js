/**
 * Shows a list anew as soon as a choice is made: <form method="get" data-module="filter-form">.
 * What is empty or usual (<select data-usual="30">) stays out of the address. Without this module the form's button does the same.
 */

/** The names of the fields that would only lengthen the address; `usual` is a value by name. */
export function needlessNames(pairs, usual = {}) {
  return pairs.filter(([name, value]) => value === (usual[name] ?? "")).map(([name]) => name);
}

export function start(form) {
  form.addEventListener("change", (event) => {
    if (event.target.matches("select, input[type=radio]")) form.requestSubmit();
  });
  form.addEventListener("formdata", (event) => {
    const usual = Object.fromEntries([...form.querySelectorAll("[data-usual]")].map((one) => [one.name, one.dataset.usual]));
    for (const name of needlessNames([...event.formData], usual)) event.formData.delete(name);
  });
}
