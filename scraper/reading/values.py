"""What stands behind a header label, taken apart: lists, brackets, flags, dates. Text in, values out."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import lru_cache, partial
from typing import Any, NamedTuple

from scraper.fields import Sort
from scraper.names.fold import as_set, fold
from scraper.names.legal_basis import read_legal_bases
from scraper.reading.layouts import FIELDS_OF_LABEL
from scraper.records import FIELDS

PLACEHOLDER = fold("information not disclosed for TRE projects")
"""What the site prints as `Type of data` where it does not know it: no value."""

_BRACKETS = re.compile(r"[()]")
_COMMA_OR_BRACKET = re.compile(r"[(),]")
_EXCUSES = re.compile(r"(?:(?<!\s)\s++)?excuses:\s*", re.IGNORECASE)
_SENSITIVITY = re.compile(r"\b(non[\s–—-]*)?sensitive\b", re.IGNORECASE)
_AND = re.compile(r"\band\b|[&/+]", re.IGNORECASE)
_AFTER_FILE_NAME = re.compile(r"(?<=\.pdf)\s*,\s*", re.IGNORECASE)
_YES_NO = {"yes": "Yes", "y": "Yes", "no": "No", "n": "No"}

Values = dict[str, Any]
"""The fields that a label's text gives; under `REST` what of it is in none, under `UNREAD` fields not understood."""

REST, UNREAD = "rest", "unread"

CONTROLLERS = "Data-controller type"
"""The label whose names only a vocabulary can tell apart."""


# Lists and brackets


def split_commas(text: str) -> list[str]:
    """Return the parts of *text* between commas that stand outside brackets.

    >>> split_commas("Clinical Commissioning Group (CCG, now ICB), Sub ICB Location")
    ['Clinical Commissioning Group (CCG, now ICB)', 'Sub ICB Location']
    """
    # A bracket that is never closed swallows all that follows: then every comma counts.
    if text.count("(") != text.count(")"):
        return [part.strip() for part in text.split(",")]
    parts, start, depth = [], 0, 0
    for found in _COMMA_OR_BRACKET.finditer(text):
        if found[0] == ",":
            if depth == 0:
                parts.append(text[start : found.start()].strip())
                start = found.end()
        else:
            depth += 1 if found[0] == "(" else -1
    return [*parts, text[start:].strip()]


def split_brackets(text: str) -> tuple[str, str | None]:
    """Return what stands before the brackets that end *text*, and what stands in them: None where there are none.

    Brackets inside the brackets belong to them; a bracket that is part of a word ends no value:

    >>> split_brackets("Identifiable (Mixture of data flow(s) with consent)")
    ('Identifiable', 'Mixture of data flow(s) with consent')
    >>> split_brackets("No - data flow(s)")
    ('No - data flow(s)', None)
    """
    text = text.strip()
    closed = text.removesuffix(".").rstrip()
    if text.count("(") > text.count(")"):
        return _split_open_bracket(text)
    if not closed.endswith(")"):
        return text, None
    depth = 0
    for found in reversed(list(_BRACKETS.finditer(closed))):
        depth += 1 if found[0] == ")" else -1
        if depth == 0:
            return _cut(text, closed, found.start())
    return text, None


def _cut(text: str, closed: str, start: int) -> tuple[str, str | None]:
    # "flow(s)" is a word: only a bracket behind a space begins a remark.
    if start and not closed[start - 1].isspace():
        return text, None
    return closed[:start].strip(), closed[start + 1 : -1].strip()


def _split_open_bracket(text: str) -> tuple[str, str | None]:
    """Return the parts of a *text* in which a bracket is never closed: all behind the first one stands in it."""
    start = 0 if text.startswith("(") else text.find(" (")
    if start < 0:
        return text, None
    return text[:start].strip(), text[start:].strip().removeprefix("(").strip()


# One label


def read_type_of_data(values: Sequence[str]) -> Values:
    """Read `Type of data`; a note in brackets is none of its values, the placeholder is none at all.

    >>> read_type_of_data(["Identifiable (until 2026)"])
    {'type_of_data': ('Identifiable',), 'rest': ('(until 2026)',)}
    """
    texts, notes = _parts(values)
    kinds = [kind for text in texts for kind in split_commas(text)]
    kinds = [kind for kind in kinds if fold(kind) != PLACEHOLDER]
    only_placeholder = not kinds and any(values)
    return {"type_of_data": None if only_placeholder else as_set(kinds), **_left_over(notes)}


