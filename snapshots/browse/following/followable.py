"""Which pages may be followed, and which changes each stands for: those of the feed beside the form."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from diff.saying.english import sentence_case
from diff.severity import Severity
from scraper.text import cut, one_line
from snapshots.asking.changes import matching
from snapshots.asking.names import NotKnownError
from snapshots.browse.app import addresses
from snapshots.browse.app.request import (
    BadAddressError,
    MovedError,
    NotThereError,
    PageRequest,
    QueryWords,
)
from snapshots.browse.page import dataset, expiring, legal_basis
from snapshots.browse.parts.filters import filter_of, pages_called, unknown_name
from snapshots.browse.questions import page as question
from snapshots.people.people import LONGEST_WHAT, Followable

LONGEST_SAID = 200

Query = Sequence[tuple[str, str]]


def followable_at(request: PageRequest, path: str) -> Followable | None:
    """Return what may be followed at an address; None where nothing may.

    Args:
        request: Its words, and who reads.
        path: The address without them, as it stands in the request.
    """
    with suppress(NotThereError, NotKnownError, BadAddressError):
        found = _at(request, path)
        if found and len(found.what) <= LONGEST_WHAT:
            return replace(found, said=cut(one_line(found.said), LONGEST_SAID))
    return None


def followable_of(request: PageRequest, what: str) -> Followable | None:
    """Return what may be followed at an address as it was typed or sent."""
    try:
        parts = urlsplit(what)
    except ValueError:
        return None
    if parts.scheme or parts.netloc or len(what) > LONGEST_WHAT:
        return None
    path = parts.path
    for _ in range(2):  # a page that has another address is followed there
        try:
            return followable_at(replace(request, words=QueryWords(parts.query)), path)
        except MovedError as moved:
            path = moved.address
    return None


def _at(request: PageRequest, path: str) -> Followable | None:
    match [unquote(part, errors="replace") for part in path.split("/")]:
        case ["", ""]:
            return _selection(request)
        case ["", "search"]:
            return _search(request)
        case ["", "organisations", slug] if slug in request.reader.organisations:
            return _page(addresses.organisation(slug), [("organisation", slug)], request.reader.organisations[slug])
        case ["", "agreements", reference]:
            known = request.reader.answers.names.reference(reference)
            return _page(addresses.agreement(known), [("reference", known)], f"the agreement {known}")
        case ["", "datasets", name]:
            query, said = dataset.followed(replace(request, path={"name": name}))
            return _page(path, query, said)
        case ["", "legal-bases", basis]:
            key, said = legal_basis.followed(request.reader, basis)
            return _page(addresses.legal_basis(key), [("basis", key)], said)
        case ["", "red-flags"]:
            return _red_flags(request)
        case ["", "expiring"]:
            return _ends(request)
        case ["", "compare"]:
            return _compared(request)
        case ["", "questions", slug]:
            return _question(replace(request, path={"slug": slug}))
        case _:
            return None


def _page(what: str, asks: Query, said: str, *, own_words: bool = False) -> Followable:
    return Followable(what=what, asks=urlencode([pair for pair in asks if pair[1]]), said=said, own_words=own_words)


def _selection(request: PageRequest) -> Followable | None:
    """Return what the front page shows, as it is filtered; but for the time, which is from now on."""
    given = filter_of(request)
    if given.run is not None or given.group or unknown_name(request.reader, given):
        return None
    given = replace(given, since="", until="", since_time=None, until_time=None, editorial=False)
    query = [(name, value) for name, value in given.query() if value]
    said = f"changes {given.in_words(request.reader)}" if query else "everything that changes"
    own = bool(given.words or given.names)
    return _page(addresses.with_query("/", query), query, said, own_words=own)


def _changes(request: PageRequest, query: Query) -> Followable | None:
    """Return changes that are asked for by names as a page of them, so that it is one thing wherever it is shown."""
    match query:
        case [("organisation", str(name))]:
            slugs, unknown = pages_called(request.reader, name)
            if slugs and len(slugs) == 1 and not unknown:
                return _at(request, addresses.organisation(slugs[0]))
    return _selection(replace(request, words=QueryWords(urlencode(query))))


def _red_flags(request: PageRequest) -> Followable | None:
    """Return the changes beside what stands out, as the feeds of that page have them."""
    organisation = request.words.one("organisation").strip()
    return _changes(request, [("organisation", organisation)] if organisation else [("severity", Severity.HIGH)])


def _ends(request: PageRequest) -> Followable | None:
    organisation = request.words.one("organisation").strip()
    if pages_called(request.reader, organisation)[1]:
        return None
    query = [("organisation", organisation)]
    name = request.reader.organisations.get(organisation)
    at = f" at {name or f'“{organisation}”'}" if organisation else ""
    return _page(
        addresses.with_query("/expiring", query),
        [*expiring.MOVES, *query],
        f"printed ends that come, go or move{at}",
        own_words=bool(organisation and not name),
    )


def _compared(request: PageRequest) -> Followable | None:
    """Return the changes from now on of what is compared, whatever the dates are."""
    names = [(name, value) for name in ("organisation", "dataset") for value in request.words.all(name)]
    return _changes(request, names) if names else None


def _search(request: PageRequest) -> Followable | None:
    text = request.words.one("q").strip()
    if not matching(text):
        return None
    what = addresses.with_query("/search", [("q", text)])
    return _page(what, [("words", text)], f"the words “{text}”", own_words=True)


def _question(request: PageRequest) -> Followable | None:
    title, address, query = question.followed(request)
    typed = any(request.words.one(name).strip() for name in request.words.names)
    return _page(address, query, f"the question “{title}”", own_words=typed) if query else None


_OWN_WORDS = ("changes", "everything", "printed", "the")


def listed_as(said: str) -> str:
    """Return what is followed as it stands in a list: our own words begin with a capital, a name is left as it is.

    >>> listed_as("the words “lung”"), listed_as("eRosterData")
    ('The words “lung”', 'eRosterData')
    """
    return sentence_case(said) if said.partition(" ")[0] in _OWN_WORDS else said


def form_of(request: PageRequest, found: Followable) -> Mapping[str, Any]:
    """Return what the form of a page shows and sends: signed, so that what is sent back was shown by us lately."""
    following, now = request.site.following, request.site.clock()
    assert following is not None  # who asks has looked
    signed = [found.what, found.asks, found.said, found.own_words]
    return {
        "what": found.what,
        "said": listed_as(found.said),
        "token": following.keys.form_token(signed, now.date()),
        "preview": addresses.with_query("/follow/preview", [("what", found.what)]),
    }
