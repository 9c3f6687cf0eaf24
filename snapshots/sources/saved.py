"""Where saved pages come from: files, folders, `.zip` and `.warc.gz`. Reads files; knows nothing of the database.

What is wrong with one page is that page's fault, and the page is refused; what is wrong with a folder or an archive
ends the import: nobody knows what it would have held.
"""

import gzip
import hashlib
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from scraper.errors import RegisterWatchError, system_words
from scraper.limits import LARGEST_PAGE, too_large
from scraper.slugs import is_slug, slug_of
from scraper.times import as_text, read_time
from snapshots.keeping.bodies import Headers
from snapshots.sources.payloads import Payload, read_payload

PAGE_ENDINGS = (".html", ".htm", ".txt")
WARC_ENDINGS = (".warc", ".warc.gz")

# What reading a damaged archive may raise: zipfile lets through whatever its parts raise.
_DAMAGES = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, RuntimeError,
    ValueError, LookupError, OverflowError, MemoryError,
)  # fmt: skip
_STANDARD_INPUT = ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")


class SourceError(RegisterWatchError):
    """A path that no pages can be taken from."""


@dataclass(frozen=True, slots=True)
class SavedPage:
    """A saved page: its slug, where it is from, its bytes, and its own time of capture if it has one."""

    slug: str
    source: str
    body: bytes
    captured_at: str | None = None
    place: str = ""
    """Where a person finds it: the whole path as given, an address."""
    refused: str | None = None
    """Why it cannot be read; then there are no bytes."""
    headers: Headers = ()
    """What the server sent with it, as an archive kept it."""

    @property
    def sha256(self) -> str:
        """Return the checksum that names these bytes."""
        return hashlib.sha256(self.body).hexdigest()


def saved_pages(paths: Iterable[Path]) -> Iterator[SavedPage]:
    """Yield the pages saved under *paths*, one by one, in order of their names.

    An `index.html` directly in a given folder, `robots.txt` and files of other types are passed over.

    Raises:
        SourceError: A path is missing, unreadable, or not what it says.
    """
    for path in paths:
        with _named(path):
            yield from _pages_of(path)


def count_pages(paths: Iterable[Path]) -> int:
    """Return how many pages `saved_pages` will yield, as far as that can be known without reading them.

    Raises:
        SourceError: As `saved_pages` does.
    """
    count = 0
    for path in paths:
        with _named(path):
            if path.is_dir():
                count += len(files_of(path))
            elif path.suffix.lower() == ".zip" and path.is_file():
                with open_zip(path) as archive:
                    count += len(members_of(archive))
            else:
                count += 1
    return count


def read_one_file(file: Path) -> bytes:
    """Return the bytes of one file that is meant to be a page; `/dev/stdin` may be one.

    Raises:
        SourceError: It is missing, unreadable, no file, or too large.
    """
    with _named(file):
        if not file.exists():
            raise SourceError(f"{file}: is not there")
        if not file.is_file() and str(file) not in _STANDARD_INPUT:
            raise SourceError(f"{file}: is a pipe or a device, not a file")
        payload = read_file(file)
    if payload.refused:
        raise SourceError(f"{file}: {payload.refused}")
    return payload.body


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Say in one line which file could not be opened, and why."""
    try:
        yield
    except OSError as error:
        name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else str(path)
        raise SourceError(f"{legible(name)}: {system_words(error)}") from error


def legible(name: str) -> str:
    """Return a file's name so that it can be printed, whatever bytes it is made of."""
    return os.fsencode(name).decode("utf-8", "backslashreplace") if not name.isascii() else name


def _pages_of(path: Path) -> Iterator[SavedPage]:
    if not path.exists():
        raise SourceError(f"{path}: is not there")
    if path.is_dir():
        yield from _pages_of_folder(path)
        return
    suffix, is_warc = path.suffix.lower(), path.name.lower().endswith(WARC_ENDINGS)
    if not is_warc and suffix not in (".zip", *PAGE_ENDINGS):
        raise SourceError(f"{path}: is no page, folder, .zip or .warc.gz")
    if not path.is_file():
        raise SourceError(f"{path}: is a pipe or a device, not a file")
    if is_warc:
        yield from _pages_of_warc(path)
    elif suffix == ".zip":
        yield from _pages_of_zip(path)
    else:
        yield _page(path.name, str(path), read_file(path))


def _page(name: str, place: str, payload: Payload) -> SavedPage:
    slug = slug_of(name)
    if not is_slug(slug):
        raise SourceError(f"{legible(place)}: no page can be called {legible(slug)!r}; give the file another name")
    return SavedPage(slug, name, payload.body, place=place, refused=payload.refused)


def _is_page(name: PurePosixPath) -> bool:
    """Say whether a file of a folder or archive is meant to be an organisation's page."""
    own_index = len(name.parts) == 1 and name.stem.lower() == "index"
    hidden = any(map(_is_hidden, name.parts))
    return name.suffix.lower() in PAGE_ENDINGS and not hidden and not own_index and name.name.lower() != "robots.txt"


def _is_hidden(part: str) -> bool:
    return (part.startswith(".") and part != "..") or part == "__MACOSX"


def _pages_of_folder(folder: Path) -> Iterator[SavedPage]:
    for name in files_of(folder):
        file = folder / name
        yield _page(str(name), str(file), read_file(file))


def files_of(folder: Path) -> list[PurePosixPath]:
    """Return the names of the pages in *folder* and below, in order; a folder that cannot be read is not passed over.

    Its pages would be missing, and of a complete edition taken to be gone.
    """

    def stop(error: OSError) -> None:
        raise error

    names = []
    for where, folders, files in os.walk(folder, onerror=stop):
        folders[:] = [name for name in folders if not _is_hidden(name)]
        inside = PurePosixPath(Path(where).relative_to(folder).as_posix())
        names += [inside / name for name in files if _is_page(inside / name) and (Path(where) / name).is_file()]
    return sorted(names)