def read_opt_outs(values: Sequence[str]) -> Values:
    """Read `Opt outs honoured`: answers, and in brackets what is said of the duty of confidentiality.

    >>> read_opt_outs(["N, Y (Excuses: Section 251, Consent (Reasonable Expectation))"])
    {'opt_outs': ('N', 'Y'), 'confidentiality': ('Consent (Reasonable Expectation)', 'Section 251')}
    >>> read_opt_outs(["N"]), read_opt_outs(["N ()"])
    ({'opt_outs': ('N',), 'confidentiality': None}, {'opt_outs': ('N',), 'confidentiality': ()})
    """
    answers, brackets = _parts(values)
    reasons = [_EXCUSES.sub("", text, count=1) if _EXCUSES.match(text) else text for text in brackets]
    return {
        "opt_outs": as_set(part for answer in answers for part in split_commas(answer)),
        "confidentiality": as_set(part for text in reasons for part in split_commas(text)) if brackets else None,
    }


def read_purposes(values: Sequence[str]) -> Values:
    """Read `Purposes`: a flag and kinds of organisation, or prose with any of them around it.

    >>> read_purposes(["No, Yes (Charity)"])
    {'commercial': ('No', 'Yes'), 'organisation_types': ('Charity',), 'purposes_text': None}
    >>> read_purposes(["Yes, to invoice. (Supplier)"])
    {'commercial': ('Yes',), 'organisation_types': ('Supplier',), 'purposes_text': 'to invoice.'}
    """
    texts, brackets = _parts(values)
    flags, prose = [], []
    for text in texts:
        found, rest = _leading_flags(text)
        flags += found
        prose += [rest] if rest else []
    return {
        "commercial": as_set(flags),
        "organisation_types": as_set(part for text in brackets for part in split_commas(text)) if brackets else None,
        "purposes_text": "\n".join(prose) or None,
    }


