"""What a web archive says of pages that were seen again with the same bytes: records of the type `revisit`.

They have no bytes of their own, but a checksum; one that is not SHA-256 names nothing here and is passed over.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from scraper.slugs import is_slug, slug_of
from scraper.times import as_text, read_time
from snapshots.sources.saved import PAGE_ENDINGS, WARC_ENDINGS, SourceError, records_of


@dataclass(frozen=True, slots=True)
class SeenAgain:
    """A page that had, at a time, bytes that were seen before."""

    slug: str
    address: str
    sha256: str
    captured_at: str


def seen_again(paths: Iterable[Path]) -> Iterator[SeenAgain]:
    """Yield what the web archives among *paths* say was seen again, in their order.

    Raises:
        SourceError: One is damaged.
    """
    for path in paths:
        if path.name.lower().endswith(WARC_ENDINGS) and path.is_file():
            yield from _of_archive(path)


def _of_archive(path: Path) -> Iterator[SeenAgain]:
    for record in records_of(path):
        if record.rec_type == "revisit":
            header = record.rec_headers.get_header
            url, sha256 = header("WARC-Target-URI") or "", _sha256(header("WARC-Payload-Digest") or "")
            if sha256 and _is_page(url):
                yield SeenAgain(slug_of(url), url, sha256, _time(path, url, header("WARC-Date") or ""))


def _time(path: Path, url: str, text: str) -> str:
    try:
        return as_text(read_time(text))
    except (ValueError, OverflowError) as error:
        raise SourceError(f"{path}: {text!r} is no date, at {url}") from error


def _is_page(url: str) -> bool:
    is_saved = url.startswith("file:") and url.lower().endswith(PAGE_ENDINGS)
    return (is_saved or "/organisation" in url) and is_slug(slug_of(url))


def _sha256(digest: str) -> str | None:
    """Return the checksum in hex that a digest names, in base 32 or in hex.

    >>> _sha256("sha256:47DEQPJ8HBSA"), _sha256("sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ")
    (None, None)
    """
    kind, _, value = digest.partition(":")
    if kind.lower() != "sha256":
        return None
    try:
        plain = bytes.fromhex(value) if len(value) == 64 else base64.b32decode(value + "=" * (-len(value) % 8))
    except (ValueError, binascii.Error):
        return None
    return plain.hex() if len(plain) == 32 else None
