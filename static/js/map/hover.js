/** What the mouse is over: a hand, and the name of the site. Loaded after Leaflet. */

import { element, fill } from "./dom.js";

const REACH = 10; // pixels

export class Hover {
  /** `ready()` resolves when names are here. */
  constructor(map, sites, { words, ready }) {
    Object.assign(this, { map, sites, words, ready, asked: 0 });
    this.tip = window.L.tooltip({ direction: "top", offset: [0, -12], className: "site-tip" });
    map.on("mousemove", (event) => this.#move(event));
    map.on("mouseout movestart zoomstart", () => this.hide());
  }

  hide() {
    this.asked += 1;
    this.tip.remove();
    this.map.getContainer().classList.remove("is-over-site");
  }

  /** One question at a time; the last place asked about is the one that counts. */
  async #move({ containerPoint, originalEvent }) {
    if (originalEvent.buttons || originalEvent.pointerType === "touch") return;
    this.at = containerPoint;
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.at) {
        const at = this.at;
        this.at = null;
        await this.#look(at);
      }
    } finally {
      this.busy = false;
    }
  }

  async #look(point) {
    const asked = (this.asked += 1);
    const { sites, total, box } = await this.sites.hit(point, REACH).catch(() => ({ sites: [] }));
    if (asked !== this.asked) return;
    const over = sites.length > 0 || Boolean(box);
    this.map.getContainer().classList.toggle("is-over-site", over || this.sites.isOver(point));
    if (!sites.length) this.tip.remove();
    else this.#say(sites[0], total);
    if (!sites.length || sites[0].name) return;
    await this.ready();
    if (asked === this.asked) await this.#look(point);
  }

  #say({ name, lon, lat }, total) {
    const words = total > 1 ? fill(this.words.several, { n: total }) : name;
    if (!words) return this.tip.remove();
    return this.tip.setLatLng([lat, lon]).setContent(element("span", {}, words)).addTo(this.map);
  }
}
