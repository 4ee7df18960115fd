/** The ring around the chosen site, above the tiles; the style sheet colours it. Loaded after Leaflet. */

import { SIZES } from "./marks.js";

const AROUND = 5; // pixels between a mark's edge and the ring

export class Ring {
  constructor(map) {
    const { L } = window;
    const style = { interactive: false, renderer: L.svg({ pane: "chosen" }), pane: "chosen" };
    this.map = map;
    this.circles = ["chosen-halo", "chosen-line"].map((className) => L.circleMarker([0, 0], { ...style, className }));
  }

  show({ lon, lat, state }) {
    for (const circle of this.circles) circle.setLatLng([lat, lon]).setRadius(SIZES[state] / 2 + AROUND).addTo(this.map);
  }

  hide() {
    for (const circle of this.circles) circle.remove();
  }
}
