"""A page's bytes to what the page says: `read_page`. Pure: no file, no clock, no network.

The way of a page: bytes → text (`charset`) → lines (`blocks`) → agreements' places (`headings`) → lines sorted by label
(`drafts`) → records (`agreements`, `values`). Here the steps are joined, the layout is decided, and pages that cannot
be believed are refused.
"""

import gc
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from bs4 import BeautifulSoup
from bs4.exceptions import ParserRejectedMarkup

from scraper.errors import ListPageError, RefusedPageError
from scraper.names.vocabulary import Vocabulary, default_vocabulary
from scraper.reading.agreements import fields_of, labels_missing, notices_of, read_agreement
from scraper.reading.blocks import (
    Line,
    every_element_a_line,
    lines_of_markup,
    lines_of_text,
    looks_like_markup,
    parse_markup,
)
from scraper.reading.charset import decode, is_binary
from scraper.reading.drafts import Draft, Style, draft_of, has_list_label, split_lost, with_colons
from scraper.reading.headings import (
    Heading,
    files_disseminated,
    find_headings,
    find_l0_starts,
    flags_of,
    organisation_of,
    says_projects,
    stem_of,
)
from scraper.reading.layouts import (
    HEADING_LABELS,
    L0_INLINE_SECTIONS,
    L0_LABELS,
    L1_SECTION_LINES,
    Evidence,
    known_label,
    layout_of,
)
from scraper.records import Agreement, RegisterPage
from scraper.slugs import slug_of

_XML_PROLOG = re.compile(r"\A(?:\s*<\?xml[^>]*>?)+")
_CLOSES = re.compile(rb"</html\s*>", re.IGNORECASE)
_PAGE_OF_ORGANISATION = re.compile(r"/organisations?/[^/?#\s]+")
_MONTHS_ONLY = re.compile(r"DSA runs \d{4}-\d{2}(?!\d|-)")
_OUT_OF_ORDER = re.compile(
    r"maintenance|unavailable|try again|back soon|not found|forbidden|access denied|too many requests|timed? ?out"
    r"|internal server error|bad gateway|service error|an error (?:has )?occurred|checking your browser",
    re.IGNORECASE,
)
_MOST_LINES_OF_AN_ERROR = 40

Span = tuple[int, Heading | None]


class _Page(NamedTuple):
    """The lines of a page and where its agreements begin; a page of 2017 has no headings."""

    lines: list[Line]
    starts: list[Span]

    @property
    def head(self) -> list[Line]:
        """The lines above the first agreement."""
        return self.lines[: self.starts[0][0]] if self.starts else self.lines

    def bodies(self) -> list[list[Line]]:
        """Return the lines of each agreement, its heading left out."""
        ends = [start for start, _ in self.starts[1:]] + [len(self.lines)]
        spans = zip(self.starts, ends, strict=True)
        return [self.lines[start + (heading is not None) : end] for (start, heading), end in spans]


def read_page(
    body: bytes,
    *,
    source: str,
    slug: str | None = None,
    charset: str | None = None,
    must_close: bool = False,
    vocabulary: Vocabulary | None = None,
) -> RegisterPage:
    """Return what the page in *body* says.

    Args:
        body: The page as it came, HTML or text: its content decides, not its name.
        source: What to call it: a file's name or an address.
        slug: The page's slug; by default the one that *source* names.
        charset: The set of characters that came with it in a header, if any.
        must_close: The page's last snapshot had `</html>`, so one without it was cut off on its way.
        vocabulary: Names of organisations that hold commas; by default those that come with the program.

    Raises:
        ListPageError: It is a list of organisations.
        RefusedPageError: It is no page of the register, or not a whole one.
    """
    slug = slug_of(source) if slug is None else slug
    text, notices = _text_of(body, source, charset)
    is_markup = looks_like_markup(text)
    if is_markup:
        _refuse_cut_off(text, must_close and not closes(body), source)
        page = _read_markup(text, source)
    else:
        page = _read_lines([lines_of_text(text)])
    if not page.starts:
        raise _refusal(page.lines, source)
    organisation = organisation_of(page.head, slug)
    if not organisation:
        raise RefusedPageError(source, "no organisation heading")
    _refuse_unkeyed(page.head, source)
    bodies = page.bodies()
    style = _style_of(bodies, page, is_markup=is_markup)
    drafts = [draft_of(lines, style) for lines in bodies]
    agreements, more = _agreements(page, drafts, style, source, vocabulary or default_vocabulary())
    return RegisterPage(
        source=source,
        slug=slug,
        organisation=organisation,
        layout=style.layout,
        files_disseminated=files_disseminated(page.head),
        flags=flags_of(page.head),
        notices=(*notices, *more),
        agreements=agreements,
    )


