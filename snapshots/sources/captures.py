"""Saved pages, one by one: what files, folders, zip archives and web archives hold of the register.

Reads files; knows nothing of the database. Two look at them. To an import (`edition_in`) all is one edition: a file is
the page of its name, and what is wrong with a folder or an archive ends the import, for nobody knows what it would have
held. To a backfill (`captures_in`) each page is a capture with a time of its own, and what stands before or beside the
damage is good. To both, what is wrong with one page is that page's fault alone.
"""

import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path, PurePosixPath

from scraper.errors import RegisterWatchError, system_words
from scraper.limits import LARGEST_PAGE, too_large
from scraper.register import NHS_DATA_RELEASE
from scraper.slugs import is_slug, slug_of
from scraper.web.addresses import host_of
from snapshots.keeping.bodies import Headers
from snapshots.sources.filenames import (
    HOST,
    NO_ENDING,
    OTHER_PAGE,
    PAGE_ENDINGS,
    is_hidden,
    is_without_ending,
    legible,
    time_in,
    why_passed,
)
from snapshots.sources.payloads import Payload

WARC_ENDINGS = (".warc", ".warc.gz")

OTHER_SITE = "another site"
REDIRECT = "redirect"
ERROR = "error answer"

# What reading a damaged archive may raise: zipfile lets through whatever its parts raise.
_DAMAGES = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, RuntimeError,
    ValueError, LookupError, OverflowError, MemoryError,
)  # fmt: skip
_STANDARD_INPUT = ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")


