"""The one tree of errors. Each carries its facts; the command line prints the first line of it."""

import errno


class RegisterWatchError(Exception):
    """Something went wrong that a person can do something about."""


def system_words(error: OSError) -> str:
    """Return what the system says of *error*, without the names that go with it."""
    return error.strerror.lower() if error.strerror else str(error) or type(error).__name__


_REMEDIES = {
    errno.ENOENT: "name one that is there, or make it",
    errno.ENOTDIR: "name another",
    errno.EISDIR: "name a file",
    errno.EACCES: "make it readable and writable, or name another",
    errno.EPERM: "make it readable and writable, or name another",
    errno.EROFS: "name another",
    errno.ENOSPC: "make room and try again",
    errno.EDQUOT: "make room and try again",
    errno.EMFILE: "try again when less is running",
}


def explained(error: OSError) -> str:
    """Return what the system said in one line: the file, the trouble, and what to do.

    >>> explained(PermissionError(errno.EACCES, "Permission denied", "pages/a.html"))
    'pages/a.html: permission denied; make it readable and writable, or name another'
    """
    named = f"{error.filename}: " if error.filename else ""
    remedy = _REMEDIES.get(error.errno or 0)
    return f"{named}{system_words(error)}; {remedy}" if remedy else f"{named}{system_words(error)}"


class RefusedPageError(RegisterWatchError):
    """A page that cannot be believed: it is named, kept out of the records, and asked for again."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason


class ListPageError(RefusedPageError):
    """A page that reads as a list of organisations. An import passes over it without a word."""


class SettingsError(RegisterWatchError):
    """Settings that cannot be used: one line that names the place and every key that is wrong.

    `page` says where it stands how they are written: a page of docs/, or else the help of the command.
    """

    def __init__(self, message: str, page: str | None = "docs/settings.md") -> None:
        super().__init__(message)
        self.page = page


class UnreadableMarkupError(RegisterWatchError):
    """Markup of which the parser makes nothing."""


class VocabularyError(RegisterWatchError):
    """A file of names that cannot be used: it says where."""


class FetchError(RegisterWatchError):
    """An address that gave no page. `temporary`: asking again another time may help."""

    def __init__(
        self, url: str, reason: str, *, status: int | None = None, wait_s: float | None = None, temporary: bool = False
    ) -> None:
        super().__init__(f"{url}: {reason}")
        self.url = url
        self.reason = reason
        self.status = status  # of the last answer; None if there was none
        self.wait_s = wait_s  # how long the server asked to be left alone, as it said, without our cap
        self.temporary = temporary


class GoneError(FetchError):
    """A page that the server says is not there: 404 or 410."""


class ForbiddenError(FetchError):
    """An address that robots.txt forbids. Nothing was asked of the server."""


class CrawlError(RegisterWatchError):
    """An index or a sitemap in which no organisation's page can be found."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason
