/**
 * Sites drawn on one canvas: marks, circles of calm ones below zoom 13, true shapes from zoom 15.
 *
 * A Leaflet renderer of its own: Leaflet keeps the canvas in place while one pans and scales it while one zooms;
 * it is drawn afresh when the map has come to rest. Loaded after Leaflet.
 */

import { TILE, circleRadius, groupSites, project } from "./clusters.js";
import { Marks, SIZES, STATES, URGENT, readPalette } from "./marks.js";
import { drawShapes } from "./shapes.js";

const L = window.L;
const WHOLE_TURN = 2 * Math.PI;
export const SHAPES_FROM_ZOOM = 15;

export const SitesLayer = L.Renderer.extend({
  options: { pane: "sites", padding: 0.2, shapesFrom: SHAPES_FROM_ZOOM },

  initialize(options) {
    L.Renderer.prototype.initialize.call(this, options);
    this._sites = [];
    this._shapes = [];
    this._drawn = { alone: [], circles: [] };
    this._initContainer(); // what it holds may come before it is on a map
  },

  /** The sites to show, as GeoJSON features with points. */
  setSites(features) {
    this._sites = features.map(placed).sort((one, other) => other.rank - one.rank);
    this._groups = null;
    this._container.dataset.sites = features.length;
    this.redraw();
  },

  /** True shapes to show beneath the marks, as GeoJSON features. */
  setShapes(features) {
    this._shapes = features;
    this._container.dataset.shapes = features.length;
    this.redraw();
  },

  /** Which sites may be counted together, and which are left out at this zoom; a function of site and zoom each. */
  setRules(rules) {
    this._rules = rules;
    this._groups = null;
    this.redraw();
  },

  /** Gives boxes in layer pixels that circles keep off, as far as they can. */
  setObstacles(boxes) {
    this._obstacles = boxes;
    this.redraw();
  },

  setChosen(id) {
    this._chosen = id;
    this.redraw();
  },

  /** After a change of theme; `ratio` pixels of the canvas to one of the page, for paper. */
  repaint(ratio) {
    this._ratio = ratio;
    this._marks = null;
    this.redraw();
  },

  redraw() {
    if (this._map) this._update();
  },

  /** What lies within `reach` pixels of a point of the map's box: `{ sites, circle }`, the worst site first. */
  hit(point, reach) {
    const at = this._map.containerPointToLayerPoint(point).add(this._map.getPixelOrigin());
    const scale = TILE * 2 ** this._map.getZoom();
    const away = (one) => Math.hypot(one.x * scale - at.x, one.y * scale - at.y);
    const near = this._drawn.alone.filter((site) => away(site) <= Math.max(reach, SIZES[site.state] / 2));
    const circle = this._drawn.circles.find((one) => away(one) <= Math.max(reach, circleRadius(one.count)));
    return { sites: near.sort((one, other) => one.rank - other.rank || away(one) - away(other)), circle };
  },

  /** Sites inside the box one sees, worst first. */
  inView() {
    const bounds = this._map.getBounds();
    return this._sites.filter((site) => bounds.contains([site.lat, site.lon])).reverse();
  },

  _initContainer() {
    if (this._container) return;
    this._container = document.createElement("canvas");
    this._container.className = "sites-canvas";
    this._container.setAttribute("aria-hidden", "true");
    this._pen = this._container.getContext("2d");
  },

  _destroyContainer() {
    this._container.remove();
  },

  _updatePaths() {}, // Leaflet's own renderers draw paths; there are none here

  _update() {
    if (this._map._animatingZoom && this._bounds) return;
    L.Renderer.prototype._update.call(this);
    const ratio = this._ratio ?? (window.devicePixelRatio || 1);
    const size = this._bounds.getSize();
    const canvas = this._container;
    L.DomUtil.setPosition(canvas, this._bounds.min);
    canvas.width = Math.round(size.x * ratio);
    canvas.height = Math.round(size.y * ratio);
    canvas.style.width = `${size.x}px`;
    canvas.style.height = `${size.y}px`;
    if (this._marks?.ratio !== ratio) this._marks = new Marks(readPalette(), ratio);
    this._pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    this._draw(this._bounds.min.add(this._map.getPixelOrigin()), size);
  },

  /** Draws everything; `corner` is the canvas's upper left in pixels of the world. */
  _draw(corner, size) {
    const zoom = this._map.getZoom();
    const scale = TILE * 2 ** zoom;
    const onCanvas = ({ x, y }) => ({ x: x * scale - corner.x, y: y * scale - corner.y });
    const inside = (site) => {
      const { x, y } = onCanvas(site);
      return x > -30 && y > -30 && x < size.x + 30 && y < size.y + 30;
    };
    const { alone, circles } = this._grouped(zoom);
    const boxes = this._obstacles?.() ?? [];
    const free = (circle) => keepOff(circle, onCanvas(circle), boxes, this._bounds.min, scale);
    this._drawn = { alone: alone.filter(inside), circles: circles.filter(inside).map(free) };
    const { palette } = this._marks;
    if (zoom >= this.options.shapesFrom) drawShapes(this._pen, this._shapes, onCanvas, palette);
    for (const circle of this._drawn.circles) this._drawCircle(circle, onCanvas(circle), palette);
    for (const site of this._drawn.alone) this._drawMark(site, onCanvas(site), palette);
  },

  _grouped(zoom) {
    if (this._groups?.zoom !== zoom) {
      const { mayCount, isShown } = this._rules ?? RULES;
      const shown = this._sites.filter((site) => isShown(site, zoom));
      this._groups = { zoom, ...groupSites(shown, zoom, mayCount) };
    }
    return this._groups;
  },

  _drawMark(site, { x, y }, palette) {
    const { canvas, half, across } = this._marks.get(site.kind, site.state);
    if (site.id === this._chosen) this._drawRing(x, y, half + 2, palette);
    this._pen.drawImage(canvas, Math.round(x - half), Math.round(y - half), across, across);
  },

  _drawRing(x, y, radius, palette) {
    for (const [colour, width] of [[palette.halo, 6], [palette.ink, 3]]) {
      this._pen.beginPath();
      this._pen.arc(x, y, radius, 0, WHOLE_TURN);
      this._pen.strokeStyle = colour;
      this._pen.lineWidth = width;
      this._pen.stroke();
    }
  },

  _drawCircle({ count, inHand }, { x, y }, palette) {
    const radius = circleRadius(count);
    const pen = this._pen;
    const arc = (from, to, grow = 0) => {
      pen.beginPath();
      pen.arc(x, y, radius + grow, from, to);
    };
    arc(0, WHOLE_TURN, 1.5);
    pen.fillStyle = palette.surface;
    pen.fill();
    pen.lineWidth = 3;
    arc(0, WHOLE_TURN);
    pen.strokeStyle = palette.ring;
    pen.globalAlpha = 0.6;
    pen.stroke();
    pen.globalAlpha = 1;
    if (inHand) {
      const top = -Math.PI / 2;
      arc(top, top + (inHand / count) * WHOLE_TURN);
      pen.strokeStyle = palette.inHand;
      pen.stroke();
    }
    pen.fillStyle = palette.ink;
    pen.font = `600 11px ${palette.font}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(count < 1000 ? count : `${(count / 1000).toFixed(count < 10000 ? 1 : 0)}k`, x, y + 0.5);
  },
});

const RULES = { mayCount: (site) => !URGENT.has(site.state), isShown: () => true };

/** A circle moved up or down out of the box it would cover. */
function keepOff(circle, { x, y }, boxes, origin, scale) {
  const room = circleRadius(circle.count) + 3;
  const box = boxes.find(({ min, max }) => {
    const [left, right] = [min.x - origin.x - room, max.x - origin.x + room];
    return x > left && x < right && y > min.y - origin.y - room && y < max.y - origin.y + room;
  });
  if (!box) return circle;
  const up = box.min.y - origin.y - room - y;
  const down = box.max.y - origin.y + room - y;
  return { ...circle, y: circle.y + (-up < down ? up : down) / scale };
}

function placed(feature) {
  const [lon, lat] = feature.geometry.coordinates;
  const { id, kind, state, name, number, township } = feature.properties;
  return { id, kind, state, name, number, township, lon, lat, rank: STATES.indexOf(state), ...project(lon, lat) };
}
