/**
 * The county map, its filters and its card on the whole screen: by the browser, or, where it cannot (an iPhone), by
 * filling the window. Escape goes back; the key f does both while nothing else has the focus than the map.
 */

import { addButton } from "./controls.js";

/** Puts the button into the map's bar. */
export function addFullScreen(county) {
  const { map, page, words, icons } = county;
  const main = page.closest("main");
  const root = document.documentElement;
  const isOn = () => root.classList.contains("is-whole-screen");
  const pictures = [`${icons}#i-arrows-maximize`, `${icons}#i-arrows-minimize`];
  const button = addButton(map, {
    words: `${words.full_screen} (F)`,
    icon: pictures[0],
    press: () => toggle(),
    attributes: { "aria-pressed": "false", "aria-keyshortcuts": "f" },
  });

  function toggle() {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (isOn()) show(false);
    else if (document.fullscreenEnabled) main.requestFullscreen().catch(() => show(true));
    else show(true);
  }

  function show(on) {
    root.classList.toggle("is-whole-screen", on);
    button.setAttribute("aria-pressed", String(on));
    button.querySelector("use").setAttribute("href", pictures[Number(on)]);
    map.invalidateSize({ animate: false });
  }

  document.addEventListener("fullscreenchange", () => show(Boolean(document.fullscreenElement)));
  document.addEventListener("keydown", (event) => {
    if (isPlain(event, "f") && isFree(event.target, page)) toggle();
    else if (isPlain(event, "Escape") && isOn() && !county.panel.isOpen) toggle(); // an open card is closed first
  }, true);
}

const isPlain = ({ key, ctrlKey, metaKey, altKey }, wanted) => key === wanted && !ctrlKey && !metaKey && !altKey;

/** Whether a key pressed there is meant for the map. */
function isFree(target, page) {
  return target === document.body || (page.querySelector(".map").contains(target) && !target.matches("input"));
}
