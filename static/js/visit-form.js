/**
 * Unfolds a visit's questions as they are answered, checks each answer, and says at once what is a finding:
 * <form data-module="visit-form"> around [data-question] fields and a JSON block [data-visit].
 * The rules are `checklist.js`, the same as the server's; without this module all questions show and it posts.
 */

import { evaluate, itemsOf, missingProblems, say } from "./checklist.js";

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)$/;
const OFFSET_MS = 8 * 3_600_000; // Beijing time; no summer time since 1991
const PRINTED_MS = /\.000Z$/;

/** A number as people type it, full width and commas too; the text itself if it is none. */
export function readNumber(text, unit = "") {
  let plain = text.normalize("NFKC").trim().replace("\u2212", "-").replace("。", ".");
  const ending = unit.normalize("NFKC").toLowerCase();
  if (ending && plain.toLowerCase().endsWith(ending)) plain = plain.slice(0, -ending.length).trim();
  if (/^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$/.test(plain)) plain = plain.replaceAll(",", "");
  return NUMBER.test(plain) ? Number(plain) : text;
}

/** The UTC instant of a Beijing time as `datetime-local` gives it; the text itself if it is none. */
export function readLocalTime(text) {
  const at = Date.parse(`${text.length === 16 ? `${text}:00` : text}Z`);
  return Number.isNaN(at) ? text : new Date(at - OFFSET_MS).toISOString();
}

/** One answer as JSON from what stands in its fields; undefined where nothing does. */
export function readAnswer(item, texts) {
  const typed = texts.filter((text) => text.trim() !== "");
  if (typed.length === 0) return undefined;
  const text = typed.at(-1);
  switch (item.type) {
    case "multi": return typed;
    case "bool": return text === "true";
    case "number":
    case "integer": return readNumber(text, item.unit);
    case "datetime": return readLocalTime(text);
    case "polygon": return readOutline(text);
    default: return text;
  }
}

/** How far a form is: required questions answered of all that are required, and how many answers are wrong. */
export function progress(outcome) {
  const total = outcome.required.length;
  const left = outcome.missing.length;
  return { total, left, answered: total - left, wrong: new Set(outcome.problems.map(({ key }) => key)).size };
}

