"""Captures of the register's pages at many times: what archives and folders hold of them, one by one.

Reads files, knows nothing of the database. Here, as in `sources`, what is wrong with one page is that page's fault;
but captures are no whole edition, so what stands before the damage of an archive is good.
"""

import base64
import hashlib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from scraper.errors import system_words
from scraper.slugs import is_slug, slug_of
from scraper.times import as_text, read_time
from scraper.web.addresses import host_of
from snapshots.keeping.bodies import Headers
from snapshots.sources.payloads import Payload
from snapshots.sources.saved import (
    PAGE_ENDINGS,
    WARC_ENDINGS,
    SavedPage,
    SourceError,
    files_of,
    legible,
    members_of,
    open_zip,
    page_of_record,
    read_damaged,
    read_file,
    records_of,
)

OTHER_SITE = "another site"
OTHER_PAGE = "another page of the register"
REDIRECT = "redirect"
ERROR = "error answer"
NO_PAGE = "other kind of file"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPage:
    """A capture of an organisation's page."""

    slug: str
    source: str
    """Its address, or the name of its file."""
    place: str
    """Where a person finds it."""
    captured_at: str
    body: bytes | None
    """None: the archive says that it has the bytes of the capture with this *digest*."""
    digest: str = ""
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Passed:
    """What is no capture of an organisation's page, and why nobody misses it."""

    why: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A capture, or a part of an archive, that cannot be taken."""

    place: str
    reason: str


Found = FoundPage | Passed | Refused


def slug_at(address: str, hosts: Collection[str]) -> str | Passed:
    """Return the slug of the organisation's page at *address*, or why it is none of the register's.

    Scheme, `www.`, port, letter case, final slash, `index.html`, ending, query and percent-encoding are spellings.

    >>> hosts = {"theysolditanyway.com", "dataregister.medconfidential.org"}
    >>> slug_at("http://WWW.TheySoldItAnyway.com:80/organisations/Example%5FICB/index.html?x=1", hosts)
    'example_icb'
    >>> slug_at("https://dataregister.medconfidential.org/organisation/example_icb/", hosts)
    'example_icb'
    >>> slug_at("https://theysolditanyway.com/datasets/hes", hosts).why, slug_at("https://example.org/x", hosts).why
    ('another page of the register', 'another site')
    """
    host = host_of(address)
    if not {host, host.removeprefix("www."), f"www.{host}"} & set(hosts):
        return Passed(OTHER_SITE)
    segments = [unquote(segment).lower() for segment in urlsplit(address).path.split("/") if segment]
    if segments and re.fullmatch(r"index\.html?", segments[-1]):
        segments.pop()
    slug = slug_of(address)
    if len(segments) < 2 or segments[-2] not in ("organisation", "organisations") or not is_slug(slug):
        return Passed(OTHER_PAGE)
    return slug


# --- when a file was captured -----------------------------------------------------------------------------------------

_DATED = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:[T_ -]?(\d\d)[:.-]?(\d\d)(?:[:.-]?(\d\d))?)?(?:Z|id_|if_)?", re.IGNORECASE | re.ASCII
)


def time_in(name: str) -> str | None:
    """Return the time of capture that the name of a folder or an archive gives, None if it is not one.

    >>> [time_in(name) for name in ("2024-10-03", "20241003120000id_", "2024-10-03T0317Z")]
    ['2024-10-03T00:00:00Z', '2024-10-03T12:00:00Z', '2024-10-03T03:17:00Z']
    >>> [time_in(name) for name in ("2024-10", "pages of 2024-10-03", "2024-13-03")]
    [None, None, None]
    """
    found = _DATED.fullmatch(name)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    try:
        return f"{datetime(year, month, day, hour, minute, second).isoformat()}Z"
    except ValueError:
        return None


def captures_in(path: Path, hosts: Collection[str], fetched_at: str | None) -> Iterator[Found]:
    """Yield what *path*, a page, folder, `.zip` or web archive, holds.

    Args:
        path: What was named.
        hosts: The register's.
        fetched_at: When files were captured that lie in no folder or archive named by a date.
    """
    try:
        yield from _captures_in(path, hosts, fetched_at)
    except SourceError as error:
        yield Refused(str(path), str(error).removeprefix(f"{path}: "))
    except OSError as error:
        yield Refused(legible(str(error.filename or path)), system_words(error))


def _captures_in(path: Path, hosts: Collection[str], fetched_at: str | None) -> Iterator[Found]:
    suffix = path.suffix.lower()
    if not path.exists():
        raise SourceError(f"{path}: is not there")
    if path.is_dir():
        at = time_in(path.resolve().name) or fetched_at
        for name in files_of(path):
            yield _of_file(name, str(path / name), at, hosts, read_file(path / name))
    elif not path.is_file():
        raise SourceError(f"{path}: is a pipe or a device, not a file")
    elif path.name.lower().endswith(WARC_ENDINGS):
        yield from _captures_in_warc(path, hosts)
    elif suffix == ".zip":
        with open_zip(path) as archive:
            for info in members_of(archive):
                name, place = PurePosixPath(info.filename), f"{path}/{info.filename}"
                if ".." in name.parts or name.is_absolute():
                    yield Refused(legible(place), "its path leads out of the archive")
                else:
                    at = time_in(path.stem) or fetched_at
                    yield _of_file(name, place, at, hosts, read_damaged(archive, info))
    elif suffix in PAGE_ENDINGS:
        yield _of_file(PurePosixPath(path.name), str(path), fetched_at, hosts, read_file(path))
    else:
        raise SourceError(f"{path}: is no page, folder, .zip or .warc.gz")


def _of_file(name: PurePosixPath, place: str, at: str | None, hosts: Collection[str], payload: Payload) -> Found:
    """Return the capture that a file holds: its innermost folder that is named by a date says when."""
    place, folders = legible(place), name.parts[:-1]
    captured_at = next(filter(None, map(time_in, reversed(folders))), at)
    slug = _slug_of_file(name, hosts)
    if isinstance(slug, Passed):
        return slug
    if not is_slug(slug):
        return Refused(place, f"no page can be called {legible(slug)!r}")
    if captured_at is None:
        return Refused(place, "nothing says when it was captured: name its folder by the date, or say --fetched-at")
    if payload.refused:
        return Refused(place, payload.refused)
    return FoundPage(slug=slug, source=str(name), place=place, captured_at=captured_at, body=payload.body)


_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}", re.IGNORECASE)


def _slug_of_file(name: PurePosixPath, hosts: Collection[str]) -> str | Passed:
    """Return which page a file is; in a mirror, below a folder named by a host, its address says it."""
    hosted = next((number for number, part in enumerate(name.parts[:-1]) if _HOST.fullmatch(part)), None)
    if hosted is not None:
        return slug_at("http://" + "/".join(name.parts[hosted:]), hosts)
    is_index = name.stem.lower() == "index" and len(name.parts) > 1
    return Passed(OTHER_PAGE) if is_index and time_in(name.parts[-2]) else slug_of(str(name))


# --- web archives -----------------------------------------------------------------------------------------------------


def _captures_in_warc(path: Path, hosts: Collection[str]) -> Iterator[Found]:
    last: Found | None = None
    try:
        for record in records_of(path):
            if last is not None:
                yield last
            known = record.rec_type in ("response", "revisit", "resource")
            last = None  # of a record that cannot be read there is nothing to say
            last = _of_record(path, record, hosts) if known else None
    except SourceError as error:
        if isinstance(last, FoundPage):
            yield Refused(last.place, "the archive is damaged where it ends")
        reason = " ".join(str(error).removeprefix(f"{path}: ").split())
        yield Refused(str(path), f"{reason}; what stands before that counts")
    else:
        if last is not None:
            yield last


def _of_record(path: Path, record: Any, hosts: Collection[str]) -> Found:
    header = record.rec_headers.get_header
    url, http = header("WARC-Target-URI") or "", record.http_headers
    passed = None if record.rec_type == "resource" else _no_answer(http, record.rec_type == "revisit")
    slug = passed or _slug_of_record(url, record.rec_type, header("Content-Type") or "", hosts)
    if isinstance(slug, Passed):
        return slug
    place = f"{url} in {path.name}"
    try:
        at = as_text(read_time(header("WARC-Date") or ""))
    except (ValueError, OverflowError):
        return Refused(place, f"{header('WARC-Date')!r} is no date")
    place = f"{url} of {at} in {path.name}"
    digest = read_digest(header("WARC-Payload-Digest") or "")
    if record.rec_type == "revisit":
        same = digest or header("WARC-Refers-To") or ""
        return FoundPage(slug=slug, source=url, place=place, captured_at=at, body=None, digest=same)
    record.raw_stream = stream = _Digesting(record.raw_stream)
    saved = page_of_record(path, url, record)
    reason = saved.refused or _mismatch(digest, stream.digest, saved)
    if reason:
        return Refused(place, reason)
    return FoundPage(
        slug=slug,
        source=url,
        place=place,
        captured_at=at,
        body=saved.body,
        digest=digest or header("WARC-Record-ID") or "",
        headers=saved.headers,
    )


def _no_answer(http: Any, is_revisit: bool) -> Passed | None:
    """Say why a record is no page that a server answered with."""
    if http is None:
        return None if is_revisit else Passed(NO_PAGE)
    status = http.get_statuscode() or ""
    if status == "200" or (is_revisit and status == "304"):
        return None
    return Passed(REDIRECT if status.startswith("3") else ERROR)


def _slug_of_record(url: str, kind: str, content_type: str, hosts: Collection[str]) -> str | Passed:
    if kind == "resource" and url.startswith("file:") and url.lower().endswith(PAGE_ENDINGS):
        slug = slug_of(url)
        return slug if is_slug(slug) else Passed(OTHER_PAGE)
    if kind == "resource" and not content_type.startswith("text/"):
        return Passed(NO_PAGE)
    return slug_at(url, hosts) if url.startswith(("http://", "https://")) else Passed(NO_PAGE)


class _Digesting:
    """What a record holds, as it is read, and the digest of it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._sha1 = hashlib.sha1(usedforsecurity=False)

    def read(self, size: int) -> bytes:
        data: bytes = self._stream.read(size)
        self._sha1.update(data)
        return data

    @property
    def limit(self) -> int:
        return int(getattr(self._stream, "limit", 0))

    @property
    def digest(self) -> str:
        return base64.b32encode(self._sha1.digest()).decode()


