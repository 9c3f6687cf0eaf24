"""Kept pages: which prove what is said, with times, checksums and addresses; as lines; and two of them line by line.

Nothing in a page is run, followed or fetched: what comes out is text on single lines, for templates that escape it.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from diff.change import Change
from diff.saying.matching import matching
from diff.saying.redline import Run, redline
from scraper.errors import UnreadableMarkupError
from scraper.reading.blocks import lines_of_text, looks_like_markup
from scraper.reading.charset import decode, is_binary
from scraper.reading.markup import lines_of_markup
from scraper.text import one_line
from snapshots.browse.app import addresses
from snapshots.browse.app.addresses import is_link
from snapshots.browse.app.request import Reader, Row, SiteSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A kept page and one period in which it was seen."""

    sha256: str
    page: str
    organisation: str
    size: int
    source: str
    layout: str
    captured_at: str
    first_seen: str
    last_seen: str
    run: int
    run_kind: str
    stale: bool
    live: str
    """Address of the page itself."""

    @property
    def web_archive(self) -> str:
        """Address of the web archive's copy nearest to it, whichever that is."""
        digits = "".join(sign for sign in self.captured_at if sign.isdigit())[:14]
        return f"https://web.archive.org/web/{digits}/{self.live}"

    @property
    def run_word(self) -> str:
        """What the run is called."""
        return "run" if self.run_kind == "run" else "edition"


def page_address(site: SiteSettings, slug: str, source: str = "") -> str:
    """Return the address of an organisation's page: where it was fetched from, else where the register has it."""
    if is_link(source) and "web.archive.org" not in (urlsplit(source).hostname or ""):
        return source
    return f"{site.index.rstrip('/')}/organisations/{quote(slug, safe='')}"


_KEPT = """
    select s.body as sha256, s.page, coalesce(pages.organisation, s.page) as organisation, bodies.size, s.source,
      s.layout, s.captured_at, s.first_seen, s.last_seen, s.run, runs.kind as run_kind, s.stale
    from snapshots as s
    join pages on pages.key = s.page
    join bodies on bodies.sha256 = s.body
    join runs on runs.id = s.run
    """


def kept_of_page(reader: Reader, site: SiteSettings, slug: str) -> list[Kept]:
    """Return every kept state of a page, the newest first."""
    rows = reader.rows(f"{_KEPT} where s.page = :page order by s.first_seen desc, s.id desc", {"page": slug})
    return [_kept(row, site) for row in rows]


def kept_as(reader: Reader, site: SiteSettings, sha256: str) -> list[Kept]:
    """Return the periods in which a body was seen, in order of time."""
    where = "where s.page in (select page from captures where body = :sha256) and s.body = :sha256"
    return [_kept(row, site) for row in reader.rows(f"{_KEPT} {where} order by s.first_seen, s.id", {"sha256": sha256})]


def kept_bodies(reader: Reader, site: SiteSettings, bodies: Iterable[str], slugs: Iterable[str]) -> Mapping[str, Kept]:
    """Return these bodies by checksum, each with the first period in which one of these pages had it."""
    rows = reader.rows(
        f"""
        {_KEPT}
        where s.page in (select value from json_each(:slugs)) and s.body in (select value from json_each(:bodies))
        order by s.first_seen desc, s.id desc
        """,
        {"bodies": json.dumps(sorted(set(bodies))), "slugs": json.dumps(sorted(set(slugs)))},
    )
    return {row["sha256"]: _kept(row, site) for row in rows}


def _kept(row: Row, site: SiteSettings) -> Kept:
    live = page_address(site, row["page"], row["source"])
    return Kept(**{**row, "stale": bool(row["stale"])}, live=live)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPair:
    """The kept pages before and after what was first seen at a time."""

    time: str
    before: Kept | None
    after: Kept | None

    @property
    def both(self) -> str:
        """Address of the two side by side; none where there is one, or both are the same bytes."""
        # What appears on a second page is told of the first in order: that one may not have changed.
        if not self.before or not self.after or self.before.sha256 == self.after.sha256:
            return ""
        return addresses.with_query(addresses.snapshot(self.after.sha256), [("with", self.before.sha256)])


def proof_of(
    reader: Reader, site: SiteSettings, changes: Iterable[Change], pages: Collection[str], newest: str
) -> Mapping[str, Sequence[KeptPair] | Kept | None]:
    """Return the kept pages behind changes, the newest first, and the one with the bytes that are shown."""
    keys = dict.fromkeys(
        (change.first_seen, change.snapshot_before, change.snapshot_after)
        for change in changes
        if change.snapshot_before or change.snapshot_after
    )
    bodies = {body for _, *both in keys for body in both if body} | {newest}
    kept = kept_bodies(reader, site, bodies, pages)
    pairs = [
        KeptPair(time=time, before=kept.get(before or ""), after=kept.get(after or "")) for time, before, after in keys
    ]
    pairs = [pair for pair in pairs if pair.before or pair.after]
    return {"newest": pairs[:1], "earlier": pairs[1:], "first": kept.get(newest)}


# --- kept pages as lines ----------------------------------------------------------------------------------------------

