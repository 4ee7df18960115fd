/** Outlines of areas whose shared lines are written once (geo/shared_lines.py), as GeoJSON again. Pure. */

export function featuresOf({ scale, origin, lines, features }) {
  const drawn = lines.map((steps) => placesOf(steps, origin, scale));
  const ringOf = (numbers) =>
    numbers.flatMap((number, at) => {
      const places = number < 0 ? [...drawn[~number]].reverse() : drawn[number];
      return at ? places.slice(1) : places;
    });
  return {
    type: "FeatureCollection",
    features: features.map(({ properties, polygons }) => ({
      type: "Feature",
      properties,
      geometry: { type: "MultiPolygon", coordinates: polygons.map((rings) => rings.map(ringOf)) },
    })),
  };
}

function placesOf(steps, [x, y], scale) {
  const places = [];
  for (let at = 0; at < steps.length; at += 2) {
    x += steps[at];
    y += steps[at + 1];
    places.push([x / scale, y / scale]);
  }
  return places;
}