def _mismatch(announced: str, found: str, saved: SavedPage) -> str | None:
    """Say that the bytes are not those that the archive took the digest of.

    Some programs take it before, some after packing is undone; of chunks nobody knows whether they were joined.
    """
    if not is_digest(announced) or announced in (found, digest_of(saved.body)):
        return None
    is_chunked = any(name.lower() == "transfer-encoding" for name, _ in saved.headers)
    return None if is_chunked else f"its bytes have the digest {found}, and the archive says {announced}"


def digest_of(body: bytes) -> str:
    """Return the digest by which web archives name bytes: SHA-1 in base 32.

    >>> digest_of(b"")
    '3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ'
    """
    return base64.b32encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode()


def is_digest(text: str) -> bool:
    """Say whether *text* is such a digest."""
    return re.fullmatch(r"[A-Z2-7]{32}", text) is not None


def read_digest(text: str) -> str:
    """Return a digest as archives write it, with or without its kind, in base 32 or in hex digits.

    >>> read_digest("sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ") == read_digest("da39a3ee5e6b4b0d3255bfef95601890afd80709")
    True
    """
    bare = text.strip().removeprefix("sha1:")
    if re.fullmatch(r"[0-9a-fA-F]{40}", bare):
        return base64.b32encode(bytes.fromhex(bare)).decode()
    return bare.upper() if is_digest(bare.upper()) else bare