def closes(body: bytes) -> bool:
    """Say whether *body* is an HTML page that has its end, `</html>`."""
    return _CLOSES.search(body[-65536:]) is not None or _CLOSES.search(body) is not None


# Text and lines


def _text_of(body: bytes, source: str, charset: str | None) -> tuple[str, list[str]]:
    if is_binary(body):
        raise RefusedPageError(source, "not a text or HTML page (binary)")
    text, notices = decode(body, charset)
    if not text.strip():
        raise RefusedPageError(source, "empty")
    return text, notices


def _refuse_cut_off(text: str, lacks_end: bool, source: str) -> None:
    if text.rfind("<") > text.rfind(">") and re.match(r"<(?:[a-zA-Z/!?]|\s*$)", text[text.rfind("<") :]):
        raise RefusedPageError(source, "the page stops inside a tag")
    if lacks_end:
        raise RefusedPageError(source, "the page stops before its end: no </html>, and the one before it had one")


@contextmanager
def _collection_paused() -> Iterator[None]:
    """Let the garbage collector rest while a tree is built and walked.

    It would look through the growing tree again and again and find nothing: a third of the time of reading a page.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_collection_paused()
def _read_markup(text: str, source: str) -> _Page:
    try:
        soup = parse_markup(_XML_PROLOG.sub("", text))
    except ParserRejectedMarkup as error:
        raise RefusedPageError(source, "not readable as HTML") from error
    page = _read_lines([lines_of_markup(soup)])
    if not page.starts:
        page = _read_lines([page.lines, with_colons(page.lines), every_element_a_line(soup)])
    if not page.starts and _lists_organisations(soup, page.lines):
        raise ListPageError(source, "a list of organisations")
    return _without_tail(page)


def _read_lines(readings: Sequence[list[Line]]) -> _Page:
    """Return the first of several *readings* of a page's lines in which there are agreements, else the first."""
    for lines in readings:
        starts: list[Span] = [(heading.place, heading) for heading in find_headings(lines)]
        starts = starts or [(index, None) for index in find_l0_starts(lines)]
        if starts:
            return _Page(lines, starts)
    return _Page(readings[0], [])


def _without_tail(page: _Page) -> _Page:
    """Return *page* without what stands below its last agreement: a footer would be prose of it otherwise.

    Its labels tell which element the agreements are in. Below the last label, what is outside that element is no
    longer theirs.
    """
    if not page.starts:
        return page
    first = page.starts[0][0]
    sections = L0_INLINE_SECTIONS if page.starts[0][1] is None else L1_SECTION_LINES
    labels = (i for i in range(len(page.lines) - 1, first, -1) if _is_label(page.lines[i].text, sections))
    last = next(labels, first)
    within = min((line.climb for line in page.lines[first + 1 : last + 1]), default=0)
    end = next((i for i in range(last + 1, len(page.lines)) if page.lines[i].climb < within), len(page.lines))
    return page._replace(lines=page.lines[:end])


def _is_label(text: str, sections: Collection[str]) -> bool:
    return (
        text in sections
        or text.partition(":")[0] in sections
        or known_label(text, L0_LABELS | HEADING_LABELS) is not None
    )


# Refusals


def _lists_organisations(soup: BeautifulSoup, lines: Sequence[Line]) -> bool:
    if says_projects(lines):
        return False
    return any(_PAGE_OF_ORGANISATION.search(str(link.get("href"))) for link in soup.find_all("a", href=True))


def _refusal(lines: Sequence[Line], source: str) -> RefusedPageError:
    """Return why a page without agreements is refused, as plainly as can be told."""
    _refuse_unkeyed(lines, source)
    if len(lines) <= _MOST_LINES_OF_AN_ERROR and any(_OUT_OF_ORDER.search(line.text) for line in lines):
        return RefusedPageError(source, "an error or maintenance page")
    if says_projects(lines):
        return RefusedPageError(source, "no agreement")
    return RefusedPageError(source, "no organisation heading and no agreement")


