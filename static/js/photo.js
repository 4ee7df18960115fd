/**
 * Shows chosen photos before they are sent, checks their size, lets one be left out again, and says of a photo
 * just taken when and where: <fieldset data-module="photo"> around a file input and a hidden [data-said].
 */

const MOST_BYTES = 15_000_000;
const JUST_TAKEN_MS = 3 * 60_000;
const TYPES = /^image\/(jpeg|png|webp|hei[cf])$/;

/** Which files may be sent: `{ fit, refused }`, each refusal with its file and the name of its sentence. */
export function sortFiles(files) {
  const refused = [];
  const fit = [];
  for (const file of files) {
    if (file.type && !TYPES.test(file.type)) refused.push({ file, why: "notAPhoto" });
    else if (file.size > MOST_BYTES) refused.push({ file, why: "tooLarge" });
    else fit.push(file);
  }
  return { fit, refused };
}

/** What to say of the files that were taken just now, with the place of the device then, if it has one. */
export function saidOf(files, nowMs, place) {
  return files
    .filter((file) => Math.abs(nowMs - file.lastModified) < JUST_TAKEN_MS)
    .map((file) => ({ name: file.name, size: file.size, taken_at: new Date(file.lastModified).toISOString(), ...place }));
}

/** Files of two choices together, each once. */
export function together(before, added) {
  const keyOf = (file) => `${file.name} ${file.size} ${file.lastModified}`;
  const known = new Set(before.map(keyOf));
  return [...before, ...added.filter((file) => !known.has(keyOf(file)))];
}

export function start(question) {
  const input = question.querySelector("input[type=file]");
  let chosen = [];
  let said = [];
  input.addEventListener("change", () => {
    const { fit, refused } = sortFiles(input.files);
    said = [...said, ...saidOf(fit, Date.now(), placeOf(input.form))];
    chosen = together(chosen, fit);
    put();
    for (const { file, why } of refused) complain(question, question.dataset[why].replace("{name}", file.name));
  });

  function put() {
    const transfer = new DataTransfer();
    for (const file of chosen) transfer.items.add(file);
    input.files = transfer.files;
    question.querySelector("[data-said]").value = JSON.stringify(said);
    for (const old of question.querySelectorAll("figure[data-chosen]")) {
      URL.revokeObjectURL(old.querySelector("img").src);
      old.remove();
    }
    question.querySelector(".shots").append(...chosen.map(figure));
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function figure(file) {
    const shown = document.createElement("figure");
    shown.className = "photo";
    shown.dataset.chosen = "";
    const image = document.createElement("img");
    image.src = URL.createObjectURL(file);
    image.alt = `${question.dataset.label} ${file.name}`;
    const caption = document.createElement("figcaption");
    const leave = document.createElement("button");
    leave.type = "button";
    leave.className = "btn btn-quiet small";
    leave.textContent = question.dataset.remove;
    leave.addEventListener("click", () => {
      chosen = chosen.filter((other) => other !== file);
      put();
      input.focus();
    });
    caption.append(leave);
    shown.append(image, caption);
    return shown;
  }
}

function placeOf(form) {
  const [lon, lat] = ["lon", "lat"].map((name) => form?.elements[`fix-${name}`]?.value);
  return lon && lat ? { lon: Number(lon), lat: Number(lat) } : {};
}

function complain(question, sentence) {
  const error = question.querySelector("[data-error]");
  error.querySelector("span").textContent = sentence;
  error.hidden = false;
}
