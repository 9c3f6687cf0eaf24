"""Where the agreements of a page begin, and what stands above the first of them. Lines in, positions and names out.

A project heading is `title — reference`. Prose has lines of that form too, so a heading also has to be followed by
header labels, and labels that begin anew: a paragraph among the header fields is followed by the next field only.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from scraper.reading.blocks import Line, is_item, without_mark
from scraper.reading.layouts import L0_LABELS, L1_SECTION_LINES, Label, known_label

_NIC = r"(?:DARS[- ]?)?NIC-[\w-]+(?:\.\d+)?"
_SURE = re.compile(rf"(?:(.*)\s)?[—–-]\s+({_NIC})\.?", re.IGNORECASE | re.DOTALL)
# Local names, `PHECancerReg` or `CSU RS Ps/sens`: up to four words, not all in lower case.
_POSSIBLE = re.compile(r"(?=[^A-Z\d_]*[A-Z\d_])[A-Za-z][\w/.&+-]*(?: [\w/.&+-]+){0,3}(?<!\.)")
# With its dot: the five letters and digits that a reference ends in may be `V1234` too.
_VERSION = re.compile(r"-v\d+\.\d+$", re.IGNORECASE)
_UNTITLED = re.compile(r"Project\s+\d+", re.IGNORECASE)

_WINDOW = 12
_FIRST_LABELS = frozenset(("Type of data", "Opt outs honoured", "Datasets"))

FLAG_SIGN = "🚩"
_SITE = re.compile(r"data release register|good tres work|they sold it anyway|theysolditanyway", re.IGNORECASE)
_COUNT = re.compile(r"(\d[\d,]*) data files? in total\b", re.IGNORECASE)
_PROJECTS = re.compile(r"\s+projects\s*$", re.IGNORECASE)


class Heading(NamedTuple):
    """A project heading: the line it is, its title (None for `Project N`), and the reference it names."""

    place: int
    title: str | None
    reference: str


def stem_of(reference: str) -> str:
    """Return *reference* without the tail that names a version.

    >>> stem_of("DARS-NIC-12345-A1B2C-v0.3 ")
    'DARS-NIC-12345-A1B2C'
    >>> stem_of("DARS-NIC-12345-V1234")
    'DARS-NIC-12345-V1234'
    """
    return _VERSION.sub("", reference.strip())


def read_heading(text: str) -> tuple[str | None, str, bool] | None:
    """Return title, reference and whether the reference is surely one, if *text* has the form of a project heading.

    >>> read_heading("Cohort study — second phase. — DARS-NIC-01234-A1B2C")
    ('Cohort study — second phase.', 'DARS-NIC-01234-A1B2C', True)
    >>> read_heading("Project 12 — CSU RS Ps/sens")
    (None, 'CSU RS Ps/sens', False)
    >>> read_heading("breached contract — audit report")
    """
    sure = _SURE.fullmatch(text) if "NIC-" in text[-40:].upper() else None
    if sure:
        title, reference = sure[1] or "", sure[2]
    else:
        title, dash, reference = text.rpartition("— ")
        if not dash or len(reference) > 40 or not _POSSIBLE.fullmatch(reference):
            return None
    title = title.rstrip(" —").strip() if sure is None else title.strip()
    return (None if not title or _UNTITLED.fullmatch(title) else title), stem_of(reference), sure is not None


def find_headings(lines: Sequence[Line]) -> list[Heading]:
    """Return the project headings among *lines*."""
    search = _Search(lines)
    return [heading for index in search.candidates for heading in search.check(index)]


class _Search:
    """Candidates for headings, and what has been seen since the last one that was believed."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.labels: list[Label | None] = [known_label(line.text) for line in lines]
        self.read = {
            index: found
            for index, line in enumerate(lines)
            if ("—" in line.text or "NIC-" in line.text) and self.labels[index] is None
            for found in [read_heading(line.text)]
            if found
        }
        self.candidates = sorted(self.read)
        self.since: int | None = None  # the line after which `seen` begins
        self.seen: set[str] = set()
        self.in_prose = False

    def check(self, index: int) -> list[Heading]:
        """Return the heading at *index*, or nothing where the line only looks like one."""
        self.look_back(index)
        title, reference, is_sure = self.read[index]
        if not self.is_believable(self.labels_after(index), self.line_after(index), is_sure):
            return []
        self.since, self.seen, self.in_prose = index, set(), False
        return [Heading(index, title, reference)]

    def look_back(self, index: int) -> None:
        """Remember what stands between the last heading and the line at *index*."""
        if self.since is None:
            return
        for position in range(self.since + 1, index):
            label = self.labels[position]
            if label:
                self.seen.add(label.name)
            self.in_prose = self.in_prose or self.lines[position].text in L1_SECTION_LINES
        self.since = index

    def labels_after(self, index: int) -> list[str]:
        """Return the header labels in the lines that follow, up to the next line that could be a heading."""
        found: list[str] = []
        for position in range(index + 1, min(index + 1 + _WINDOW, len(self.lines))):
            if position in self.read:
                break
            label = self.labels[position]
            if label and label.name not in found:
                found.append(label.name)
        return found

    def line_after(self, index: int) -> str:
        following = (line.text for line in self.lines[index + 1 : index + 4])
        return next((text for text in following if not (text.startswith("(") and text.endswith(")"))), "")

    def is_believable(self, labels: list[str], next_line: str, is_sure: bool) -> bool:
        """Say whether a line that looks like a heading is one, by the labels that follow it."""
        if self.since is None:
            return bool(labels) or (is_sure and next_line in L1_SECTION_LINES)
        if not labels or not self.begins_anew(labels[0], is_sure):
            return False
        first = known_label(next_line)
        return len(labels) > 1 or (is_sure and first is not None and first.name in _FIRST_LABELS)

    def begins_anew(self, label: str, is_sure: bool) -> bool:
        """Say whether *label* cannot just be the next one of the agreement that is being read."""
        if self.in_prose or "Datasets" in self.seen or label in self.seen:
            return True
        return is_sure and label in _FIRST_LABELS - {"Datasets"}


