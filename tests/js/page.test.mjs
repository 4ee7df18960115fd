/** The pure parts of what every page starts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { moduleNames } from "../../static/js/main.js";
import { chosenTheme, themeCookie } from "../../static/js/theme.js";

test("several modules are named with spaces between", () => {
  assert.deepEqual(moduleNames("menu  filter-list"), ["menu", "filter-list"]);
});

test("a name that could leave the folder is not a module", () => {
  assert.deepEqual(moduleNames("../secret /x menu.js"), []);
});

test("an unknown theme leaves the choice to the system", () => {
  assert.equal(chosenTheme("sepia"), "");
  assert.equal(chosenTheme("sun"), "sun");
});

test("choosing the system again ends the cookie", () => {
  assert.match(themeCookie("", false), /^theme=; .*max-age=0/);
});

test("the cookie is secure where the page is", () => {
  assert.match(themeCookie("dark", true), /^theme=dark; .*; Secure$/);
  assert.doesNotMatch(themeCookie("dark", false), /Secure/);
});