function readOutline(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export function start(form) {
  const block = form.querySelector("[data-visit]");
  if (block) new VisitForm(form, JSON.parse(block.textContent)).start();
  form.addEventListener("submit", (event) => sendOnce(form, event));
  addEventListener("beforeunload", (event) => {
    if (form.dataset.changed && !form.dataset.sent) event.preventDefault(); // the browser asks before answers go
  });
}

/** A second press while the first is on its way is no second visit; the page shows that it is on its way. */
function sendOnce(form, event) {
  if (event.defaultPrevented) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  addEventListener("pageshow", () => delete form.dataset.sent, { once: true });
}

class VisitForm {
  constructor(form, { checklist, kind, context, lang, sentences }) {
    Object.assign(this, { form, checklist, kind, context, lang, sentences });
    this.items = itemsOf(checklist, kind);
    this.byKey = new Map(this.items.map((item) => [item.key, item]));
    this.touched = new Set();
    this.unfolded = new Set();
    this.words = form.dataset;
    this.requirements = new Map(checklist.requirements.map((row) => [row.code, row]));
  }

  start() {
    this.form.addEventListener("input", (event) => this.noteTouched(event));
    this.form.addEventListener("change", (event) => this.noteTouched(event));
    this.form.addEventListener("focusout", () => this.update());
    this.form.addEventListener("click", (event) => this.press(event));
    this.form.addEventListener("submit", (event) => this.check(event));
    for (const key of this.byKey.keys()) if (this.errorOf(key)?.hidden === false) this.touched.add(key);
    this.update({ keepErrors: true });
  }

  field(key) {
    return this.form.querySelector(`[data-question="${key}"]`);
  }

  errorOf(key) {
    return this.field(key)?.querySelector("[data-error]");
  }

  noteTouched(event) {
    const question = event.target.closest("[data-question]");
    if (!question) return;
    this.form.dataset.changed = "yes";
    const isTyping = event.type === "input" && event.target.matches("input:not([type=radio]):not([type=checkbox]), textarea");
    if (!isTyping) this.touched.add(question.dataset.question);
    this.update();
  }

  press(event) {
    const clear = event.target.closest("[data-clear]");
    const more = event.target.closest("[data-more]");
    if (clear) {
      for (const input of this.field(clear.dataset.clear).querySelectorAll("input")) input.checked = false;
      this.update();
      this.field(clear.dataset.clear).querySelector("input")?.focus();
    } else if (more) {
      const section = more.closest("[data-group]");
      const fresh = this.outcome.folded.filter((key) => section.contains(this.field(key)));
      for (const key of fresh) this.unfolded.add(key);
      this.update();
      this.field(fresh[0])?.querySelector("input, textarea")?.focus();
    }
  }

  /** Nothing leaves the page while something is missing: what, is said at each place, and the first gets the focus. */
  check(event) {
    for (const key of this.byKey.keys()) this.touched.add(key);
    this.update();
    const first = this.firstWrong();
    if (!first) return;
    event.preventDefault();
    const place = this.field(first.key);
    place.scrollIntoView({ block: "center" });
    place.querySelector("input:not([type=hidden]), textarea, select")?.focus({ preventScroll: true });
  }

  read() {
    const answers = {};
    const photos = {};
    let visitType = null;
    for (const item of this.items) {
      const field = this.field(item.key);
      if (!field) continue;
      if (item.type === "photo") {
        photos[item.key] = countPhotos(field, item.key);
        continue;
      }
      const value = readAnswer(item, textsOf(field, item.key));
      if (item.key === "visit_type") visitType = value ?? null;
      else if (value !== undefined) answers[item.key] = value;
    }
    return { answers, photos, visitType };
  }

  update({ keepErrors = false } = {}) {
    const { answers, photos, visitType } = this.read();
    const now = new Date().toISOString().replace(PRINTED_MS, ".000Z");
    const context = { ...this.context, now };
    this.outcome = evaluate(this.checklist, this.kind, answers, { visitType, photos, context });
    this.show();
    if (!keepErrors) this.showErrors();
    this.showWarnings();
    this.showFindings(answers);
    this.showProgress();
  }

  show() {
    const { shown, folded, required } = this.outcome;
    for (const item of this.items) {
      const field = this.field(item.key);
      if (!field) continue;
      const isFolded = folded.includes(item.key) && !this.unfolded.has(item.key) && !holdsFocus(field);
      const isAsked = shown.includes(item.key);
      field.hidden = !isAsked || isFolded;
      for (const input of field.querySelectorAll("input, textarea")) input.disabled = !isAsked;
      const optional = field.querySelector("[data-optional]");
      if (optional) optional.hidden = required.includes(item.key);
      const clear = field.querySelector("[data-clear]");
      if (clear) clear.hidden = required.includes(item.key) || !field.querySelector("input:checked");
    }
    for (const section of this.form.querySelectorAll("[data-group]")) this.showSection(section);
  }

  showSection(section) {
    const keys = [...section.querySelectorAll("[data-question]")].map((field) => field.dataset.question);
    const isFolded = (key) => this.outcome.folded.includes(key) && !this.unfolded.has(key) && this.field(key).hidden;
    section.hidden = !keys.some((key) => this.outcome.shown.includes(key));
    section.querySelector("[data-more]").hidden = !keys.some(isFolded);
  }

  showErrors() {
    const missing = missingProblems(this.checklist, this.kind, this.outcome);
    const said = new Map();
    for (const problem of [...missing, ...this.outcome.problems]) said.set(problem.key, say(problem, this.sentences));
    for (const key of this.byKey.keys()) {
      const error = this.errorOf(key);
      if (!error) continue;
      const sentence = this.touched.has(key) ? said.get(key) ?? "" : "";
      error.querySelector("span").textContent = sentence;
      error.hidden = !sentence;
      this.mark(key, Boolean(sentence));
    }
  }

  mark(key, isWrong) {
    const field = this.field(key);
    const target = field.matches("fieldset") ? field : field.querySelector("input, textarea");
    if (isWrong) target.setAttribute("aria-invalid", "true");
    else target.removeAttribute("aria-invalid");
  }

  showWarnings() {
    const said = new Map(this.outcome.warnings.map((warning) => [warning.key, say(warning, this.sentences)]));
    for (const key of this.byKey.keys()) {
      const place = this.field(key)?.querySelector("[id^='w-']");
      if (!place) continue;
      place.textContent = said.get(key) ?? "";
      place.hidden = !said.has(key);
    }
  }

  showFindings(answers) {
    const bySection = new Map();
    for (const finding of this.outcome.findings) {
      const section = this.field(finding.keys.at(-1))?.closest("[data-group]");
      bySection.set(section, [...(bySection.get(section) ?? []), finding]);
    }
    for (const section of this.form.querySelectorAll("[data-group]")) {
      const place = section.querySelector("[data-findings]");
      const notices = (bySection.get(section) ?? []).map((finding) => this.notice(finding, answers));
      const text = notices.map((notice) => notice.textContent).join("\n");
      if (place.dataset.said === text) continue; // a status that says the same is not read aloud again
      place.dataset.said = text;
      place.replaceChildren(...notices);
    }
    const clean = document.querySelector("[data-clean]");
    if (clean) clean.hidden = this.outcome.findings.length > 0;
  }

  notice(finding, answers) {
    const notice = this.form.querySelector("#finding").content.firstElementChild.cloneNode(true);
    const name = this.requirements.get(finding.code)[this.lang];
    const from = finding.keys.map((key) => fill(this.words.answer, {
      question: this.byKey.get(key)[this.lang],
      answer: this.answerText(this.byKey.get(key), answers[key]),
    }));
    const still = this.context.codes.open?.includes(finding.code) ? ` ${this.words.still}` : "";
    notice.querySelector("strong").textContent = fill(this.words.finding, { name });
    notice.querySelector("p").textContent = fill(this.words.from, {
      code: finding.code,
      answers: from.join(this.words.and),
    }) + still;
    return notice;
  }

  answerText(item, value) {
    if (typeof value === "boolean") return value ? this.words.yes : this.words.no;
    const named = (one) => item.options?.find((option) => option.value === one)?.[this.lang] ?? String(one);
    const text = [value].flat().map(named).join(", ");
    return item.unit ? `${text} ${item.unit}` : text;
  }

  showProgress() {
    const { total, left, answered, wrong } = progress(this.outcome);
    this.form.querySelector("[data-progress]").textContent = fill(this.words.answered, { n: answered, total });
    const next = this.form.querySelector("[data-next]");
    const said = [left && fill(this.words.left, { n: left }), wrong && fill(this.words.wrong, { n: wrong })];
    next.hidden = false;
    next.textContent = said.filter(Boolean).join(this.words.comma) || this.words.done;
    const first = this.firstWrong();
    next.href = first ? `#q-${first.key}` : "#visit-form";
  }

  firstWrong() {
    const wrong = [...this.outcome.problems.map(({ key }) => key), ...this.outcome.missing];
    return this.items.find(({ key }) => wrong.includes(key));
  }
}

function fill(template, facts) {
  return template.replace(/\{(\w+)\}/g, (place, name) => facts[name] ?? place);
}

function textsOf(field, key) {
  return [...field.querySelectorAll("input, textarea")]
    .filter((input) => input.name === key && (!["radio", "checkbox"].includes(input.type) || input.checked))
    .map((input) => input.value);
}

function countPhotos(field, key) {
  const chosen = field.querySelector("input[type=file]").files.length;
  return chosen + field.querySelectorAll(`input[name="kept-${key}"]:checked`).length;
}

function holdsFocus(field) {
  return field.contains(document.activeElement);
}
