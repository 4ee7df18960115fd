/** The pure parts of the pages of imports. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { progressWords } from "../../static/js/import-progress.js";
import { tooLarge } from "../../static/js/upload.js";

const TEMPLATE = "{n} of {m} rows";

test("how far the work is stands in numbers as the language writes them", () => {
  assert.equal(progressWords(TEMPLATE, { done: 4000, total: 100000 }, "en"), "4,000 of 100,000 rows");
  assert.equal(progressWords("第 {n} 行，共 {m} 行", { done: 7, total: 12 }, "zh-CN"), "第 7 行，共 12 行");
});

test("nothing is said before it is known how much there is", () => {
  assert.equal(progressWords(TEMPLATE, { done: 0, total: 0 }, "en"), "");
});

test("more is never done than there is", () => {
  assert.equal(progressWords(TEMPLATE, { done: 120, total: 100 }, "en"), "100 of 100 rows");
});

test("files over fifty megabytes are named, those of just that size are not", () => {
  const files = [
    { name: "a.shp", size: 50_000_000 },
    { name: "b.dbf", size: 50_000_001 },
    { name: "<c>.csv", size: 60_000_000 },
  ];
  assert.deepEqual(tooLarge(files), ["b.dbf", "<c>.csv"]);
  assert.deepEqual(tooLarge([]), []);
});
