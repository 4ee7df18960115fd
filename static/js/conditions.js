/**
 * The language of conditions; the twin of `inspections/conditions.py`, which describes it.
 *
 * Pure. A reading answers `value(key)`, `fact(name)`, `judgement(name)`, `opened(codes)`; absent is null.
 */

const BEIJING_MS = 8 * 3600_000;
const INSTANT = /^(2[01][0-9]{2})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,3}))?)?Z$/;

/** Whether a condition is met. */
export function holds(condition, reading) {
  if (typeof condition === "boolean") return condition;
  for (const [form, test] of Object.entries(FORMS)) if (form in condition) return test(condition, reading);
  throw new TypeError(`not a condition: ${JSON.stringify(condition)}`);
}

/** A fact of a context by its dotted name, given or computed from the day; null if it is not known. */
export function fact(context, name) {
  if (Object.hasOwn(DERIVED_FACTS, name)) return DERIVED_FACTS[name](context);
  let found = context;
  for (const part of name.split(".")) {
    found = isObject(found) && Object.hasOwn(found, part) ? found[part] : null;
  }
  return found ?? null;
}

/** Milliseconds since 1970 of a UTC instant as tablets write it; null if it is not one, or not after 1999. */
export function instantMs(text) {
  const found = typeof text === "string" ? INSTANT.exec(text) : null;
  if (!found) return null;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map((part) => Number(part ?? 0));
  const at = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  const isReal = at.getUTCMonth() === month - 1 && at.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  return isReal ? at.getTime() + Number((found[7] ?? "").padEnd(3, "0")) : null;
}

/** Whether a value is an object with members, as JSON has them. */
export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Beijing's calendar day of a context's `now`, YYYY-MM-DD; null if it is not known. */
function dayOf(context) {
  const now = instantMs(context.now);
  return now === null ? null : new Date(now + BEIJING_MS).toISOString().slice(0, 10);
}

function inStrawSeason(context) {
  const day = dayOf(context);
  const windows = fact(context, "seasons.straw");
  if (day === null || !windows?.length) return null;
  const today = day.slice(5);
  return windows.some(([start, end]) => (start <= end ? start <= today && today <= end : today >= start || today <= end));
}

function passed(name) {
  return (context) => {
    const day = dayOf(context);
    const last = fact(context, `milestones.${name}`);
    return day && last ? day > last : null;
  };
}

const DERIVED_FACTS = {
  month: (context) => (dayOf(context) === null ? null : Number(dayOf(context).slice(5, 7))),
  "straw.in_season": inStrawSeason,
  "straw.season_over": (context) => (inStrawSeason(context) === null ? null : !inStrawSeason(context)),
  "milestone.oxidation_pond.passed": passed("oxidation_pond"),
  "milestone.reed.passed": passed("reed"),
};

function judged(condition, reading) {
  const judgement = reading.judgement(condition.judgement);
  if (judgement === null) return false;
  return "is" in condition ? judgement.result === condition.is : judgement.reasons.includes(condition.because);
}

function compares(condition, reading) {
  const subject = subjectOf(condition, reading);
  if (subject === null || condition.op === "given") return subject !== null;
  const operand = operandOf(condition, reading);
  return operand !== null && OPS[condition.op](subject, operand);
}

function subjectOf(condition, reading) {
  if ("key" in condition) return reading.value(condition.key);
  if ("context" in condition) return reading.fact(condition.context);
  const terms = condition.sum.map((key) => reading.value(key)).filter((term) => term !== null);
  return terms.length ? terms.reduce((total, term) => total + term, 0) : null;
}

function operandOf(condition, reading) {
  if ("value" in condition) return condition.value;
  const operand = "value_of" in condition ? reading.value(condition.value_of) : reading.fact(condition.value_of_context);
  if (operand === null) return condition.otherwise ?? null;
  if ("plus_minutes" in condition) {
    const at = numberOf(operand);
    return at === null ? null : at + condition.plus_minutes * 60_000;
  }
  return "times" in condition ? operand * condition.times : operand;
}

function numberOf(value) {
  return typeof value === "number" ? value : instantMs(value);
}

function ordered(test) {
  return (one, other) => {
    const [left, right] = [numberOf(one), numberOf(other)];
    return left !== null && right !== null && test(left, right);
  };
}

const members = (value) => (Array.isArray(value) ? value : []);

const FORMS = {
  all: (condition, reading) => condition.all.every((part) => holds(part, reading)),
  any: (condition, reading) => condition.any.some((part) => holds(part, reading)),
  not: (condition, reading) => !holds(condition.not, reading),
  judgement: judged,
  opened: (condition, reading) => reading.opened(condition.opened),
  key: compares,
  context: compares,
  sum: compares,
};

const OPS = {
  eq: (one, other) => one === other,
  ne: (one, other) => one !== other,
  in: (one, others) => others.includes(one),
  contains: (many, one) => members(many).includes(one),
  contains_any: (many, others) => others.some((one) => members(many).includes(one)),
  only: (many, others) => members(many).length > 0 && many.every((one) => others.includes(one)),
  gt: ordered((one, other) => one > other),
  gte: ordered((one, other) => one >= other),
  lt: ordered((one, other) => one < other),
  lte: ordered((one, other) => one <= other),
};
