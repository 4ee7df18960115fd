/**
 * What a set of answers comes to; the twin of `inspections/evaluation.py` and `inspections/answers.py`.
 *
 * `evaluate` returns the same outcome as the server for the same answers: what is asked, missing or wrong, what
 * is measured, what is found and how grave it is. Pure: no page, no clock, no request. `checklist` is what
 * `Checklist.for_browser()` gives.
 */

import { fact, holds, instantMs, isObject } from "./conditions.js";
import { blackOdour, guardHouse, survival, waterClass } from "./judgements.js";

const VISIT_TYPE = "visit_type";
const KEY_LENGTH = 60;
const MAX_CORNERS = 5000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const INVISIBLE = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\u{d800}-\u{dfff}]/gu;
const BLANK = " \\n\\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000";
const EDGES = new RegExp(`^[${BLANK}]+|[${BLANK}]+$`, "g");
const SPACING = /^([0-9]{1,2}(?:\.[0-9]{1,2})?) ?[x*] ?([0-9]{1,2}(?:\.[0-9]{1,2})?) ?m?$/i;

/** Judge answers as they stand, complete or not; never throws for what people wrote. */
export function evaluate(checklist, kind, answers, { visitType = null, photos = {}, context = {}, nothingFound = false } = {}) {
  return new Reading(checklist, kind, { answers, visitType, photos, context, nothingFound }).outcome();
}

/** The questions of a kind in the order of the form. */
export function itemsOf(checklist, kind) {
  const items = [...checklist.common, ...checklist.kinds[kind]];
  return groupsOf(checklist, kind).flatMap((group) => items.filter((item) => item.group === group.key));
}

/** The headings of a kind's form in order. */
export function groupsOf(checklist, kind) {
  const { common } = checklist.groups;
  return [...common.filter((group) => !group.last), ...checklist.groups[kind], ...common.filter((group) => group.last)];
}

/** The sentence for a problem or warning; `sentences` maps codes to templates. */
export function say(problem, sentences) {
  return (sentences[problem.code] ?? problem.code).replace(/\{(\w+)\}/g, (place, name) => problem.facts[name] ?? place);
}

/** What to say beside each question that has to be answered still. */
export function missingProblems(checklist, kind, outcome) {
  const byKey = new Map(itemsOf(checklist, kind).map((item) => [item.key, item]));
  return outcome.missing.map((key) => {
    const item = byKey.get(key);
    return item.type === "photo"
      ? problem(key, "photo_missing", { min: item.min_count })
      : problem(key, "required");
  });
}

class Wrong extends Error {
  constructor(code, facts = {}) {
    super(code);
    this.code = code;
    this.facts = facts;
  }
}

class Reading {
  #checklist;
  #kind;
  #context;
  #nothingFound;
  #items;
  #byKey;
  #common;
  #requirements;
  #given = new Map();
  #nulls = new Set();
  #wrong = new Map();
  #stray = [];
  #shown = new Map();
  #judged = new Map();
  #openings = null;

  constructor(checklist, kind, { answers, visitType, photos, context, nothingFound }) {
    this.#checklist = checklist;
    this.#kind = kind;
    this.#context = context ?? {};
    this.#nothingFound = nothingFound;
    this.#items = itemsOf(checklist, kind);
    this.#byKey = new Map(this.#items.map((item) => [item.key, item]));
    this.#common = new Set(checklist.common.map((item) => item.key));
    this.#requirements = new Map(checklist.requirements.map((row) => [row.code, row]));
    this.#take(answers, (key, value) => this.#takeAnswer(key, value));
    this.#take(photos ?? {}, (key, count) => this.#takePhotos(key, count));
    const visit = this.#byKey.get(VISIT_TYPE);
    if (visitType !== null && visitType !== undefined) this.#keep(visit, () => clean(visit, visitType, null));
  }

  // What was handed in

