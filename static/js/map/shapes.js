/** True shapes of ponds, greenhouses and plantings on a canvas, filled and edged in the colour of their state. */

import { project } from "./clusters.js";

/** Draw features; `onCanvas` turns a place of the world into pixels of the canvas. */
export function drawShapes(pen, features, onCanvas, palette) {
  pen.save();
  pen.lineJoin = pen.lineCap = "round";
  for (const { geometry, properties } of features) {
    const path = pathOf(geometry, onCanvas);
    if (path) drawOne(pen, path, palette.states[properties.state], geometry.type.includes("Polygon"), palette);
  }
  pen.restore();
}

/** Every part of a geometry as `{ closed, points }`; points and empty ones have none. */
export function partsOf(geometry) {
  const { type, coordinates, geometries } = geometry ?? {};
  if (type === "GeometryCollection") return geometries.flatMap(partsOf);
  if (type === "Polygon") return coordinates.map((points) => ({ closed: true, points }));
  if (type === "MultiPolygon") return coordinates.flat().map((points) => ({ closed: true, points }));
  if (type === "LineString") return [{ closed: false, points: coordinates }];
  if (type === "MultiLineString") return coordinates.map((points) => ({ closed: false, points }));
  return [];
}

function pathOf(geometry, onCanvas) {
  const parts = partsOf(geometry);
  if (!parts.length) return null;
  const path = new Path2D();
  for (const { closed, points } of parts) {
    points.forEach(([lon, lat], index) => {
      const { x, y } = onCanvas(project(lon, lat));
      if (index) path.lineTo(x, y);
      else path.moveTo(x, y);
    });
    if (closed) path.closePath();
  }
  return path;
}

function drawOne(pen, path, { fill, edge }, filled, palette) {
  if (filled) {
    pen.globalAlpha = 0.35;
    pen.fillStyle = fill;
    pen.fill(path, "evenodd");
    pen.globalAlpha = 1;
  }
  for (const [colour, width] of [[palette.halo, filled ? 4 : 7], [edge, filled ? 2 : 4]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.stroke(path);
  }
}
