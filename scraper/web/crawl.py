"""From the index, or a sitemap, to the organisations' pages: which are there, and where?

`fetch_robots` and `fetch_sitemap` ask through a `Fetcher`; the rest is pure. Which of the pages found are asked for,
and which of those that were not found, is decided by the run.
"""

import zlib
from collections.abc import Collection, Iterable
from posixpath import dirname
from urllib.parse import urljoin, urlsplit, urlunsplit
from xml.parsers import expat

from scraper.errors import CrawlError, FetchError
from scraper.limits import too_many_tags
from scraper.reading.charset import decode
from scraper.register import NHS_DATA_RELEASE
from scraper.slugs import is_slug, slug_of
from scraper.web.addresses import host_of
from scraper.web.fetch import Fetcher
from scraper.web.robots import MOST_BYTES, Robots, parse_robots
from scraper.web.transport import DistrustedError, UnreachedError

Found = list[tuple[str, str]]
"""(slug, address) of each page, in the order of the source, one for each slug."""

# An index of sitemaps may name further ones without end, as a server does that makes them up.
_MOST_SITEMAPS = 50
_MOST_SITEMAP_BYTES = 50 * 1024 * 1024  # unpacked; the standard's own limit


def fetch_robots(fetcher: Fetcher, root_url: str) -> Robots:
    """Fetch the robots.txt of the host of *root_url*. What it says is returned, not yet obeyed: see `Fetcher.obey`.

    By RFC 9309 a 4xx means that there are no rules; a 5xx, or no answer, that nothing may be asked. 429 is no word on
    the rules but a wish to be left alone, and 407 that of a proxy before it: both count as no answer.
    """
    url = urljoin(root_url, "/robots.txt")
    try:
        page = fetcher.fetch(url, at_most=MOST_BYTES + 1)
    except FetchError as error:
        if error.status is not None and 400 <= error.status < 500 and error.status not in (407, 429):
            return Robots()
        if isinstance(error.__cause__, UnreachedError):
            return Robots(unreadable=f"the site cannot be reached: {error.reason}", site="unreached")
        if isinstance(error.__cause__, DistrustedError):
            return Robots(unreadable=f"the site does not prove its name: {error.reason}", site="distrusted")
        return Robots(unreadable=f"what robots.txt allows is not known: {error.reason}")
    return parse_robots(page.body) if page else Robots()


def find_slugs(index_html: bytes, base_url: str, *, hosts: Collection[str] = (), charset: str | None = None) -> Found:
    """Return the organisations' pages that an index links to.

    Args:
        index_html: The index as it came.
        base_url: Where it came from, after redirects.
        hosts: Other hosts of the register; links to them are spellings of pages on the index's own host.
        charset: What the header declared.

    Raises:
        CrawlError: There is no such link, or the page is too large to look for one.
    """
    text, _ = decode(index_html, charset)
    if reason := too_many_tags(text):
        raise CrawlError(base_url, f"the index has {reason}")
    # Not at the top: it takes as long to load as half of what `run` needs to begin.
    from bs4 import BeautifulSoup
    from bs4.exceptions import ParserRejectedMarkup

    try:
        soup = BeautifulSoup(text, "lxml")
    except ParserRejectedMarkup as error:
        raise CrawlError(base_url, "the index is not a web page") from error
    # A page may say that its links are relative to another address; browsers follow it, and so did its author.
    base = soup.find("base", href=True)
    start = urljoin(base_url, str(base["href"])) if base else base_url
    links = [str(link["href"]) for link in soup.find_all(["a", "area"], href=True)]
    found = _pages(links, base_url, start, hosts)
    if not found:
        n = f"{len(links)} links" if len(links) != 1 else "1 link"
        raise CrawlError(base_url, f"no link to an organisation's page (/organisations/<slug>) among {n}")
    return found


