/** The button that shows the whole county again, in Leaflet's own bar. */

import { element, picture } from "./dom.js";

/** Adds it to a map; `words` is its name. */
export function addWholeCounty(map, bounds, words, icons) {
  const { L } = window;
  const control = new L.Control({ position: "topright" });
  control.onAdd = () => {
    const button = element("a", { href: "#", role: "button", title: words, "aria-label": words });
    button.append(picture("i", `${icons}#i-maximize`));
    button.addEventListener("click", (event) => {
      event.preventDefault();
      map.fitBounds(bounds);
    });
    const bar = element("div", { class: "leaflet-bar leaflet-control" }, button);
    L.DomEvent.disableClickPropagation(bar);
    return bar;
  };
  control.addTo(map);
}
