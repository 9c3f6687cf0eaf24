"""The grammar of a legal basis: from its text to the ids that it cites, and what it says besides.

    basis     := item ( joint item )*
    item      := ( phrase | directions | citation ) ( amended | heading | reference | date )*
    citation  := [ preface ] sections between act  |  act [ sections ]  |  preface sections
    sections  := unit number path* ( joint ( unit number path* | number path+ | path+ ) )*

Names, units, headings and the small words are tables in `data/legal-bases.json`, with what each is for. Every function
takes a text and a place in it and returns what it understood and the place behind, or None. What none of them
understands is the rest, told as a text of its own: nothing is swallowed. No place is looked at more than a few times.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from scraper.names.fold import fold
from scraper.names.legal_families import is_within
from scraper.names.legal_tables import FACTS, ActName, begins_row, rows, tables
from scraper.names.spelling import LETTERS, Typed, after, ends_word, skip, typed, words_of

READ_AT_MOST = 4_000
"""Characters of one basis that are looked at; the longest ever printed has 200. What is behind them is rest."""


_MOST_PARTS = 5
"""Parts of a section that may stand in words before it."""


class Cited(NamedTuple):
    """What a basis says."""

    ids: tuple[str, ...] = ()
    presumed: tuple[str, ...] = ()
    """Ids that are only named in passing, in a text that is not understood."""
    rest: str = ""
    """What is said besides, folded; all of it where no id is understood."""


class Sections(NamedTuple):
    """Sections as they are cited, before it is known of what."""

    unit: str
    pins: tuple[str, ...]
    ends: tuple[int, ...]
    """The place behind each."""

    @property
    def end(self) -> int:
        """The place behind all of them."""
        return self.ends[-1]


def read_basis(text: str, *, is_free: bool) -> Cited:
    """Return what one printed basis says.

    Args:
        text: The basis, without the `Other-` of a free entry.
        is_free: Whether it is a free entry: it may name what it rests on amid other words.

    >>> read_basis("HSCA 2012, sect. 261(2)[b](ii) & s261(7): support refused", is_free=False)
    Cited(ids=('HSCA2012:s261(2)(b)(ii)', 'HSCA2012:s261(7)'), presumed=(), rest='supportrefused')
    >>> read_basis("Powers of entry, by GDPR article nine, point (i)", is_free=True)
    Cited(ids=(), presumed=('UKGDPR:art9(i)',), rest='powersofentrybygdprarticleninepointi')
    """
    said = typed(text, READ_AT_MOST)
    ids, at = _items(said.text)
    rest = fold(said.said[at:])
    if not rest:
        return Cited(ids)
    if all(map(_is_bare, ids)) and _is_division(said.text, at):
        ids, at, rest = (), 0, fold(said.said)
    return Cited(ids, _named_in_passing(said, at, is_free=is_free), rest)


def is_half(text: str) -> bool:
    """Whether *text* is one half of a citation and nothing else: sections without an act, or an act without sections.

    >>> [is_half(text) for text in (" Section 251 ", "HSCA 2012", "HSCA 2012 s261", "Section 251 approval")]
    [True, True, False, False]
    """
    said = typed(text, READ_AT_MOST)
    if sections := _sections(said.text, 0):
        return not fold(said.said[sections.end :])
    named = _act(said.text, 0)
    return named is not None and not fold(said.said[_amended(said.text, named[1]) or named[1] :])


def begins_cell(text: str) -> bool:
    """Whether *text*, what stands behind a comma, begins with words that begin a cell.

    >>> begins_cell(" HSCA 2012 s261"), begins_cell(" Health Act 2009"), begins_cell(" Sect. 42(4) of the")
    (True, False, True)
    """
    said = typed(text, at_most=200).text
    named = _act(said, 0)
    if named and named[0] in FACTS["starter_acts"]:
        return True
    return _directions(said, 0) is not None or any(after(said, 0, one) for (one,) in rows("starters", said, 0))


# Items


def _items(text: str) -> tuple[tuple[str, ...], int]:
    """Return the ids of the items with which *text* begins, and the place behind them."""
    ids: tuple[str, ...] = ()
    at, end = _lead(text, 0), 0
    while found := _item(text, at):
        ids, end = (*ids, *found[0]), found[1]
        joint = _JOINT.match(text, end)
        if not joint:
            break
        at = _lead(text, joint.end())
    return ids, end


def _item(text: str, at: int) -> tuple[tuple[str, ...], int] | None:
    """Read one basis and what follows it and says nothing more; of several ways to read it the longest counts."""
    if not begins_row(text, at):
        return None
    ways = [
        (end, ids, is_open) for phrase, is_open, ids in rows("phrases", text, at) if (end := after(text, at, phrase))
    ]
    ways += [(end, ids, False) for ids, end in filter(None, (_directions(text, at), _citation(text, at)))]
    whole = [way for way in ways if ends_word(text, way[0])]
    if not whole:
        return None
    end, ids, is_open = max(whole, key=lambda way: way[0])
    return ids, _tail(text, end, ids, is_open=is_open)


def _tail(text: str, at: int, ids: Sequence[str], *, is_open: bool) -> int:
    """Return the place behind what follows an item and says nothing more."""
    while skip(text, at) < len(text):
        end = _amended(text, at) or _heading(text, at, ids) or _reference(text, at, ids)
        if end is None and is_open and (date := _DATE.match(text, at)):
            end = date.end()
        if end is None:
            break
        at = end
    return at


def _heading(text: str, at: int, ids: Sequence[str]) -> int | None:
    for within, headings in tables().headings:
        if any(is_within(one, within) for one in ids):
            for heading in headings:
                end = after(text, at, heading)
                if end and ends_word(text, end):
                    return end
    return None


def _reference(text: str, at: int, ids: Sequence[str]) -> int | None:
    found = _REFERENCE.match(text, at)
    return found.end() if found and found[1] in tables().references.get(ids[0], ()) else None


def _directions(text: str, at: int) -> tuple[tuple[str, ...], int] | None:
    """Read directions that no table names: their id is made of their words."""
    begin = after(text, at, words_of("NHS England"))
    found = _DIRECTIONS.match(text, begin) if begin else None
    if not found:
        return None
    words = re.sub(r"(?<=[^\W\d_])-(?=[^\W\d_])", "", found[1])
    return ("DIR:nhse-" + "-".join((*re.findall(r"[^\W_]+", words), found[2])),), found.end()


# Citations


def _citation(text: str, at: int) -> tuple[tuple[str, ...], int] | None:
    """Read a citation of one act."""
    for preface, act in rows("prefaces", text, at):
        if begin := after(text, at, preface):
            if found := _sections_of_an_act(text, begin):
                return found
            if act and (sections := _sections(text, begin)):
                return _ids(act, sections.pins), sections.end
    return _sections_of_an_act(text, at) or _act_and_sections(text, at)


def _sections_of_an_act(text: str, at: int) -> tuple[tuple[str, ...], int] | None:
    sections = _sections(text, at)
    named = _act(text, _behind(_BETWEEN, text, sections.end)) if sections else None
    if not sections or not named or FACTS["acts"][named[0]]["unit"] != sections.unit:
        return None
    return _ids(named[0], sections.pins), named[1]


def _act_and_sections(text: str, at: int) -> tuple[tuple[str, ...], int] | None:
    named = _act(text, at)
    if not named:
        return None
    act, end = named
    end = _amended(text, end) or end
    sections = _sections(text, _behind(_MARKS, text, end), FACTS["acts"][act]["unit"])
    ends = (end, *sections.ends) if sections else (end,)
    pins = sections.pins if sections else ()
    if pins and _is_of_another_act(text, ends[-1]):
        pins, ends = pins[:-1], ends[:-1]
    return _ids(act, pins) or (act,), ends[-1]


def _is_of_another_act(text: str, at: int) -> bool:
    """Whether the section before *at* is of the act behind it: "…Act 2012 and s251 of the NHS Act 2006"."""
    named = _act(text, _behind(_OF_AN_ACT, text, at)) if skip(text, at) < len(text) else None
    return named is not None and not _sections(text, _behind(_OF_AN_ACT, text, named[1]))


def _ids(act: str, pins: Iterable[str]) -> tuple[str, ...]:
    mark = FACTS["units"][FACTS["acts"][act]["unit"]]["mark"]
    return tuple(f"{act}:{mark}{pin}" for pin in pins)


def _act(text: str, at: int) -> tuple[str, int] | None:
    """Return the act that is named, and the place behind its name: the longest name counts."""
    best: tuple[str, int] | None = None
    for name in rows("names", text, at):
        end = after(text, at, name.words)
        if end and (dated := _year(text, end, name)) and (best is None or dated[1] > best[1]):
            best = dated
    return best


def _year(text: str, at: int, name: "ActName") -> tuple[str, int] | None:
    """Return the act of *name* whose year follows; with no year, the only one."""
    found = _YEAR.match(text, at)
    if found and found[1] in name.acts:
        return name.acts[found[1]], found.end()
    if (found and "" not in name.acts) or not ends_word(text, at):  # the year of another act; "Acts 2006" is no s2006
        return None
    return (next(iter(name.acts.values())), at) if len(name.acts) == 1 else None


def _amended(text: str, at: int) -> int | None:
    """Read `as amended`, perhaps by a known act."""
    end = after(text, at, words_of("as amended"))
    if end is None:
        return None
    by = after(text, end, words_of("by"))
    if by is None:
        return end
    sections = _sections(text, by)
    begin = _behind(_BETWEEN, text, sections.end) if sections else by
    if named := _act(text, begin):
        return named[1]
    for name, year in tables().amending:
        if amending := after(text, begin, name):
            return after(text, amending, year) or amending
    return None


# Sections


def _sections(text: str, at: int, unit: str | None = None) -> Sections | None:
    """Read a section and those that follow it; with *unit*, behind the name of an act that is made of such.

    >>> _sections("ss. 39(4)(i) and 45(c) of", 0)
    Sections(unit='section', pins=('39(4)(i)', '45(c)'), ends=(12, 22))
    >>> _sections("point (i) of article 9 (2), art 6", 0)
    Sections(unit='article', pins=('9(2)(i)', '6'), ends=(26, 33))
    """
    first = _section(text, at, unit)
    if not first:
        return None
    unit, number, path, end = first
    pins, ends = [number + path], [end]
    while found := _further(text, end, unit, number):
        number, path, end = found
        pins.append(number + path)
        ends.append(end)
    return Sections(unit, tuple(pins), tuple(ends))


def _section(text: str, at: int, unit: str | None) -> tuple[str, str, str, int] | None:
    """Read one section: its parts may stand before it in words, and its unit may be left out behind an act's name."""
    parts, begin = _parts_before(text, at)
    if named := _unit(text, begin):
        numbered = _number(text, named[1])
        if numbered and unit in (None, named[0]):
            path, end = _path(text, numbered[1])
            return named[0], numbered[0], path + parts, end
    elif unit and text[at : at + 1].isdigit() and (numbered := _number(text, at)):
        path, end = _path(text, numbered[1])
        if path:
            return unit, numbered[0], path, end
    return None


