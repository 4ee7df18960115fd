/** Judges the visits on standard input as a tablet does, and prints their outcomes; see test_checklists.py. */
import { readFileSync } from "node:fs";
import { evaluate } from "../../static/js/checklist.js";

const { checklist, visits } = JSON.parse(readFileSync(0, "utf8"));
const outcomes = visits.map(({ kind, answers, ...rest }) => evaluate(checklist, kind, answers, rest));
process.stdout.write(JSON.stringify(outcomes));
