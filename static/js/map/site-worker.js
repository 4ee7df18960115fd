/** The map's worker: a SiteDesk that is asked by messages `{ id, ask, given }` and answers `{ id, answer }` or `{ id, error }`. */

import { SiteDesk } from "./site-desk.js";

const desk = new SiteDesk({
  make: (width, height) => new OffscreenCanvas(width, height),
  take: (canvas) => canvas.transferToImageBitmap(),
});

self.addEventListener("message", async ({ data: { id, ask, given } }) => {
  try {
    const answer = ask === "ping" ? true : await desk[ask](given);
    self.postMessage({ id, answer }, answer instanceof ImageBitmap ? [answer] : []);
  } catch (error) {
    self.postMessage({ id, error: { name: error.name, message: error.message, status: error.status } });
  }
});
self.postMessage({ id: 0, answer: true }); // it stands