def _further(text: str, at: int, unit: str, number: str) -> tuple[str, str, int] | None:
    """Read a further section of *unit*, or a further part of section *number*.

    A number alone is none, nor is a part that begins with a letter: the "2" of "s261(2)(a) and 2 others" cites nothing,
    and the "(c)" of "s261(2)(b)(ii) and (c)" may stand for two things.
    """
    if skip(text, at) == len(text):
        return None
    joint = _JOINT.match(text, at)
    begin = joint.end() if joint else at
    if (found := _section(text, begin, unit if joint else None)) and found[0] == unit:
        return found[1:]
    path, end = _path(text, begin) if joint else ("", at)
    return (number, path, end) if path[1:2].isdigit() else None


def _parts_before(text: str, at: int) -> tuple[str, int]:
    """Read "paragraph (d) of subsection (5) of", what stands in words before its section; it is written backwards."""
    path = ""
    for _ in range(_MOST_PARTS):
        found = _part_in_words(text, at)
        of = _OF.match(text, found[1]) if found else None
        if not found or not of:
            break
        path, at = found[0] + path, of.end()
    return path, at


def _path(text: str, at: int) -> tuple[str, int]:
    """Read the parts of a section behind it.

    >>> _path(" ( 2 )(B)(ii) of".lower(), 0), _path(", subsection 5, paragraph (d)", 0), _path(" (ended)", 0)
    (('(2)(b)(ii)', 13), ('(5)(d)', 29), ('', 0))
    """
    path = ""
    while True:
        if found := _PART.match(text, at):
            path, at = path + f"({found[1]})", found.end()
        elif in_words := _part_in_words(text, at):
            path, at = path + in_words[0], in_words[1]
        else:
            return path, at


