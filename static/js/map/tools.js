/** What stands around the county map's picture: layers for reference, search, full screen, measuring, printing. */

import { addFullScreen } from "./fullscreen.js";
import { addMeasuring } from "./measure.js";
import { addPrinting } from "./print.js";
import { addReferenceLayers } from "./reference.js";
import { addSearch } from "./search.js";

export function addTools(county) {
  addReferenceLayers(county);
  addSearch(county);
  addFullScreen(county);
  addMeasuring(county);
  addPrinting(county);
}
