/** The county map's engine, started before anything else of the page: its worker asks for the sites while Leaflet loads. */

import { Engine } from "./engine.js";

export const engine = new Engine();
export const loaded = engine.ask("load");
loaded.catch(() => {}); // whoever waits for it says so