MOST_LINES = 3_000
MOST_CHARACTERS = 400_000
"""What a page shows of a kept page; all of it can be saved."""
LONGEST_LINE = 20_000
CONTEXT = 2
"""Unchanged lines beside one that differs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLine:
    """A line of a kept page."""

    number: int
    text: str
    kind: str = ""
    """What the markup calls it: item, heading, link or pre."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLines:
    """The lines of a kept page, as far as they are shown."""

    lines: Sequence[PageLine]
    all: int
    """How many there are."""
    notices: Sequence[str] = ()
    """What had to be put right to read them."""

    @property
    def left_out(self) -> int:
        """How many are not shown."""
        return self.all - len(self.lines)


def text_of(body: bytes, charset: str | None) -> ShownLines:
    """Return a page as the reader of pages sees it."""
    if is_binary(body):
        return ShownLines(lines=(), all=0, notices=("these bytes are no text",))
    text, notices = decode(body, charset)
    if not looks_like_markup(text):
        return _shown([(line.text, line.kind) for line in lines_of_text(text)], notices)
    try:
        found = lines_of_markup(text)
    except UnreadableMarkupError:
        return ShownLines(lines=(), all=0, notices=(*notices, "no text can be read out of this markup"))
    return _shown([(line.text, line.kind) for line in found], notices)


def source_of(body: bytes, charset: str | None) -> ShownLines:
    """Return the source of a page, line by line, its indents kept."""
    if is_binary(body):
        return ShownLines(lines=(), all=0, notices=("these bytes are no text",))
    text, notices = decode(body, charset)
    return _shown([(line, "") for line in text.splitlines()], notices)


def _shown(lines: Sequence[tuple[str, str]], notices: Sequence[str]) -> ShownLines:
    shown: list[PageLine] = []
    left = MOST_CHARACTERS
    for number, (text, kind) in enumerate(lines[:MOST_LINES], start=1):
        safe = _safe(text)[: min(LONGEST_LINE, left)]
        shown.append(PageLine(number=number, text=safe, kind=kind))
        left -= len(safe)
        if left <= 0:
            break
    return ShownLines(lines=shown, all=len(lines), notices=notices)


def _safe(text: str) -> str:
    r"""Return a line without anything that steers a program or turns the direction of reading; its indent stays.

    >>> _safe("  <p>a\u202eb  c")
    '  <p>ab c'
    """
    return text[: len(text) - len(text.lstrip(" \t"))].expandtabs(2) + one_line(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSide:
    """A line on one side."""

    number: int
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePair:
    """A line of both pages; or how many in a row are alike."""

    before: LineSide | None = None
    after: LineSide | None = None
    alike: int = 0
    differs: bool = False


def side_by_side(before: Sequence[PageLine], after: Sequence[PageLine]) -> list[LinePair]:
    """Return two pages line by line: what differs with its lines beside it, and how many are alike in between.

    >>> old = [PageLine(number=1, text="a b")]
    >>> rows = side_by_side(old, [PageLine(number=1, text="a c"), PageLine(number=2, text="d")])
    >>> [run.mark for run in rows[0].before.runs], [run.mark for run in rows[0].after.runs], rows[1].before
    (['same', 'out'], ['same', 'in'], None)
    """
    rows: list[LinePair] = []
    stretches = matching([line.text for line in before], [line.text for line in after])
    for n, (same, a, b, c, d) in enumerate(stretches):
        if same:
            rows += _alike(before[a:b], after[c:d], first=n == 0, last=n == len(stretches) - 1)
        else:
            rows += _differing(before[a:b], after[c:d])
    return rows


def _alike(old: Sequence[PageLine], new: Sequence[PageLine], *, first: bool, last: bool) -> Iterator[LinePair]:
    head = 0 if first else CONTEXT
    tail = 0 if last else CONTEXT
    pairs = [LinePair(before=_same(a), after=_same(b)) for a, b in zip(old, new, strict=True)]
    if len(pairs) <= head + tail + 1:
        yield from pairs
        return
    yield from pairs[:head]
    yield LinePair(alike=len(pairs) - head - tail)
    yield from pairs[len(pairs) - tail :]


def _differing(old: Sequence[PageLine], new: Sequence[PageLine]) -> Iterator[LinePair]:
    for n in range(max(len(old), len(new))):
        before, after = old[n] if n < len(old) else None, new[n] if n < len(new) else None
        yield (
            _pair(before, after)
            if before and after
            else LinePair(
                before=_whole(before, "out") if before else None,
                after=_whole(after, "in") if after else None,
                differs=True,
            )
        )


def _pair(before: PageLine, after: PageLine) -> LinePair:
    runs = [run for paragraph in redline(before.text, after.text).paragraphs for run in paragraph]
    if all(run.mark == "same" for run in runs):  # it means the same, but is not the same
        return LinePair(before=_whole(before, "out"), after=_whole(after, "in"), differs=True)
    return LinePair(
        before=LineSide(number=before.number, runs=tuple(run for run in runs if run.mark != "in")),
        after=LineSide(number=after.number, runs=tuple(run for run in runs if run.mark != "out")),
        differs=True,
    )


def _same(line: PageLine) -> LineSide:
    return LineSide(number=line.number, runs=(Run("same", line.text),))


def _whole(line: PageLine, mark: str) -> LineSide:
    return LineSide(number=line.number, runs=(Run("out" if mark == "out" else "in", line.text),))
