/**
 * What measurements mean; the twin of `inspections/judgements.py`, where each rule has its source.
 *
 * Pure functions. Each returns `{version, inputs, result, reasons, ...}`, or null where there is nothing to
 * judge by. A value that was not measured is null.
 */

const SHALLOW_CM = 25;
const PASS_LINES = { survival: { irrigated: 85, arid: 70 }, preserve: { irrigated: 80, arid: 65 } };
const FAILED_LINE = 41;
const GUARD_LIMITS_M2 = { south: 15, north: 22.5, severe_cold: 30 };
const SEVERE_COLD_LARGE_M2 = 40;
const LARGE_SHED_MU = 2;
const CLASSES = ["i", "ii", "iii", "iv", "v"];
const WORSE = "worse";
const LIMITS = {
  do: [7.5, 6, 5, 3, 2],
  pi: [2, 4, 6, 10, 15],
  cod: [15, 15, 20, 30, 40],
  bod5: [3, 3, 4, 6, 10],
  nh3n: [0.15, 0.5, 1.0, 1.5, 2.0],
};
const LIMITS_BY_WATER = {
  river: { tp: [0.02, 0.1, 0.2, 0.3, 0.4] },
  lake: { tp: [0.01, 0.025, 0.05, 0.1, 0.2], tn: [0.2, 0.5, 1.0, 1.5, 2.0] },
};

/** Whether rural water is black-odorous; lengths in cm, `dissolved` and `nh3n` in mg/L, `orp` in mV. */
export function blackOdour(measured) {
  const inputs = {
    water_state: null, depth_cm: null, transparency_cm: null, clear_to_bottom: null,
    do: null, nh3n: null, orp: null, ...measured,
  };
  if (inputs.water_state === "frozen" || inputs.water_state === "dry") {
    return judgement(inputs, "not_applicable", []);
  }
  if (inputs.transparency_cm === null && inputs.do === null && inputs.nh3n === null) return null;
  const fails = {
    transparency: isTurbid(inputs.depth_cm, inputs.transparency_cm, inputs.clear_to_bottom),
    do: inputs.do === null ? null : inputs.do < 2,
    nh3n: inputs.nh3n === null ? null : inputs.nh3n > 15,
  };
  const reasons = Object.keys(fails).filter((name) => fails[name]);
  if (reasons.length) return judgement(inputs, "black_odorous", reasons, { degree: degree(inputs) });
  return judgement(inputs, Object.values(fails).includes(null) ? "incomplete" : "not", []);
}

/** Surface water class, `i` to `v` or `worse`; `water` is river or lake, `"<0.02"` is below detection. */
export function waterClass(water, measured) {
  const inputs = {
    water, ph: null, do: null, pi: null, cod: null, bod5: null, nh3n: null, tp: null, tn: null, ...measured,
  };
  const limits = { ...LIMITS, ...LIMITS_BY_WATER[water] };
  const by = {};
  if (inputs.ph !== null) by.ph = inputs.ph >= 6 && inputs.ph <= 9 ? "i" : WORSE;
  for (const name of ["do", "pi", "cod", "bod5", "nh3n", "tp", "tn"]) {
    if (inputs[name] !== null && name in limits) by[name] = classOf(name, detected(inputs[name]), limits[name]);
  }
  const grades = Object.values(by);
  if (!grades.length) return null;
  const ranks = [...CLASSES, WORSE];
  const result = ranks[Math.max(...grades.map((grade) => ranks.indexOf(grade)))];
  return judgement(inputs, result, Object.keys(by).filter((name) => by[name] === result), { by });
}

/** Whether planting has taken; `line` irrigated or arid, `stage` survival or preserve. */
export function survival(counted, alive, { line = null, stage = "survival", early = false } = {}) {
  if (counted === null || alive === null || counted <= 0 || alive < 0 || alive > counted) return null;
  const decides = line ?? "irrigated";
  const byLine = {};
  for (const [name, limit] of Object.entries(PASS_LINES[stage])) byLine[name] = survivalOf(counted, alive, limit);
  const result = early ? "early" : byLine[decides];
  const reasons = result === "replant" || result === "failed" ? ["rate"] : [];
  const rate = Math.floor((2000 * alive + counted) / (2 * counted)) / 10;
  return judgement({ counted, alive, line: decides, stage, early }, result, reasons, { rate, ...byLine });
}

/** Whether guard houses keep to the limit; `shed_area_mu` is the ground of all sheds. */
export function guardHouse(measured) {
  const inputs = {
    area_m2: null, floors: null, count: null, shed_count: null, shed_area_mu: null, ...measured,
    profile: measured.profile ?? "north",
  };
  if (inputs.area_m2 === null) return null;
  const large = inputs.shed_area_mu !== null && inputs.shed_area_mu > LARGE_SHED_MU * (inputs.shed_count || 1);
  const limit = large && inputs.profile === "severe_cold" ? SEVERE_COLD_LARGE_M2 : GUARD_LIMITS_M2[inputs.profile];
  const breaches = {
    area: inputs.area_m2 > limit,
    floors: inputs.floors !== null && inputs.floors > 1,
    count: inputs.count !== null && inputs.shed_count !== null && inputs.count > inputs.shed_count,
  };
  const reasons = Object.keys(breaches).filter((name) => breaches[name]);
  return judgement(inputs, reasons.length ? "over" : "within", reasons, { limit_m2: limit });
}

function judgement(inputs, result, reasons, details = {}) {
  return { version: 1, inputs, result, reasons, ...details };
}

function isTurbid(depth, transparency, clearToBottom) {
  if (depth !== null && depth < SHALLOW_CM) {
    if (clearToBottom) return false;
    return transparency === null ? null : isLess(transparency, 5n, depth, 2n);
  }
  if (transparency === null) return null;
  if (transparency >= SHALLOW_CM) return false;
  return depth === null ? null : true;
}

/** Whether one × times < other × otherTimes, for the decimals as they were written. */
function isLess(one, times, other, otherTimes) {
  const [left, leftScale] = decimal(one);
  const [right, rightScale] = decimal(other);
  return left * times * 10n ** BigInt(rightScale) < right * otherTimes * 10n ** BigInt(leftScale);
}

/** 12.1 as [121n, 1]. */
function decimal(value) {
  const [, sign, whole, fraction = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value));
  const scale = fraction.length - Number(exponent);
  const digits = BigInt(sign + whole + fraction);
  return scale < 0 ? [digits * 10n ** BigInt(-scale), 0] : [digits, scale];
}

function degree({ transparency_cm: transparency, do: dissolved, nh3n, orp }) {
  const heavy = (transparency !== null && transparency < 10) || (dissolved !== null && dissolved < 0.2)
    || (orp !== null && orp < -200) || (nh3n !== null && nh3n > 15);
  return heavy ? "heavy" : "light";
}

function detected(value) {
  return typeof value === "string" ? Number(value.slice(1)) / 2 : value;
}

function classOf(name, value, limits) {
  const at = limits.findIndex((limit) => (name === "do" ? value >= limit : value <= limit));
  return at < 0 ? WORSE : CLASSES[at];
}

function survivalOf(counted, alive, limit) {
  if (alive * 100 >= limit * counted) return "pass";
  return alive * 100 >= FAILED_LINE * counted ? "replant" : "failed";
}
