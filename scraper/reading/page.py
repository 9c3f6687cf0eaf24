"""A page's bytes to what the page says: `read_page`. Pure: no file, no clock, no network.

The way of a page: bytes → lines (`lines`, with `charset` and `blocks` behind it) → agreements' places (`headings`) →
lines sorted by label (`drafts`) → records (`agreements`, `values`). Here the steps are joined, the layout is decided,
and pages that cannot be believed are refused. What pages share (`frame`) is taken out where several are known.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from scraper.errors import ListPageError, RefusedPageError
from scraper.names.name_lists import NameSplitter
from scraper.names.vocabulary import Vocabulary, default_vocabulary
from scraper.reading.agreements import labels_missing, notices_of, read_agreement
from scraper.reading.blocks import Line, label_of, leads_elsewhere
from scraper.reading.drafts import Draft, Style, draft_of, has_list_label, is_old_benefits, split_lost, with_colons
from scraper.reading.headings import (
    Heading,
    Titles,
    find_headings,
    find_l0_starts,
    read_head,
    says_projects,
    stem_of,
    unfollowed_heading,
)
from scraper.reading.layouts import LayoutEvidence, layout_of
from scraper.reading.lines import PageLines, read_lines
from scraper.records import Agreement, RegisterPage
from scraper.slugs import slug_of

_MONTHS_ONLY = re.compile(r"DSA runs \d{4}-\d{2}(?!\d|-)")
_OUT_OF_ORDER = re.compile(
    r"maintenance|unavailable|try again|back soon|not found|forbidden|access denied|too many requests|timed? ?out"
    r"|internal server error|bad gateway|service error|an error (?:has )?occurred|checking your browser",
    re.IGNORECASE,
)
# "Maintenance" stands in the prose of agreements too. A page that says so instead of agreements is short.
_MOST_LINES_OF_AN_ERROR = 40
# One label that stands there again may be an editor's slip; two in a row are the header of another agreement.
_IN_A_ROW = 2
_LINES_OF_A_VALUE = 3
_MOST_UNDER_A_HEADING = 4

Span = tuple[int, Heading | None]


class _Page(NamedTuple):
    """The lines of a page and where its agreements begin; a page of 2017 has no headings."""

    lines: list[Line]
    starts: list[Span]

    @property
    def head(self) -> list[Line]:
        """The lines above the first agreement, and those that stand in no agreement wherever they are."""
        first = self.starts[0][0] if self.starts else len(self.lines)
        lines = [*self.lines[:first], *(line for line in self.lines[first:] if line.aside)]
        return [line for line in lines if not leads_elsewhere(line)]

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
    vocabulary: Vocabulary | None = None,
) -> RegisterPage:
    """Return what the page in *body* says, the site's frame still in it.

    Args:
        body: The page as it came, HTML or text: its content decides, not its name.
        source: What to call it: a file's name or an address.
        slug: The page's slug; by default the one that *source* names.
        charset: The set of characters that came with it in a header, if any.
        vocabulary: Names of organisations that hold commas; by default those that come with the program.

    Raises:
        ListPageError: It is a list of organisations.
        RefusedPageError: It is no page of the register, or not a whole one.
    """
    slug = slug_of(source) if slug is None else slug
    lines = read_lines(body, source=source, charset=charset)
    page = _place(lines)
    if not page.starts:
        raise _refusal(lines, page.lines, source)
    titles = Titles(page.lines, [heading for _, heading in page.starts])
    above = page.head
    head = read_head(above, slug, titles)
    if head is None:
        raise RefusedPageError(source, "no organisation heading")
    _refuse_unkeyed(above, source)
    bodies = page.bodies()
    style = _style_of(bodies, page, is_markup=lines.is_markup)
    for agreement in bodies:
        _refuse_swallowed(agreement, style, source)
    drafts = [draft_of(agreement, style, titles) for agreement in bodies]
    _refuse_misread(page, drafts, style, source)
    # An organisation whose own name holds a comma is mostly a controller of its agreements.
    own = [head.organisation] if "," in head.organisation else []
    splitter = (vocabulary or default_vocabulary()).splitter(own)
    agreements, notices = _agreements(page, drafts, style, source, splitter)
    return RegisterPage(
        source=source,
        slug=slug,
        organisation=head.organisation,
        layout=style.layout,
        files_disseminated=head.files_disseminated,
        flags=head.flags,
        remainder="\n".join(head.remainder) or None,
        notices=(*lines.notices, *notices),
        agreements=agreements,
        tail=tuple(drafts[-1].tail),
    )


# Lines


def _place(lines: PageLines) -> _Page:
    """Return the page by the first reading of its lines in which there are agreements, else by the first."""
    for reading in _readings(lines):
        # A page of 2017 names its references behind a label; the others that its prose names begin nothing.
        starts: list[Span] = [(index, None) for index in find_l0_starts(reading)]
        starts = starts or [(heading.place, heading) for heading in find_headings(reading)]
        if starts:
            return _Page(reading, starts)
    return _Page(lines.lines, [])


def _readings(lines: PageLines) -> Iterator[list[Line]]:
    yield lines.lines
    if lines.is_markup:
        yield with_colons(lines.lines)
        yield lines.every_element() or []


# Refusals


def _refusal(lines: PageLines, own: Sequence[Line], source: str) -> RefusedPageError:
    """Return why a page without agreements is refused, as plainly as can be told."""
    if lines.is_markup and not says_projects(own) and lines.links_to_organisations():
        return ListPageError(source, "a list of organisations")
    _refuse_unkeyed(own, source)
    if len(own) <= _MOST_LINES_OF_AN_ERROR and any(_OUT_OF_ORDER.search(line.text) for line in own):
        return RefusedPageError(source, "an error or maintenance page")
    if says_projects(own):
        return RefusedPageError(source, "no agreement")
    return RefusedPageError(source, "no organisation heading and no agreement")


def _refuse_unkeyed(head: Sequence[Line], source: str) -> None:
    """Refuse a page with an agreement that has no heading: left out, it would be reported as gone from the register."""
    labels = {label.name for label in map(label_of, head) if label}
    if len(labels) > 2 and ("Datasets" in labels or any(line.section for line in head)):
        raise RefusedPageError(source, "an agreement without a project heading, so without a reference")


def _refuse_swallowed(body: Sequence[Line], style: Style, source: str) -> None:
    """Refuse a page on which an agreement seems to have lost its heading: its neighbour would have its labels too.

    A few of them in a section are a quotation; in a header two in a row are too many (design rule 18).
    """
    seen: list[str] = []
    again: list[str] = []
    last, in_prose = 0, False
    for index, line in enumerate(body):
        in_prose = in_prose or style.section(line) is not None
        label = style.label(line)
        if label is None:
            continue
        if label.name not in seen:
            seen.append(label.name)
            again = []
        else:
            again = again if index - last <= _LINES_OF_A_VALUE else []
            if label.name not in again:
                again.append(label.name)
        last = index
        enough = max(_IN_A_ROW, (len(seen) + 1) // 2 if in_prose else 0)
        if len(again) >= enough:
            printed = " and ".join(f"`{name}`" for name in again[:_IN_A_ROW])
            raise RefusedPageError(
                source, f"labels stand there again ({printed}) without a project heading before them"
            )


def _refuse_misread(page: _Page, drafts: Sequence[Draft], style: Style, source: str) -> None:
    """Refuse a page whose lines are not written as we read them: it would be misread without a word."""
    headings = [heading for _, heading in page.starts if heading]
    if headings and (reference := unfollowed_heading(page.lines, headings)):
        raise RefusedPageError(source, f"no label that is understood follows the heading of {reference}")
    if any(draft.under_heading >= _MOST_UNDER_A_HEADING for draft in drafts):
        raise RefusedPageError(source, "the lines under a project heading are not understood: no label begins them")
    if style.labels_apart and 2 * sum(draft.leads_with_values for draft in drafts) >= len(drafts):
        raise RefusedPageError(source, "values seem to stand before their labels")


# Style


def _style_of(bodies: Sequence[Sequence[Line]], page: _Page, *, is_markup: bool) -> Style:
    if page.starts[0][1] is None:
        return Style("L0", is_markup, labels_apart=_are_labels_apart(bodies))
    headers = [_header(lines) for lines in bodies]
    lost_heads = not is_markup and _have_lost_heads(headers)
    if lost_heads:
        headers = [split_lost(header)[0] for header in headers]
    style = Style(layout_of([_evidence(header) for header in headers], says_projects(page.head)), is_markup)
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
    sections = [(line.section, is_old_benefits(line)) for line in lines]
    newer = any(name in ("yielded_benefits", "expected_benefits") and not old for name, old in sections)
    return any(old for _, old in sections) and not newer


def _header(lines: Sequence[Line]) -> Sequence[Line]:
    end = next((i for i, line in enumerate(lines) if line.section), len(lines))
    return lines[:end]


def _evidence(header: Sequence[Line]) -> LayoutEvidence:
    labels = [label for label in map(label_of, header) if label]
    names = [label.name for label in labels]
    type_at = names.index("Type of data") if "Type of data" in names else None
    follows = type_at is not None and "Datasets" in names[:type_at]
    return LayoutEvidence(
        labels=frozenset(names),
        type_leads=type_at is not None and not follows,
        type_follows=follows,
        excuses=any(label.name == "Opt outs honoured" and "(excuses:" in label.value.lower() for label in labels),
        months_only=any(label.name == "When" and _MONTHS_ONLY.search(label.value) for label in labels),
    )


def _are_labels_apart(bodies: Sequence[Sequence[Line]]) -> bool:
    labels = [line.label for lines in bodies for line in lines]
    values = [bool(label.value) for label in labels if label and label.name != "Datasets"]
    return values.count(True) < values.count(False)


# Agreements


def _agreements(
    page: _Page, drafts: Sequence[Draft], style: Style, source: str, splitter: NameSplitter
) -> tuple[tuple[Agreement, ...], list[str]]:
    always = frozenset({"yielded_benefits"} if style.old_benefits else ())
    has_unknown = any(draft.unknown for draft in drafts)
    agreements: list[Agreement] = []
    notices: list[str] = []
    for (_, heading), draft in zip(page.starts, drafts, strict=True):
        missing = labels_missing(draft, style) if has_unknown else []
        agreement = read_agreement(
            _reference(heading, draft, source),
            heading,
            draft,
            style,
            splitter.split,
            not_printed=always,
            missing=missing,
        )
        agreements.append(agreement)
        notices += notices_of(agreement, draft)
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
