import assert from "node:assert/strict";
import { test } from "node:test";
import { missingProblems, say } from "../../static/js/checklist.js";
import { instantMs } from "../../static/js/conditions.js";
import { blackOdour, survival, waterClass } from "../../static/js/judgements.js";

test("a sentence is filled with its facts and keeps a place it has none for", () => {
  const problem = { key: "ph", code: "range", facts: { min: 0, max: 14 } };
  assert.equal(say(problem, { range: "{min}-{max} {unit}" }), "0-14 {unit}");
  assert.equal(say(problem, {}), "range");
});

test("a missing photo is asked for by number, a missing answer by name", () => {
  const checklist = {
    groups: { common: [{ key: "arrival" }], pond: [] },
    common: [
      { key: "access", group: "arrival", type: "enum" },
      { key: "photo_overview", group: "arrival", type: "photo", min_count: 1 },
    ],
    kinds: { pond: [] },
  };
  const problems = missingProblems(checklist, "pond", { missing: ["access", "photo_overview"] });
  assert.deepEqual(problems.map(({ code }) => code), ["required", "photo_missing"]);
  assert.deepEqual(problems[1].facts, { min: 1 });
});

test("numbers that JSON cannot write are no measurements", () => {
  assert.equal(instantMs(NaN), null);
  assert.equal(survival(0, 0), null);
  assert.equal(waterClass("river", {}), null);
});

test("a shallow pond is judged by the decimals that were written", () => {
  const judged = (depth_cm, transparency_cm) =>
    blackOdour({ water_state: "open", depth_cm, transparency_cm, do: 5, nh3n: 1 }).result;
  assert.equal(judged(9.4, 3.76), "not"); // 0.4 * 9.4 is more than 3.76 as binary numbers
  assert.equal(judged(9.4, 3.7599), "black_odorous");
});
