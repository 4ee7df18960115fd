/**
 * Says before sending that a file is too large: <form data-module="upload">. The server says it too.
 */

const MOST_BYTES = 50_000_000;

/** The names of the files that are larger than is taken. */
export function tooLarge(files) {
  return [...files].filter((file) => file.size > MOST_BYTES).map((file) => file.name);
}

export function start(form) {
  const input = form.querySelector("input[type=file]");
  input.addEventListener("change", () => {
    const names = tooLarge(input.files);
    input.setCustomValidity(names.length ? `${names.join(", ")} > 50 MB` : "");
    if (names.length) input.reportValidity();
  });
  form.addEventListener("submit", () => form.setAttribute("aria-busy", "true"));
}
