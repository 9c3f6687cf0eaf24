"""News for one reader → subject, text and HTML of one message.

Pure: what is due, who is written to and how it is sent is not known here. Text and HTML say the same, each completely.
Page text stands in both as text only, cut and on one line; addresses are made of our base URL and of references.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from diff.saying.phrase import SOURCE
from notify.message import words as say
from notify.message.html import DrawnHtml, draw_html
from notify.message.order import Phrases, arrange
from notify.message.parts import Ending, Places, Told
from notify.message.text import Drawn, draw_text
from notify.message.words import Reading, When, Words
from scraper.text import one_line

__all__ = ["Composer", "Digest", "Ending", "News", "Reading", "Told"]


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What one reader is told in one message."""

    follows: str
    """What they follow, in words: "NHS Eastmere ICB, its predecessors, and MHSDS"."""
    told: Sequence[Told] = ()
    endings: Sequence[Ending] = ()
    readings: Sequence[Reading] = ()
    """The runs that the changes are of."""
    editorial: int = 0
    """How many editorial changes were left out."""
    chain: tuple[int, str] | None = None
    """Number and hash of the head of the chain of runs."""
    when: When = "run"
    stop: str | None = None
    """Address that stops the mails."""
    base_url: str | None = None
    """Address of the history pages, if they are anywhere."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Slug of a page → its address."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Slug of a page → name of its organisation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """A message, before it is addressed to anybody."""

    subject: str
    text: str
    html: str


class Composer:
    """Makes digests; what many readers are told is worded and drawn once."""

    def __init__(self) -> None:
        self._phrases: Phrases = {}
        self._text: Drawn = {}
        self._html: DrawnHtml = {}

    def compose(self, news: News) -> Digest:
        """Return the digest of *news*, which holds a change or a printed end."""
        words = _words(news, self._phrases)
        return Digest(subject=words.subject, text=draw_text(words, self._text), html=draw_html(words, self._html))


def _words(news: News, phrases: Phrases) -> Words:
    places = Places(base_url=news.base_url, sources=news.sources, names=news.names)
    times = {reading.time for reading in news.readings}
    # What a backfill found to be older than the run it was due with is first seen at a time of its own.
    is_older = any(told.change.first_seen not in times for told in news.told)
    dated = len(times) != 1 or is_older
    parts = arrange(news.told, places, dated=dated, phrases=phrases)
    stop = one_line(news.stop) if news.stop else None
    return Words(
        subject=say.subject_of(news.told, parts, news.endings),
        heading=say.heading_of(parts, news.endings),
        seen=say.seen_in(news.readings) if news.told and not is_older else "",
        follows=say.follows(news.follows),
        preview=say.preview_of(parts) or say.subject_of(news.told, parts, news.endings),
        parts=parts,
        counted=say.counted(parts),
        endings=say.coming_up(news.endings, places),
        caution=say.caution(news.endings) if news.endings else "",
        dates=say.about_dates(news.editorial),
        licence=SOURCE,
        chain=say.chain_head(news.chain),
        why=say.why(news.when, stop),
        stop=stop,
    )
