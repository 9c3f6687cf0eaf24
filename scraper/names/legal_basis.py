"""Legal bases: from the text a page prints to ids that can be compared, their families, and careful words for them.

A field is cells joined by commas (one cell for each dataset of the register), a cell is bases joined by semicolons, a
basis cites one act and one or more of its sections. What the acts are called, which words start a cell and which family
a section belongs to are tables in `data/legal-bases.json`; here are only the rules that use them. What is not
understood is kept as a text of its own, never guessed. No I/O but the tables, read once.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from scraper.names.fold import fold
from scraper.names.packaged import read_facts
from scraper.records import LegalBasis

_FACTS = read_facts("legal-bases")


class BasisFamily(NamedTuple):
    """A family of legal bases, and how people are told of it."""

    id: str
    name: str
    """As it is called in a list: "Section 251 support"."""
    in_words: str
    """As it stands in a sentence: "section 251 support"."""
    about: str
    """A sentence."""
    place: int
    """Where it stands in a list of families."""


# In the order in which a headline should pick one. Of `police/court` no text has been seen.
FAMILIES: dict[str, BasisFamily] = {row["id"]: BasisFamily(**row) for row in _FACTS["families"]}

_PRESUMED = "?"
_DASH = "[-‐-―−]"

# "Other" opens a basis of the register's own list of free entries. The dash behind it may be lost, as any dash may;
# then a capital or a bracket has to follow, or "other lawful grounds" inside a sentence would start a cell.
_OTHER = re.compile(rf"(?:(?i:other)\s*{_DASH}|Other(?=\s*[A-Z(]))\s*")


# Splitting


def split_cells(field: str) -> list[str]:
    """Return the cells of *field* in printed order, blank ones left out.

    A comma separates cells only where a known beginning follows, and commas stand inside cells too:

    >>> split_cells("Section 36, Health Act 2009, Health and Social Care Act 2012 – s261(7)")
    ['Section 36, Health Act 2009', 'Health and Social Care Act 2012 – s261(7)']

    A cell that was blank in the register leaves a comma with nothing behind it, or in front of it:

    >>> split_cells(", Other-NHS Regulatons (3), , Health and Social Care Act 2012 - s261(5)(d),")
    ['Other-NHS Regulatons (3)', 'Health and Social Care Act 2012 - s261(5)(d)']

    Brackets and quotes decide nothing, because some are never closed and others are lost.
    """
    return [cell for cell in _all_cells(field) if cell]


def count_blank_cells(field: str) -> int:
    """Return how many cells of *field* are blank: datasets for which the register records no basis.

    >>> count_blank_cells(", CV19: Regulation 3 (4)"), count_blank_cells("")
    (1, 0)
    """
    return _all_cells(field).count("") if field.strip() else 0


def _all_cells(field: str) -> list[str]:
    cells: list[list[str]] = []
    joins_previous = False
    for part in field.split(","):
        if joins_previous and part.strip() and not _starts_cell(part):
            cells[-1].append(part)
        else:
            cells.append([part])
        # Nothing is ever joined to a blank cell: the comma behind it separates whatever follows.
        joins_previous = bool(part.strip())
    return [",".join(cell).strip() for cell in cells]


def _starts_cell(part: str) -> bool:
    beginning = part.lstrip()[:200]
    return bool(_OTHER.match(beginning) or _STARTERS.match(_key(beginning)))


# Reading


def read_legal_bases(field: str) -> tuple[LegalBasis, ...]:
    """Return the legal bases that *field* prints: one for each id, sorted by id.

    A dash that is lost or typed differently changes nothing, nor does a repeat:

    >>> [basis.id for basis in read_legal_bases(
    ...     "Health and Social Care Act 2012 – s261(7); National Health Service Act 2006 - s251 - 'Control of patient "
    ...     "information'. , Health and Social Care Act 2012  s261(7)")]
    ['HSCA2012:s261(7)', 'NHSA2006:s251']

    One basis may cite two sections, and `printed` is the first basis that gave the id:

    >>> read_legal_bases("Health and Social Care Act 2012 – s261(1) and s261(2)(b)(ii)")[1].printed
    'Health and Social Care Act 2012 – s261(1) and s261(2)(b)(ii)'

    Never raises; what is not understood has an id of its own:

    >>> [(basis.id, basis.family) for basis in read_legal_bases("Other-Some Future Act 2031")]
    [('TEXT:228c98f57f3f', 'other')]
    """
    found: dict[str, str] = {}
    for cell in split_cells(field):
        for basis in cell.split(";"):
            printed = basis.strip()
            for basis_id in _understand_short(printed) if len(printed) < 1000 else _understand(printed):
                found.setdefault(basis_id, printed)
    return tuple(LegalBasis(basis_id, family_of(basis_id), printed) for basis_id, printed in sorted(found.items()))


def _understand(basis: str) -> tuple[str, ...]:
    """Return the ids of one printed basis; a text that folds to nothing has none."""
    other = _OTHER.match(basis)
    said = (basis[other.end() :] if other else "") or basis
    if not fold(said):
        return ()
    text = _line(said)
    ids, rest = _read_beginning(text)
    if not ids:
        return (_text_id(said), *_cited_in_passing(text))
    return ids if _is_heading(rest) else (*ids, _text_id(rest))


_understand_short = lru_cache(maxsize=4096)(_understand)  # a register prints the same fifty texts thousands of times


def _read_beginning(text: str) -> tuple[tuple[str, ...], str]:
    """Return the ids that the beginning of *text* gives, and the rest of it; no ids if it is not understood."""
    for phrase, ids in _PHRASES:
        if found := phrase.match(text):
            return ids, text[found.end() :]
    if found := _DIRECTIONS.match(text):
        return ("DIR:nhse-" + "-".join(re.findall(r"[^\W_]+", f"{found[1]} {found[2]}")),), text[found.end() :]
    for act, citation in _citations():
        if found := citation.match(text):
            ids = _cited(act, next(filter(None, found.groups()), ""))
            rest = text[found.end() :]
            # An act alone is a basis only where nothing else is said: its "Schedule 12, Part 9" is no bare act.
            if ids != (act,) or not fold(rest):
                return ids, rest
    for phrase, ids in _OPEN_PHRASES:
        if found := phrase.match(text):
            return ids, text[found.end() :]
    return (), text


def _cited(act: str, pins: str) -> tuple[str, ...]:
    """Return ids of sections of *act*.

    >>> _cited("SRSA2007", "39(4)(i) and 45c")
    ('SRSA2007:s39(4)(i)', 'SRSA2007:s45C')
    """
    mark = _FACTS["units"][_FACTS["acts"][act]["unit"]]["mark"]
    found = _PIN_PARTS.findall(pins)
    return tuple(f"{act}:{mark}{section.upper()}{path.replace(' ', '')}" for section, path in found) or (act,)


def _cited_in_passing(text: str) -> tuple[str, ...]:
    """Return presumed ids from a citation that a text we do not understand marks as the one it rests on.

    >>> _cited_in_passing("various powers. dissemination: health and social care act 2012 s261(5)(d)")
    ('HSCA2012:s261(5)(d)?',)
    """
    _, marked, cited = text.partition("dissemination:")
    ids, rest = _read_beginning(cited.strip()) if marked else ((), "")
    return tuple(basis_id + _PRESUMED for basis_id in ids) if _is_heading(rest) else ()


def _is_heading(rest: str) -> bool:
    """Whether *rest*, what follows a citation, says nothing of its own: a section's heading, an amending act."""
    rest = _AMENDED.sub("", rest)
    return len(rest) <= 120 and not re.search(r"[\d,]", rest)


