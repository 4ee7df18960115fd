"""Readers of foreign files, one module a format, run in a process of their own by `geo.sources`.

Each has `read(path, answer, limits)`: it adds rows and problems to the answer, and raises a
`geo.errors.BadLayer` where the whole file cannot be used.
"""