def _parts(values: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the texts of *values* before their brackets, and the texts in the brackets there are."""
    pairs = [split_brackets(value) for value in values]
    return [text for text, _ in pairs], [inside for _, inside in pairs if inside is not None]


def _leading_flags(text: str) -> tuple[list[str], str]:
    flags: list[str] = []
    while text:
        word, _, rest = text.partition(",")
        # "Yes" before a comma is a flag, also where prose goes on behind it; a Yes inside a sentence is none.
        if word.strip().lower() not in _YES_NO:
            break
        flags.append(_YES_NO[word.strip().lower()])
        text = rest.strip()
    return flags, text


def read_sensitivity(values: Sequence[str]) -> Values:
    """Read `Sensitive`: with a space or a hyphen, in any order, up to three joined by ", and".

    Any other word beside them may turn them round, so the whole is not understood then:

    >>> read_sensitivity(["Sensitive, and Non Sensitive"])
    {'sensitivity': ('Non-Sensitive', 'Sensitive')}
    >>> read_sensitivity(["Not Sensitive"])
    {'sensitivity': None, 'unread': ('sensitivity',)}
    """
    if any(fold(_AND.sub(" ", _SENSITIVITY.sub(" ", value))) for value in values):
        return {"sensitivity": None, UNREAD: ("sensitivity",)}
    found = (word for value in values for word in _SENSITIVITY.finditer(value))
    return {"sensitivity": as_set("Non-Sensitive" if word[1] else "Sensitive" for word in found)}


def read_access(values: Sequence[str]) -> Values:
    """Read `Access method`. What stands in brackets is no method: a note on system access, or left over."""
    texts, notes = _parts(values)
    is_known = [fold(note).startswith(fold("System access")) for note in notes]
    return {
        "access_methods": as_set(part for text in texts for part in split_commas(text)),
        "system_access_note": any(is_known),
        **_left_over(note for note, known in zip(notes, is_known, strict=True) if not known),
    }


def _left_over(notes: Iterable[str]) -> Values:
    """Return notes in brackets that are part of no value."""
    rest = tuple(f"({note})" for note in notes if fold(note))
    return {REST: rest} if rest else {}


def read_sublicensing(values: Sequence[str]) -> Values:
    """Read `Sublicensing allowed`. A word that is neither yes nor no stays as printed: it would be news."""
    parts = (part for value in values for part in split_commas(value))
    return {"sublicensing": as_set(_YES_NO.get(part.lower(), part) for part in parts)}


def read_discussions(values: Sequence[str]) -> Values:
    """Read the names of minutes: names hold dots and dashes, a comma counts behind `.pdf` if there is a `.pdf`."""
    text = ", ".join(values)
    names = _AFTER_FILE_NAME.split(text) if ".pdf" in text.lower() else split_commas(text)
    return {"discussions": as_set(name.strip(" ,") for name in names)}


def read_bases(values: Sequence[str]) -> Values:
    """Read `Legal basis`; the grammar is in `legal_basis`."""
    return {"legal_bases": read_legal_bases(", ".join(values))}


def read_format(values: Sequence[str]) -> Values:
    """Read `Format` of 2017: kind of data and sensitivity, joined by one space.

    >>> read_format(["Anonymised - ICO code compliant Non Sensitive"])
    {'type_of_data': ('Anonymised - ICO code compliant',), 'sensitivity': ('Non-Sensitive',)}
    """
    kinds = [_SENSITIVITY.sub("", part).strip() for value in values for part in split_commas(value)]
    words = [found[0] for value in values for found in _SENSITIVITY.finditer(value)]
    return {"type_of_data": as_set(kind for kind in kinds if kind != "and"), **read_sensitivity(words)}


# When

_DATE = r"\d{4}-\d{2}(?:-\d{2})?(?![\d-])"
_A_DATE = re.compile(_DATE)
_DASH = r"\s*(?:[—–-]+|\b(?:to|until|till)\b)\s*"
_MONTH = r"(?<![\d./])(?:\d{4}[./]\d{1,2}|\d{1,2}/\d{4})(?![\d/])"
_BOUND = rf"(?:{_MONTH}|unknown)"
_BEFORE = r"(?:\s*\(or before\))?"
_TERM = re.compile(r"\bDSA runs:?\s*(?:from\s+)?", re.IGNORECASE)
# A side of a term: a date, or words in its place, up to the dash, the release window or the end of a sentence.
_SIDE = re.compile(rf"({_DATE})|(?!{_MONTH})([^\d—–.][^—–]*?)(?=\s*[—–]|\s+-+\s|\s+{_DATE}|\s+{_MONTH}|\s*\.?\s*$)")
_END_WORDS = re.compile(rf"(?!{_MONTH})([^\d—–.][^—–.]*?)(?=\s+{_MONTH}|\.\s|\.?\s*$)")
_BETWEEN = re.compile(_DASH, re.IGNORECASE)
_WINDOW = re.compile(
    rf"(?P<start>{_BOUND}){_BEFORE}(?P<dash>{_DASH}|\s+(?={_MONTH}))?(?P<end>{_BOUND})?{_BEFORE}\s*(?:\.(?=\s|$)\s*)?",
    re.IGNORECASE,
)
_WORD_FOR_MONTH = re.compile(r"([^\W\d_][^\d—–.]{0,40}?)\s*(?:\.\s*|$)")
_BEGINS_WITH_DATE = re.compile(r"(?:from\s+)?(?:[^\W\d_]{3,9}\.?,?\s+)?\d", re.IGNORECASE)
# The site writes the months of 2017 as 11/2016, those since as 2016/11 and 2016.11.
_YEAR_FIRST = re.compile(r"(\d{4})[./](\d{1,2})")
_YEAR_LAST = re.compile(r"(\d{1,2})/(\d{4})")

TERM, RELEASED = ("dsa_start", "dsa_end"), ("released_from", "released_to")


class _When(NamedTuple):
    """What is known of a `When` line so far, and what of it is still to be read."""

    rest: str
    dates: Values
    words: tuple[str, ...] = ()  # in place of dates of the term
    months: tuple[str, ...] = ()  # in place of months of the release window
    remarks: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def read_when(values: Sequence[str]) -> Values:
    r"""Read `When`: the printed term, the release window, and whatever else the line says.

    >>> read_when(["DSA runs 2015-03-04 — No 2015/02 (or before) — 2016/01."])["when_note"]
    'No\n(or before)'
    >>> when = read_when(["2019.02 — 2019.03. DSA runs 2018-05-01 — 2019-04-30"])
    >>> when["dsa_start"], when["dsa_end"], when["released_from"], when["released_to"], when["when_note"]
    ('2018-05-01', '2019-04-30', '2019-02', '2019-03', None)

    Dates that are written in another way are not understood, and are neither guessed nor taken for a remark:

    >>> read_when(["DSA runs 1 May 2018 — 30 April 2019 2019.02 — 2019.03."])["unread"]
    ('dsa_start', 'dsa_end')
    """
    whens = [_read_one_when(value) for value in dict.fromkeys(values)]
    # `ongoing` may stand for the end of the term and for the last month: repeats of words count, of remarks do not.
    words = [word for when in whens for word in (*when.words, *when.months)]
    remarks = dict.fromkeys(remark for when in whens for remark in _remarks(when))
    read: Values = dict.fromkeys((*TERM, *RELEASED))
    for when in reversed(whens):  # what is said first counts
        read |= {name: date_ for name, date_ in when.dates.items() if date_}
    unread = tuple(dict.fromkeys(name for when in whens for name in when.unread if read[name] is None))
    return {**read, "when_note": "\n".join((*words, *remarks)) or None, UNREAD: unread}


def _read_one_when(text: str) -> _When:
    when = _When(" ".join(text.split()), {})
    if len(text) > LONGEST_WHEN:
        return when._replace(rest="", unread=(*TERM, *RELEASED))
    if not _TERM.search(text) and not _WINDOW.search(text) and any(map(str.isdigit, text)):
        return when._replace(rest="", unread=(*TERM, *RELEASED))
    for _ in range(2):  # term and window, in either order
        when = _take_window(_take_term(when))
    if "dsa_start" not in when.dates and _A_DATE.search(when.rest):  # a term, in words that are not ours
        when = when._replace(rest=_whole_window(when.rest), unread=TERM)
        when = _take_window(when)
    if "released_from" not in when.dates and _BEGINS_WITH_DATE.match(when.rest):
        return when._replace(rest="", unread=(*when.unread, *RELEASED))
    return _take_window_behind(when)


LONGEST_WHEN = 5_000
"""Characters of a `When` line; what is longer is none."""


def _take_term(when: _When) -> _When:
    # `DSA runs` is said nowhere else, so it is found behind a remark too; a window counts only where it is expected.
    found = _TERM.search(when.rest) if "dsa_start" not in when.dates else None
    if not found:
        return when
    before, text = when.rest[: found.start()], when.rest[found.end() :]
    start, text = _take_side(text, _SIDE)
    between = _BETWEEN.match(text)
    end, text = _take_side(text[between.end() :] if between else text.lstrip(), _END_WORDS, after_dash=bool(between))
    sides = dict(zip(TERM, (start, end), strict=True))
    dated = {name: side for name, side in sides.items() if _is_date(side)}
    dates = {**when.dates, "dsa_start": None, "dsa_end": None}
    words = tuple(side for name, side in sides.items() if side and name not in dated)
    if not (start or end) or any(re.search(r"\d", side) for side in words):
        behind = when.rest[found.end() :]
        months = _WINDOW.match(behind)  # `DSA runs 08/2022 — 08/2025`: months of the term, in another form
        window = "" if _whole_window(before) else _whole_window(behind[months.end() :] if months else behind)
        return when._replace(rest=_joined(before, window), dates=dates, unread=(*when.unread, *TERM))
    if start and end and len(words) == 2:  # of a term without any date only its label says whose words these are
        words = (_unended(when.rest[found.start() : len(when.rest) - len(text)]),)
    return when._replace(rest=_joined(before, text.lstrip(".")), dates=dates | dated, words=(*when.words, *words))


def _take_side(text: str, words: re.Pattern[str], *, after_dash: bool = True) -> tuple[str, str]:
    """Return one side of the term and what stands behind it; a date in another form is taken up to the next dash."""
    date_ = _A_DATE.match(text)
    if date_:
        return date_[0], text[date_.end() :]
    if not after_dash or re.match(_MONTH, text):
        return "", text
    if found := words.match(text):
        return _unended(found[found.lastindex or 0]), text[found.end() :]
    other = re.match(r"[^—–]*\d[^—–]*?(?=\s*[—–]|\s+-\s|\s+" + _MONTH + r"|\s*$)", text)
    return (other[0].strip(), text[other.end() :]) if other else ("", text)


def _unended(words: str) -> str:
    return words.strip().rstrip(".,;")


def _whole_window(text: str) -> str:
    """Return the release window of a *text* whose term is not understood, if it stands there whole."""
    return next((found[0] for found in reversed(list(_WINDOW.finditer(text))) if found["dash"] and found["end"]), "")


def _take_window(when: _When) -> _When:
    found = _WINDOW.match(when.rest) if "released_from" not in when.dates else None
    if not found:
        return when
    start = _month(found["start"])
    # A single month is a window of one, unless a dash says that its end is missing.
    end = _month(found["end"]) if found["end"] else (None if found["dash"] else start)
    remarks = ["(or before)"] if "(or before)" in found[0].lower() else []
    remarks += ["unknown"] if "unknown" in found[0].lower() else []
    dates = {**when.dates, "released_from": start, "released_to": end}
    rest, words = when.rest[found.end() :], when.months
    word = _WORD_FOR_MONTH.match(rest) if found["dash"] and not found["end"] else None
    if word:
        words, rest = (*words, word[1].strip()), rest[word.end() :]
    return when._replace(rest=" ".join(rest.split()), dates=dates, months=words, remarks=tuple(remarks))


def _take_window_behind(when: _When) -> _When:
    """Take a whole window with a dash from behind a remark: months with `to` between them may be the remark's own."""
    window = "" if "released_from" in when.dates else _whole_window(when.rest)
    if not set(window) & set("—–-"):
        return when
    before, _, behind = when.rest.rpartition(window)
    return _take_window(when._replace(rest=window))._replace(rest=_joined(before, behind))


def _joined(before: str, behind: str) -> str:
    return " ".join(f"{before} {behind}".split())


def _remarks(when: _When) -> list[str]:
    remark = when.rest.strip().removeprefix(".").strip()
    return [*when.remarks, *([remark] if fold(remark) else [])]


def _is_date(text: str) -> bool:
    if not _A_DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text if len(text) == 10 else f"{text}-01")
    except ValueError:
        return False
    return True


