/** Asks every few seconds whether the data has changed, while somebody looks at the page. */

const EVERY_MS = 8_000;
const TICK_MS = 1_000;

export class Live {
  /**
   * `refresh()` asks and resolves to `{ changed, time, asOf }`; `news(facts)` hears every answer, `lost(error)` every
   * failure; nothing is asked while `rests()`. The clock of the server goes on between the answers.
   */
  constructor({ refresh, rests, news, lost }) {
    Object.assign(this, { refresh, rests, news, lost, asking: false, next: Infinity });
  }

  /** Begins after the first answer, whose facts are given. */
  start(facts) {
    this.hear(facts);
    if (this.timer) return;
    this.timer = setInterval(() => this.#tick(), TICK_MS);
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.next = 0;
    });
    addEventListener("online", () => (this.next = 0));
  }

  /** The server's time now, in ms. */
  now() {
    return this.time + performance.now() - this.heardAt;
  }

  hear({ time }) {
    Object.assign(this, { time, heardAt: performance.now(), next: performance.now() + EVERY_MS });
  }

  async #tick() {
    if (this.asking || document.hidden || this.rests() || performance.now() < this.next) return;
    this.asking = true;
    try {
      const facts = await this.refresh();
      this.hear(facts);
      this.news(facts);
    } catch (error) {
      this.next = performance.now() + EVERY_MS;
      this.lost(error);
    } finally {
      this.asking = false;
    }
  }
}
