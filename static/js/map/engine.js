/**
 * Asks the worker that keeps the map's sites; where there is none, or it dies, the page keeps them itself.
 *
 * `ask(what, given)` is a method of SiteDesk and resolves to its answer. What was asked of a worker that died is asked
 * again of its successor, so nobody notices but by the wait.
 */

import { SiteDesk } from "./site-desk.js";

const STANDS_WITHIN_MS = 10_000; // from the start of a worker to its first word
const PING_AFTER_MS = 2_000; // what takes longer is followed by a ping
const DEAD_AFTER_MS = 6_000; // of no answer to a ping
const STATES = ["moment", "show", "look"]; // told again to a successor, in this order
const TO_PAGE = { make: onPage, take: (canvas) => canvas };

export class Engine {
  constructor() {
    this.waiting = new Map();
    this.last = 0;
    this.told = new Map(); // the last of each of STATES
    this.renewed = null; // called when a successor has taken over and must load
    this.#start();
  }

  get isWorker() {
    return Boolean(this.worker);
  }

  ask(what, given) {
    if (STATES.includes(what)) this.told.set(what, given);
    return new Promise((resolve, reject) => this.#send({ what, given, resolve, reject }));
  }

  #send(asked) {
    const { what, given, resolve, reject } = asked;
    if (!this.worker) {
      this.#askDesk(what, given).then(resolve, reject);
      return;
    }
    const id = (this.last += 1);
    this.waiting.set(id, asked);
    this.worker.postMessage({ id, ask: what, given });
    this.#watch();
  }

  async #askDesk(what, given) {
    return what === "ping" ? true : this.desk[what](given);
  }

  #start() {
    try {
      if (!hasWorkers()) throw new TypeError("no OffscreenCanvas");
      const worker = new Worker(new URL("./site-worker.js", import.meta.url), { type: "module" });
      this.worker = worker;
      this.standing = setTimeout(() => this.#succeed(worker), STANDS_WITHIN_MS);
      worker.addEventListener("message", ({ data }) => this.#hear(data));
      worker.addEventListener("error", (event) => {
        event.preventDefault();
        this.#succeed(worker);
      });
      worker.addEventListener("messageerror", () => this.#succeed(worker));
    } catch {
      this.#keepHere();
    }
  }

  #hear({ id, answer, error }) {
    clearTimeout(this.standing);
    this.heardAt = performance.now();
    const asked = this.waiting.get(id);
    if (!asked) return;
    this.waiting.delete(id);
    if (error) asked.reject(Object.assign(new Error(error.message), error));
    else asked.resolve(answer);
  }

  /** While something is asked, looks whether the worker still answers. */
  #watch() {
    if (this.watching || !this.worker) return;
    const worker = this.worker;
    this.heardAt = performance.now();
    this.watching = setInterval(() => {
      const silent = performance.now() - this.heardAt;
      if (worker !== this.worker || !this.waiting.size) {
        clearInterval(this.watching);
        this.watching = null;
        if (worker !== this.worker && this.waiting.size) this.#watch();
      } else if (silent > DEAD_AFTER_MS) this.#succeed(worker);
      else if (silent > PING_AFTER_MS) worker.postMessage({ id: -1, ask: "ping" });
    }, 1_000);
  }

  /** Another worker takes the place of a dead one, the page itself that of the second. */
  #succeed(worker) {
    if (worker !== this.worker) return;
    clearTimeout(this.standing);
    worker.terminate();
    this.worker = null;
    if (this.died) this.#keepHere();
    else {
      this.died = true;
      this.#start();
    }
    const asked = [...this.waiting.values()];
    this.waiting.clear();
    for (const [what, given] of this.told) this.#send({ what, given, resolve() {}, reject() {} });
    this.renewed?.();
    const loading = ({ what }) => ["load", "add", "refresh"].includes(what);
    for (const one of asked) {
      if (loading(one) && this.renewed) one.reject(Object.assign(new Error("the worker died"), { name: "AbortError" }));
      else this.#send(one);
    }
  }

  #keepHere() {
    this.desk = new SiteDesk(TO_PAGE);
  }
}

/** Whether a worker can draw here. */
function hasWorkers() {
  return typeof Worker === "function" && typeof OffscreenCanvas === "function" && "transferToImageBitmap" in OffscreenCanvas.prototype;
}

function onPage(width, height) {
  return Object.assign(document.createElement("canvas"), { width, height });
}
