/**
 * Takes the position of the device into a form: <div data-module="take-position" data-waiting data-found="… {n} m" …>
 * holds the button in [data-locate], a line [data-told], and in its form the fields position, datum, loc_method and
 * loc_accuracy_m. Browsers give WGS 84. Nothing is sent; the person sees and saves it.
 */

const WAIT_MS = 30_000;
const GOOD_ENOUGH_M = 10;

/** A position as the form takes it: seven decimals, accuracy in whole metres. */
export function positionText({ longitude, latitude, accuracy }) {
  return { position: `${longitude.toFixed(7)}, ${latitude.toFixed(7)}`, accuracy: String(Math.ceil(accuracy)) };
}

export function start(part) {
  const box = part.querySelector("[data-locate]");
  const told = box.querySelector("[data-told]");
  if (!("geolocation" in navigator)) return;
  box.hidden = false;
  box.querySelector("button").addEventListener("click", () => {
    told.textContent = part.dataset.waiting;
    watch(part, told);
  });
}

/** Takes the best of what arrives until it is good enough or the time is over. */
function watch(part, told) {
  let best = null;
  const id = navigator.geolocation.watchPosition(taken, failed, { enableHighAccuracy: true, maximumAge: 0 });
  const timer = setTimeout(finish, WAIT_MS);

  function taken({ coords }) {
    if (best && best.accuracy <= coords.accuracy) return;
    best = coords;
    fill(part, coords);
    told.textContent = part.dataset.found.replace("{n}", Math.ceil(coords.accuracy));
    if (coords.accuracy <= GOOD_ENOUGH_M) finish();
  }
  function failed(error) {
    if (error.code === error.PERMISSION_DENIED) {
      told.textContent = part.dataset.refused;
      stop();
    }
  }
  function finish() {
    if (!best) told.textContent = part.dataset.failed;
    stop();
  }
  function stop() {
    clearTimeout(timer);
    navigator.geolocation.clearWatch(id);
  }
}

function fill(part, coords) {
  const { elements } = part.closest("form");
  const { position, accuracy } = positionText(coords);
  elements.position.value = position;
  elements.datum.value = "wgs84";
  elements.loc_method.value = "gps";
  elements.loc_accuracy_m.value = accuracy;
  elements.position.dispatchEvent(new Event("change", { bubbles: true }));
}