def _month(text: str) -> str | None:
    year_first, year_last = _YEAR_FIRST.fullmatch(text), _YEAR_LAST.fullmatch(text)
    if year_first:
        year, month = year_first[1], year_first[2]
    elif year_last:
        year, month = year_last[2], year_last[1]
    else:
        return None
    return f"{year}-{int(month):02}" if 1 <= int(month) <= 12 else None


# All labels

Reader = Callable[[Sequence[str]], Values]

_GRAMMARS: dict[str, Reader] = {
    "Type of data": read_type_of_data,
    "Categories": read_type_of_data,
    "Opt outs honoured": read_opt_outs,
    "Legal basis": read_bases,
    "Basis": read_bases,
    "Purposes": read_purposes,
    "Sensitive": read_sensitivity,
    "Format": read_format,
    "When": read_when,
    "Access method": read_access,
    "Repeats": read_access,
    "How often": read_access,
    "Sublicensing allowed": read_sublicensing,
    "AGD/predecessor discussions": read_discussions,
}
"""Labels whose text is more than the value of one field; that of others is read by the sort of its value."""


def read_label(label: str, texts: Sequence[str], split_controllers: Callable[[str], Iterable[str]]) -> Values | None:
    """Return what the *texts* behind a *label* give, not to be altered; None of labels that give no field.

    Controllers are split by *split_controllers*, for a vocabulary knows whose names hold commas.
    """
    if label == CONTROLLERS:
        return _read_controllers(split_controllers, texts)
    if sum(map(len, texts)) > _MOST_REMEMBERED:
        return _read(label, texts)
    return _read_short(label, tuple(texts))


