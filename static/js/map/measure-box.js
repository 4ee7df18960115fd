/** The box of measuring on the map: what is measured, the figure, what to do next, and buttons for a thumb. */

import { element, picture } from "./dom.js";

export class MeasureBox {
  /** In `place`; `told(what, value)` hears choose, takeBack, finish, restart and leave. */
  constructor(place, { words, icons, told }) {
    Object.assign(this, { place, words, icons, told, figure: "" });
  }

  open(mode) {
    this.box ??= this.#make();
    this.box.querySelector(`[value=${mode}]`).checked = true;
    this.place.append(this.box);
  }

  close() {
    this.box.remove();
  }

  show({ figure, lines, hint, isCrossing, canEnd, canTakeBack, canRestart }) {
    const focused = document.activeElement;
    this.figure = figure;
    this.output.textContent = figure || "—";
    this.below.replaceChildren(...lines.map((line) => element("span", {}, line)));
    this.hint.textContent = hint;
    this.box.classList.toggle("is-crossing", isCrossing);
    this.#offer({ takeBack: canTakeBack, copy: figure, finish: canEnd && !isCrossing, restart: canRestart });
    if (focused.hidden && this.box.contains(focused)) this.place.querySelector(".folium-map").focus();
  }

  /** Says a sentence to those who hear the page. */
  say(words) {
    this.status.textContent = words;
  }

  async copy() {
    const lines = [...this.below.children].map((line) => line.textContent);
    const copied = await copyText([this.figure, ...lines].join("\n"), this.box);
    this.hint.textContent = copied ? this.words.copied : this.words.copy_failed;
    this.say(this.hint.textContent);
  }

  #offer(offered) {
    for (const [name, isOffered] of Object.entries(offered)) this.buttons[name].hidden = !isOffered;
  }

  #make() {
    const { words, told } = this;
    this.output = element("output", { class: "measure-figure" });
    this.below = element("p", { class: "measure-lines small" });
    this.hint = element("p", { class: "measure-hint small" });
    this.status = element("p", { class: "only-read", role: "status" });
    this.buttons = {
      takeBack: this.#button("#i-arrow-back-up", words.measure_back, () => told("takeBack")),
      copy: this.#button("#i-copy", words.copy, () => this.copy()),
      finish: this.#button("#i-check", words.measure_end, () => told("finish"), "btn-main"),
      restart: this.#button("#i-refresh", words.measure_anew, () => told("restart")),
    };
    const head = element("div", { class: "row-tight" }, this.#modes(), this.#close());
    const foot = element("div", { class: "measure-foot" }, ...Object.values(this.buttons));
    const parts = [head, this.output, this.below, this.hint, foot, this.status];
    return element("section", { class: "map-box measure-box", "aria-label": words.measuring }, ...parts);
  }

  #modes() {
    const { words } = this;
    const modes = { distance: words.measure_distance, area: words.measure_area };
    const seg = element("fieldset", { class: "seg", "aria-label": words.measuring });
    for (const [mode, name] of Object.entries(modes)) {
      const radio = element("input", { type: "radio", name: "measure", value: mode });
      radio.addEventListener("change", () => this.told("choose", mode));
      seg.append(element("label", {}, radio, name));
    }
    return seg;
  }

  #close() {
    const attributes = { class: "btn btn-square btn-quiet push", type: "button", "aria-label": this.words.close };
    const close = element("button", attributes, picture("i", `${this.icons}#i-x`));
    close.addEventListener("click", () => this.told("leave"));
    return close;
  }

  #button(icon, words, press, look = "") {
    const drawn = picture("i i-s", `${this.icons}${icon}`);
    const button = element("button", { class: `btn ${look}`.trim(), type: "button" }, drawn, words);
    button.addEventListener("click", press);
    return button;
  }
}

/** Puts text on the clipboard; without HTTPS browsers take it only from a field that is selected. */
async function copyText(text, place) {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(text).then(() => true, () => false);
  }
  const focused = document.activeElement;
  const field = element("textarea", { class: "only-read", readonly: true }, text);
  place.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  focused.focus();
  return copied;
}
