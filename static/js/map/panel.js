/** The panel beside the map, a sheet from below on a phone: one site's card, or the sites that lie on one spot. */

import { Refused, getJson } from "../api.js";
import { element, fill, picture } from "./dom.js";

/** The panel of `page`; `cardOf(key)` is a card's address, `told(open, how)` hears when it opens or closes. */
export class Panel {
  constructor(aside, { words, icons, marks, cardOf, told }) {
    Object.assign(this, { aside, words, icons, marks, cardOf, told, asked: null, cameFrom: null });
    aside.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
  }

  get isOpen() {
    return !this.aside.hidden;
  }

  /** Shows a site's card, and gives it; what the map knows of the site stands there until the server has answered. */
  async showSite({ key, name, kind, state }) {
    this.#open();
    const place = element("div", { class: "stack", "aria-busy": "true" });
    this.#fill(name || this.words.site, [place]);
    try {
      const site = await this.#ask(key);
      this.#fill(site.name, this.#card(site));
      return site;
    } catch (error) {
      if (error.name === "AbortError") return null;
      const words = error instanceof Refused && error.status < 500 ? error.message : this.words.card_failed;
      place.removeAttribute("aria-busy");
      place.replaceChildren(this.#mark(kind, state), element("p", { class: "small" }, words));
      return null;
    }
  }

  /** Brings the open card up to date without taking the focus; if the server does not answer it stays as it is. */
  async renew({ key }) {
    const site = await this.#ask(key).catch(() => null);
    if (site && this.isOpen) this.#fill(site.name, this.#card(site), { focus: false });
  }

  /** Lists sites to choose from, worst first; `total` of them lie there. */
  showChoice(sites, total, choose) {
    this.#open();
    const list = siteList(sites, this.marks, choose);
    const more = total - sites.length;
    const rest = more > 0 ? [element("p", { class: "small hush panel-text" }, fill(this.words.more, { n: more }))] : [];
    this.#fill(fill(this.words.several, { n: total }), [list, ...rest]);
  }

  /** Closes it; `quietly` if whoever asked takes care of the address. */
  close({ quietly = false } = {}) {
    if (!this.isOpen) return;
    this.asked?.abort();
    this.aside.hidden = true;
    this.aside.replaceChildren();
    this.told(false, { quietly });
    this.cameFrom?.focus({ preventScroll: true });
  }

  #ask(key) {
    this.asked?.abort();
    this.asked = new AbortController();
    return getJson(this.cardOf(key), { signal: this.asked.signal });
  }

  #open() {
    this.asked?.abort();
    if (this.isOpen) return;
    this.cameFrom = document.activeElement;
    this.aside.hidden = false;
    this.told(true, {});
  }

  #fill(title, content, { focus = true } = {}) {
    const close = element("button", { class: "btn btn-square btn-quiet push", type: "button", "aria-label": this.words.close });
    close.append(picture("i", `${this.icons}#i-x`));
    close.addEventListener("click", () => this.close());
    const heading = element("h2", { tabindex: "-1" }, title);
    this.aside.replaceChildren(element("header", { class: "panel-head" }, heading, close), ...content);
    if (focus) heading.focus({ preventScroll: true });
  }

  #mark(kind, state) {
    return picture(`mk s-${state}`, `${this.marks}#m-${kind}-${state}`);
  }

  #card(site) {
    const { card } = site;
    const state = element("span", { class: `state s-${site.state}` }, this.#mark(site.kind, site.state), card.state);
    const kind = element("span", { class: "hush small" }, [card.kind, card.subtype].filter(Boolean).join(" · "));
    const draft = card.draft ? [element("span", { class: "tag" }, card.draft)] : [];
    const facts = element("dl", { class: "facts" });
    for (const [name, text] of card.lines) facts.append(element("dt", {}, name), element("dd", {}, text));
    const links = card.links.map(({ text, href, main }) => element("a", { class: main ? "btn btn-main" : "btn", href }, text));
    return [
      element("p", { class: "row panel-text" }, state, kind, ...draft),
      element("div", { class: "panel-text" }, facts),
      element("div", { class: "panel-foot" }, ...links),
    ];
  }
}

/** A list of sites as links; a press chooses one without leaving the page. */
export function siteList(sites, marks, choose) {
  return element("ul", { class: "cases" }, ...sites.map((site) => siteLine(site, marks, choose)));
}

function siteLine(site, marks, choose) {
  const mark = picture(`mk s-${site.state}`, `${marks}#m-${site.kind}-${site.state}`);
  const name = element("span", { class: "strong" }, site.name);
  const place = element("span", { class: "hush small" }, [site.number, site.township].filter(Boolean).join(" · "));
  const link = element("a", { href: `/sites/number/${encodeURIComponent(site.number)}` }, mark, element("span", {}, name, place));
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    choose(site);
  });
  return element("li", {}, link);
}
