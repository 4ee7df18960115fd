/**
 * Watches the work on a file: <section data-module="import-progress" data-path="/api/imports/…" data-done="{n} of {m}">.
 * Shows how far it is and opens the page anew when it has ended. Without it the page has a link that looks again.
 */

import { getJson } from "./api.js";

const EVERY_MS = 1000;

/** What a page says of work under way: words with numbers, or nothing before they are known. */
export function progressWords(template, { done, total }, lang) {
  if (!total) return "";
  const number = new Intl.NumberFormat(lang);
  return template.replace("{n}", number.format(Math.min(done, total))).replace("{m}", number.format(total));
}

export function start(section) {
  const bar = section.querySelector("progress");
  const status = section.querySelector("[role=status]");
  const calm = status.textContent;

  async function look() {
    try {
      const answer = await getJson(section.dataset.path);
      if (answer.job === "none") return location.reload();
      if (answer.job === "check" && answer.total) {
        bar.max = answer.total;
        bar.value = Math.min(answer.done, answer.total);
        status.textContent = progressWords(section.dataset.done, answer, document.documentElement.lang);
      } else {
        status.textContent = calm;
      }
    } catch {
      status.textContent = section.dataset.lost;
    }
    setTimeout(look, EVERY_MS);
  }
  setTimeout(look, EVERY_MS);
}