def find_l0_starts(lines: Sequence[Line]) -> list[int]:
    """Return where the agreements of a page of 2017 begin: they have no heading, only fields in a usual order."""
    labels = [known_label(line.text, L0_LABELS) for line in lines]
    if not any(label and label.name == "HSCIC Id" for label in labels):
        return []
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


def organisation_of(head: Sequence[Line], slug: str) -> str | None:
    """Return the organisation's name as the *head* of its page prints it, or None.

    Newer pages say "… projects". Older ones say nothing, and then it is the first line that is not known to be
    something else; the page's *slug* decides where several could be it.
    """
    lines = [line for line in head if _may_be_name(line)]
    names = [line for line in lines if not is_item(line)] or [line for line in lines if line.kind == "item"]
    saying = [line for line in names if _PROJECTS.search(line.text)] or names
    if not saying:
        return None
    of_slug = [line for line in saying if _letters(_PROJECTS.sub("", line.text)) == _letters(slug)]
    headings = [line for line in saying if line.kind == "heading"]
    return _PROJECTS.sub("", (of_slug or headings or saying)[0].text).strip()


def says_projects(head: Sequence[Line]) -> bool:
    """Say whether the name line ends in "projects", as it does since 2021."""
    return any(
        _may_be_name(line) and without_mark(line.text) == line.text and _PROJECTS.search(line.text) for line in head
    )


def files_disseminated(head: Sequence[Line]) -> int | None:
    """Return the number of files that the head of the page counts, None where it counts none."""
    for line in head:
        found = _COUNT.match(line.text)
        if found:
            return int(found[1].replace(",", ""))
    return None


def flags_of(head: Sequence[Line]) -> tuple[str, ...]:
    """Return the sentences behind the flag sign; a sign alone on its line belongs to the next line."""
    flags = []
    for index, line in enumerate(head):
        if FLAG_SIGN in line.text:
            sentence = line.text.replace(FLAG_SIGN, "").replace("\ufe0f", "").strip()
            flags.append(sentence or " ".join(following.text for following in head[index + 1 : index + 2]))
    return tuple(flag for flag in flags if flag)


def _may_be_name(line: Line) -> bool:
    text = line.text
    if line.kind == "link" or len(text) > 200 or text.startswith("("):
        return False
    return not (_SITE.search(text) or _COUNT.match(text) or FLAG_SIGN in text or " | " in text or text.endswith(":"))


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))
