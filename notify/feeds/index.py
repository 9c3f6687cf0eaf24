"""The page that lists the feeds, as bytes: sealed with what it and all the others are made of. Pure.

A night that finds the seal whole and nothing new draws no feed, and puts the new head of the chain into this page.
"""

import hashlib
import re
from collections.abc import Sequence

INDEX = "index.html"

# Two places that are filled last. No name that a page prints can look like one: its signs are escaped.
_SEAL = re.compile(rb'(<meta name="made-of" content=")([0-9a-f]*)(">)')
_HEAD = re.compile(rb'(<p id="head">)[^\n]*(</p>)')
_LISTED = re.compile(rb'<a href="([^"#]+)"')

Head = tuple[int, str]
"""Number and hash of the head of the chain of runs."""


def sealed(page: bytes, told: str, head: Head | None) -> bytes:
    """Return *page* with the *head* of the chain, and the seal of what it says and of *told*.

    Args:
        page: As it was drawn, or as it was sealed before.
        told: A checksum of all that the files of the folder are made of.
        head: Is no part of what is sealed: it is another one every night.
    """
    words = f"Head of the chain of runs, number {head[0]}: <code>{head[1]}</code>" if head else ""
    page = _HEAD.sub(rb"\g<1>%b\g<2>" % words.encode(), page, count=1)
    return _SEAL.sub(rb"\g<1>%b\g<3>" % _seal_of(page, told).encode(), page, count=1)


def is_sealed(page: bytes, told: str) -> bool:
    """Say whether *page* is as it was sealed, and the files of the folder were made of the same."""
    found = _SEAL.search(page)
    return found is not None and found[2] == _seal_of(page, told).encode()


def listed(page: bytes) -> Sequence[str]:
    """Return the path of every file that a page lists."""
    return [path.decode() for path in _LISTED.findall(page)]


def _seal_of(page: bytes, told: str) -> str:
    bare = _SEAL.sub(rb"\g<1>\g<3>", _HEAD.sub(rb"\g<1>\g<2>", page, count=1), count=1)
    return hashlib.sha256(told.encode() + bare).hexdigest()