class SourceError(RegisterWatchError):
    """A place that no pages can be taken from, and why."""

    def __init__(self, place: object, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = str(place)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPage:
    """An organisation's page as somebody saved it."""

    slug: str
    source: str
    """Its address, or the name of its file."""
    place: str
    """Where a person finds it: the whole path as given; of a record its address, its time and its archive."""
    captured_at: str | None = None
    """When, if its record, its folder or a list says so."""
    body: bytes | None = None
    """None where its bytes are those with its checksum, or those of another capture with its *digest*."""
    sha256: str = ""
    digest: str = ""
    """By which archives name the bytes."""
    refused: str | None = None
    """Why it cannot be read; then its body is empty."""
    headers: Headers = ()
    """What the server sent with it, as an archive kept it."""

    def with_payload(self, payload: Payload) -> "SavedPage":
        """Return it with its bytes, or with the reason why it has none."""
        named = sha256(payload.body).hexdigest()
        return replace(self, body=payload.body, sha256=named, refused=payload.refused)


@dataclass(frozen=True, slots=True)
class Passed:
    """What is no organisation's page, and why nobody misses it."""

    why: str
    place: str = ""
    """Where it is, of a file whose name may be that of a page after all."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A capture, or a part of an archive, that cannot be taken."""

    place: str
    reason: str


Found = SavedPage | Passed | Refused


# --- two ways to look -------------------------------------------------------------------------------------------------


class EditionLook:
    """How an import looks: a file is the page of its name, and the first fault of a source ends it.

    Args:
        hosts: The register's: below a folder of such a name, in a mirror, the address says which page a file is.
    """

    def __init__(self, hosts: Collection[str]) -> None:
        self._hosts = hosts

    def at(self, address: str) -> str | Passed:
        """Return the slug of the organisation's page at *address*, or why it is none."""
        return NHS_DATA_RELEASE.slug_at(address) or Passed(OTHER_PAGE)

    def file(self, name: PurePosixPath, place: str, outer: str, *, meant: bool = False) -> Found:
        """Return the page that the file *name*, as it lies in the folder or archive *outer*, is meant to be."""
        if not meant and (why := why_passed(name, outer)):
            return Passed(why, place if why == NO_ENDING else "")
        slug = self._slug_of(name)
        if isinstance(slug, Passed):
            return slug
        if not is_slug(slug):
            return self.fault(place, f"no page can be called {legible(slug)!r}; give the file another name")
        return SavedPage(slug=slug, source=str(name), place=place)

    def _slug_of(self, name: PurePosixPath) -> str | Passed:
        hosted = next((number for number, part in enumerate(name.parts[:-1]) if self._is_site(part)), None)
        if hosted is not None:
            return self.at("http://" + "/".join(name.parts[hosted:]))
        return slug_of(f"file:///{name}" if is_without_ending(name) else str(name))

    def _is_site(self, part: str) -> bool:
        return bool(_spellings(host_of(part)) & set(self._hosts))

    def fault(self, place: object, reason: str) -> Refused:
        """Say what is wrong with a source."""
        raise SourceError(place, reason)


class CaptureLook(EditionLook):
    """How a backfill looks: pages of the register's *hosts*, dated by their folders or else as of *fetched_at*."""

    def __init__(self, hosts: Collection[str], fetched_at: str | None) -> None:
        super().__init__(hosts)
        self._fetched_at = fetched_at

    def at(self, address: str) -> str | Passed:
        """Return the slug of the register's page at *address*, or why it is none."""
        return slug_at(address, self._hosts)

    def file(self, name: PurePosixPath, place: str, outer: str, *, meant: bool = False) -> Found:
        """Return the capture that a file is meant to be: its innermost folder that is named by a date says when."""
        if ".." in name.parts or name.is_absolute():
            return self.fault(place, "its path leads out of the archive")
        # The times of files are not trusted: a copy, an archive, a checkout sets them anew.
        folders = name.parts[:-1]
        if name.stem.lower() == "index" and folders and time_in(folders[-1]):
            return Passed(OTHER_PAGE)
        page = super().file(name, place, outer, meant=meant)
        if not isinstance(page, SavedPage):
            return page
        at = next(filter(None, map(time_in, (*reversed(folders), outer))), self._fetched_at)
        if at is None:
            return self.fault(
                place, "nothing says when it was captured: name its folder by the date, or say --fetched-at"
            )
        return replace(page, captured_at=at)

    def _is_site(self, part: str) -> bool:
        return HOST.fullmatch(part) is not None

    def fault(self, place: object, reason: str) -> Refused:
        """Return what is wrong with a source; what stands beside it is good."""
        return Refused(str(place), reason)


def edition_in(paths: Iterable[Path], hosts: Collection[str] = NHS_DATA_RELEASE.hosts) -> Iterator[Found]:
    """Yield what is saved under *paths*, as one edition of the register at *hosts*, in order of the files' names.

    Files of other types, without an ending where no address leads, and what a site has beside its pages are passed
    over.

    Raises:
        SourceError: A path is missing, unreadable, or not what it says.
    """
    for path in paths:
        with _named(path):
            yield from _found_in(path, EditionLook(hosts))


def captures_in(path: Path, hosts: Collection[str], fetched_at: str | None) -> Iterator[Found]:
    """Yield what *path*, a page, folder, `.zip` or web archive, holds of many times.

    Args:
        path: What was named.
        hosts: The register's.
        fetched_at: When files were captured that lie in no folder or archive named by a date.
    """
    try:
        with _named(path):
            yield from _found_in(path, CaptureLook(hosts, fetched_at))
    except SourceError as error:
        yield Refused(error.place, error.reason)


def slug_at(address: str, hosts: Collection[str]) -> str | Passed:
    """Return the slug of the organisation's page at *address*, or why it is none of the register's.

    Scheme, `www.`, port, letter case, final slash, `index.html`, ending, query and percent-encoding are spellings.

    >>> hosts = {"theysolditanyway.com", "dataregister.medconfidential.org"}
    >>> slug_at("http://WWW.TheySoldItAnyway.com:80/organisations/Example%5FICB/index.html?x=1", hosts)
    'example_icb'
    >>> slug_at("https://theysolditanyway.com/datasets/hes", hosts).why, slug_at("https://example.org/x", hosts).why
    ('another page of the register', 'another site')
    """
    if not _spellings(host_of(address)) & set(hosts):
        return Passed(OTHER_SITE)
    return NHS_DATA_RELEASE.slug_at(address) or Passed(OTHER_PAGE)


def _spellings(host: str) -> set[str]:
    return {host, host.removeprefix("www."), f"www.{host}"}


# --- files and folders ------------------------------------------------------------------------------------------------


def _found_in(path: Path, look: EditionLook) -> Iterator[Found]:
    if not path.exists():
        raise SourceError(path, "is not there")
    if path.is_dir():
        folder = path.resolve().name
        for name in _files_of(path):
            yield _with_bytes(look.file(name, legible(str(path / name)), folder), path / name)
        return
    suffix, is_warc = path.suffix.lower(), path.name.lower().endswith(WARC_ENDINGS)
    named = PurePosixPath(path.name)
    if not is_warc and suffix not in (".zip", *PAGE_ENDINGS) and not is_without_ending(named):
        raise SourceError(path, "is no page, folder, .zip or .warc.gz")
    if not path.is_file():
        raise SourceError(path, "is a pipe or a device, not a file")
    if is_warc:
        from snapshots.sources.web_archives import pages_of_archive  # and with it warcio, which files do not need

        yield from pages_of_archive(path, look)
    elif suffix == ".zip":
        yield from _pages_of_zip(path, look)
    else:
        # Whoever names a file means it, whatever it is called.
        yield _with_bytes(look.file(named, legible(str(path)), "", meant=True), path)


def _with_bytes(found: Found, file: Path) -> Found:
    return found.with_payload(read_file(file)) if isinstance(found, SavedPage) else found


def count_pages(paths: Iterable[Path]) -> int:
    """Return how much `edition_in` will yield, as far as that can be known without reading them.

    Raises:
        SourceError: As `edition_in` does.
    """
    count = 0
    for path in paths:
        with _named(path):
            if path.is_dir():
                count += len(_files_of(path))
            elif path.suffix.lower() == ".zip" and path.is_file():
                with _open_zip(path) as archive:
                    count += len(_members_of(archive))
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
            raise SourceError(file, "is not there")
        if not file.is_file() and str(file) not in _STANDARD_INPUT:
            raise SourceError(file, "is a pipe or a device, not a file")
        payload = read_file(file)
    if payload.refused:
        raise SourceError(file, payload.refused)
    return payload.body


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Say in one line which file could not be opened, and why."""
    try:
        yield
    except OSError as error:
        name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else str(path)
        raise SourceError(legible(name), system_words(error)) from error


def _files_of(folder: Path) -> list[PurePosixPath]:
    """Return the names of the files in *folder* and below that are not hidden, in order."""

    # A folder that cannot be read is not passed over: its pages would be missing, and of a complete edition be taken to
    # be gone.
    def stop(error: OSError) -> None:
        raise error

    names = []
    for where, folders, files in os.walk(folder, onerror=stop):
        folders[:] = [name for name in folders if not is_hidden(name)]
        inside = PurePosixPath(Path(where).relative_to(folder).as_posix())
        names += [inside / name for name in files if not is_hidden(name) and (Path(where) / name).is_file()]
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


# --- zip archives -----------------------------------------------------------------------------------------------------


def _pages_of_zip(path: Path, look: EditionLook) -> Iterator[Found]:
    with _open_zip(path) as archive:
        for info in _members_of(archive):
            found = look.file(PurePosixPath(info.filename), legible(f"{path}/{info.filename}"), path.stem)
            if not isinstance(found, SavedPage):
                yield found
            # Its own word on its size is enough: zipfile never unpacks more than that.
            elif reason := too_large(info.file_size):
                yield found.with_payload(Payload(b"", reason))
            else:
                try:
                    yield found.with_payload(Payload(archive.read(info)))
                except _DAMAGES as error:
                    yield look.fault(path, f"{info.filename} cannot be read: {error}")


@contextmanager
def _open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive; what is wrong with it is one line."""
    with path.open("rb") as stream:
        if not zipfile.is_zipfile(stream):
            raise SourceError(path, "is not a zip archive")
        try:
            archive = zipfile.ZipFile(stream)
        except _DAMAGES as error:
            raise SourceError(path, f"is a damaged zip archive: {error}") from error
        with archive:
            if not all(archive.namelist()):
                raise SourceError(path, "is a damaged zip archive: it holds a file without a name")
            yield archive


def _members_of(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Return the files in an archive that are not hidden, in order of their names."""
    infos = (info for info in archive.infolist() if not info.is_dir())
    shown = (info for info in infos if not any(map(is_hidden, PurePosixPath(info.filename).parts)))
    return sorted(shown, key=lambda info: info.filename)
