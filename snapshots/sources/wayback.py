"""Wayback lists: which captures a saved CDX list names, and which of them lie in a folder beside it.

A list is read as the archive's server gives it (JSON rows under a head row, or plain lines), as older files have it (a
head line ` CDX N b a …`), as lines of JSON (CDXJ), packed or not. Nothing is fetched here.
"""

import gzip
import json
import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha1
from pathlib import Path
from urllib.parse import quote, unquote

from scraper.errors import system_words
from scraper.slugs import slug_of
from scraper.times import as_text
from snapshots.sources.captures import (
    ERROR,
    REDIRECT,
    Found,
    Passed,
    Refused,
    SavedPage,
    SourceError,
    read_file,
    slug_at,
)
from snapshots.sources.filenames import NO_PAGE, legible
from snapshots.sources.payloads import Payload, digest_of, is_digest, read_digest

MOST_BYTES = 64_000_000
"""Of a list, unpacked: some 300,000 captures. The captures of a register are a few thousand."""

SERVED = ("urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length")
"""What the archive's server gives if it is not asked for less, in this order."""

_LETTERS = {"N": "urlkey", "b": "timestamp", "a": "original", "m": "mimetype", "s": "statuscode", "k": "digest"}
_OTHER_NAMES = {"url": "original", "mime": "mimetype", "status": "statuscode"}
REVISIT = "warc/revisit"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedCapture:
    """A capture as a list names it."""

    timestamp: str
    """14 digits, as the archive has it in addresses."""
    original: str
    mimetype: str = ""
    statuscode: str = ""
    digest: str = ""

    @property
    def captured_at(self) -> str:
        """Return when it was captured, as times are kept."""
        return as_text(datetime.strptime(self.timestamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC))

    @property
    def name(self) -> str:
        """Return what a person finds it by."""
        return f"{self.timestamp} {self.original}"

    @property
    def file_name(self) -> str:
        """Return the file in which a fetched capture is kept: readable, and short enough for any file system."""
        address = quote(self.original, safe="")
        if len(address) > 180:
            address = f"{address[:120]}-{sha1(self.original.encode(), usedforsecurity=False).hexdigest()}"
        return f"{self.timestamp}id_/{address}"


@dataclass(frozen=True, slots=True)
class CaptureList:
    """What a list holds."""

    captures: Sequence[ListedCapture]
    refused: Sequence[Refused]
    """Lines that name no capture."""


def read_list(path: Path) -> CaptureList:
    """Read a CDX list.

    Raises:
        SourceError: It is missing, too large, damaged, or no such list.
    """
    text = _unpacked(path).decode("utf-8", "replace").removeprefix("\ufeff")
    captures: list[ListedCapture] = []
    refused: list[Refused] = []
    for number, row in _rows(path, text):
        try:
            captures.append(_capture(row))
        except ValueError as error:
            refused.append(Refused(f"{path}, entry {number}", str(error)))
    if not captures:
        raise SourceError(path, "is not a CDX list" if refused else "is a list without captures")
    return CaptureList(captures, refused)


