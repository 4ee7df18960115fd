/**
 * What a site shows on the map, from facts that no clock changes and the server's time: the twin of
 * inspections/map_states.py. Pure.
 */

/** Worst first: the order in which states cover one another, and their numbers in here. */
export const STATES = ["listed", "overdue", "due_soon", "suspected", "in_hand", "closed", "normal"];
/** Always drawn one by one, however many sites there are: the first three. */
export const URGENT = new Set(STATES.slice(0, 3));
export const URGENT_BELOW = 3;
export const FACT = { listed: 1, suspected: 2, open: 4, draft: 8 };

const DAY_ZERO_MS = Date.UTC(2020, 0, 1);
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const BEIJING_MS = 8 * 3_600_000;
const DUE_SOON_MINUTES = 72 * 60;

/** An instant in the units of the columns: minutes for deadlines, the last Beijing day too long ago to count as closed. */
export function momentAt(nowMs, closedWithinDays = 30) {
  const minute = (nowMs - DAY_ZERO_MS) / MINUTE_MS;
  const today = Math.floor((nowMs + BEIJING_MS - DAY_ZERO_MS) / DAY_MS);
  return { minute, soon: minute + DUE_SOON_MINUTES, today, closedAfter: today - closedWithinDays };
}

const NORMAL = STATES.length - 1;
// The first that holds decides. Deadlines and days are stored + 1, 0 is none.
const RULES = [
  (facts) => facts & FACT.listed,
  (_facts, due, _closed, at) => due && due - 1 < at.minute,
  (_facts, due, _closed, at) => due && due - 1 <= at.soon,
  (facts) => facts & FACT.suspected,
  (facts) => facts & FACT.open,
  (_facts, _due, closed, at) => closed && closed - 1 > at.closedAfter,
];

/** The number of a site's state. */
export function stateOf(facts, due, closed, moment) {
  if (!facts && !due && !closed) return NORMAL; // most of a county
  for (let state = 0; state < NORMAL; state += 1) {
    if (RULES[state](facts, due, closed, moment)) return state;
  }
  return NORMAL;
}
