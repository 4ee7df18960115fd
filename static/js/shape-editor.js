/**
 * Sets a point or draws a line or an area on the map of a form: <section data-module="shape-editor"> holds the map,
 * and its form the fields shape, position, geometry, datum, loc_method and loc_accuracy_m. What is drawn goes into the
 * fields as text, which is what is sent: without the map the same form works by typing.
 *
 * The words (data-crossing, data-drawn, data-line, data-tap, data-unreadable) come from the page.
 */

const M_PER_DEGREE = 111_195;
const MU_M2 = 10_000 / 15;
const SHIFTED = ["gcj02", "bd09"];

/** Longitude and latitude out of what was typed as two decimal numbers, either way round; else null. */
export function readDecimals(text) {
  const found = text.trim().match(/^\(?\s*(-?\d+(?:\.\d+)?)\s*[,，;\s]\s*(-?\d+(?:\.\d+)?)\s*\)?$/);
  if (!found) return null;
  const [a, b] = [Number(found[1]), Number(found[2])];
  const [lon, lat] = Math.abs(b) > 90 || (a < 60 && b > 60) ? [b, a] : [a, b];
  return Math.abs(lon) <= 180 && Math.abs(lat) <= 90 ? [lon, lat] : null;
}

/** GeoJSON geometry of longitudes and latitudes with seven decimals. */
export function rounded(geometry) {
  const round = (part) => (Array.isArray(part) ? part.map(round) : Number(part.toFixed(7)));
  return { type: geometry.type, coordinates: round(geometry.coordinates) };
}

/** Roughly how large a shape is, while it is drawn: `{ corners, m }` of a line, `{ corners, mu }` of an area. */
export function roughSize(geometry) {
  const isArea = geometry.type === "Polygon";
  const line = isArea ? geometry.coordinates[0] : geometry.coordinates;
  const scale = Math.cos((line[0][1] * Math.PI) / 180);
  const flat = line.map(([lon, lat]) => [lon * M_PER_DEGREE * scale, lat * M_PER_DEGREE]);
  let length = 0;
  let twice = 0;
  for (let i = 1; i < flat.length; i += 1) {
    const [[ax, ay], [bx, by]] = [flat[i - 1], flat[i]];
    length += Math.hypot(bx - ax, by - ay);
    twice += (ax - flat[0][0]) * (by - flat[0][1]) - (bx - flat[0][0]) * (ay - flat[0][1]);
  }
  if (isArea) return { corners: line.length - 1, mu: (Math.abs(twice) / 2 / MU_M2).toFixed(2) };
  return { corners: line.length, m: Math.round(length) };
}

export function start(section) {
  if (section.matches("textarea")) return; // a text box alone: a page without a map to draw on
  const fields = section.closest("form").elements;
  showParts(section, fields);
  const box = section.querySelector(".leaflet-container, .folium-map, [id^=map_]");
  if (!box) return;
  if (box.xuntuParts) open(section, fields, box.xuntuParts);
  else box.addEventListener("xuntu:map", ({ detail }) => open(section, fields, detail), { once: true });
}

/** Takes the recorded mark off the map: here the shape itself is looked at, as the fields have it. */
function open(section, fields, { map, layers }) {
  layers.site?.remove();
  edit(section, fields, map);
}

/** Shows the fields of a point or of a drawn shape, as chosen. */
function showParts(section, fields) {
  const show = () => {
    for (const part of section.querySelectorAll("[data-part]")) part.hidden = part.dataset.part !== fields.shape.value;
  };
  for (const radio of section.querySelectorAll("input[name=shape]")) radio.addEventListener("change", show);
  show();
}