def _text_id(text: str) -> str:
    return "TEXT:" + sha256(fold(text).encode()).hexdigest()[:12]


# Comparing


def compared_ids(ids: Iterable[str]) -> frozenset[str]:
    """Return what comparisons see of *ids*.

    The general power of s261(1) says nothing beside another citation of s261, with or without a limb; in December 2022
    the register deleted it from 10,066 rows:

    >>> sorted(compared_ids(["HSCA2012:s261(1)", "HSCA2012:s261(2)(b)(ii)"]))
    ['HSCA2012:s261(2)(b)(ii)']
    >>> sorted(compared_ids(["HSCA2012", "HSCA2012:s261(1)", "COPI2002:r3?"]))
    ['COPI2002:r3', 'HSCA2012', 'HSCA2012:s261(1)']
    """
    seen = frozenset(basis_id.removesuffix(_PRESUMED) for basis_id in ids)
    general = "HSCA2012:s261(1)"
    others = (basis_id for basis_id in seen if basis_id != general and _is_within(basis_id, "HSCA2012:s261"))
    return seen - {general} if any(others) else seen


def family_of(basis_id: str) -> str:
    """Return the family of *basis_id*; the table of the data decides, its first line that fits.

    >>> family_of("HSCA2012:s261(2)(c)"), family_of("HSCA2012:s261(9)"), family_of("TEXT:0123456789ab")
    ('consent', 's261-dissemination', 'other')
    """
    basis_id = basis_id.removesuffix(_PRESUMED)
    if basis_id in _FACTS["bare_acts"]:
        return str(_FACTS["bare_acts"][basis_id])
    return next((family for beginning, family in _FACTS["family_of"] if _is_within(basis_id, beginning)), "other")