def _unpacked(path: Path) -> bytes:
    if not path.exists():
        raise SourceError(path, "is not there")
    if not path.is_file():
        raise SourceError(path, "is a folder, a pipe or a device, not a list")
    try:
        with path.open("rb") as stream:
            is_packed = stream.read(2) == b"\x1f\x8b"
            stream.seek(0)
            data = (gzip.GzipFile(fileobj=stream) if is_packed else stream).read(MOST_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceError(path, f"is damaged, or cut short: {error}") from error
    except OSError as error:
        raise SourceError(path, system_words(error)) from error
    if len(data) > MOST_BYTES:
        raise SourceError(path, f"is larger than {MOST_BYTES // 1_000_000} MB; ask for the captures of one site")
    return data


def _rows(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield the entries of a list, counted from 1, by the names of their fields."""
    if text.lstrip().startswith("["):
        yield from _json_rows(path, text)
        return
    names: Sequence[str] = SERVED
    for number, line in enumerate(text.splitlines(), 1):
        head, brace, tail = line.partition("{")
        if re.match(r"\s?CDX\s", line):
            names = [_LETTERS.get(letter, letter) for letter in line.split()[1:]]
        elif brace:
            yield number, _json_line(head, brace + tail)
        elif line.strip():
            fields = line.split(" ")
            # Of a line that is cut short the first fields are still right; with fewer than three it names no capture.
            yield number, dict(zip(names, fields, strict=False)) if len(fields) >= 3 else {}


def _json_rows(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SourceError(path, f"is not a CDX list, or is cut short: {error}") from error
    head = rows[0] if rows else []
    if not isinstance(head, list) or (rows and not {"timestamp", "original"} <= set(map(str, head))):
        raise SourceError(path, "is not a CDX list: its first row does not name timestamp and original")
    for number, row in enumerate(rows[1:], 2):
        # A list that stops at a limit ends with an empty row and a key to go on with.
        if isinstance(row, list) and len(row) > 1:
            yield number, {str(name): str(value) for name, value in zip(head, row, strict=False)}
        elif row and not isinstance(row, list):
            yield number, {}


def _json_line(head: str, text: str) -> Mapping[str, str]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    named = {_OTHER_NAMES.get(name, name): str(value) for name, value in found.items()}
    return ({"timestamp": head.split()[1]} if len(head.split()) > 1 else {}) | named


def _capture(row: Mapping[str, str]) -> ListedCapture:
    """Return the capture of an entry; ValueError, with the reason, if it names none."""
    timestamp, original = row.get("timestamp", ""), row.get("original", "")
    if not original.lower().startswith(("http://", "https://")):
        raise ValueError("names no capture of a web page")
    if not re.fullmatch(r"\d{14}", timestamp, re.ASCII):
        raise ValueError(f"{timestamp[:40]!r} is no time of a capture")
    capture = ListedCapture(
        timestamp=timestamp,
        original=original,
        mimetype=row.get("mimetype", "").replace("-", "", row.get("mimetype") == "-"),
        statuscode=row.get("statuscode", "").replace("-", "", row.get("statuscode") == "-"),
        digest=read_digest(row.get("digest", "")),
    )
    try:
        _ = capture.captured_at
    except ValueError as error:
        raise ValueError(f"{timestamp} is no time of a capture") from error
    return capture


# --- captures beside the list -----------------------------------------------------------------------------------------

_TIMESTAMP = re.compile(r"(?<!\d)(\d{14})(?!\d)(?:id_|if_)?")


class SavedCaptures:
    """The captures in a folder, found by the time in their path, by a digest as name, or else by their bytes.

    So they are found as this program keeps them (`<time>id_/<address, quoted>`), as waybackpack
    (`<time>/<host>/<path>`) and wayback_machine_downloader (`<host>/<time>/<path>`) do, and as `<time>.html`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._by_time: dict[str, list[Path]] = defaultdict(list)
        self._by_digest: dict[str, Path] = {}
        for file in sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")):
            name = str(file.relative_to(folder))
            if times := _TIMESTAMP.findall(name):
                self._by_time[times[-1]].append(file)
            elif is_digest(file.stem.upper()):
                self._by_digest[file.stem.upper()] = file
            else:
                self._by_digest.setdefault(digest_of(read_file(file).body), file)

    def find(self, capture: ListedCapture) -> Payload | None:
        """Return the bytes of a capture, or why they are not its; None if there are none."""
        dated = [file for file in self._by_time.get(capture.timestamp, ()) if self._may_be(file, capture)]
        named = [self._by_digest[capture.digest]] if capture.digest in self._by_digest else []
        payload = None
        for file in (*dated, *named):
            payload = check(read_file(file), capture, legible(str(file)))
            if payload.refused is None:
                return payload
        return payload

    def _may_be(self, file: Path, capture: ListedCapture) -> bool:
        """Say whether a file of the capture's time is of its page; a name that is all time is of any page."""
        name = unquote(str(file.relative_to(self.folder)))
        rest = name.rpartition(capture.timestamp)[2]
        alone = re.fullmatch(r"(?:id_|if_)?(?:\.\w+)?", rest) is not None
        return alone or slug_of(f"http://site/{rest}") == slug_of(capture.original)


def check(payload: Payload, capture: ListedCapture, place: str) -> Payload:
    """Return what a capture's bytes are, or that they are not those that the list has the digest of."""
    # A digest that is not SHA-1 in base 32 cannot be held against the bytes; the capture is taken at its word.
    if payload.refused or not is_digest(capture.digest) or digest_of(payload.body) == capture.digest:
        return payload
    return Payload(b"", f"{place} has the digest {digest_of(payload.body)}, and the list says {capture.digest}")


Fetch = Callable[[ListedCapture], Payload]
"""Fetches a capture that lies in no folder, or says why not."""


def captures_of(
    listed: Iterable[ListedCapture], saved: SavedCaptures | None, hosts: Collection[str], fetch: Fetch
) -> Iterator[Found]:
    """Yield what a list names: from the folder what lies there, the rest by *fetch*; the bytes of a digest once."""
    had: set[str] = set()
    lacking: list[tuple[ListedCapture, SavedPage]] = []
    for capture in sorted(listed, key=lambda one: (one.timestamp, one.original)):
        found = _page_of(capture, hosts)
        if isinstance(found, Passed) or capture.digest in had:
            yield found
        elif (payload := saved.find(capture) if saved else None) is None:
            lacking.append((capture, found))
        else:
            yield _taken(found, payload, had)
    # The server is asked last: what lies in the folder may have the bytes of what does not.
    for capture, page in lacking:
        yield page if page.digest in had else _taken(page, fetch(capture), had)


def _page_of(capture: ListedCapture, hosts: Collection[str]) -> SavedPage | Passed:
    slug = slug_at(capture.original, hosts)
    if isinstance(slug, Passed):
        return slug
    status, kind = capture.statuscode, capture.mimetype
    if status not in ("", "200"):
        return Passed(REDIRECT if status.startswith("3") else ERROR)
    # Archives say "unk" of what they did not look at, and some servers send no type at all.
    if kind not in ("", REVISIT, "unk") and not kind.startswith("text/") and "html" not in kind:
        return Passed(NO_PAGE)
    return SavedPage(
        slug=slug,
        source=capture.original,
        place=capture.name,
        captured_at=capture.captured_at,
        digest=capture.digest,
    )


def _taken(page: SavedPage, payload: Payload, had: set[str]) -> SavedPage:
    if not payload.refused and is_digest(page.digest):
        had.add(page.digest)
    return page.with_payload(payload)
