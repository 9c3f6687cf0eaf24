"""What the names of files and folders say: which files are meant to be pages, and when they were captured. Pure."""

import os
import re
from datetime import datetime
from pathlib import PurePosixPath

from scraper.register import NHS_DATA_RELEASE

PAGE_ENDINGS = (".html", ".htm", ".txt")
OTHER_PAGE = "another page of the register"
NO_PAGE = "other kind of file"
NO_ENDING = "file without an ending"

HOST = re.compile(r"[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}", re.IGNORECASE)

# Of a site, of programs that copy sites, of archives: text files that lie beside the pages and are none.
_NO_PAGES = frozenset(
    "ads.txt cookies.txt hts-log.txt humans.txt licence.txt license.txt llms.txt readme.txt robots.txt security.txt "
    "sitemap.txt".split()
)
_OF_COPYING = "hts-cache"
# An address may hold a dot: "dr._foster". What an ending is made of is short and plain.
_ENDING = re.compile(r"\.[a-z0-9]{1,5}", re.IGNORECASE)
_DATED = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:[T_ -]?(\d\d)[:.-]?(\d\d)(?:[:.-]?(\d\d))?)?(?:Z|id_|if_)?", re.IGNORECASE | re.ASCII
)


def why_passed(name: PurePosixPath, outer: str = "") -> str | None:
    """Return why a file is no organisation's page, as far as its name says; None if it is meant to be one.

    The register's own addresses have no ending, so that a file without one is a page where such an address leads.

    >>> [why_passed(PurePosixPath(name)) for name in ("a.html", "organisations/a", "theysolditanyway.com/index.html")]
    [None, None, 'another page of the register']
    >>> [why_passed(PurePosixPath(name)) for name in ("a", "a.css", "robots.txt", "hts-log.txt")]
    ['file without an ending', 'other kind of file', 'other kind of file', 'other kind of file']

    Args:
        name: As it lies in the folder or archive that was named.
        outer: What that is called itself.
    """
    folders = [part.lower() for part in (outer, *name.parts[:-1])]
    in_pages = folders[-1] in NHS_DATA_RELEASE.folders
    if name.name.lower() in _NO_PAGES or _OF_COPYING in folders:
        return NO_PAGE
    if is_without_ending(name):
        return None if in_pages else NO_ENDING
    if name.suffix.lower() not in PAGE_ENDINGS:
        return NO_PAGE
    is_front = len(name.parts) == 1 or in_pages or _is_host(folders)
    return OTHER_PAGE if name.stem.lower() == "index" and is_front else None


def _is_host(folders: list[str]) -> bool:
    """Say whether the innermost folder is a mirrored site, and not a page of one, whose name may hold a dot too."""
    return HOST.fullmatch(folders[-1]) is not None and not set(folders[-2:-1]) & set(NHS_DATA_RELEASE.folders)


def is_without_ending(name: PurePosixPath) -> bool:
    """Say whether a file's name is one of an address, without an ending.

    >>> [is_without_ending(PurePosixPath(name)) for name in ("nhs_example_icb", "dr._foster", "a.html", "a.css")]
    [True, True, False, False]
    """
    return not _ENDING.fullmatch(name.suffix)


def is_hidden(part: str) -> bool:
    """Say whether a system hides what is called that."""
    return (part.startswith(".") and part != "..") or part == "__MACOSX"


def legible(name: str) -> str:
    """Return a file's name so that it can be printed, whatever bytes it is made of."""
    return os.fsencode(name).decode("utf-8", "backslashreplace") if not name.isascii() else name


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