def _part_in_words(text: str, at: int) -> tuple[str, int] | None:
    if not LETTERS.match(text, skip(text, at)):
        return None
    for (name,) in rows("paths", text, at):
        end = after(text, at, name)
        if end and (found := _PARTS.match(text, end)):
            return "".join(f"({one})" for one in re.findall(r"[0-9a-z]+", found[0])), found.end()
    return None


def _unit(text: str, at: int) -> tuple[str, int] | None:
    for word, unit in rows("units", text, at):
        end = after(text, at, word)
        if end and _number(text, end):
            return unit, end
    return None


def _number(text: str, at: int) -> tuple[str, int] | None:
    """Read the number of a section.

    >>> _number(" 45c of", 0), _number("14z33(1)", 0), _number("two hundred and sixty one of", 0), _number("and", 0)
    (('45C', 4), ('14Z33', 5), ('261', 25), None)
    """
    if found := _NUMBER.match(text, at):
        return found[1].upper(), found.end()
    return _number_in_words(text, at)


def _number_in_words(text: str, at: int) -> tuple[str, int] | None:
    total, end = 0, None
    while found := LETTERS.match(text, skip(text, at)):
        number, at = FACTS["numbers"].get(found[0], 0), found.end()
        if number == 100 and total:
            total *= 100
        elif number and total % 10 == 0 and (total % 100 == 0 or number < 10):
            total += number
        elif found[0] != "and" or total < 100:
            break
        end = at if number else end
    return (str(total), end) if end else None


