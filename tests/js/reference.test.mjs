/** The pure parts of the layers for reference: classes of zoom, addresses, names. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { addressOf, classOf, namedOnce } from "../../static/js/map/reference-layer.js";

const BOX = { getWest: () => 100.4, getSouth: () => 38.9, getEast: () => 100.5, getNorth: () => 38.95 };

test("a zoom is served by the next class up, and near by none", () => {
  assert.deepEqual([4, 9, 9.25, 11, 13, 13.25, 19].map(classOf), [9, 9, 11, 11, 13, null, null]);
});

test("every zoom of a class asks for the same address", () => {
  assert.equal(addressOf("rivers", 9.25, BOX), addressOf("rivers", 11, BOX));
  assert.equal(addressOf("rivers", 11, BOX), "/api/layers/rivers.geojson?zoom=11");
});

test("near, the box is asked for", () => {
  const address = addressOf("roads", 14.5, BOX);
  assert.equal(address, "/api/layers/roads.geojson?zoom=15&bbox=100.4000,38.9000,100.5000,38.9500");
});

test("a name is written once, and what has none is not named", () => {
  const features = [{ name: "苇河", at: [1, 2] }, {}, { name: "苇河", at: [3, 4] }, { name: "支渠", at: [5, 6] }];
  const named = namedOnce(features.map((properties) => ({ properties })));
  assert.deepEqual(named.map(({ at }) => at), [[1, 2], [5, 6]]);
});
