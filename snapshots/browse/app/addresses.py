"""The addresses of our pages: every link is made here, so that each page has one address and keeps it."""

from collections.abc import Iterable
from urllib.parse import quote, urlencode, urlsplit

from diff.names import readable_name, slug_name

DATABASE = "register"
"""The database's name in Datasette's addresses."""

Query = Iterable[tuple[str, str]]


def organisation(slug: str) -> str:
    """Return the address of an organisation's page."""
    return f"/organisations/{quote(slug, safe='')}"


def agreement(reference: str) -> str:
    """Return the address of an agreement's page."""
    return f"/agreements/{quote(reference, safe='')}"


def dataset(newest: str) -> str:
    """Return the address of the page of the dataset whose newest known name is *newest*."""
    return f"/datasets/{readable_name(newest)}"


def legal_basis(basis: str) -> str:
    """Return the address of the page of a legal basis, by its canonical id."""
    return f"/legal-bases/{quote(basis, safe='')}"


def change(change_id: str) -> str:
    """Return the address of a change's page, for ever the same."""
    return f"/changes/{change_id}"


def run(number: int) -> str:
    """Return the address of a run's page."""
    return f"/runs/{number}"


def snapshot(sha256: str) -> str:
    """Return the address of a kept page."""
    return f"/snapshots/{sha256}"


def question(slug: str) -> str:
    """Return the address of a question's page."""
    return f"/questions/{slug}"


def table(name: str) -> str:
    """Return the address of a table in Datasette."""
    return f"/{DATABASE}/{name}"


def with_query(path: str, query: Query) -> str:
    """Return *path* with what is not empty of *query* behind it, in its order.

    >>> with_query("/", [("kind", "dataset-added"), ("words", ""), ("words", "lung & heart")])
    '/?kind=dataset-added&words=lung+%26+heart'
    """
    given = [(name, value) for name, value in query if value]
    return f"{path}?{urlencode(given)}" if given else path


def files(path: str, query: Query = ()) -> dict[str, str]:
    """Return the addresses of a page's rows as files, by their endings.

    >>> files("/expiring", [("days", "30")])
    {'csv': '/expiring.csv?days=30', 'json': '/expiring.json?days=30'}
    """
    given = list(query)
    return {ending: with_query(f"{path}.{ending}", given) for ending in ("csv", "json")}


FEEDS = {"Atom": "atom", "RSS": "rss", "JSON Feed": "feed.json"}
"""Format of a feed that is served here → the ending of its address."""


FEED_TYPES = {"Atom": "application/atom+xml", "RSS": "application/rss+xml", "JSON Feed": "application/feed+json"}


def feeds(query: Query = ()) -> dict[str, str]:
    """Return the addresses of the feeds of the changes that are asked for, by their formats.

    >>> feeds([("severity", "high")])["Atom"]
    '/changes.atom?severity=high'
    """
    given = list(query)
    return {name: with_query(f"/changes.{ending}", given) for name, ending in FEEDS.items()}


def feeds_of_differences(query: Query = ()) -> dict[str, str]:
    """Return the addresses of the feeds of where the pages and the official register disagree, by their formats.

    >>> feeds_of_differences([("field", "dsa_end")])["RSS"]
    '/differences.rss?field=dsa_end'
    """
    given = list(query)
    return {name: with_query(f"/differences.{ending}", given) for name, ending in FEEDS.items()}


def feed_files(path: str) -> dict[str, str]:
    """Return the addresses of feeds that are files, by their formats; *path* is their address without the ending.

    >>> feed_files("https://example.org/feeds/everything")["JSON Feed"]
    'https://example.org/feeds/everything.json'
    """
    return {name: f"{path}.{ending.rpartition('.')[2]}" for name, ending in FEEDS.items()}


def feeds_of_everything(base_url: str | None) -> dict[str, str]:
    """Return the addresses of the feeds of everything: the files, where these are published."""
    return feed_files(f"{base_url.rstrip('/')}/everything") if base_url else feeds()


def picture(name: str, query: Query = ()) -> dict[str, str]:
    """Return the addresses of a picture and of the table behind it, by their endings.

    >>> picture("recipients", [("dataset", "MHSDS")])
    {'svg': '/pictures/recipients.svg?dataset=MHSDS', 'csv': '/pictures/recipients.csv?dataset=MHSDS'}
    """
    given = list(query)
    return {ending: with_query(f"/pictures/{name}.{ending}", given) for ending in ("svg", "csv")}


def feeds_of_organisation(base_url: str, slug: str) -> str:
    """Return the address of an organisation's feeds, without the ending."""
    return f"{base_url.rstrip('/')}/organisations/{slug_name(slug)}"


def feeds_of_dataset(base_url: str, newest: str) -> str:
    """Return the address of a dataset's feeds, without the ending."""
    return f"{base_url.rstrip('/')}/datasets/{readable_name(newest)}"


def feeds_of_family(base_url: str, family: str) -> str:
    """Return the address of the feeds of a family of datasets, without the ending."""
    return f"{base_url.rstrip('/')}/families/{family}"


def is_link(address: str | None) -> bool:
    """Say whether *address*, which came off a page or out of a file, may become a link: http and https alone may.

    >>> is_link("https://example.org/a"), is_link("javascript:alert(1)"), is_link("edition/a.html"), is_link("http:///x")
    (True, False, False, False)
    """
    try:
        parts = urlsplit(address or "")
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