# What a text that is not understood names


def _named_in_passing(said: Typed, at: int, *, is_free: bool) -> tuple[str, ...]:
    """Return ids of sections that *said* names from *at* on, in a free entry or behind a word for grounds."""
    text = said.text
    words = list(LETTERS.finditer(text, at))
    if not is_free:
        marks = (n for n, word in enumerate(words) if word[0] in tables().grounds)
        words = words[next(marks, len(words)) :]
    if any(word[0] in FACTS["denials"] for word in words):
        return ()
    named, end = dict[str, None](), 0
    for before, word in pairwise((None, *words)):
        if word is None or word.start() < end or word[0] not in tables().first_words:
            continue
        ids, end = _named_at(text, before, word)
        named |= dict.fromkeys(ids)
    return tuple(named)


def _named_at(text: str, before: re.Match[str] | None, word: re.Match[str]) -> tuple[tuple[str, ...], int]:
    """Return the ids of the citation that begins with *word*, if one does, and where to look on."""
    sections = _sections(text, word.start())
    found = _sections_of_an_act(text, word.start()) if sections else None
    if not found and _may_begin_name(text, before, word):
        found = _act_and_sections(text, word.start())
    if not found or not ends_word(text, found[1]) or any(map(_is_bare, found[0])):
        # Sections of no act that is known: to begin again at each of them would take the square of their number.
        return (), sections.end if sections else word.end()
    return found


def _may_begin_name(text: str, before: re.Match[str] | None, word: re.Match[str]) -> bool:
    """Whether *word* may begin an act's name: the "Health Act" of "Mental Health Act" is another act's."""
    if before is None or text[before.end() : word.start()].strip():
        return True
    return before[0] in tables().before_names


def _is_bare(basis_id: str) -> bool:
    return basis_id in FACTS["acts"]


def _is_division(text: str, at: int) -> bool:
    """Whether a part of an act follows that has no id: its "Schedule 12, Part 9" is no bare act."""
    found = LETTERS.match(text, skip(text, at))
    is_named = found is not None and found[0] in tables().divisions
    return is_named or text[skip(text, found.end() if found else at) :][:1].isdigit()


def _any_of(words: Iterable[str]) -> str:
    ends = {True: r"(?![^\W_])", False: ""}
    return "|".join(re.escape(word) + ends[word.isalpha()] for word in sorted(words, key=lambda word: -len(word)))


def _behind(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Return the place behind *pattern*, which matches nothing too."""
    found = pattern.match(text, at)
    return found.end() if found else at


def _lead(text: str, at: int) -> int:
    return next((end for (lead,) in rows("leads", text, at) if (end := after(text, at, lead))), at)


_MARKS = re.compile(r"[ ,.:()/-]*")
_BETWEEN = re.compile(rf"(?:[ ,.:()-]|{_any_of(FACTS['between'])})*")
_OF_AN_ACT = re.compile(rf"(?:[ .()-]|{_any_of(FACTS['between'])})*")
_OF = re.compile(rf"[ ,-]*(?:{_any_of(['of', 'in'])})")
_JOINT = re.compile(rf"(?:[ .:()-]*(?:{_any_of(FACTS['joints'])}))+[ .:)-]*")

# A letter, two alike, one behind z, a roman number; a word of any letters would swallow "(ended)".
_PART_ID = r"(?:\d{1,3}[a-z]{0,2}|[a-z]|z[a-z]|([a-z])\2|[ivxl]{1,6})"
_PART = re.compile(rf"[ )]*\( *({_PART_ID}) *+(?:\)|(?=\(|$))")
_PARTS = re.compile(rf"[ .(-]*({_PART_ID})(?![0-9a-z])\)?(?: *\( *{_PART_ID.replace('2', '3')} *\))*")
_NUMBER = re.compile(r"[ .(-]*(\d{1,4}(?!\d)(?:(?!of|as|[sr]\d)[a-z]{1,2}(?:\d{1,3}(?!\d))?(?![^\W_]))?)")

_DIRECTIONS = re.compile(r" *((?:[^ ]+ +){1,20}?)directions[ (]*(\d{4})(?!\d)")
_YEAR = re.compile(r"[ ,.(-]*+(?:of [ (]*+)?(\d{1,4})(?!\d)")
_DATE = re.compile(
    r"[ (]*+(?:(?:of|from|dated) *+)?\d{1,2}(?:st|nd|rd|th)? *(?:january|february|march|april|may|june|july"
    r"|august|september|october|november|december) *\d{4}(?!\d)"
)
_REFERENCE = re.compile(r"[ (]*(?:\d{1,2}[ /-]*)?([a-z]+)[ /-]*(?:\d{1,4}(?:\([a-z]\))?[ ()/-]*)+")
