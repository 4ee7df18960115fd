/** The pure parts of a visit's form: reading answers, photos, places. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { metresBetween, metresText, metresToShape } from "../../static/js/locate.js";
import { saidOf, sortFiles, together } from "../../static/js/photo.js";
import { progress, readAnswer, readLocalTime, readNumber } from "../../static/js/visit-form.js";

const NUMBER = { type: "number", unit: "亩" };

test("numbers are read in full width, with commas and with their unit", () => {
  for (const [text, value] of [["１２．５", 12.5], ["1,200", 1200], ["2.5 亩", 2.5], ["−3", -3], [" 0 ", 0], [".5", 0.5], ["5.", 5]]) {
    assert.equal(readNumber(text, "亩"), value);
  }
});

test("what is no number stays as typed, so that it is refused and not lost", () => {
  for (const text of ["many", "NaN", "Infinity", "1e9", "0x10", "1 2", "1,2", "--1"]) assert.equal(readNumber(text), text);
});

test("a local time is Beijing time whatever the device's zone", () => {
  assert.equal(readLocalTime("2026-11-12T09:30"), "2026-11-12T01:30:00.000Z");
  assert.equal(readLocalTime("soon"), "soon");
});

test("an empty field is no answer, and a choice is its code", () => {
  assert.equal(readAnswer(NUMBER, ["  "]), undefined);
  assert.equal(readAnswer({ type: "enum" }, []), undefined);
  assert.equal(readAnswer({ type: "bool" }, ["false"]), false);
  assert.deepEqual(readAnswer({ type: "multi" }, ["straw", "weeds"]), ["straw", "weeds"]);
  assert.deepEqual(readAnswer({ type: "polygon" }, ['{"type":"Polygon"}']), { type: "Polygon" });
  assert.equal(readAnswer({ type: "polygon" }, ["{"]), "{");
  assert.equal(readAnswer({ type: "text" }, [" 水清 "]), " 水清 ");
});

test("progress counts what is required", () => {
  const outcome = { required: ["a", "b", "c"], missing: ["c"], problems: [{ key: "d" }, { key: "d" }] };
  assert.deepEqual(progress(outcome), { total: 3, left: 1, answered: 2, wrong: 1 });
});

const file = (name, size, type = "image/jpeg", lastModified = 0) => ({ name, size, type, lastModified });

test("a photo of fifteen megabytes is taken and one byte more is not", () => {
  const { fit, refused } = sortFiles([file("a.jpg", 15_000_000), file("b.jpg", 15_000_001), file("c.pdf", 9, "application/pdf")]);
  assert.deepEqual(fit.map(({ name }) => name), ["a.jpg"]);
  assert.deepEqual(refused.map(({ why }) => why), ["tooLarge", "notAPhoto"]);
});

test("a file whose type the browser does not know is for the server to judge", () => {
  assert.equal(sortFiles([file("a.heic", 9, "")]).fit.length, 1);
});

test("only a photo taken just now is given the device's place", () => {
  const now = 1_800_000_000_000;
  const said = saidOf([file("new.jpg", 5, "image/jpeg", now - 1000), file("old.jpg", 5, "image/jpeg", now - 600_000)], now, { lon: 100.4, lat: 38.93 });
  assert.deepEqual(said, [{ name: "new.jpg", size: 5, taken_at: new Date(now - 1000).toISOString(), lon: 100.4, lat: 38.93 }]);
});

test("choosing the same photo twice keeps it once", () => {
  assert.equal(together([file("a.jpg", 5)], [file("a.jpg", 5), file("b.jpg", 5)]).length, 2);
});

test("distances are right to half a per cent", () => {
  assert.ok(Math.abs(metresBetween(100.45, 38.93, 100.451702, 38.93064) - 163.8) < 0.8);
  assert.equal(metresBetween(100, 38, 100, 38), 0);
  assert.equal(metresText(36.4), "36 m");
  assert.equal(metresText(1249), "1.2 km");
});

const ring = (lon, lat, side) => [[lon, lat], [lon + side, lat], [lon + side, lat + side], [lon, lat + side], [lon, lat]];

test("inside a polygon the distance is nothing, in its hole it is to the edge", () => {
  const shape = { type: "Polygon", coordinates: [ring(100.4, 38.93, 0.01), ring(100.404, 38.934, 0.002)] };
  assert.equal(metresToShape(100.402, 38.932, shape), 0);
  assert.ok(Math.abs(metresToShape(100.405, 38.935, shape) - 86.5) < 1);
  assert.ok(Math.abs(metresToShape(100.42, 38.935, shape) - 865) < 5);
});

test("several polygons, lines and points are each measured to the nearest", () => {
  const shape = { type: "MultiPolygon", coordinates: [[ring(100, 38, 0.01)], [ring(100.4, 38.93, 0.01)]] };
  assert.equal(metresToShape(100.405, 38.935, shape), 0);
  const line = { type: "LineString", coordinates: [[100.4, 38.93], [100.4, 38.95]] };
  assert.ok(Math.abs(metresToShape(100.401, 38.94, line) - 86.5) < 1);
  assert.ok(Math.abs(metresToShape(100.4, 38.96, line) - 1112) < 6);
  assert.equal(metresToShape(100.4, 38.93, { type: "Point", coordinates: [100.4, 38.93] }), 0);
  assert.equal(metresToShape(100.4, 38.93, { type: "MultiPoint", coordinates: [[99, 30], [100.4, 38.93]] }), 0);
});
