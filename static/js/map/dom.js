/** Builds pieces of a page: text by textContent only, pictures from our own sprites. */

const SVG = "http://www.w3.org/2000/svg";

/** `element("p", { class: "hush" }, "text", child…)`; values of undefined or false leave an attribute out. */
export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** A symbol of a sprite: `picture("i", "/static/icons.svg#i-x")`. */
export function picture(className, href) {
  return drawing("svg", { class: className, "aria-hidden": "true" }, drawing("use", { href }));
}

/** An element of a picture: `drawing("path", { d: "M0 0h1" })`. */
export function drawing(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

/** Puts values into a translated sentence: `fill("{n} of {m}", { n: 3, m: 5 })`. */
export function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? grouped(values[name]) : whole));
}

/** 3012 as 3,012; text stays as it is. */
export function grouped(value) {
  return typeof value === "number" ? String(value).replace(/\B(?=(\d{3})+$)/g, ",") : value;
}

/** Calls back when what is drawn now is on the screen. */
export function afterPainting(done) {
  requestAnimationFrame(() => requestAnimationFrame(done));
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}
