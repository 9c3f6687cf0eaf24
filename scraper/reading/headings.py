"""Where the agreements of a page begin, and what stands above the first of them. Lines in, positions and names out.

An agreement begins at a line with a reference that header labels follow before the next such line (design rule 18).
Prose names references too, so what follows decides, and whether the labels begin anew.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from scraper.names.fold import fold
from scraper.reading.blocks import NAMING, Line, is_item, label_of, without_mark
from scraper.reading.layouts import L0_LABELS, Label, known_label

_NIC = re.compile(r"(?<![\w-])(?:DARS[- ]?)?NIC-\w[\w-]*(?:\.\d+)?", re.IGNORECASE)
# Nearly every line is asked: to search for one sign is fast, to write a line in capitals is not ("I" is that of "ı").
_SIGN_OF_NIC = re.compile(r"-(?<=[Nn][Iiı][Cc]-)")
_DASH_BEFORE = re.compile(r"[—–-]\s+$")
# Local names, `PHECancerReg` or `CSU RS Ps/sens`: up to four words, not all in lower case.
_LOCAL = re.compile(
    r"((?=[^A-Z\d_]*[A-Z\d_])[A-Za-z][\w/.&+-]*(?: [\w/.&+-]+){0,3}(?<!\.))\s*((?:[(\[].*)?)", re.DOTALL
)
# Behind the dash of a title stands a local name at times, and a second half of the title at others: those are longer.
_LONGEST_LOCAL = 40
# A heading of a thousand references is one, and a title of twenty thousand letters; a page on one line is not.
_LONGEST_HEADING = 300_000
# With its dot: the five letters and digits that a reference ends in may be `V1234` too.
_VERSION = re.compile(r"-v\d+\.\d+$", re.IGNORECASE)
_UNTITLED = re.compile(r"Project\s+\d+", re.IGNORECASE)
_NUMBER = re.compile(r"((?:\d{1,3}\.)+\d{0,3}|\d{1,3}\))\s++(?=\S)")
_MARKS = re.compile(r"(?:[#*•·▪‣¶§]+\s+|[-–—]\s+)+")
_ANCHORS = "¶#§🔗"
_PARTLY = re.compile(r"\(partially via .{0,40}\)$", re.IGNORECASE)

_FIRST_LABELS = frozenset(("Type of data", "Opt outs honoured", "Datasets"))
# Lines in which the first label must come: between it and the heading a site may put a remark, a link or a date.
_WINDOW = 12
_LONGEST_VALUE = 400  # lines of a value or a list; without an end each of many references would be followed to the last
_LABELS_OF_A_SENTENCE = 3  # a heading that lost its dash has a header below it, a sentence a label or two by chance

FLAG_SIGN = "🚩"
_SITE = re.compile(r"data release register|good tres work|they sold it anyway|theysolditanyway", re.IGNORECASE)
# One sentence with a bracket in it: what stands behind that on the same line is no part of the count.
_COUNT = re.compile(r"(\d[\d,]*) data files? in total\b(?:[^.(]*(?:\([^)]*\))?)\W*(.*)", re.IGNORECASE)
_PROJECTS = re.compile(r"(?<!\s)\s++projects\s*$", re.IGNORECASE)


class Heading(NamedTuple):
    """A project heading: its line, its title (None for `Project N`), the reference it names, what stands behind."""

    place: int
    title: str | None
    reference: str
    remark: str = ""


class _Form(NamedTuple):
    """A line that has the form of a heading."""

    title: str
    reference: str
    remark: str
    is_sure: bool
    """Whether the reference is surely one: local names look like any words."""


def stem_of(reference: str) -> str:
    """Return *reference* without the tail that names a version.

    >>> stem_of("DARS-NIC-12345-A1B2C-v0.3 ")
    'DARS-NIC-12345-A1B2C'
    >>> stem_of("DARS-NIC-12345-V1234")
    'DARS-NIC-12345-V1234'
    """
    return _VERSION.sub("", reference.strip())


def read_heading(text: str) -> tuple[str | None, str, str, bool] | None:
    """Return title, reference, remark and whether the reference is surely one, if *text* may be a project heading.

    Of several references the one behind the last dash counts, else the last:

    >>> read_heading("Cohort study — second phase. — DARS-NIC-01234-A1B2C")
    ('Cohort study — second phase.', 'DARS-NIC-01234-A1B2C', '', True)
    >>> read_heading("Follow-up of DARS-NIC-1-A1B2C — DARS-NIC-22-X9Y8Z (closed, see DARS-NIC-3-A1B2C)")
    ('Follow-up of DARS-NIC-1-A1B2C', 'DARS-NIC-22-X9Y8Z', '(closed, see DARS-NIC-3-A1B2C)', True)
    >>> read_heading("Project 12 — CSU RS Ps/sens")
    (None, 'CSU RS Ps/sens', '', False)
    >>> read_heading("breached contract — audit report")
    """
    form = _form_of(text)
    if form is None:
        return None
    title = form.title
    return (None if not title or _UNTITLED.fullmatch(title) else title), stem_of(form.reference), *form[2:]


def _form_of(text: str) -> _Form | None:
    references = _references(text)
    behind_dash = [found for found in references if _is_behind_dash(text, found)]
    before, dash, behind = text.rpartition("— ")
    leads = not behind_dash and _leads(text, references)
    local = _LOCAL.fullmatch(behind) if dash and not behind_dash and not leads else None
    if local is not None and len(local[1]) <= _LONGEST_LOCAL:
        return _Form(_title(before), local[1], _remark(local[2]), False)
    if not references:
        return None
    found = references[0] if leads else (behind_dash or references)[-1]
    reference = found[0].rstrip("-_")
    return _Form(_title(text[: found.start()]), reference, _remark(text[found.start() + len(reference) :]), True)


def _references(text: str) -> list[re.Match[str]]:
    # The first one begins at most so far before its last hyphen, and to look for it costs more by the letter.
    sign = _SIGN_OF_NIC.search(text)
    return list(_NIC.finditer(text, max(sign.start() - len("DARS-NIC"), 0))) if sign else []


def _is_behind_dash(text: str, reference: re.Match[str]) -> bool:
    # Not the whole text before it: a line may name thousands of references.
    return _DASH_BEFORE.search(text[max(reference.start() - 8, 0) : reference.start()]) is not None


def _leads(text: str, references: Sequence[re.Match[str]]) -> bool:
    """Say whether the first of the *references* leads the line, as in `DARS-NIC-… — Title`."""
    return bool(references) and not fold(text[: references[0].start()])


def _title(before: str) -> str:
    """Return the title in what stands before a reference: marks, anchors and the dash are none of it."""
    return _unmarked(before.strip().rstrip("([").rstrip()).rstrip(" —–-").strip()


def _unmarked(text: str) -> str:
    """Return *text* without the marks before it and the anchors behind it."""
    marks = _MARKS.match(text)
    text = text[marks.end() :] if marks else text
    return text.rstrip(_ANCHORS).rstrip()


def _remark(behind: str) -> str:
    return behind.strip() if fold(behind) else ""


def find_headings(lines: Sequence[Line]) -> list[Heading]:
    """Return the project headings among *lines*."""
    search = _HeadingSearch(lines)
    return _without_numbers([heading for index in search.candidates for heading in search.check(index)])


def unfollowed_heading(lines: Sequence[Line], starts: Sequence[Heading]) -> str | None:
    """Return the reference in a line that the markup makes a heading, and that begins no agreement, if there is one.

    Its labels are not understood, or follow another such line below it: its lines would go to the agreement above, or
    to a stranger, and it would be told as gone.
    """
    found = {heading.reference for heading in starts}
    places = {heading.place for heading in starts}
    for index, line in enumerate(lines):
        if line.kind == "heading" and index not in places and not line.aside:
            form = _form_of(line.text)
            if form and form.is_sure and stem_of(form.reference) not in found:
                return stem_of(form.reference)
    return None


def _without_numbers(headings: list[Heading]) -> list[Heading]:
    """Return *headings* without the numbers that count them, which are the site's: `1.`, `2.`, or `1.1`, `1.2`."""
    found = [_NUMBER.match(heading.title or "") for heading in headings]
    numbered = [number[1].rstrip(".)").split(".") for number in found if number]
    counts = [int(parts[-1]) for parts in numbered]
    first_parts = {tuple(parts[:-1]) for parts in numbered}
    if not counts or counts[0] > 1 or counts != list(range(counts[0], counts[0] + len(counts))) or len(first_parts) > 1:
        return headings
    if len(counts) < sum(heading.title is not None for heading in headings):
        return headings
    return [
        heading if number is None else heading._replace(title=_titled((heading.title or "")[number.end() :]))
        for heading, number in zip(headings, found, strict=True)
    ]


