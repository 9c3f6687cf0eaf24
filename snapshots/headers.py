"""The headers that a page came with: what of them is kept, and how they are written down again. Pure."""

import json
import re

Headers = tuple[tuple[str, str], ...]
"""Name and value of each header, in the order in which they came."""

MOST_HEADERS = 64
LONGEST_HEADER = 2_048
MOST_CHARACTERS = 16_384

_NAME = re.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
# A cookie is a key to somebody's session: ours, which nobody needs.
_NEVER_KEPT = frozenset(("set-cookie", "set-cookie2"))
# How the bytes were packed on their way; what is kept of a page is unpacked.
_OF_THE_WAY = frozenset(("content-encoding", "transfer-encoding", "content-length"))
ORIGINAL = "X-Orig-"
"""What stands before the name of a header that is true of the bytes on their way, and not of those that are kept."""


def headers_as_kept(headers: Headers) -> str | None:
    r"""Return *headers* as they are kept, None if there are none: without control characters, within limits.

    >>> headers_as_kept((("ETag", '"a\x00b"'), ("Set-Cookie", "key=1"), ("no name", "x")))
    '[["ETag","\\"a b\\""]]'
    """
    kept: list[tuple[str, str]] = []
    room = MOST_CHARACTERS
    for name, value in headers:
        clean = _CONTROLS.sub(" ", value[: LONGEST_HEADER + 1]).strip()
        wanted = _NAME.fullmatch(name) is not None and name.lower() not in _NEVER_KEPT
        if wanted and len(value) <= LONGEST_HEADER and len(name) + len(clean) <= room:
            kept.append((name, clean))
            room -= len(name) + len(clean)
    return json.dumps(kept[:MOST_HEADERS], ensure_ascii=False, separators=(",", ":")) if kept else None


def kept_headers(text: str | None) -> Headers:
    """Return headers that were kept."""
    return tuple((name, value) for name, value in json.loads(text or "[]"))


def headers_of_body(headers: Headers, size: int) -> Headers:
    """Return *headers* so that they are true of a body of *size* bytes that is neither packed nor in chunks.

    Those that tell of the way keep their values under another name:

    >>> headers_of_body((("Content-Encoding", "gzip"), ("Content-Length", "20")), 45)
    (('X-Orig-Content-Encoding', 'gzip'), ('X-Orig-Content-Length', '20'), ('Content-Length', '45'))
    """
    length = ("content-length", str(size))
    told = [
        (f"{ORIGINAL}{name}" if name.lower() in _OF_THE_WAY and (name.lower(), value) != length else name, value)
        for name, value in headers
    ]
    if all((name.lower(), value) != length for name, value in told):
        told.append(("Content-Length", str(size)))
    return tuple(told)