def families_of(ids: Iterable[str]) -> frozenset[str]:
    """Return the families of *ids*; of none at all it is `not-recorded`, which never means "no basis".

    >>> sorted(families_of([]))
    ['not-recorded']
    """
    return frozenset(map(family_of, ids)) or frozenset({"not-recorded"})


def _is_within(basis_id: str, outer: str) -> bool:
    """Whether *basis_id* is *outer* or a part of it.

    >>> _is_within("HSCA2012:s261(7)", "HSCA2012:s261"), _is_within("HSCA2012:s2610", "HSCA2012:s261")
    (True, False)
    """
    return basis_id == outer or basis_id.startswith((outer + "(", outer + ":"))


# Wording


def spell_out(basis_id: str, printed: str = "") -> str:
    """Return *basis_id* in words that can stand in a sentence.

    Args:
        basis_id: An id from `read_legal_bases`, or one that comparisons see.
        printed: What the page prints for it; quoted where the id alone cannot be put in words.

    >>> spell_out("HSCA2012:s261(2)(a)")
    'section 261(2)(a) of the Health and Social Care Act 2012'
    >>> spell_out("COPI2002:r3?")
    'presumably regulation 3 of the Health Service (Control of Patient Information) Regulations 2002'
    >>> spell_out("TEXT:228c98f57f3f", "Other-Some Future Act 2031")
    '“Other-Some Future Act 2031”'
    """
    certain = basis_id.removesuffix(_PRESUMED)
    words = cite(certain, printed).spelled
    return f"presumably {words}" if words and certain != basis_id else words or basis_id


class Citation(NamedTuple):
    """A basis in words, taken apart."""

    pin: str
    """What of an act is cited, "section 251"; where no act is known, all there is to say."""
    act: str = ""
    """The act's title."""
    unit: str = ""
    """What the act is made of: section, regulation, article."""

    @property
    def spelled(self) -> str:
        """The whole."""
        if not self.act:
            return self.pin
        return f"{self.pin} of the {self.act}" if self.pin else f"the {self.act}"


def cite(basis_id: str, printed: str = "") -> Citation:
    """Return the parts of *basis_id*, which is none presumed, in words; all empty where it has none.

    >>> cite("NHSA2006:s251")
    Citation(pin='section 251', act='National Health Service Act 2006', unit='section')
    """
    code, _, pin = basis_id.partition(":")
    act = _FACTS["acts"].get(code)
    if spelled := _FACTS["spelled"].get(basis_id):
        title = act["title"] if act else ""
        of_act = spelled.removesuffix(f" of the {title}")
        return Citation(of_act, title) if of_act != spelled else Citation(spelled)
    if act is None:
        return Citation(f"“{printed.strip()}”" if printed else "")
    number = pin.removeprefix(_FACTS["units"][act["unit"]]["mark"])
    return Citation(f"{act['unit']} {number}" if number else "", act["title"], act["unit"])


# The forms of a text in which it is read, and the patterns made from the tables


