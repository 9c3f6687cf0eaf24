"""Where saved pages come from: files, folders, `.zip` and `.warc.gz`. Reads files; knows nothing of the database."""

import hashlib
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from scraper.errors import RegisterWatchError
from scraper.slugs import slug_of
from snapshots.times import as_text, read_time

PAGE_ENDINGS = (".html", ".htm", ".txt")
WARC_ENDINGS = (".warc", ".warc.gz")
LARGEST_PAGE = 64 * 1024 * 1024
"""Bytes beyond which a file is no page; the largest page seen has a few megabytes."""


class SourceError(RegisterWatchError):
    """A path that no pages can be taken from."""


@dataclass(frozen=True, slots=True)
class SavedPage:
    """A saved page: its slug, where it is from, its bytes, and its own time of capture if it has one."""

    slug: str
    source: str
    body: bytes
    captured_at: str | None = None

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
        try:
            yield from _pages_of(path)
        except OSError as error:
            raise SourceError(f"{error.filename or path}: {(error.strerror or str(error)).lower()}") from error


def count_pages(paths: Iterable[Path]) -> int:
    """Return how many pages `saved_pages` will yield, as far as that can be known without reading them."""
    count = 0
    for path in paths:
        if path.is_dir():
            names = (PurePosixPath(file.relative_to(path).as_posix()) for file in path.rglob("*"))
            count += sum(map(_is_page, names))
        elif path.suffix.lower() == ".zip" and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                count += sum(_is_page(PurePosixPath(name)) for name in archive.namelist())
        else:
            count += 1
    return count


def _pages_of(path: Path) -> Iterator[SavedPage]:
    if not path.exists():
        raise SourceError(f"{path}: is not there")
    if path.is_dir():
        yield from _pages_of_folder(path)
    elif path.name.lower().endswith(WARC_ENDINGS):
        yield from _pages_of_warc(path)
    elif path.suffix.lower() == ".zip":
        yield from _pages_of_zip(path)
    elif path.suffix.lower() in PAGE_ENDINGS:
        yield _page(path.name, _read_file(path))
    else:
        raise SourceError(f"{path}: is no page, folder, .zip or .warc.gz")


def _page(name: str, body: bytes) -> SavedPage:
    return SavedPage(slug_of(name), name, body)


def _is_page(name: PurePosixPath) -> bool:
    """Say whether a file of a folder or archive is meant to be an organisation's page."""
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in name.parts)
    own_index = len(name.parts) == 1 and name.stem.lower() == "index"
    return name.suffix.lower() in PAGE_ENDINGS and not hidden and not own_index and name.name.lower() != "robots.txt"


def _pages_of_folder(folder: Path) -> Iterator[SavedPage]:
    for file in sorted(folder.rglob("*")):
        name = PurePosixPath(file.relative_to(folder).as_posix())
        if _is_page(name) and file.is_file():
            yield _page(str(name), _read_file(file))


def _read_file(file: Path) -> bytes:
    size = file.stat().st_size
    if size > LARGEST_PAGE:
        raise SourceError(f"{file}: has {size // 1_000_000} MB, too large for a page")
    return file.read_bytes()


def _pages_of_zip(path: Path) -> Iterator[SavedPage]:
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise SourceError(f"{path}: is not a zip archive") from error
    with archive:
        for info in sorted(archive.infolist(), key=lambda info: info.filename):
            name = PurePosixPath(info.filename)
            if info.is_dir() or not _is_page(name):
                continue
            if info.file_size > LARGEST_PAGE:
                raise SourceError(f"{path}: {name} has {info.file_size // 1_000_000} MB, too large for a page")
            try:
                yield _page(str(name), archive.read(info))
            except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as error:
                raise SourceError(f"{path}: {name} cannot be read: {error}") from error


def _pages_of_warc(path: Path) -> Iterator[SavedPage]:
    """Yield the answered pages of a web archive, each with its own time of capture."""
    try:
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream):
                if record.rec_type != "response" or record.http_headers.get_statuscode() != "200":
                    continue
                url = record.rec_headers.get_header("WARC-Target-URI") or ""
                if "/organisation" not in url:
                    continue
                at = as_text(_warc_time(path, url, record.rec_headers.get_header("WARC-Date")))
                body = record.content_stream().read(LARGEST_PAGE)
                while record.raw_stream.read(LARGEST_PAGE):
                    pass  # what a chunked body leaves over
                if getattr(record.raw_stream, "limit", 0):
                    raise SourceError(f"{path}: is cut short, at {url}")
                yield SavedPage(slug_of(url), url, body, at)
    except (ArchiveLoadFailed, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: is not a web archive, or is damaged: {error}") from error


def _warc_time(path: Path, url: str, text: str | None) -> datetime:
    try:
        return read_time(text or "")
    except (ValueError, OverflowError) as error:
        raise SourceError(f"{path}: {text!r} is no date, at {url}") from error
