"""The page that lists feeds and calendars and explains them: one file without scripts that loads nothing."""

import base64
import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from jinja2 import Environment
from markupsafe import Markup

from diff.saying.english import day
from diff.saying.phrase import SOURCE
from notify.drawing import new_environment
from notify.feeds.formats import Feed
from scraper.names.fold import fold
from scraper.text import one_line

NAMES = {"atom": "Atom", "rss": "RSS", "json": "JSON Feed"}
TYPES = {"atom": "application/atom+xml", "rss": "application/rss+xml", "json": "application/feed+json"}


@dataclass(frozen=True, slots=True)
class Listed:
    """A feed as it stands on the page."""

    name: str
    feed: Feed

    @property
    def newest(self) -> str | None:
        """The day on which its newest change was first seen."""
        return self.feed.entries[0].first_seen[:10] if self.feed.entries else None

    @property
    def letter(self) -> str:
        """The letter that it is listed under.

        >>> Listed("École normale", None).letter, Listed("3M UK", None).letter
        ('E', '0–9')
        """
        plain = unicodedata.normalize("NFKD", fold(self.name)).encode("ascii", "ignore").decode()
        first = next((sign for sign in plain if sign.isalnum()), "")
        return first.upper() if first.isalpha() else "0–9"


def render_index(
    register: str,
    everything: Listed,
    organisations: Iterable[Listed],
    datasets: Iterable[Listed],
    *,
    newest: int,
    head: tuple[int, str] | None = None,
) -> bytes:
    """Return the page.

    Args:
        register: What the register is called.
        everything: The feed of all changes.
        organisations: The feeds of organisations, in any order.
        datasets: The feeds of datasets, in any order.
        newest: How many entries a feed holds.
        head: Number and hash of the head of the chain of runs, if there is one.
    """
    style = _environment().get_template("feeds.css").render()
    page = _environment().get_template("feeds.html").render(
        style=Markup(style),  # ours, from a file beside the template
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        register=one_line(register),
        everything=everything,
        organisations=_by_letter(organisations),
        datasets=_by_letter(datasets),
        formats=NAMES,
        types=TYPES,
        newest=newest,
        head=head,
        source=SOURCE,
    )  # fmt: skip
    return page.encode()


def _by_letter(feeds: Iterable[Listed]) -> Sequence[tuple[str, Sequence[Listed]]]:
    ordered = sorted(feeds, key=lambda one: (one.letter, fold(one.name), one.feed.path))
    return [(letter, list(group)) for letter, group in groupby(ordered, key=lambda one: one.letter)]


@cache
def _environment() -> Environment:
    environment = new_environment()
    environment.filters["day"] = day
    environment.filters["how_many"] = lambda letters: f"{sum(len(feeds) for _, feeds in letters):,}"
    return environment