def _refuse_unkeyed(head: Sequence[Line], source: str) -> None:
    """Refuse a page with an agreement that has no heading: left out, it would be reported as gone from the register."""
    labels = {label.name for line in head for label in [known_label(line.text)] if label}
    if len(labels) > 2 and ("Datasets" in labels or any(line.text in L1_SECTION_LINES for line in head)):
        raise RefusedPageError(source, "an agreement without a project heading, so without a reference")


# Style


def _style_of(bodies: Sequence[Sequence[Line]], page: _Page, *, is_markup: bool) -> Style:
    if page.starts[0][1] is None:
        return Style("L0", labels_apart=_are_labels_apart(bodies))
    headers = [_header(lines) for lines in bodies]
    lost_heads = not is_markup and _have_lost_heads(headers)
    if lost_heads:
        headers = [split_lost(header)[0] for header in headers]
    style = Style(layout_of([_evidence(header) for header in headers], says_projects(page.head)))
    return style._replace(
        labels_apart=_are_labels_apart(headers),
        lost_heads=lost_heads,
        old_benefits=style.layout == "L1" and _has_old_benefits(page.lines),
    )


def _have_lost_heads(headers: Sequence[Sequence[Line]]) -> bool:
    """Say whether the headings above the datasets are lost: all of a page's are, or none."""
    parts = [split_lost(header) for header in headers]
    return any(lost for _, lost in parts) and not any(has_list_label(fields) for fields, _ in parts)


def _has_old_benefits(lines: Sequence[Line]) -> bool:
    """Say whether a page is of the older half of L1, which knows `Benefits:` and nothing yielded or expected."""
    texts = {line.text for line in lines}
    return "Benefits:" in texts and not texts & {"Yielded Benefits:", "Expected Benefits:"}


def _header(lines: Sequence[Line]) -> Sequence[Line]:
    end = next((i for i, line in enumerate(lines) if line.text in L1_SECTION_LINES), len(lines))
    return lines[:end]


def _evidence(header: Sequence[Line]) -> Evidence:
    labels = [label for line in header for label in [known_label(line.text)] if label]
    names = [label.name for label in labels]
    type_at = names.index("Type of data") if "Type of data" in names else None
    follows = type_at is not None and "Datasets" in names[:type_at]
    return Evidence(
        labels=frozenset(names),
        type_leads=type_at is not None and not follows,
        type_follows=follows,
        excuses=any(label.name == "Opt outs honoured" and "(excuses:" in label.value.lower() for label in labels),
        months_only=any(label.name == "When" and _MONTHS_ONLY.search(label.value) for label in labels),
    )


def _are_labels_apart(bodies: Sequence[Sequence[Line]]) -> bool:
    labels = [known_label(line.text, L0_LABELS | HEADING_LABELS) for lines in bodies for line in lines]
    values = [bool(label.value) for label in labels if label and label.name != "Datasets"]
    return values.count(True) < values.count(False)


# Agreements


def _agreements(
    page: _Page, drafts: Sequence[Draft], style: Style, source: str, vocabulary: Vocabulary
) -> tuple[tuple[Agreement, ...], list[str]]:
    always = frozenset({"yielded_benefits"} if style.old_benefits else ())
    has_unknown = any(draft.unknown for draft in drafts)
    agreements: list[Agreement] = []
    notices: list[str] = []
    for (_, heading), draft in zip(page.starts, drafts, strict=True):
        missing = labels_missing(draft, style) if has_unknown else []
        agreement = read_agreement(
            _reference(heading, draft, source),
            heading.title if heading else None,
            draft,
            style,
            vocabulary.split_controllers,
            not_printed=always | fields_of(missing),
        )
        agreements.append(agreement)
        notices += notices_of(agreement, draft, missing)
    return tuple(agreements), notices + _repeated(agreements)


def _reference(heading: Heading | None, draft: Draft, source: str) -> str:
    reference = heading.reference if heading else stem_of(next(iter(draft.values().get("HSCIC Id", [])), ""))
    if not reference:
        raise RefusedPageError(source, "an agreement without an HSCIC Id, so without a reference")
    return reference


def _repeated(agreements: Sequence[Agreement]) -> list[str]:
    references = [agreement.reference for agreement in agreements]
    twice = [reference for reference in dict.fromkeys(references) if references.count(reference) > 1]
    return [f"{reference}: stands on this page {references.count(reference)} times" for reference in twice]
