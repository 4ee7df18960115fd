"""Answers gzip'd for browsers that take it."""

from __future__ import annotations

import gzip
import io
import secrets

from flask import Flask, Response, request

PAGES = {"text/html", "text/javascript"}
WORTH_PACKING = 1_000  # bytes
MOST_PADDING = 100  # bytes


def init_packing(app: Flask) -> None:
    """Pack every page, and every map's script; other answers pack themselves."""
    app.after_request(pack_page)


def takes_gzip() -> bool:
    """Whether the request's browser reads gzip."""
    return request.accept_encodings.quality("gzip") > 0


def pack_page(response: Response) -> Response:
    """Gzip a page unless that gains nothing.

    A file name of random length in the gzip header hides how well a page packed, so that nobody who can make
    an officer's browser ask for pages learns the token in them from their sizes (the attack named BREACH).
    """
    if response.mimetype not in PAGES or response.content_encoding or response.direct_passthrough:
        return response
    response.vary.add("Accept-Encoding")
    content = response.get_data()
    if len(content) < WORTH_PACKING or not takes_gzip():
        return response
    packed = io.BytesIO()
    padding = secrets.token_hex(MOST_PADDING)[: secrets.randbelow(MOST_PADDING)]
    with gzip.GzipFile(padding, "wb", compresslevel=6, fileobj=packed, mtime=0) as file:
        file.write(content)
    response.set_data(packed.getvalue())
    response.content_encoding = "gzip"
    return response