  #take(entries, take) {
    if (!isObject(entries)) {
      this.#stray.push(problem("", "unreadable"));
      return;
    }
    for (const key of Object.keys(entries).sort(byCodePoint)) take(key, entries[key]);
  }

  #takeAnswer(key, value) {
    const item = this.#byKey.get(key);
    if (!item || item.type === "photo" || key === VISIT_TYPE) this.#stray.push(problem(shortKey(key), "unknown"));
    else if (value === null) this.#nulls.add(key);
    else this.#keep(item, () => clean(item, value, instantMs(this.#context.now)));
  }

  #takePhotos(key, count) {
    const item = this.#byKey.get(key);
    if (item?.type !== "photo") this.#stray.push(problem(shortKey(key), "unknown"));
    else this.#keep(item, () => photoCount(item, count));
  }

  #keep(item, read) {
    try {
      const value = read();
      if (value !== null) this.#given.set(item.key, value);
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      this.#wrong.set(item.key, problem(item.key, error.code, error.facts));
    }
  }

  // What conditions ask

  value(key) {
    return this.#isShown(this.#byKey.get(key)) ? this.#given.get(key) ?? null : null;
  }

  fact(name) {
    return fact(this.#context, name);
  }

  judgement(name) {
    if (!this.#judged.has(name)) this.#judged.set(name, JUDGES[name](this));
    return this.#judged.get(name);
  }

  opened(codes) {
    const found = this.#found();
    return codes === true ? found.size > 0 : codes.some((code) => found.has(code));
  }

  #isShown(item) {
    if (!this.#shown.has(item.key)) this.#shown.set(item.key, !this.#nothingFound && this.#isAsked(item));
    return this.#shown.get(item.key);
  }

  #isAsked(item) {
    return (this.#common.has(item.key) || holds(this.#checklist.kind_shown, this)) && holds(item.shown ?? true, this);
  }

  /** Findings by code: the key of each answer that opens one, and the severity it starts from. */
  #found() {
    if (this.#openings) return this.#openings;
    const found = new Map();
    for (const item of this.#items) {
      if (!item.opens || !this.#isShown(item)) continue;
      for (const opening of item.opens) {
        if (!holds(opening.when, this)) continue;
        const start = opening.severity ?? this.#requirements.get(opening.code).severity;
        found.set(opening.code, [...(found.get(opening.code) ?? []), [item.key, start]]);
      }
    }
    this.#openings = found;
    return found;
  }

  // What it comes to

  outcome() {
    const shown = this.#items.filter((item) => this.#isShown(item));
    const required = shown.filter((item) => holds(item.required, this));
    const isAbsent = (item) => !this.#given.has(item.key) && !this.#wrong.has(item.key);
    const isFolded = (item) => isAbsent(item) && !this.#nulls.has(item.key) && !required.includes(item)
      && !holds(item.unfolds ?? true, this);
    const checks = this.#checks();
    return {
      shown: shown.map(keyOf),
      folded: shown.filter(isFolded).map(keyOf),
      required: required.map(keyOf),
      missing: required.filter(isAbsent).map(keyOf),
      unasked: this.#items
        .filter((item) => !shown.includes(item) && !isAbsent(item) && item.key !== VISIT_TYPE).map(keyOf),
      answers: this.#answers(),
      problems: [
        ...this.#stray,
        ...shown.filter((item) => this.#wrong.has(item.key)).map((item) => this.#wrong.get(item.key)),
        ...checks.filter((check) => check.level === "error"),
      ],
      warnings: [...this.#unlikely(shown), ...checks.filter((check) => check.level !== "error")],
      findings: [...this.#found()].map(([code, opened]) => this.#finding(code, opened)),
      judgements: this.#judgements(),
      result: this.#result(),
    };
  }

  #answers() {
    const answers = {};
    for (const { key, type } of this.#items) {
      if (type === "photo" || key === VISIT_TYPE) continue;
      if (this.#given.has(key) || this.#nulls.has(key)) answers[key] = this.#given.get(key) ?? null;
    }
    return answers;
  }

  #unlikely(shown) {
    return shown
      .filter((item) => isUnlikely(item, this.#given.get(item.key)))
      .map((item) => problem(item.key, "unlikely", { min: item.warn_min, max: item.warn_max }, "warning"));
  }

  #checks() {
    if (this.#nothingFound) return [];
    const { checks } = this.#checklist;
    return [...checks.common, ...checks[this.#kind]]
      .filter((check) => holds(check.when, this))
      .flatMap((check) => check.keys.map((key) => problem(key, check.id, {}, check.level)));
  }

  #finding(code, opened) {
    const base = this.#gravest(opened.map(([, start]) => start));
    const keys = [...new Set(opened.map(([key]) => key))];
    const steps = [];
    let severity = base;
    for (const [reason, change] of this.#changes(this.#requirements.get(code))) {
      const after = typeof change === "number" ? this.#moved(severity, change) : this.#gravest([severity, change]);
      if (after !== severity) steps.push({ reason, from: severity, to: after });
      severity = after;
    }
    return { code, keys, base, severity, steps };
  }

  /** Reasons, each with steps up or down or the least severity it makes, in the order they apply. */
  #changes({ code, severity_rules: rules = [], never_down: neverDown = false }) {
    const met = rules.filter((rule) => holds(rule.when, this));
    const history = this.#checklist.steps_by_history
      .filter((name) => (this.fact(`codes.${name}`) ?? []).includes(code));
    return [
      ...met.filter((rule) => "at_least" in rule).map((rule) => [rule.reason, rule.at_least]),
      ...met.filter((rule) => "step" in rule).map((rule) => [rule.reason, rule.step]),
      ...history.map((reason) => [reason, 1]),
      ...met.filter((rule) => "at_once" in rule).map((rule) => [rule.reason, rule.at_once]),
      ...(this.value("fixed_on_spot") === true && !neverDown ? [["fixed_on_spot", -1]] : []),
    ];
  }

  #gravest(severities) {
    const order = this.#checklist.severities;
    return order[Math.max(...severities.map((severity) => order.indexOf(severity)))];
  }

  #moved(severity, steps) {
    const order = this.#checklist.severities;
    return order[Math.min(Math.max(order.indexOf(severity) + steps, 0), order.length - 1)];
  }

  #judgements() {
    const made = {};
    for (const name of this.#checklist.judgements[this.#kind]) {
      const judgement = this.judgement(name);
      if (judgement !== null) made[name] = judgement;
    }
    return made;
  }

  #result() {
    if (this.value("access") === "blocked") return "unable";
    return this.#found().size ? "finding" : "normal";
  }
}

const JUDGES = {
  black_odour: (read) => blackOdour({
    water_state: read.value("water_state"),
    depth_cm: read.value("depth_cm"),
    transparency_cm: read.value("transparency_cm"),
    clear_to_bottom: read.value("clear_to_bottom"),
    do: read.value("do_mgl"),
    nh3n: read.value("nh3n_mgl"),
    orp: read.value("orp_mv"),
  }),
  water_class: (read) => waterClass(["ditch", "reach"].includes(read.fact("site.subtype")) ? "river" : "lake", {
    ph: read.value("ph"),
    do: read.value("do_mgl"),
    nh3n: read.value("nh3n_mgl"),
  }),
  survival: (read) => survival(read.value("counted"), read.value("alive"), {
    line: read.fact("profile.survival_line"),
    stage: read.value("stage") ?? "survival",
    early: read.fact("site.survey_early") === true,
  }),
  guard_house: (read) => guardHouse({
    area_m2: read.value("guard_area_m2"),
    floors: read.value("guard_floors"),
    count: read.value("guard_count"),
    shed_count: read.value("shed_count"),
    shed_area_mu: read.value("shed_area_mu"),
    profile: read.fact("profile.guard"),
  }),
};

const CLEANERS = {
  enum: cleanEnum,
  multi: cleanMulti,
  bool: cleanBool,
  number: cleanNumber,
  integer: cleanInteger,
  text: cleanText,
  datetime: cleanDatetime,
  polygon: cleanPolygon,
};

function clean(item, value, nowMs) {
  return CLEANERS[item.type](item, value, nowMs);
}

function cleanEnum(item, value) {
  if (!item.options.some((option) => option.value === value)) throw new Wrong("choice");
  return value;
}

function cleanMulti(item, value) {
  const offered = new Set(item.options.map((option) => option.value));
  if (!Array.isArray(value) || !value.every((one) => offered.has(one))) throw new Wrong("choices");
  if (new Set(value).size < value.length) throw new Wrong("choices");
  if (value.length > 1 && value.some((one) => item.alone?.includes(one))) throw new Wrong("alone");
  return value.length ? value : null;
}

function cleanBool(item, value) {
  if (typeof value !== "boolean") throw new Wrong("bool");
  return value;
}

function cleanNumber(item, value) {
  if (!Number.isFinite(value)) throw new Wrong("number");
  if (value < item.min || value > item.max) throw new Wrong("range", { min: item.min, max: item.max });
  return value;
}

function cleanInteger(item, value) {
  if (!Number.isInteger(value)) throw new Wrong("integer");
  return cleanNumber(item, value);
}

function cleanText(item, value) {
  if (typeof value !== "string") throw new Wrong("text");
  const text = item.multiline ? visible(value) : visible(value).replaceAll("\n", " ");
  if (!text) return null;
  const [min, max] = [item.min_length ?? 0, item.max_length ?? 1000];
  const { length } = [...text];
  if (length < min || length > max) throw new Wrong("length", { min, max });
  return item.format === "spacing" ? spacing(item, text) : text;
}

function spacing(item, text) {
  const found = SPACING.exec(text.normalize("NFKC").replaceAll("×", "x"));
  const sides = found?.slice(1) ?? [];
  if (!found || !sides.every((side) => item.min <= Number(side) && Number(side) <= item.max)) {
    throw new Wrong("spacing", { min: item.min, max: item.max });
  }
  return sides.join(" x ");
}

function cleanDatetime(item, value, nowMs) {
  const at = instantMs(value);
  if (at === null) throw new Wrong("datetime");
  const { max_days_ago: daysAgo = 30, max_minutes_ahead: minutesAhead = 5 } = item;
  if (nowMs !== null && (at - nowMs < -daysAgo * DAY_MS || at - nowMs > minutesAhead * MINUTE_MS)) {
    throw new Wrong("datetime_range", { days: daysAgo });
  }
  return new Date(at).toISOString();
}

/** Checks the frame of a GeoJSON polygon; whether it is valid and where it lies is for the server to say. */
function cleanPolygon(item, value) {
  const shape = isObject(value) ? value : {};
  const polygons = { MultiPolygon: shape.coordinates, Polygon: [shape.coordinates] };
  const parts = typeof shape.type === "string" && Object.hasOwn(polygons, shape.type) ? polygons[shape.type] : null;
  if (!each(parts, (polygon) => each(polygon, isRing))) throw new Wrong("polygon");
  if (parts.flat().reduce((total, ring) => total + ring.length, 0) > MAX_CORNERS) {
    throw new Wrong("outline_size", { max: MAX_CORNERS });
  }
  return { type: shape.type, coordinates: shape.coordinates };
}

function each(members, test) {
  return Array.isArray(members) && members.length > 0 && members.every(test);
}

function isRing(ring) {
  if (!each(ring, isPosition) || ring.length < 4) return false;
  const [first, last] = [ring[0], ring.at(-1)];
  return first[0] === last[0] && first[1] === last[1];
}

function isPosition(position) {
  if (!Array.isArray(position) || position.length !== 2 || !position.every(Number.isFinite)) return false;
  const [lon, lat] = position;
  return lon >= -180 && lon <= 180 && lat >= -90 && lat <= 90;
}

function photoCount(item, count) {
  if (!Number.isInteger(count) || count < 0) throw new Wrong("unreadable");
  const max = item.max_count ?? 20;
  if (count > max) throw new Wrong("photo_count", { max });
  return count || null;
}

function isUnlikely(item, value) {
  if (item.warn_min === undefined || typeof value !== "number") return false;
  return value < item.warn_min || value > item.warn_max;
}

/** Text without control characters or blanks around it; tabs become blanks, line ends stay. */
function visible(text) {
  return text.replaceAll("\t", " ").replace(INVISIBLE, "").replace(EDGES, "");
}

function shortKey(key) {
  return [...visible(key)].slice(0, KEY_LENGTH).join("");
}

function problem(key, code, facts = {}, level = "error") {
  return { key, code, facts, level };
}

function keyOf(item) {
  return item.key;
}

/** Orders strings as Python does, by code point and not by UTF-16 unit. */
function byCodePoint(one, other) {
  const [left, right] = [[...one], [...other]];
  const at = left.findIndex((letter, index) => letter !== right[index]);
  if (at < 0) return left.length - right.length;
  return at >= right.length ? 1 : left[at].codePointAt(0) - right[at].codePointAt(0);
}
