/**
 * One's own position on a map, whose button is Leaflet.Locate's: the circle of its accuracy in the page's colours, a
 * line with the accuracy and the distance to the site one looks at, and what the browser refuses. Loaded after Leaflet.
 */

import { metresBetween, metresText } from "../locate.js";
import { element, fill } from "./dom.js";

const L = window.L;
const [REFUSED, TIMEOUT] = [1, 3]; // codes of GeolocationPositionError

// The control's own way is a dialog in English
L.Control.Locate.LocateControl.prototype.options.onLocationError = () => {};

/** `aim` is the site one looks at, `{ lon, lat }`, or nothing; the map's event `xuntu:aim` tells of another. */
export function followPosition(map, { words, aim }) {
  new Position(map, words, aim).begin();
}

class Position {
  constructor(map, words, aim) {
    Object.assign(this, { map, words, aim, found: null, refused: false });
    this.line = element("div", { class: "map-box map-position", role: "status", hidden: true });
    this.button = map.getContainer().querySelector(".leaflet-control-locate a");
  }

  begin() {
    this.map.getContainer().closest(".map").append(this.line);
    this.map.on({
      locateactivate: ({ options }) => this.activate(options),
      locatelocationfound: ({ latlng, accuracy }) => this.show({ lon: latlng.lng, lat: latlng.lat, accuracy }),
      locationerror: ({ code }) => this.refuse(code),
      locatedeactivate: () => this.end(),
      "xuntu:aim": ({ site }) => this.turnTo(site),
    });
  }

  activate({ circleStyle, followCircleStyle }) {
    const renderer = (this.renderer ??= L.svg()); // for the style sheet to colour
    for (const style of [circleStyle, followCircleStyle]) Object.assign(style, { renderer });
    this.button.setAttribute("aria-pressed", "true");
    this.refused = false;
    this.say("");
  }

  show(found) {
    this.found = found;
    const { lon, lat, accuracy } = found;
    const said = fill(this.words.accuracy, { m: metresText(accuracy) });
    if (!this.aim) return this.say(said);
    const away = metresText(metresBetween(lon, lat, this.aim.lon, this.aim.lat));
    return this.say(`${said} · ${fill(this.words.away, { m: away })}`);
  }

  turnTo(site) {
    this.aim = site;
    if (this.found) this.show(this.found);
  }

  /** The control itself goes on after a time-out, and ends after all else. */
  refuse(code) {
    const { no_position, position_lost, position_waits } = this.words;
    this.refused = code !== TIMEOUT;
    if (this.refused) this.say(code === REFUSED ? no_position : position_lost);
    else if (!this.found) this.say(position_waits);
  }

  end() {
    this.button.setAttribute("aria-pressed", "false");
    this.found = null;
    if (!this.refused) this.say("");
  }

  say(words) {
    this.line.hidden = !words;
    if (this.line.textContent !== words) this.line.textContent = words;
  }
}