def _titled(title: str) -> str | None:
    return None if _UNTITLED.fullmatch(title) else title


class _HeadingSearch:
    """Candidates for headings, and what has been seen since the last one that was believed."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.labels = [label_of(line) if line.label else None for line in lines]
        self.begins_section = [line.section is not None for line in lines]
        self.read = {
            index: found
            for index, line in enumerate(lines)
            if "—" in line.text or ("-" in line.text and _SIGN_OF_NIC.search(line.text))
            if len(line.text) <= _LONGEST_HEADING and not line.aside
            if line.label is None and not _is_id_of_l0(lines, index)
            for found in [read_heading(line.text)]
            if found
        }
        self.candidates = sorted(self.read)
        self.sentences = {index for index in self.candidates if self.is_sentence(index)}
        self.following = {index: self.labels_after(index) for index in self.candidates}
        self.most = sorted((len(labels), index) for index, labels in self.following.items())[-2:]
        self.since: int | None = None  # the line after which `seen` begins
        self.seen: set[str] = set()
        self.in_prose = False

    def check(self, index: int) -> list[Heading]:
        """Return the heading at *index*, or nothing where the line only looks like one."""
        self.look_back(index)
        title, reference, remark, is_sure = self.read[index]
        if not self.is_believable(index, is_sure):
            return []
        self.since, self.seen, self.in_prose = index, set(), False
        return [Heading(index, title, reference, remark)]

    def look_back(self, index: int) -> None:
        """Remember what stands between the last heading and the line at *index*."""
        if self.since is None:
            return
        between = slice(self.since + 1, index)
        self.seen.update(label.name for label in self.labels[between] if label)
        self.in_prose = self.in_prose or any(self.begins_section[between])
        self.since = index

    def labels_after(self, index: int) -> list[str]:
        """Return the header labels that follow, up to a section or to the next line that could be a heading."""
        found: list[str] = []
        last = index
        for position in range(index + 1, len(self.lines)):
            if self.begins_section[position] or (position in self.read and position not in self.sentences):
                break
            label = self.labels[position]
            if label and label.name not in found:
                found.append(label.name)
                last = position
            if position > last + (_LONGEST_VALUE if found else _WINDOW):
                break
        return found

    def line_after(self, index: int) -> Line | None:
        following = self.lines[index + 1 : index + 4]
        return next((line for line in following if not (line.text.startswith("(") and line.text.endswith(")"))), None)

    def is_believable(self, index: int, is_sure: bool) -> bool:
        """Say whether a line that looks like a heading is one, by the labels that follow it."""
        labels, next_line = self.following[index], self.line_after(index)
        if index in self.sentences and (len(labels) < _LABELS_OF_A_SENTENCE or self.is_quoted(index)):
            return False
        if self.since is None:
            return bool(labels) or (is_sure and next_line is not None and next_line.section is not None)
        # A sentence between a heading and its labels begins nothing, however sure its reference.
        if not labels or not self.begins_anew(labels[0], is_sure and index not in self.sentences):
            return False
        if self.in_prose and self.is_quoted(index):
            return False
        first = label_of(next_line) if next_line else None
        return len(labels) > 1 or (is_sure and first is not None and first.name in _FIRST_LABELS)

    def is_sentence(self, index: int) -> bool:
        """Say whether the reference just ends or leads a sentence: nothing parts it from the words around it."""
        text, kind = self.lines[index].text, self.lines[index].kind
        if "— " in text or kind in NAMING:
            return False
        references = _references(text)
        apart = any(_is_behind_dash(text, reference) for reference in references) or _leads(text, references)
        return bool(references) and not apart

    def is_quoted(self, index: int) -> bool:
        """Say whether the labels behind a line in prose are too few for a header of this page: it is quoted there."""
        most = max((labels for labels, other in self.most if other != index), default=0)
        return 2 * len(self.following[index]) < most

    def begins_anew(self, label: str, is_sure: bool) -> bool:
        """Say whether *label* cannot just be the next one of the agreement that is being read."""
        if self.in_prose or "Datasets" in self.seen or label in self.seen:
            return True
        return is_sure and label in _FIRST_LABELS - {"Datasets"}


class Titles:
    """What lists of contents and links say of the agreements of a page, and nothing more."""

    def __init__(self, lines: Sequence[Line], headings: Sequence[Heading | None]) -> None:
        named = [heading for heading in headings if heading]
        texts = [lines[heading.place].text for heading in named]
        for heading in named:
            title = heading.title or ""
            texts += [title, heading.reference]
            texts += [f"{before} {heading.reference}" for before in (title, heading.remark) if before]
        self._folded = frozenset(map(fold, texts)) - {""}

    def repeats(self, text: str) -> bool:
        """Say whether *text* repeats a title or says `Project N`, and so says nothing of its own."""
        title = _PARTLY.sub("", without_mark(text)).strip()
        form = _form_of(title)
        if _UNTITLED.fullmatch(form.title if form and not form.remark else title):
            return True
        number = _NUMBER.match(title)
        plain = title[number.end() :] if number else title
        return bool({fold(title), fold(plain), fold(text)} & self._folded)


def _is_id_of_l0(lines: Sequence[Line], index: int) -> bool:
    """Say whether the line is the value of an `HSCIC Id` on the line before."""
    label = known_label(lines[index - 1].text, L0_LABELS, bare=True) if index else None
    return label is not None and label.name == "HSCIC Id" and not label.value


def find_l0_starts(lines: Sequence[Line]) -> list[int]:
    """Return where the agreements of a page of 2017 begin: they have no heading, only fields in a usual order."""
    if not any(line.label and line.label.name == "HSCIC Id" for line in lines):
        return []
    labels = [label_of(line, L0_LABELS) for line in lines]
    starts: list[int] = []
    body_began = True
    for index, label in enumerate(labels):
        if _is_l0_body(lines[index].text, label):
            body_began = bool(starts)
        elif label and body_began and (label.name == "Opt outs honoured" or _leads_to_id(lines, labels, index)):
            starts.append(index)
            body_began = False
    return starts


def _is_l0_body(text: str, label: Label | None) -> bool:
    return (label is not None and label.name == "Data") or text.startswith(("Output:", "Activities:"))


def _leads_to_id(lines: Sequence[Line], labels: Sequence[Label | None], index: int) -> bool:
    """Say whether the field at *index* belongs to an `HSCIC Id` further down, with none of an agreement's body between.

    One that stands there twice before it is a line of the prose above.
    """
    begins = labels[index]
    for position in range(index, min(index + _WINDOW, len(lines))):
        label = labels[position]
        is_again = position > index and label is not None and begins is not None and label.name == begins.name
        if is_again or _is_l0_body(lines[position].text, label):
            return False
        if label and label.name == "HSCIC Id":
            return True
    return False


# The head of the page


class PageHead(NamedTuple):
    """What stands above the first agreement of a page."""

    organisation: str
    files_disseminated: int | None
    flags: tuple[str, ...]
    remainder: tuple[str, ...]
    """Lines that are none of these, and repeat no title."""


def read_head(lines: Sequence[Line], slug: str, titles: Titles) -> PageHead | None:
    """Return what the *lines* above the first agreement say, None where no organisation is named."""
    name = _name_line(lines, slug)
    if name is None:
        return None
    organisation = _named(lines[name])
    owned = {index for index, line in enumerate(lines) if fold(_named(line)) == fold(organisation)}
    counted = next((index for index, line in enumerate(lines) if _COUNT.match(line.text)), None)
    flags: list[str] = []
    further: list[str] = []
    for index, line in enumerate(lines):
        if index in owned or FLAG_SIGN not in line.text:
            continue
        sentence = line.text.replace(FLAG_SIGN, "").replace("\ufe0f", "").strip()
        if not sentence and index + 1 < len(lines):  # a sign alone on its line belongs to the next one
            sentence = lines[index + 1].text
            owned.add(index + 1)
        owned.add(index)
        # A flag is told by its presence; what a second one says would change in silence.
        further += [sentence] if flags and sentence else []
        flags += [sentence] if sentence else []
    owned |= {name} | ({counted} if counted is not None else set())
    files, behind = (None, "") if counted is None else _count(lines[counted].text)
    further += [behind] if behind else []
    rest = [line.text for index, line in enumerate(lines) if index not in owned and not titles.repeats(line.text)]
    return PageHead(organisation, files, tuple(flags), (*rest, *further))


def _named(line: Line) -> str:
    """Return the name in a line of the head: marks and anchors are none of it, nor is the word behind it."""
    return _PROJECTS.sub("", _unmarked(line.text)).strip()


def _count(text: str) -> tuple[int, str]:
    """Return the count in a line, and what stands behind the sentence."""
    found = _COUNT.match(text)
    assert found is not None  # the line was found by it
    return int(found[1].replace(",", "")), found[2]


def _name_line(head: Sequence[Line], slug: str) -> int | None:
    """Return which line of the *head* of a page names the organisation.

    Newer pages say "… projects". Older ones say nothing, and then it is the first line that is not known to be
    something else; the page's *slug* decides where several could be it.
    """
    places = [index for index, line in enumerate(head) if _may_be_name(line)]
    names = [i for i in places if not is_item(head[i])] or [i for i in places if head[i].kind == "item"]
    saying = [i for i in names if _says_projects(head[i])] or names
    of_slug = [i for i in saying if _letters(_named(head[i])) == _letters(slug)]
    headings = [i for i in saying if head[i].kind == "heading"]
    return next(iter(of_slug or headings or saying), None)


def says_projects(head: Sequence[Line]) -> bool:
    """Say whether the name line ends in "projects", as it does since 2021."""
    return any(_may_be_name(line) and without_mark(line.text) == line.text and _says_projects(line) for line in head)


def _says_projects(line: Line) -> bool:
    return _PROJECTS.search(_unmarked(line.text)) is not None


def _may_be_name(line: Line) -> bool:
    text = line.text
    if line.link or line.aside or len(text) > 200 or text.startswith("("):
        return False
    return not (_SITE.search(text) or _COUNT.match(text) or FLAG_SIGN in text or " | " in text or text.endswith(":"))


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))
