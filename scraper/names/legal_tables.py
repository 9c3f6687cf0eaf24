"""The tables of the grammar of legal bases, `data/legal-bases.json`, with their words taken apart and looked up.

What each table is for stands in the data, under `tables`; no rule is here.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from scraper.names.packaged import read_facts
from scraper.names.spelling import Word, may_begin, slips_of, word_at, words_of

FACTS = read_facts("legal-bases")

Words = tuple[Word, ...]

_BEGUN_BY_WORDS = ("names", "units", "paths", "prefaces", "phrases", "starters", "leads")
"""Tables each of whose rows begins with the words by which it is found."""


class ActName(NamedTuple):
    """A name that acts share, and the act of each year; of a name without a year, the year is empty."""

    words: Words
    acts: dict[str, str]


class LegalTables(NamedTuple):
    """The tables of the data with their words taken apart, longest first where one may begin as another does."""

    names: tuple[ActName, ...]
    amending: tuple[tuple[Words, Words], ...]
    units: tuple[tuple[Words, str], ...]
    paths: tuple[tuple[Words], ...]
    prefaces: tuple[tuple[Words, str], ...]
    phrases: tuple[tuple[Words, bool, tuple[str, ...]], ...]
    headings: tuple[tuple[str, tuple[Words, ...]], ...]
    references: dict[str, frozenset[str]]
    starters: tuple[tuple[Words], ...]
    leads: tuple[tuple[Words], ...]
    divisions: frozenset[str]
    grounds: frozenset[str]
    before_names: frozenset[str]
    first_words: frozenset[str]


@lru_cache(maxsize=1)  # not at import: half of the commands read no page
def tables() -> LegalTables:
    """Return the tables, made once."""
    units = tuple((words_of(way), unit) for unit, facts in FACTS["units"].items() for way in facts["words"])
    names, paths = _names(), tuple((words,) for words in _longest_first(FACTS["paths"]))
    citing = [*(name.words for name in names), *(words for (words,) in paths), *(words for words, _ in units)]
    return LegalTables(
        names=names,
        amending=tuple((words_of(act["name"]), words_of(act["year"])) for act in FACTS["amending"]),
        units=units,
        paths=paths,
        prefaces=tuple((_spelt(row["text"]), row.get("act", "")) for row in FACTS["prefaces"]),
        phrases=tuple((_spelt(row["text"]), row.get("open", False), tuple(row["ids"])) for row in FACTS["phrases"]),
        headings=tuple((within, _longest_first(texts)) for within, texts in FACTS["headings"].items()),
        references={one: _folded(marks) for one, marks in FACTS["references"].items()},
        starters=tuple((_spelt(text),) for text in FACTS["starters"]),
        leads=tuple((words,) for words in _longest_first(FACTS["leads"])),
        divisions=_folded(FACTS["divisions"]),
        grounds=_folded(FACTS["grounds"]),
        before_names=_folded((*FACTS["before_names"], *FACTS["between"], *FACTS["joints"])),
        first_words=frozenset(form.letters for words in citing for form in words[0]),
    )


def rows(table: str, text: str, at: int) -> tuple[Any, ...]:
    """Return the rows of *table* whose first word may stand in *text* at *at*."""
    return _rows_that_begin(word_at(text, at)).get(table, ())


def begins_row(text: str, at: int) -> bool:
    """Whether a row of any table may begin in *text* at *at*."""
    return bool(_rows_that_begin(word_at(text, at)))


@lru_cache(maxsize=4096)
def _rows_that_begin(letters: str) -> Mapping[str, tuple[Any, ...]]:
    begun, whole, slips = _first_words()
    is_glued = any(letters[:end] in whole for end in range(1, len(letters)))
    if not is_glued and letters not in begun and slips_of(letters).isdisjoint(slips):
        return {}
    known = tables()
    return {
        table: tuple(row for row in getattr(known, table) if may_begin(letters, row[0][0])) for table in _BEGUN_BY_WORDS
    }


@lru_cache(maxsize=1)
def _first_words() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return the beginnings of all words with which rows begin, the words, and what slips make of them.

    Most words of a text begin nothing; to ask all rows of all tables takes ten times as long.
    """
    forms = [form for table in _BEGUN_BY_WORDS for row in getattr(tables(), table) for form in row[0][0]]
    return (
        frozenset(form.letters[:end] for form in forms for end in range(1, len(form.letters) + 1)),
        frozenset(form.letters for form in forms),
        frozenset(slip for form in forms if form.may_slip for slip in slips_of(form.letters)),
    )


def _names() -> tuple[ActName, ...]:
    acts: dict[str, dict[str, str]] = defaultdict(dict)
    for act, facts in FACTS["acts"].items():
        for name in facts["names"]:
            acts[name][facts["year"]] = act
    return tuple(ActName(words_of(name), of_years) for name, of_years in acts.items())


def _spelt(text: str) -> Words:
    """Return the words of *text*, in which a unit may be written in each of its ways: `s251 approval`."""
    units = FACTS["units"]
    return tuple(
        tuple(form for way in units[word[0].letters]["words"] for form in _one_word(way))
        if word[0].letters in units
        else word
        for word in words_of(text)
    )


def _one_word(text: str) -> Word:
    (word,) = words_of(text)
    return word


def _longest_first(texts: Iterable[str]) -> tuple[Words, ...]:
    return tuple(words_of(text) for text in sorted(texts, key=lambda text: -len(text)))


def _folded(words: Iterable[str]) -> frozenset[str]:
    return frozenset(map(str.casefold, words))
