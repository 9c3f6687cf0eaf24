"""What does robots.txt allow us? RFC 9309, read by protego. Pure: `crawl` fetches the file."""

from dataclasses import dataclass

from protego import Protego

from scraper.reading.blocks import looks_like_markup
from scraper.reading.charset import decode

PRODUCT_TOKEN = "registerwatch"
"""The name under which a robots.txt addresses us; the bare token, not the whole user agent."""

_MOST_BYTES = 500 * 1024  # what RFC 9309 has a crawler read at least; no honest file is longer


@dataclass(frozen=True, slots=True, kw_only=True)
class Robots:
    """What we may ask for on one host. Without rules everything is allowed."""

    rules: Protego | None = None
    unreadable: str | None = None  # why there is no answer to what is allowed: then nothing is
    notice: str | None = None  # what a person should know of the file

    def allows(self, url: str) -> bool:
        """Say whether *url* may be asked for."""
        if self.unreadable is not None:
            return False
        return self.rules is None or self.rules.can_fetch(url, PRODUCT_TOKEN)

    @property
    def crawl_delay_s(self) -> float | None:
        """Seconds that the file wants between two requests; None if it does not say."""
        return self.rules.crawl_delay(PRODUCT_TOKEN) if self.rules else None


def parse_robots(body: bytes) -> Robots:
    r"""Return what the robots.txt in *body* allows.

    A byte order mark would hide the first group from the parser; it and other misfortunes of encoding are taken out:

    >>> robots = parse_robots(b"\xef\xbb\xbfUser-agent: *\nDisallow: /private\nCrawl-delay: 2.5")
    >>> robots.allows("https://a.org/private/x"), robots.allows("https://a.org/organisations/x"), robots.crawl_delay_s
    (False, True, 2.5)

    A web page in its place (many sites answer every unknown address with one) has no rules; that is noticed.

    >>> parse_robots(b"<!doctype html><p>Not found").notice
    'robots.txt is a web page: taken as a site without rules'
    """
    # Cut at a line: half a rule is another rule.
    head = body[:_MOST_BYTES]
    if len(body) > _MOST_BYTES:
        head = head[: head.rfind(b"\n") + 1]
    text, _ = decode(head, "utf-8")
    if looks_like_markup(text):
        return Robots(notice="robots.txt is a web page: taken as a site without rules")
    return Robots(rules=Protego.parse(text))
