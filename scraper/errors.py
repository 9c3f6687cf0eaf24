"""The one tree of errors. Each carries its facts; the command line prints the first line of it."""


class RegisterWatchError(Exception):
    """Something went wrong that a person can do something about."""


class RefusedPageError(RegisterWatchError):
    """A page that cannot be believed: it is named, kept out of the records, and asked for again."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason


class ListPageError(RefusedPageError):
    """A page that reads as a list of organisations. An import passes over it without a word."""


class VocabularyError(RegisterWatchError):
    """A file of names that cannot be used: it says where."""
