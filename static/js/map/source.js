/**
 * Where the map's sites come from. A scope of a few thousand is fetched once and filtered here, so a filter needs no
 * request; a larger one is fetched for the view and its surroundings, by the server's filter.
 */

import { getJson, getWithHeaders } from "../api.js";
import { countFeatures, matches, toQuery } from "./filters.js";

const AT_ONCE = 5000; // sites fetched whole
const AROUND = 0.5; // of the view's width and height, fetched beyond its edges

export class SiteSource {
  /** `total`: sites in scope; `townships`: names by code. */
  constructor(total, townships) {
    this.whole = total <= AT_ONCE;
    this.townships = townships;
    this.kept = null;
  }

  /** `{ features, matched, counts }` under a filter; `features` are points, in `bounds` at least. */
  async load(filter, bounds, signal) {
    return this.whole ? this.#fromWhole(filter, signal) : this.#fromView(filter, bounds, signal);
  }

  /** Whether another view needs another request. */
  covers(bounds) {
    return this.whole || Boolean(this.kept?.box.contains(bounds) && !this.kept.cut);
  }

  /** True shapes in a view, as features. */
  async shapes(filter, bounds, signal) {
    const answer = await getJson(`/api/sites.geojson${withBox(filter, bounds.pad(0.2))}`, { signal });
    return answer.features;
  }

  forget() {
    this.kept = null;
  }

  async #fromWhole(filter, signal) {
    const { body, period } = filter;
    const area = filter.area && !this.townships.has(filter.area) ? filter.area : ""; // a village, say
    const asked = toQuery({ area, body, period }); // what features do not carry
    if (this.kept?.asked !== asked) {
      const answer = await getJson(`/api/sites.geojson${withPoints(asked)}`, { signal });
      this.kept = { asked, features: answer.features };
    }
    const features = this.kept.features.filter((feature) => matches(feature, filter, this.townships));
    return { features, matched: features.length, counts: countFeatures(features, this.townships) };
  }

  async #fromView(filter, bounds, signal) {
    const box = bounds.pad(AROUND);
    const [answer, counts] = await Promise.all([
      getWithHeaders(`/api/sites.geojson${withPoints(withBox(filter, box))}`, { signal }),
      getJson(`/api/map/counts${toQuery(filter)}`, { signal }),
    ]);
    const { features } = answer.body;
    const matched = Number(answer.headers.get("X-Total-Count"));
    this.kept = { box, cut: matched > features.length };
    return { features, matched, counts };
  }
}

const withPoints = (query) => `${query || "?"}${query ? "&" : ""}points=1`;

function withBox(filter, bounds) {
  const query = toQuery(filter);
  const edges = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
  return `${query || "?"}${query ? "&" : ""}bbox=${edges.map((edge) => edge.toFixed(6)).join(",")}`;
}