def read_file(file: Path) -> Payload:
    """Return the bytes of a file, or why it is no page; never more than a page may have."""
    try:
        with file.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            # As much memory as is asked for is taken at once. A pipe does not say how long it is.
            room = (size or LARGEST_PAGE) + 1
            body = b"" if too_large(size) else stream.read(room)
    except OSError as error:
        return Payload(b"", system_words(error))
    reason = too_large(max(size, len(body)))
    return Payload(b"", reason) if reason else Payload(body)


# --- zip --------------------------------------------------------------------------------------------------------------


def _pages_of_zip(path: Path) -> Iterator[SavedPage]:
    with open_zip(path) as archive:
        for info in members_of(archive):
            yield _page(info.filename, f"{path}/{info.filename}", _read_member(path, archive, info))


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive; what is wrong with it is one line."""
    with path.open("rb") as stream:
        if not zipfile.is_zipfile(stream):
            raise SourceError(f"{path}: is not a zip archive")
        try:
            archive = zipfile.ZipFile(stream)
        except _DAMAGES as error:
            raise SourceError(f"{path}: is a damaged zip archive: {error}") from error
        with archive:
            if not all(archive.namelist()):
                raise SourceError(f"{path}: is a damaged zip archive: it holds a file without a name")
            yield archive


def members_of(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Return the pages in an archive, in order of their names."""
    infos = (info for info in archive.infolist() if not info.is_dir() and _is_page(PurePosixPath(info.filename)))
    return sorted(infos, key=lambda info: info.filename)


def _read_member(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Payload:
    # Its own word on its size is enough: zipfile never unpacks more than that.
    if reason := too_large(info.file_size):
        return Payload(b"", reason)
    try:
        return Payload(archive.read(info))
    except _DAMAGES as error:
        raise SourceError(f"{path}: {info.filename} cannot be read: {error}") from error


def read_damaged(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Payload:
    """Return the bytes of a page in an archive, or why it cannot be read: its neighbours may be whole."""
    try:
        return _read_member(Path(), archive, info)
    except SourceError as error:
        return Payload(b"", f"cannot be read: {error.__cause__}")


# --- web archives -----------------------------------------------------------------------------------------------------


class Unpacked:
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
            raise SourceError(f"{self._path}: is not a web archive, or is damaged: {error}") from error


def records_of(path: Path) -> Iterator[Any]:
    """Yield the records of a web archive; what a record holds is to be read before the next one is asked for.

    Raises:
        SourceError: It is none, or is damaged. Only when the next record is there is the one before it known to be
            whole: what was packed has its checksum at its end.
    """
    try:
        with path.open("rb") as stream:
            records = ArchiveIterator(Unpacked(path, stream))
            while True:
                with redirect_stderr(StringIO()):  # warcio says there what it makes of damage
                    record = next(records, None)
                if record is None:
                    return
                yield record
    # It trips over a record without an address: AttributeError.
    except (ArchiveLoadFailed, EOFError, UnicodeDecodeError, AttributeError) as error:
        raise SourceError(f"{path}: is not a web archive, or is damaged: {error}") from error


def _pages_of_warc(path: Path) -> Iterator[SavedPage]:
    """Yield the pages of a web archive, answers and resources, each with its own time of capture."""
    for record in records_of(path):
        url = record.rec_headers.get_header("WARC-Target-URI") or ""
        if (_is_answer(record, url) or _is_resource(record, url)) and is_slug(slug_of(url)):
            yield page_of_record(path, url, record)


def _is_answer(record: Any, url: str) -> bool:
    """Say whether a record is a server's answer with a page; one of another protocol, as dns:, has no HTTP headers."""
    if record.rec_type != "response" or not record.http_headers:
        return False
    return record.http_headers.get_statuscode() == "200" and "/organisation" in url


def _is_resource(record: Any, url: str) -> bool:
    """Say whether a record is a page of which nobody kept how it was answered, as `warc` writes of saved pages."""
    if record.rec_type != "resource" or not (record.rec_headers.get_header("Content-Type") or "").startswith("text/"):
        return False
    if url.startswith("file:"):
        return url.lower().endswith(PAGE_ENDINGS)
    return url.startswith(("http://", "https://")) and "/organisation" in url


def page_of_record(path: Path, url: str, record: Any) -> SavedPage:
    """Return the page that a record of a web archive holds; SourceError if the archive stops in it."""
    at = as_text(_warc_time(path, url, record.rec_headers.get_header("WARC-Date")))
    stream = record.raw_stream
    raw = stream.read(LARGEST_PAGE + 1)
    size = len(raw)
    while rest := stream.read(LARGEST_PAGE):
        size += len(rest)
    if getattr(stream, "limit", 0):
        raise SourceError(f"{path}: is cut short, at {url}")
    http = record.http_headers
    payload = read_payload(raw, size, http.get_header) if http else _whole(raw, size)
    cut = record.rec_headers.get_header("WARC-Truncated")
    if cut and not payload.refused:
        payload = Payload(b"", f"the archive holds only the beginning of it ({cut})")
    headers = tuple((name, value) for name, value in http.headers) if http else ()
    return SavedPage(slug_of(url), url, payload.body, at, url, payload.refused, headers)


def _whole(raw: bytes, size: int) -> Payload:
    reason = too_large(size)
    return Payload(b"", reason) if reason else Payload(raw)


def _warc_time(path: Path, url: str, text: str | None) -> datetime:
    try:
        return read_time(text or "")
    except (ValueError, OverflowError) as error:
        raise SourceError(f"{path}: {text!r} is no date, at {url}") from error
