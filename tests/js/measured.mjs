/** Measures what standard input holds, `{ library, lines, rings }`, as the map does: for the test against PROJ. */
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

import { areaOf, crosses, lengthOf } from "../../static/js/map/geodesy.js";

const { library, lines, rings } = JSON.parse(readFileSync(0, "utf8"));
const geodesic = createRequire(import.meta.url)(library);
const measured = {
  lines: lines.map((places) => lengthOf(geodesic, places)),
  rings: rings.map((places) => ({ ...areaOf(geodesic, places), crosses: crosses(places) })),
};
process.stdout.write(JSON.stringify(measured));
