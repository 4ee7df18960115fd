"""Features out: one module a format, each from plain rows to bytes or a file of its own."""
