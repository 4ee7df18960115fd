/** The line that lies on the map while it waits, or when it has something to say. */

import { element } from "./dom.js";

const PATIENCE_MS = 300; // what is quicker needs no word

export class Status {
  constructor(box) {
    this.box = box;
  }

  /** Says that it waits, if it takes a moment. */
  wait(words) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#show(words), PATIENCE_MS);
  }

  say(words) {
    this.#show(words);
  }

  fail(words, retry, again) {
    const button = element("button", { class: "btn", type: "button" }, retry);
    button.addEventListener("click", again);
    this.#show(words, button);
  }

  clear() {
    clearTimeout(this.timer);
    this.box.hidden = true;
    this.box.replaceChildren();
  }

  #show(...content) {
    clearTimeout(this.timer);
    this.box.replaceChildren(...content);
    this.box.hidden = false;
  }
}
