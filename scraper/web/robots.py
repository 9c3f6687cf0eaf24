"""What does robots.txt allow us? RFC 9309, its paths matched by protego. Pure: `crawl` fetches the file.

Which groups are ours is settled here, since protego takes `registerwatch/0.1.0` for another program, `register` for
us, and a `Crawl-delay` for the end of the names of a group.
"""

import re
from dataclasses import dataclass
from typing import Literal

from protego import Protego

from scraper.reading.blocks import looks_like_markup
from scraper.reading.charset import decode

PRODUCT_TOKEN = "registerwatch"
"""The name under which a robots.txt addresses us; the bare token, not the whole user agent."""

MOST_BYTES = 500 * 1024
"""Of a robots.txt that are read: what RFC 9309 has a crawler read at least; no honest file is longer."""

_NAMES = ("user-agent", "useragent", "user agent")
_RULES = ("allow", "di")  # and what protego takes for a slip of the pen: "dissallow", "diasllow"
_NOT_OF_A_TOKEN = re.compile("[^a-z_-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Robots:
    """What we may ask for on one host. Without rules everything is allowed."""

    rules: Protego | None = None
    unreadable: str | None = None  # why there is no answer to what is allowed: then nothing is
    notice: str | None = None  # what a person should know of the file
    site: Literal["answers", "unreached", "distrusted"] = "answers"  # whether there is a site that could say it

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
    head = body[:MOST_BYTES]
    if len(body) > MOST_BYTES:
        head = head[: head.rfind(b"\n") + 1]
    text, _ = decode(head, "utf-8")
    if b"\0" in body and not text.strip():
        return Robots(unreadable="what robots.txt allows is not known: it is no text")
    if looks_like_markup(text):
        return Robots(notice="robots.txt is a web page: taken as a site without rules")
    return Robots(rules=Protego.parse("\n".join(["User-agent: *", *_our_lines(text)])))


def _our_lines(text: str) -> list[str]:
    r"""Return the lines of the groups that name us, or else of those for everybody.

    >>> _our_lines("User-agent: registerwatch/0.1.0\nDisallow: /a\n\nUser-agent: *\nDisallow: /")
    ['Disallow: /a']
    >>> _our_lines("User-agent: Other\nCrawl-delay: 9\nUser-agent: *\nDisallow: /b")
    ['Disallow: /b']
    """
    groups: dict[str, list[str]] = {}
    named: set[str] = set()
    latest: set[str] = set()
    has_rules = is_name = False
    for line in filter(None, (line.partition("#")[0].strip() for line in text.splitlines())):
        was_name, name = is_name, _named_in(line)
        if is_name := name is not None:
            # Only a rule ends the names of a group; what else stands between them is for those right before it.
            named, latest = (set() if has_rules else named), (latest if was_name else set())
            has_rules = False
            if name in (PRODUCT_TOKEN, "*"):
                named.add(name)
                latest.add(name)
                groups.setdefault(name, [])
            continue
        has_rules = has_rules or line.lower().startswith(_RULES)
        for name in named if has_rules else latest:
            groups[name].append(line)
    return groups.get(PRODUCT_TOKEN, groups.get("*", []))


def _named_in(line: str) -> str | None:
    """Return the product token that a line names, `*` for everybody; None if it is no line of names.

    >>> [_named_in(line) for line in ("User-Agent: FooBot/2.1 x", "user-agent *", "User-agent: * all", "Allow: /")]
    ['foobot', '*', '*', None]
    """
    line = line.lower()
    field = next((name for name in _NAMES if line.startswith(name) and line[len(name) :][:1] in (":", " ", "\t")), None)
    if field is None:
        return None
    words = line[len(field) :].strip().removeprefix(":").split()
    return "*" if words[:1] == ["*"] else _NOT_OF_A_TOKEN.split(words[0] if words else "", maxsplit=1)[0]