def _read(label: str, texts: Sequence[str]) -> Values | None:
    read = _GRAMMARS.get(label) or _PLAIN.get(label)
    return read(texts) if read else None


_MOST_REMEMBERED = 1_000  # characters: a megabyte of a line would be remembered for nobody
# Agreements say much alike, and each says the same in every version of its page.
_read_short = lru_cache(maxsize=1 << 12)(_read)


def _read_controllers(split: Callable[[str], Iterable[str]], values: Sequence[str]) -> Values:
    return {"controllers": as_set(name for value in values for name in split(value))}


def _read_set(name: str, values: Sequence[str]) -> Values:
    return {name: as_set(part for value in values for part in split_commas(value))}


def _read_text(name: str, values: Sequence[str]) -> Values:
    return {name: "\n".join(values)}


_BY_SORT = {Sort.SET: _read_set, Sort.TEXT: _read_text}
# The oldest layout's reference stands behind a label, but is asked for by who cuts its version off; lists have lines of
# their own. A label of another sort has a grammar: without one nothing starts, so that no field stays empty in silence.
_PLAIN = {
    label: partial(_BY_SORT[FIELDS[names[0]].sort], names[0])
    for label, names in FIELDS_OF_LABEL.items()
    if label not in (*_GRAMMARS, CONTROLLERS) and not {*names} & {"reference", "datasets"}
}


# Opt-outs

TYPE_WORDS = tuple(map(fold, ("Identifiable", "Pseudonymised", "Anonymised", "Aggregated")))
"""Starts of the type-of-data values that some layouts print among the opt-outs."""

LONGEST_TYPE_WORD = len(fold("Anonymised - ICO Code Compliant, small numbers suppressed"))


def is_type_of_data(value: str) -> bool:
    """Say whether an opt-out value is really a type of data.

    >>> is_type_of_data("Anonymised - ICO Code Compliant"), is_type_of_data("No - data flow is not identifiable")
    (True, False)
    """
    folded = fold(value)
    return folded.startswith(TYPE_WORDS) and len(folded) <= LONGEST_TYPE_WORD
