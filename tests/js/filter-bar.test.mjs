/** Which filters stay in the bar. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { fitting } from "../../static/js/filter-bar.js";

test("filters stay in the bar while there is room for all of them", () => {
  assert.equal(fitting([100, 100, 100], 300, 80), 3);
  assert.equal(fitting([], 0, 80), 0);
});

test("the last ones go behind the button, which takes its place first", () => {
  assert.equal(fitting([100, 100, 100], 299, 80), 2);
  assert.equal(fitting([100, 100, 100], 279, 80), 1);
  assert.equal(fitting([100, 100, 100], 179, 80), 0);
});

test("on the smallest screen all of them do, even if the button itself has no room", () => {
  assert.equal(fitting([100, 100], 40, 80), 0);
  assert.equal(fitting([100, 100], -40, 80), 0);
});