function edit(section, fields, map) {
  const L = window.L;
  const line = section.querySelector("[data-said]");
  const tell = (words) => {
    line.textContent = words;
    line.hidden = !words;
  };
  const style = { color: inkOf("--accent"), weight: 3, fillOpacity: 0.15 };
  let drawn = null;

  map.pm.setGlobalOptions({ allowSelfIntersection: false, snapDistance: 12, pathOptions: style, templineStyle: style });
  map.pm.addControls({
    position: "topleft", drawMarker: false, drawCircle: false, drawCircleMarker: false, drawRectangle: false,
    drawText: false, cutPolygon: false, rotateMode: false, dragMode: false, editMode: true, removalMode: true,
  });
  nameTools(map.getContainer());
  tell(section.dataset.tap);

  const choose = (shape) => {
    const radio = [...section.querySelectorAll("input[name=shape]")].find(({ value }) => value === shape);
    radio.checked = true;
    radio.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const replace = (layer) => {
    if (drawn && drawn !== layer) drawn.remove();
    drawn = layer;
  };
  const write = () => {
    const geometry = rounded(drawn.toGeoJSON().geometry);
    const size = roughSize(geometry);
    fields.geometry.value = JSON.stringify(geometry);
    const words = "mu" in size ? section.dataset.drawn : section.dataset.line;
    tell(Object.entries(size).reduce((text, [name, value]) => text.replace(`{${name}}`, value), words));
  };
  const adopt = (layer) => {
    replace(layer);
    layer.pm.setOptions({ allowSelfIntersection: false });
    layer.on("pm:edit", write);
    layer.on("pm:intersect", () => tell(section.dataset.crossing));
    layer.on("pm:remove", () => {
      drawn = null;
      fields.geometry.value = "";
      tell(section.dataset.tap);
    });
  };
  const byMap = () => {
    fields.datum.value = "cgcs2000";
    fields.loc_method.value = "map";
    fields.loc_accuracy_m.value = "";
  };
  const setPoint = (latlng) => {
    const marker = L.circleMarker(latlng, { ...style, radius: 8, pmIgnore: true }).addTo(map);
    replace(marker);
    tell(`${latlng.lng.toFixed(6)}, ${latlng.lat.toFixed(6)}`);
  };

  map.on("pm:create", ({ layer }) => {
    adopt(layer);
    byMap();
    choose("drawn");
    write();
  });
  map.on("pm:drawstart", ({ workingLayer }) => {
    tell("");
    workingLayer.on("pm:vertexadded", () => tell(""));
  });
  map.on("pm:intersect", () => tell(section.dataset.crossing)); // while drawing; while editing the layer says it
  map.on("click", ({ latlng }) => {
    if (map.pm.globalDrawModeEnabled() || map.pm.globalEditModeEnabled() || map.pm.globalRemovalModeEnabled()) return;
    if (fields.shape.value !== "point") return;
    fields.position.value = `${latlng.lng.toFixed(7)}, ${latlng.lat.toFixed(7)}`;
    byMap();
    setPoint(latlng);
  });

  const showTyped = () => {
    const at = readDecimals(fields.position.value);
    if (!at || fields.shape.value !== "point" || SHIFTED.includes(fields.datum.value)) return;
    setPoint(L.latLng(at[1], at[0]));
    map.setView([at[1], at[0]], Math.max(map.getZoom(), 15), { animate: false });
  };
  const showShape = () => {
    if (!fields.geometry.value.trim() || SHIFTED.includes(fields.datum.value)) return;
    try {
      const layers = L.geoJSON(JSON.parse(fields.geometry.value), { style }).getLayers();
      if (layers.length !== 1) throw new TypeError("not one shape");
      layers[0].addTo(map);
      adopt(layers[0]);
      map.fitBounds(layers[0].getBounds(), { maxZoom: 18, padding: [24, 24], animate: false });
    } catch {
      tell(section.dataset.unreadable);
    }
  };
  fields.position.addEventListener("change", showTyped);
  fields.geometry.addEventListener("change", showShape);
  if (fields.shape.value === "point") showTyped();
  else showShape();
}

/** Gives Geoman's tools the names they show only as titles around them. */
function nameTools(box) {
  for (const tool of box.querySelectorAll(".leaflet-buttons-control-button")) {
    const titled = tool.closest("[title]");
    if (titled) tool.setAttribute("aria-label", titled.title);
  }
}

function inkOf(token) {
  return getComputedStyle(document.documentElement).getPropertyValue(token).trim();
}