def _line(text: str) -> str:
    """Return *text* on one line of lower case: no quotes, a space for each dash, none for a dash inside a word.

    >>> _line(" National Health Service Act 2006 – s251 - 'Control of  patient information'. ")
    'national health service act 2006 s251 control of patient information'
    """
    text = unicodedata.normalize("NFKC", text).casefold()
    text = re.sub(rf"(?<=[^\W\d]){_DASH}(?=[^\W\d])", "", text)
    text = re.sub(rf"{_DASH}+|\s+", " ", re.sub(r"['’‘“”\"\u00ad\u200b]", "", text))
    return " ".join(text.split()).rstrip(" .,")


def _key(text: str) -> str:
    """Return the letters, digits and brackets of *text*.

    >>> _key("Section 42(4) of the Act")
    'section42(4)oftheact'
    """
    return re.sub(r"[^\w()]+|_+", "", unicodedata.normalize("NFKC", text).casefold())


def _spaced(name: str) -> str:
    """Return a pattern for *name* that finds it whatever became of its spaces, dashes, commas and brackets.

    >>> re.fullmatch(_spaced("SRSA 2007"), "srsa (2007)") is not None
    True
    """
    return r"\(?" + "[ ,:()]{0,2}".join(re.escape(c) for c in _line(name) if c.isalnum()) + r"\)?"


def _any_of(patterns: Iterable[str]) -> str:
    return "(?:" + "|".join(sorted(patterns, key=len, reverse=True)) + ")"


_PATH = r"(?: ?\([0-9a-z]{1,5}\))"
_SECTION = r"\d{1,4}(?!\d)(?:[a-z]{1,2}(?![a-z]))?"
_PIN_PARTS = re.compile(rf"({_SECTION})({_PATH}*)")


def _citation(act: str) -> re.Pattern[str]:
    """Return the pattern of a citation of *act*: the sections before its name, or its name, perhaps with sections."""
    facts = _FACTS["acts"][act]
    name = _any_of(map(_spaced, facts["names"]))
    unit = _any_of(_FACTS["units"][facts["unit"]]["words"]) + r"\.? ?"
    # A further section needs its unit or a path: the "2" of "s261(2)(a) and 2 others" is none.
    further = (
        rf"(?:,? ?(?:and|or|&|/) ?(?:{unit}{_SECTION}{_PATH}*|{_SECTION}{_PATH}+)|[ ,]{{1,2}}{unit}{_SECTION}{_PATH}*)"
    )
    pins = rf"{unit}{_SECTION}{_PATH}*{further}*"
    preface = _any_of(_spaced(preface["text"]) for preface in _FACTS["prefaces"])
    patterns = [
        rf"(?:{preface}[ :]{{0,2}})?\(?({pins})(?:,| of)? ?(?:the )?(?:associated )?{name}",
        rf"{name}(?: ?({pins}))?",
    ]
    patterns += [
        rf"{_spaced(preface['text'])}(?: ?({pins}))?" for preface in _FACTS["prefaces"] if preface.get("act") == act
    ]
    return re.compile("|".join(patterns))


@lru_cache(maxsize=1)  # not at import: half of the commands read no page
def _citations() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((act, _citation(act)) for act in _FACTS["acts"])


def _phrases(table: str, rest: str) -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    return tuple((re.compile(_spaced(phrase["text"]) + rest), tuple(phrase["ids"])) for phrase in _FACTS[table])


_PHRASES = _phrases("phrases", rest="")
_OPEN_PHRASES = _phrases("open_phrases", rest="[^,]*")
_DIRECTIONS = re.compile(r"nhs england ((?:[^ ]+ ){1,20}?)directions (\d{4})(?!\d)")
_AMENDED = re.compile(r",? ?\(?as amended by [^,;]*")


def _starter(text: str) -> str:
    # "Section 36" must not find "Section 365"; "statutory powers" may be followed by the year, its dash lost.
    return re.escape(_key(text)) + (r"(?!\d)" if text[-1].isdigit() else "")


_STARTERS = re.compile(_any_of([*map(_starter, _FACTS["starters"]), r"nhsengland\w+?directions\d{4}"]))
