/** Buttons of ours in one of Leaflet's bars: the whole county, and the map's tools. */

import { element, picture } from "./dom.js";

const bars = new WeakMap(); // of maps

/**
 * Adds a button to a map's bar and returns it. `words` are its name, `press` hears of presses, `attributes` are more of
 * the button's own.
 */
export function addButton(map, { words, icon, press, attributes = {} }) {
  const named = { type: "button", title: words, "aria-label": words, ...attributes };
  const button = element("button", named, picture("i", icon));
  button.addEventListener("click", press);
  if (!bars.has(map)) bars.set(map, addBar(map));
  bars.get(map).append(button);
  return button;
}

/** Adds the button that shows the whole county again; `words` is its name. */
export function addWholeCounty(map, bounds, words, icons) {
  addButton(map, { words, icon: `${icons}#i-maximize`, press: () => map.fitBounds(bounds) });
}

function addBar(map) {
  const { L } = window;
  const bar = element("div", { class: "leaflet-bar leaflet-control map-bar" });
  const control = new L.Control({ position: "topright" });
  control.onAdd = () => bar;
  control.addTo(map);
  L.DomEvent.disableClickPropagation(bar);
  return bar;
}
