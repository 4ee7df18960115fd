/** The address of the county map: its filter, its view and the open card, so that a link shows what one sees. Pure. */

import { toQuery } from "./filters.js";

const ZOOM_STEPS = 4; // of a zoom: as finely as the map stops

/** `?kind=pond&at=100.45000,38.93000,12.5&site=…`; what is empty is left out. */
export function writeAddress({ filter, at, site }) {
  const query = new URLSearchParams(toQuery(filter));
  if (at) query.set("at", [at.lon.toFixed(5), at.lat.toFixed(5), Math.round(at.zoom * ZOOM_STEPS) / ZOOM_STEPS].join(","));
  if (site) query.set("site", site);
  const text = query.toString().replaceAll("%2C", ",");
  return text ? `?${text}` : "";
}
