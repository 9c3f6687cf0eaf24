"""The kept pages as a web archive, WARC 1.1, that others' tools read. Says how records are written, not where.

A page whose headers were kept is a `response`. Of a saved page nobody knows how it was answered: it is a `resource`,
the standard's word for that, under the address it was fetched from or else its name among the saved files. That a page
was seen again with the same bytes, the second time and the last, is a `revisit`. Bodies are kept unpacked, and their
headers are made to say so.
"""

import base64
import hashlib
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from scraper.reading.blocks import looks_like_markup
from snapshots.keeping.bodies import Bodies, Headers, kept_headers
from snapshots.sql.rows import Database

# How the bytes were packed on their way; what is kept of a page is unpacked.
_OF_THE_WAY = frozenset(("content-encoding", "transfer-encoding", "content-length"))
ORIGINAL = "X-Orig-"
"""What stands before the name of a header that is true of the bytes on their way, and not of those that are kept."""


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A capture that is to be archived."""

    address: str
    captured_at: str
    sha256: str
    headers: Headers
    body: bytes


def web_archive(db: Database, bodies: Bodies, *, head: str, about: str) -> Iterator[bytes]:
    """Yield the records of all kept captures, oldest first, each packed by itself; the first says what it is.

    Args:
        db: The database.
        bodies: Its bodies, of which one is held at a time.
        head: Time of the newest run, the date of the archive.
        about: One line that says what is in it.
    """
    # Ids and dates come from the history: equal histories, equal bytes.
    yield packed(warcinfo(head, about))
    for page in _kept_pages(db, bodies):
        yield packed(record_of(page))
    for row in _seen_again(db):
        yield packed(_revisit(row))


def _kept_pages(db: Database, bodies: Bodies) -> Iterator[KeptPage]:
    rows = db.query(
        """
        select source, captured_at, body, max(headers) as headers
        from captures
        where body is not null
        group by captured_at, page, source, body
        order by captured_at, page, source, body
        """
    )
    for row in rows:
        headers = kept_headers(row["headers"])
        yield KeptPage(address_of(row["source"]), row["captured_at"], row["body"], headers, bodies.read(row["body"]))


def _seen_again(db: Database) -> Iterator[Mapping[str, Any]]:
    """Return when each version of a page was seen a second time and last, and the capture that has its bytes."""
    return iter(
        db.query(
            """
            with seen as (
              select page, body, second_seen as at from snapshots where second_seen is not null
              union
              select page, body, last_seen from snapshots where last_seen > first_seen
              union
              -- A version that a held run had first begins where no bytes were new.
              select snapshots.page, snapshots.body, snapshots.first_seen
              from snapshots
              left join captures on captures.run = snapshots.run and captures.page = snapshots.page
                and captures.body = snapshots.body
              where captures.body is null
            )
            select seen.at, seen.page, seen.body, captures.source, max(captures.captured_at) as captured_at
            from seen
            join captures on captures.page = seen.page and captures.body = seen.body
              and captures.captured_at < seen.at
            group by seen.at, seen.page, seen.body
            order by seen.at, seen.page, seen.body
            """
        )
    )


def address_of(source: str) -> str:
    """Return where a page is from as an address; a saved file's is its name among the saved files.

    >>> address_of("https://example.org/organisations/a_board"), address_of("2024/A board.html")
    ('https://example.org/organisations/a_board', 'file:///2024/A%20board.html')
    """
    if "://" in source:
        return quote(source, safe="/:?#[]@!$&'()*+,;=%~")
    return f"file:///{quote(source, errors='surrogateescape')}"


def record_of(page: KeptPage) -> bytes:
    """Return a kept page as a record."""
    digest = _digest(bytes.fromhex(page.sha256))
    fields = [
        ("WARC-Record-ID", _record_id(page.sha256, page.captured_at, page.address)),
        ("WARC-Date", page.captured_at),
        ("WARC-Target-URI", page.address),
        ("WARC-Payload-Digest", digest),
    ]
    if page.headers:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers_of_body(page.headers, len(page.body)))
        block = f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode("latin-1", "replace") + page.body
        return _block("response", [*fields, ("Content-Type", "application/http; msgtype=response")], block)
    # Without headers nobody answered: it is a file that was saved, or a page kept before headers were.
    is_markup = looks_like_markup(page.body.decode("utf-8", "replace"))
    return _block("resource", [*fields, ("Content-Type", "text/html" if is_markup else "text/plain")], page.body)


def _revisit(row: Mapping[str, Any]) -> bytes:
    sha256, address = row["body"], address_of(row["source"])
    fields = [
        ("WARC-Record-ID", _record_id(sha256, row["at"], address)),
        ("WARC-Date", row["at"]),
        ("WARC-Target-URI", address),
        ("WARC-Profile", "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"),
        ("WARC-Payload-Digest", _digest(bytes.fromhex(sha256))),
        ("WARC-Refers-To", _record_id(sha256, row["captured_at"], address)),
        ("WARC-Refers-To-Target-URI", address),
        ("WARC-Refers-To-Date", row["captured_at"]),
    ]
    return _block("revisit", fields, b"")


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


def warcinfo(head: str, about: str) -> bytes:
    """Return the record that says what an archive is."""
    text = "".join(
        f"{name}: {value}\r\n"
        for name, value in {
            "software": "registerwatch",
            "format": "WARC File Format 1.1",
            "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
            "description": about,
        }.items()
    ).encode()
    fields = [
        ("WARC-Record-ID", _record_id(hashlib.sha256(text).hexdigest(), head, "warcinfo")),
        ("WARC-Date", head),
        ("Content-Type", "application/warc-fields"),
    ]
    return _block("warcinfo", fields, text)


def _block(kind: str, fields: Iterable[tuple[str, Any]], block: bytes) -> bytes:
    head = [
        ("WARC-Type", kind),
        *fields,
        ("WARC-Block-Digest", _digest(hashlib.sha256(block).digest())),
        ("Content-Length", len(block)),
    ]
    lines = "".join(f"{name}: {value}\r\n" for name, value in head)
    return f"WARC/1.1\r\n{lines}\r\n".encode() + block + b"\r\n\r\n"


def _record_id(*parts: str) -> str:
    return f"<urn:uuid:{uuid5(NAMESPACE_URL, ' '.join(parts))}>"


def _digest(sha256: bytes) -> str:
    return f"sha256:{base64.b32encode(sha256).decode()}"


def packed(record: bytes) -> bytes:
    """Return a record as a gzip member of its own, without a time in its head."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return packer.compress(record) + packer.flush()
