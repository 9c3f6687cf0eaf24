"""News for one reader → subject, text and HTML of one message.

Pure: what is due, who is written to and how it is sent is not known here. Text and HTML say the same, each completely.
Page text stands in both as text only, cut and on one line; addresses are made of our base URL and of references.

The text has 72 columns, addresses and checksums on lines of their own, and says nothing by colour. The HTML has one
column, layout tables and every style inline; its style block only swaps colours in the dark.
"""

import textwrap
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple
from urllib.parse import quote

from jinja2 import Environment, Template
from markupsafe import Markup

from diff.saying.english import moment
from diff.saying.phrase import Phrase
from notify.drawing import new_environment
from notify.message.order import Block, Briefing, Location, NewsLine, Phrases, arrange
from notify.message.stories import MOST_CHANGES, Room, Story, stories_of
from notify.message.words import Wording, word
from notify.quoted import quoted

# Lines of a mail have 78 columns at most (RFC 5322); so they can be quoted three times without being broken.
WIDTH = 72
INDENT = 10  # columns of the severity, before what it is the severity of
UNBROKEN = 15  # characters of a value that stays on one line of the HTML

LONGEST_BODY = 96_000
"""Bytes of text and HTML as a letter carries them: with its headers below 100 KB, where Gmail is known to cut."""

MOST_KEPT = 16_000_000
"""Characters of what was drawn and may be told to the next reader."""

