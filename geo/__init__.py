"""Geometry for any county: positions, shapes, areas, layers of foreign files, and maps.

What the package promises:

- x before y everywhere: ``lon, lat``; ``bounds`` is ``(minx, miny, maxx, maxy)``. Latitude comes first only
  inside `geo.maps`, for Leaflet.
- The CRS is always known. What is kept is longitude and latitude in CGCS2000 (EPSG:4490), with which
  WGS 84 is taken as equal. Shifted positions (GCJ-02, BD-09) are read and written at the edges, never kept.
- Lengths and areas are geodesic: metres and square metres on the ellipsoid, never of a web map.
- What cannot be used is refused with a `geo.errors.GeoError` that says what to do; nothing is repaired
  in silence.

It knows nothing of inspections, of HTTP or of a database.
"""
