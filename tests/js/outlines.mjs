/** Makes GeoJSON of the outlines on standard input and prints it; see test_shared_lines.py. */
import { readFileSync } from "node:fs";
import { featuresOf } from "../../static/js/map/outlines.js";

process.stdout.write(JSON.stringify(featuresOf(JSON.parse(readFileSync(0, "utf8")))));
