/**
 * Starts the behaviours a page asks for: <section data-module="filter-list"> gets start(section) of filter-list.js.
 * Several names are set apart by spaces. Pages read and post without any of them.
 */

const NAME = /^[a-z][a-z-]*$/;

/** The modules an element names, unknown spellings left out. */
export function moduleNames(text) {
  return text.split(/\s+/).filter((name) => NAME.test(name));
}

async function startOne(name, element) {
  try {
    const behaviour = await import(`./${name}.js`);
    behaviour.start(element);
  } catch (error) {
    console.error(`${name}.js did not start`, error); // one that fails leaves the others running
  }
}

if (typeof document !== "undefined") {
  for (const element of document.querySelectorAll("[data-module]")) {
    for (const name of moduleNames(element.dataset.module)) startOne(name, element);
  }
}