_LABELS = {"high": "[HIGH]", "medium": "[medium]", "low": "[low]", "info": "[info]"}
_SIGNS = {"out": "-", "in": "+", "same": "="}
_BRACKETS = {"out": ("[-", "-]"), "in": ("{+", "+}"), "same": ("", "")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """A message, before it is addressed to anybody."""

    subject: str
    text: str
    html: str


class _Drawn(NamedTuple):
    """What stands in both forms of a digest."""

    text: str
    html: Markup


class Composer:
    """Makes digests; what many readers are told is worded and drawn once."""

    def __init__(self) -> None:
        self._phrases: Phrases = {}
        self._lines: dict[Hashable, _Drawn] = {}
        self._organisations: dict[Hashable, _Drawn] = {}
        self._size = 0

    def compose(self, news: Briefing) -> Digest:
        """Return the digest of *news*, which holds a change or a printed end: as much of it as fits into a letter."""
        stories = stories_of(news.told)
        digest = self._compose(news, stories, Room())
        if _bytes_of(digest) <= LONGEST_BODY:
            return digest
        fits, too_much = 0, MOST_CHANGES
        while fits + 1 < too_much:
            middle = (fits + too_much) // 2
            digest = self._compose(news, stories, Room(middle))
            fits, too_much = (middle, too_much) if _bytes_of(digest) <= LONGEST_BODY else (fits, middle)
        return self._compose(news, stories, Room(fits))

    def _compose(self, news: Briefing, stories: Sequence[Story], room: Room) -> Digest:
        words = word(news, arrange(news, stories, room, self._phrases), room)
        drawn = [self._organisation(name, blocks) for name, blocks in words.parts.organisations]
        return Digest(
            subject=words.subject,
            text=_joined(_text(words, [one.text for one in drawn])),
            html=_template("mail.html").render(words=words, organisations=[one.html for one in drawn]),
        )

    def _organisation(self, name: str, blocks: Sequence[Block]) -> _Drawn:
        """Return what is told of an organisation, drawn now or for an earlier reader."""
        key = _key_of(name, blocks)
        if key is not None and key in self._organisations:
            return self._organisations[key]
        drawn = _draw_organisation(name, [(block, [self._line(line) for line in block.lines]) for block in blocks])
        if key is not None:
            self._keep(key, drawn)
        return drawn

    def _keep(self, key: Hashable, drawn: _Drawn) -> None:
        # Of thousands of readers each may be told another part of what there is: it is bounded, and begun anew.
        self._size += len(drawn.text) + len(drawn.html)
        if self._size > MOST_KEPT:
            self._organisations.clear()
            self._size = len(drawn.text) + len(drawn.html)
        self._organisations[key] = drawn

    def _line(self, line: NewsLine) -> _Drawn:
        """Return *line*, drawn now or for an earlier reader."""
        # What names a reader's own agreements looks different to the next.
        if line.key is None:
            return _draw_line(line)
        if line.key not in self._lines:
            self._lines[line.key] = _draw_line(line)
        return self._lines[line.key]


def _key_of(name: str, blocks: Sequence[Block]) -> Hashable:
    """Return what has the same value for what looks the same; nothing for what is a reader's own."""
    if any(line.key is None for block in blocks for line in block.lines):
        return None
    return (name, *((block.place, *(line.key for line in block.lines)) for block in blocks))


def _bytes_of(digest: Digest) -> int:
    """Return how long *digest* is as a letter carries it."""
    return len(quoted(digest.text)) + len(quoted(digest.html))


def _draw_organisation(name: str, blocks: Sequence[tuple[Block, Sequence[_Drawn]]]) -> _Drawn:
    html = [(block, [line.html for line in lines]) for block, lines in blocks]
    text = [(block, [line.text for line in lines]) for block, lines in blocks]
    drawn = _template("mail_organisation.html").render(organisation=name, blocks=html)
    return _Drawn(_joined(_organisation_as_text(name, text)), Markup(drawn))  # escaped by the template


def _draw_line(line: NewsLine) -> _Drawn:
    html = _template("mail_change.html").render(line=line)
    return _Drawn("\n".join(_lines_of(line)), Markup(html))  # escaped by the template


# --- text -------------------------------------------------------------------------------------------------------------


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(line.rstrip() for line in lines)


def _text(words: Wording, organisations: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a digest; what is told of an organisation is several."""
    yield words.heading.upper()
    yield from _wrap(" ".join(filter(None, (words.seen, words.follows))))
    yield from organisations
    yield from _rest(words) if words.rest else ()
    if words.corrections:
        yield from ("", "", *_title("Corrections"))
        for was, told, place in words.corrections:
            yield from ("", *_wrap(was), *_wrap(told, indent=2))
            yield from _addresses(place, "What was told:")
        yield from ("",) if words.more_corrections else ()
        for more in words.more_corrections:
            yield from _wrap(more, hang=2)
    if words.remarks:
        yield from ("", "", *_title("Notes"))
        for note, about, place in words.remarks:
            yield from ("", *_wrap(note), *_wrap(about, indent=2))
            yield from _addresses(place, "What was told:")
        yield from ("",) if words.more_remarks else ()
        for more in words.more_remarks:
            yield from _wrap(more, hang=2)
    if words.endings:
        yield from ("", "", *_title("Coming up"))
        for end, when, place in words.endings:
            yield from ("", *_wrap(f"{end:<10}  printed end of {place.reference}, {when}", hang=12))
            yield from _wrap(", ".join(filter(None, (place.title, place.organisation))), indent=12)
            yield from _addresses(place, "")
        yield from ("", *_wrap(words.caution))
    yield from _foot(words)


def _rest(words: Wording) -> Iterator[str]:
    """Yield what is told in one line, what is counted, and where it all stands."""
    yield from ("", "", *_title("And more"), "")
    for brief in words.parts.brief:
        yield from _wrap(f"{_LABELS[brief.severity]:<{INDENT}}{brief.said}", hang=INDENT)
    for counted in words.counted:
        yield from _wrap(counted, hang=2)
    yield from ("", *_wrap(words.rest), words.rest_link or words.rest_command)


def _foot(words: Wording) -> Iterator[str]:
    yield from ("", "-" * WIDTH, *_wrap(words.dates), "", *_wrap(words.licence))
    yield from ("", words.explained) if words.readings else ()
    for name, to in words.readings:
        yield from (f"{name}:", to)
    yield from ("", "SHA-256 of the kept pages:") if words.parts.sums else ()
    for organisation, before, after in words.parts.sums:
        yield from _wrap(organisation)
        yield from ("before:", before) if before else ()
        yield from ("after:", after) if after else ()
    yield from ("", *_wrap(words.chain[0]), words.chain[1]) if words.chain else ()
    yield from ("", *_wrap(words.why))
    for name, to in words.ways:
        yield from (f"{name}:", to)
    yield ""


def _title(text: str) -> tuple[str, ...]:
    return (*_wrap(text.upper()), "=" * WIDTH)


def _organisation_as_text(name: str, blocks: Sequence[tuple[Block, Sequence[str]]]) -> Iterator[str]:
    yield from ("", "", *_title(name))
    for block, lines in blocks:
        yield from ("", *_block(block, lines))


def _block(block: Block, lines: Sequence[str]) -> Iterator[str]:
    place = block.place
    if place.title or place.reference:
        yield from (*_wrap(place.title), *_wrap(place.reference), "-" * WIDTH, "")
    yield "\n\n".join(lines)
    if place.link or place.source:
        yield ""
    yield from _addresses(place, "History and proof:")


def _addresses(place: Location, label: str) -> Iterator[str]:
    if place.link:
        yield from filter(None, (label, place.link))
    if place.source:
        yield from ("Source:", place.source)


def _lines_of(line: NewsLine) -> Iterator[str]:
    said = line.phrase
    first, *others = _wrap(f"{said.head}{said.joint} {said.tail}" if said.tail else said.head, indent=INDENT)
    yield from (f"{_LABELS[line.severity]:<{INDENT}}{first.lstrip()}", *others, *_values(said))
    yield from _wrap(said.note, indent=INDENT)
    yield from _wrap(f"First seen on {moment(line.seen)}.", indent=INDENT) if line.seen else ()
    for place in line.about:
        yield from _wrap(", ".join(filter(None, (place.reference, place.organisation))), indent=INDENT, hang=2)
    yield from _wrap(f"and {line.more_about} more", indent=INDENT) if line.more_about else ()
    yield from ("", f"{line.link_text}:", line.link) if line.link else ()
    sources = dict.fromkeys(place.source for place in line.about if place.source)
    if sources:
        yield from ("Source:", *sources) if line.link else ("", "Source:", *sources)


def _values(said: Phrase) -> Iterator[str]:
    if said.form == "prose":
        marked = (f"{_BRACKETS[run.mark][0]}{run.text}{_BRACKETS[run.mark][1]}" for run in said.runs)
        yield from _wrap(" ".join(marked), indent=INDENT)
    elif said.form == "pair" and len(said.lines) == 2:
        yield from _wrap(" -> ".join(text for _, text in said.lines), indent=INDENT)
    else:
        for mark, text in said.lines:
            yield from _wrap(f"{_SIGNS[mark]} {text}", indent=INDENT, hang=2)


@lru_cache(maxsize=10_000)  # names, titles and the footer come again in the digest of the next reader
def _wrap(text: str, indent: int = 0, hang: int = 0) -> tuple[str, ...]:
    """Return *text* as lines of the width; nothing if there is none. Slugs, references and addresses stay whole."""
    first, others = " " * indent, " " * (indent + hang)
    return tuple(textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=others, break_on_hyphens=False))


# --- HTML -------------------------------------------------------------------------------------------------------------


@cache
def _template(name: str) -> Template:
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    environment = new_environment()
    environment.filters["moment"] = moment
    environment.filters["address_part"] = lambda text: quote(text, safe="@")
    environment.globals["UNBROKEN"] = UNBROKEN
    return environment
