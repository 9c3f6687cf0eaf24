"""Pages in web archives (WARC): which records hold one, when it was captured, and whether it is whole."""

import base64
import gzip
import zlib
from collections.abc import Iterator
from contextlib import redirect_stderr
from dataclasses import replace
from hashlib import sha1
from io import StringIO
from pathlib import Path
from typing import Any, BinaryIO

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from scraper.limits import LARGEST_PAGE
from scraper.slugs import is_slug, slug_of
from scraper.times import as_text, read_time
from snapshots.sources.captures import (
    ERROR,
    REDIRECT,
    EditionLook,
    Found,
    Passed,
    SavedPage,
    SourceError,
)
from snapshots.sources.filenames import NO_PAGE, OTHER_PAGE, PAGE_ENDINGS
from snapshots.sources.payloads import Payload, digest_of, is_digest, read_digest, read_payload


def pages_of_archive(path: Path, look: EditionLook) -> Iterator[Found]:
    """Yield what the records of a web archive hold: answers, resources, and what was seen again with the same bytes."""
    last: Found | None = None
    try:
        for record in _records_of(path):
            if last is not None:
                yield last
            known = record.rec_type in ("response", "revisit", "resource")
            last = None  # of a record that cannot be read there is nothing to say
            last = _of_record(path, record, look) if known else None
    except SourceError as error:
        damage = look.fault(error.place, " ".join(error.reason.split()))  # an import ends here
        # Only when the next record is there is the one before it known to be whole: what was packed has its checksum at
        # its end.
        if isinstance(last, SavedPage):
            yield look.fault(last.place, "the archive is damaged where it ends")
        yield look.fault(damage.place, f"{damage.reason}; what stands before that counts")
    else:
        if last is not None:
            yield last


class _Unpacked:
    """The records of a web archive, unpacked; damage is raised, where warcio takes it for the end and goes on."""

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        is_packed = stream.read(2) == b"\x1f\x8b"
        stream.seek(0)
        self._path = path
        self._stream: BinaryIO | gzip.GzipFile = gzip.GzipFile(fileobj=stream) if is_packed else stream

    def read(self, size: int = -1) -> bytes:
        """Return some bytes, a part at a time: what stands before the damage is there before the damage is met."""
        try:
            return self._stream.read1(size) if isinstance(self._stream, gzip.GzipFile) else self._stream.read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise SourceError(self._path, f"is not a web archive, or is damaged: {error}") from error


def _records_of(path: Path) -> Iterator[Any]:
    """Yield the records of a web archive; what a record holds is to be read before the next one is asked for.

    Raises:
        SourceError: It is none, or is damaged.
    """
    try:
        with path.open("rb") as stream:
            records = ArchiveIterator(_Unpacked(path, stream))
            while True:
                with redirect_stderr(StringIO()):  # warcio says there what it makes of damage
                    record = next(records, None)
                if record is None:
                    return
                yield record
    # It trips over a record without an address: AttributeError.
    except (ArchiveLoadFailed, EOFError, UnicodeDecodeError, AttributeError) as error:
        raise SourceError(path, f"is not a web archive, or is damaged: {error}") from error


def _of_record(path: Path, record: Any, look: EditionLook) -> Found:
    header = record.rec_headers.get_header
    url, http = header("WARC-Target-URI") or "", record.http_headers
    passed = None if record.rec_type == "resource" else _no_answer(http, record.rec_type == "revisit")
    slug = passed or _slug_of_record(url, record.rec_type, header("Content-Type") or "", look)
    if isinstance(slug, Passed):
        return slug
    date = header("WARC-Date") or ""
    try:
        at = as_text(read_time(date))
    except (ValueError, OverflowError):
        return look.fault(f"{url} in {path.name}", f"{date!r} is no date")
    digest = read_digest(header("WARC-Payload-Digest") or "")
    page = SavedPage(slug=slug, source=url, place=f"{url} of {at} in {path.name}", captured_at=at)
    if record.rec_type == "revisit":
        return replace(page, digest=digest or header("WARC-Refers-To") or "")
    payload = _read(path, url, record, digest)
    headers = tuple((name, value) for name, value in http.headers) if http else ()
    return replace(page, digest=digest or header("WARC-Record-ID") or "", headers=headers).with_payload(payload)


def _no_answer(http: Any, is_revisit: bool) -> Passed | None:
    """Say why a record is no page that a server answered with."""
    if http is None:
        return None if is_revisit else Passed(NO_PAGE)
    status = http.get_statuscode() or ""
    if status == "200" or (is_revisit and status == "304"):
        return None
    return Passed(REDIRECT if status.startswith("3") else ERROR)


def _slug_of_record(url: str, kind: str, content_type: str, look: EditionLook) -> str | Passed:
    if kind != "response" and url.startswith("file:") and url.lower().endswith(PAGE_ENDINGS):
        slug = slug_of(url)
        return slug if is_slug(slug) else Passed(OTHER_PAGE)
    if kind == "resource" and not content_type.startswith("text/"):
        return Passed(NO_PAGE)
    return look.at(url) if url.startswith(("http://", "https://")) else Passed(NO_PAGE)


def _read(path: Path, url: str, record: Any, announced: str) -> Payload:
    """Return the page that a record holds, of which its archive *announced* a digest, or why that is no whole page.

    Raises:
        SourceError: The archive stops in it.
    """
    stream, http, as_sent = record.raw_stream, record.http_headers, sha1(usedforsecurity=False)
    raw = stream.read(LARGEST_PAGE + 1)
    as_sent.update(raw)
    size = len(raw)
    while rest := stream.read(LARGEST_PAGE):
        as_sent.update(rest)
        size += len(rest)
    if getattr(stream, "limit", 0):
        raise SourceError(path, f"is cut short, at {url}")
    payload = read_payload(raw, size, http.get_header if http else lambda _name: None)
    if payload.refused:
        return payload
    if cut := record.rec_headers.get_header("WARC-Truncated"):
        return Payload(b"", f"the archive holds only the beginning of it ({cut})")
    # Some programs take the digest before packing is undone, some after it; of chunks nobody knows whether they were
    # joined before.
    found = base64.b32encode(as_sent.digest()).decode()
    is_chunked = http is not None and http.get_header("Transfer-Encoding") is not None
    if not is_digest(announced) or is_chunked or announced in (found, digest_of(payload.body)):
        return payload
    return Payload(b"", f"its bytes have the digest {found}, and the archive says {announced}")