def fetch_sitemap(fetcher: Fetcher, url: str) -> Found:
    """Fetch a sitemap and, if it is an index of sitemaps, those that it names; return the organisations' pages.

    Raises:
        CrawlError: There is none, or a sitemap cannot be read.
        FetchError: A sitemap cannot be fetched: what is listed in part is no list.
    """
    hosts = fetcher.policy.register_hosts
    waiting, seen, pages = [url], {url}, list[str]()
    while waiting:
        page = fetcher.fetch(waiting.pop(0))
        listed, sitemaps = _read_sitemap(page.body if page else b"", url)
        pages += listed
        # Only on the register's hosts: a sitemap is somebody's list of addresses, and each of them would be asked for.
        new = [address for address in dict.fromkeys(sitemaps) if address not in seen and host_of(address) in hosts]
        waiting += new
        seen.update(new)
        if len(seen) > _MOST_SITEMAPS:
            raise CrawlError(url, f"more than {_MOST_SITEMAPS} sitemaps")
    found = _pages(pages, fetcher.policy.index, fetcher.policy.index, hosts)
    if not found:
        raise CrawlError(url, f"no organisation's page among the {len(pages)} addresses of the sitemap")
    return found


def _pages(links: Iterable[str], index_url: str, start: str, hosts: Collection[str]) -> Found:
    """Return the pages among *links*, relative to *start*, at the address that they have on the index's own host."""
    index = urlsplit(index_url)
    ours = {host_of(index_url), *map(host_of, hosts)}
    found: dict[str, str] = {}
    for link in links:
        try:
            url = urljoin(start, link.strip())
            parts = urlsplit(url)
        except ValueError:
            continue  # not an address: elsewhere
        if parts.scheme not in ("http", "https") or host_of(url) not in ours:
            continue
        slug = slug_of(url)
        # Query and fragment go: they are other views of the same page.
        if _is_page(parts.path, index.path) and is_slug(slug):
            found.setdefault(slug, urlunsplit((index.scheme, index.netloc, parts.path, "", "")))
    return list(found.items())


def _is_page(path: str, index_path: str) -> bool:
    """Say whether *path* is that of an organisation's page of the index at *index_path*.

    >>> [_is_page(path, "/") for path in ("/organisations/a", "/organisation/a/", "/Organisations/a/index.html")]
    [True, True, True]
    >>> [_is_page(path, "/") for path in ("/organisations/", "/reports/organisations/a", "/organisations/a/history")]
    [False, False, False]
    >>> _is_page("/mirror/organisations/a", "/mirror/")
    True
    """
    above = NHS_DATA_RELEASE.folder_above(path)
    return above is not None and f"{dirname(index_path).rstrip('/')}/".startswith(f"{above}/")


def _read_sitemap(xml: bytes, source: str) -> tuple[list[str], list[str]]:
    """Return the pages and the further sitemaps that a sitemap lists."""
    reader = _SitemapReader(source)
    # The plain parser of the standard library: entities are declared in a document type, and that is refused.
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(_unpacked(xml, source), True)
    except expat.ExpatError as error:
        raise CrawlError(source, f"the sitemap is not XML: {error}") from error
    return reader.pages, reader.sitemaps


def _unpacked(xml: bytes, source: str) -> bytes:
    """Return a sitemap that may be a `.xml.gz`, unpacked."""
    # By its first bytes, not its name: a server may unpack a `.gz` on the way.
    if not xml.startswith(b"\x1f\x8b"):
        return xml
    try:
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        unpacked = unpacker.decompress(xml, _MOST_SITEMAP_BYTES)
    except zlib.error as error:
        raise CrawlError(source, f"the gzip of the sitemap is broken: {error}") from error
    if not unpacker.eof:
        raise CrawlError(source, "the gzip of the sitemap is cut off or too big")
    return unpacked


class _SitemapReader:
    """Takes the addresses out of a sitemap as its XML is read; no tree is built.

    No document type is allowed: entities, the way of all attacks by XML, are declared there and nowhere else.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.pages: list[str] = []
        self.sitemaps: list[str] = []
        self._path: list[str] = []
        self._text: list[str] = []

    def refuse(self, *_: object) -> None:
        raise CrawlError(self.source, "the sitemap has a document type, which none needs: refused")

    def start(self, name: str, _attributes: object) -> None:
        self._path.append(name.rpartition(" ")[2])  # without the namespace that expat puts before it
        self._text = []

    def text(self, data: str) -> None:
        self._text.append(data)

    def end(self, _name: str) -> None:
        if self._path[-2:] == ["url", "loc"]:
            self.pages.append("".join(self._text).strip())
        elif self._path[-2:] == ["sitemap", "loc"]:
            self.sitemaps.append("".join(self._text).strip())
        self._path.pop()
        self._text = []
