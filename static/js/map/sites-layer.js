/**
 * The layer of the county's sites: tiles of 512 pixels that the worker draws (engine.js), and until its data is here
 * the page itself, from the overview that came with it. Loaded after Leaflet.
 *
 * `setEngine(engine)` says who draws, `refresh()` draws anew what stands without clearing it first, `setLook({…})` says
 * how: `alone` draws every site for itself at any zoom, `sparse` is the picture of a phone, `period` and filter are the
 * engine's own business. `setObstacles(f)` gives boxes that circles keep off: f(zoom) in pixels of the world there.
 */

import { afterPainting } from "./dom.js";
import { Marks, readPalette } from "./marks.js";
import { hitAt, paintTile } from "./painter.js";
import { project } from "./projection.js";

const L = window.L;
const SIZE = 512;

export const SitesLayer = L.GridLayer.extend({
  options: { pane: "sites", tileSize: SIZE, updateWhenZooming: false, updateWhenIdle: false, keepBuffer: 2, className: "sites-tiles" },

  initialize(overview) {
    L.GridLayer.prototype.initialize.call(this);
    this._scene = overview;
    this._engine = null;
    this._look = { alone: false, sparse: false };
    this._standing = new Map(); // canvas → tile
    this.on("tileunload", ({ tile }) => this._standing.delete(tile));
  },

  onAdd(map) {
    L.GridLayer.prototype.onAdd.call(this, map);
    map.on("zoomend", this._regrow, this);
    if (this._scene) afterPainting(() => performance.mark("xuntu:overview"));
  },

  onRemove(map) {
    map.off("zoomend", this._regrow, this);
    L.GridLayer.prototype.onRemove.call(this, map);
  },

  /** From now on the engine draws. */
  setEngine(engine) {
    this._engine = engine;
    this._tellLook();
  },

  setLook(look) {
    const same = Object.entries(look).every(([name, value]) => this._look[name] === value);
    Object.assign(this._look, look);
    return same ? Promise.resolve() : this.refresh();
  },

  /** Every site for itself at any zoom, or counted together again. */
  setAlone(alone) {
    return this.setLook({ alone });
  },

  setObstacles(boxesAt) {
    this._obstacles = boxesAt;
    return this.refresh();
  },

  /** Draws again all tiles that stand; resolves when the last is on the screen's canvas. */
  refresh() {
    const tiles = [...this._standing].map(([canvas, tile]) => this._paint(canvas, tile));
    return Promise.all(tiles);
  },

  /** After a change of theme, or finer for paper: `ratio` is how many dots stand for a pixel. */
  repaint(ratio = window.devicePixelRatio || 1) {
    this._ratio = ratio;
    this._palette = this._marks = null;
    this._tellLook();
    return this.refresh();
  },

  /** What lies within `reach` pixels of a point of the map's box: `{ sites, total, box }`. */
  async hit(point, reach) {
    if (!this._engine) return { sites: [], total: 0, box: null };
    const { lng: lon, lat } = this._map.containerPointToLatLng(point);
    const level = Math.round(this._map.getZoom());
    return this._engine.ask("hit", { lon, lat, level, reach, grow: this._growAt(level), look: this._lookAt(level) });
  },

  /** What a level shows: `{ circles, alone, urgent }`, for whoever checks the drawing. */
  pieces(level = Math.round(this._map.getZoom())) {
    return this._engine.ask("pieces", { level });
  },

  /** Whether the overview shows anything at a point; for the moment before the data is here. */
  isOver(point) {
    if (!this._scene) return false;
    const { lng, lat } = this._map.containerPointToLatLng(point);
    const level = Math.round(this._map.getZoom());
    const { rows, circle } = hitAt(this._scene, project(lng, lat), level, 10, { ...this._lookAt(level), grow: this._growAt(level) });
    return Boolean(rows.length || circle);
  },

  createTile(coords, done) {
    const canvas = document.createElement("canvas");
    const tile = { x: coords.x, y: coords.y, z: coords.z, size: SIZE };
    this._standing.set(canvas, tile);
    this._paint(canvas, tile).then(() => done(null, canvas));
    return canvas;
  },

  /** Between two zooms tiles are shown larger or smaller: their marks are drawn the other way round. */
  _regrow() {
    const level = Math.round(this._map.getZoom()); // tiles of another level are about to go
    for (const [canvas, tile] of this._standing) {
      if (tile.z === level && tile.grow !== this._growAt(level)) this._paint(canvas, tile);
    }
  },

  _growAt(level) {
    return 2 ** (level - this._map.getZoom());
  },

  _lookAt(level) {
    return { ...this._look, rooms: this._obstacles?.(level) ?? [] };
  },

  /** Paints a canvas; a later call for the same canvas wins. */
  async _paint(canvas, tile) {
    if (!this._map) return;
    const turn = (tile.turn = (tile.turn ?? 0) + 1);
    const grow = (tile.grow = this._growAt(tile.z));
    if (!this._engine) {
      if (this._scene) this._paintHere(canvas, tile);
      return;
    }
    const { x, y, z, size } = tile;
    try {
      const drawn = await this._engine.ask("tile", { tile: { x, y, z, size }, grow, look: this._lookAt(z) });
      if (turn === tile.turn) show(canvas, drawn);
      else drawn.close?.();
    } catch {
      // what stood there stays: whoever made the engine says what is wrong, and draws anew
    }
  },

  _paintHere(canvas, tile) {
    const fine = this._ratioNow() / tile.grow;
    canvas.width = canvas.height = Math.max(1, Math.round(tile.size * fine));
    const look = { ...this._lookAt(tile.z), ...this._paletteNow(), fine, grow: tile.grow };
    paintTile(canvas.getContext("2d"), this._scene, tile, look);
  },

  _ratioNow() {
    return this._ratio ?? (window.devicePixelRatio || 1);
  },

  _paletteNow() {
    const make = (width, height) => Object.assign(document.createElement("canvas"), { width, height });
    this._palette ??= readPalette();
    this._marks ??= new Marks(this._palette, this._ratioNow(), make);
    return { marks: this._marks, palette: this._palette };
  },

  _tellLook() {
    this._engine?.ask("look", { palette: (this._palette ??= readPalette()), ratio: this._ratioNow() });
  },
});

/** Puts what was drawn on a canvas of the page, in one step. */
function show(canvas, drawn) {
  [canvas.width, canvas.height] = [drawn.width, drawn.height];
  canvas.getContext("2d").drawImage(drawn, 0, 0);
  drawn.close?.();
}
