/**
 * Shows a list anew as soon as a choice is made: <form method="get" data-module="filter-form">.
 * What is empty stays out of the address. Without this module the form's button does the same.
 */

/** The names of the fields that would only lengthen the address. */
export function emptyNames(pairs) {
  return pairs.filter(([, value]) => value === "").map(([name]) => name);
}

export function start(form) {
  form.addEventListener("change", (event) => {
    if (event.target.matches("select, input[type=radio]")) form.requestSubmit();
  });
  form.addEventListener("formdata", (event) => {
    for (const name of emptyNames([...event.formData])) event.formData.delete(name);
  });
}
