"""What is called so, or nearly so: organisations, datasets with their families, and legal bases, the likeliest first.

Found by words and their beginnings in the names that were ever printed and in those the vocabulary knows, by what a
citation or an acronym means, and, where nothing is, by letters inside of names. Reads only.
"""

import json
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from diff.names import DatasetNames, bases_called
from scraper.names.families import DatasetFamily, families, family_called, family_of
from scraper.names.fold import fold
from scraper.names.legal_families import cite
from scraper.names.vocabulary import Vocabulary
from snapshots.asking.changes import matching
from snapshots.asking.names import NameLookup

LONGEST_ASKED = 200
"""Characters of what is asked for that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameFound:
    """What has a name that was asked for."""

    sort: str
    """organisation, family, dataset or legal-basis."""
    key: str
    """Slug, id of the family, newest name of the dataset, canonical id."""
    name: str
    agreements: int
    """How many list, cite or hold it now; of an organisation how many its page has."""
    rank: int
    """0 where just this was asked for, more the further off it is."""
    standing: bool = True
    known_as: str = ""
    """The other name by which it was found."""

    @property
    def order(self) -> tuple[object, ...]:
        """What comes first: what was meant, what is there now, what most have."""
        return (self.rank, not self.standing, -self.agreements, fold(self.name), self.key)


EXACT, BEGINS, HOLDS, RELATED, INSIDE = range(5)


class Search:
    """The search for names in an open database."""

    def __init__(self, names: NameLookup) -> None:
        self._ask = names.ask
        self._names = names
        self._vocabulary = names.vocabulary

    def names(self, text: str) -> dict[str, list[NameFound]]:
        """Return what is called *text*, by sort; of letters inside of a name only where no name has it as words."""
        text = text[:LONGEST_ASKED].strip()
        match = matching(text)
        if not match:
            return {"datasets": [], "organisations": [], "legal-bases": []}
        found = self._by(text, self._matching("names_search", match), HOLDS)
        if not any(found.values()) and len(fold(text)) >= _SHORTEST_PART:
            parts = '"' + text.replace('"', " ").replace("\0", " ") + '"'
            found = self._by(text, self._matching("names_parts_search", parts), INSIDE)
        return found

    def _by(self, text: str, rows: Sequence[tuple[str, str, str]], rank: int) -> dict[str, list[NameFound]]:
        found = {
            "datasets": self._datasets(text, rows, rank),
            "organisations": self._organisations(text, rows, rank),
            "legal-bases": self._legal_bases(text, rows, rank),
        }
        return {sort: sorted(names, key=lambda one: one.order) for sort, names in found.items()}

    def _matching(self, index: str, match: str) -> list[tuple[str, str, str]]:
        sql = f"""
            select names.sort, names.key, names.name
            from {index}
            join names on names.id = {index}.rowid
            where {index} match :match
            """  # the two indexes are named in this module
        return [(row["sort"], row["key"], row["name"]) for row in self._ask(sql, {"match": match})]

    # --- organisations ------------------------------------------------------------------------------------------------

    def _organisations(self, text: str, rows: Iterable[tuple[str, str, str]], rank: int) -> list[NameFound]:
        ranks: dict[str, tuple[int, str]] = {}

        def note(slug: str, near: int, name: str) -> None:
            if near < ranks.get(slug, (INSIDE + 1, ""))[0]:
                ranks[slug] = near, name

        for row in self._names.names_of_called(text):
            note(row["key"], EXACT, row["name"] if fold(row["name"]) == fold(text) else "")
        for sort, slug, name in rows:
            if sort == "organisation":
                note(slug, BEGINS if fold(name).startswith(fold(text)) else rank, name)
        if later := self._related(text):
            sql = """
                select key, folded from names
                where sort = 'organisation' and folded in (select value from json_each(:folded))
                """
            for row in self._ask(sql, {"folded": json.dumps(sorted(later))}):
                note(row["key"], RELATED, later[row["folded"]])
        pages = self._ask(
            """
            select key, coalesce(organisation, key) as name, agreements, standing
            from pages
            where key in (select value from json_each(:keys))
            """,
            {"keys": json.dumps(sorted(ranks))},
        )
        return [
            NameFound(
                sort="organisation",
                key=page["key"],
                name=page["name"],
                agreements=page["agreements"],
                rank=ranks[page["key"]][0],
                standing=bool(page["standing"]),
                known_as=_other(ranks[page["key"]][1], page["name"]),
            )
            for page in pages
        ]

    def _related(self, text: str) -> dict[str, str]:
        """Return the folded names of bodies that are, or followed, one the vocabulary calls so; and its name."""
        later: dict[str, str] = {}
        for name in _listed_with(self._vocabulary, text):
            for folded in self._vocabulary.successors(name):
                later.setdefault(folded, name)
        return later

    # --- datasets -----------------------------------------------------------------------------------------------------

    def _datasets(self, text: str, rows: Iterable[tuple[str, str, str]], rank: int) -> list[NameFound]:
        newest_of = self._newest()
        ranks: dict[str, tuple[int, str]] = {}
        for folded in self._exactly(text):
            if newest := newest_of.get(folded):
                ranks[newest] = EXACT, ""
        family = family_called(text)
        for newest in newest_of.values():
            if family and family_of(newest) == family:
                ranks[newest] = BEGINS, ""
            elif newest not in ranks and _has_words(newest, text):
                ranks[newest] = HOLDS, ""
        for sort, folded, name in rows:
            if sort == "dataset" and (newest := newest_of.get(folded)):
                near = BEGINS if fold(name).startswith(fold(text)) else rank
                ranks[newest] = min(ranks.get(newest, (near, name)), (near, name), key=lambda one: one[0])
        counts = self._counts("datasets_now", "folded", {f: one for f, one in newest_of.items() if one in ranks})
        found = [
            NameFound(
                sort="dataset",
                key=newest,
                name=newest,
                agreements=counts.get(newest, 0),
                rank=near,
                standing=newest in counts,
                known_as=_other(name, newest),
            )
            for newest, (near, name) in ranks.items()
        ]
        return [*found, *self._families(text, newest_of)]

    def _exactly(self, text: str) -> frozenset[str]:
        """Return the folded names of the one dataset that is called so; a family is none."""
        known = [row["name"] for row in self._ask(_PRINTED, {})]
        return frozenset() if family_called(text) else DatasetNames(known, self._vocabulary).named(text)

    def _newest(self) -> dict[str, str]:
        """Return folded name → newest known name, of every dataset that was printed."""
        return {fold(row["name"]): self._vocabulary.dataset_canonical(row["name"]) for row in self._ask(_PRINTED, {})}

    def _families(self, text: str, newest_of: dict[str, str]) -> list[NameFound]:
        called = family_called(text)
        wanted = [one for one in families() if one == called or _has_words(" ".join((one.name, *one.also)), text)]
        own = {one.id: {f: one.id for f, newest in newest_of.items() if family_of(newest) == one} for one in wanted}
        return [
            NameFound(
                sort="family",
                key=one.id,
                name=one.name,
                agreements=self._counts("datasets_now", "folded", own[one.id]).get(one.id, 0),
                rank=EXACT if one == called else BEGINS,
            )
            for one in wanted
            if own[one.id]
        ]

    def family(self, family: DatasetFamily) -> list[str]:
        """Return the newest names of the datasets of a family that were ever printed, in order."""
        return sorted({newest for newest in self._newest().values() if family_of(newest) == family}, key=fold)

    # --- legal bases --------------------------------------------------------------------------------------------------

    def _legal_bases(self, text: str, rows: Iterable[tuple[str, str, str]], rank: int) -> list[NameFound]:
        sql = "select key, min(name) as name from names where sort = 'legal-basis' group by key"
        printed = {row["key"]: row["name"] for row in self._ask(sql, {})}
        ranks = dict.fromkeys(bases_called(text, printed), EXACT)
        if ranks:
            rows = ()
        for key, name in printed.items():
            if _has_words(cite(key.removesuffix("?"), name).spelled, text):
                ranks.setdefault(key, BEGINS)
        for sort, key, _ in rows:
            if sort == "legal-basis":
                ranks.setdefault(key, rank)
        counts = self._counts("legal_bases_now", "basis", {key: key for key in ranks}) if ranks else {}
        return [
            NameFound(
                sort="legal-basis",
                key=key,
                name=printed[key],
                agreements=counts.get(key, 0),
                rank=near,
                standing=key in counts,
            )
            for key, near in ranks.items()
        ]

    def _counts(self, view: str, column: str, means: dict[str, str]) -> dict[str, int]:
        """Return on how many agreements that stand each is listed now, under all that *means* it."""
        held = self.held_now(view, column)
        found: dict[str, set[str]] = {}
        for name, key in means.items():
            if name in held:
                found.setdefault(key, set()).update(held[name])
        return {key: len(references) for key, references in found.items()}

    def held_now(self, view: str, column: str) -> dict[str, set[str]]:
        """Return the agreements that list or cite each now, by its name in a view of what is held now."""
        # All at once: every name that is suggested asks for some, and each of them looked up takes longer.
        held: dict[str, set[str]] = self._names.keep(f"held by {view}", lambda: self._held(view, column))
        return held

    def _held(self, view: str, column: str) -> dict[str, set[str]]:
        held: dict[str, set[str]] = {}
        for name, reference in self._names.db.execute(f"select {column}, reference from {view}"):
            held.setdefault(name, set()).add(sys.intern(reference))
        return held

    # --- what is misspelt ---------------------------------------------------------------------------------------------

    def corrected(self, text: str) -> str:
        """Return *text* with the nearest word of a name or a title for each that is in none; empty if all are."""
        typed = re.findall(r"\w+", text[:LONGEST_ASKED].lower())[:_MOST_WORDS]
        known = self._names.keep("words", self._words)
        nearest = [word if len(word) < _SHORTEST_PART else _nearest_word(word, known) for word in typed]
        return " ".join(nearest) if nearest != typed else ""

    def _words(self) -> dict[str, int]:
        """Return every word of names and of titles, with how often it is there."""
        # By committed versions: what was read and never believed is not offered to anybody.
        sql = """
            select name from names
            union all
            select distinct title from states where id in (select state from agreement_versions)
            """
        rows = self._ask(sql, {})
        counted: dict[str, int] = {}
        texts = [row["name"] or "" for row in rows] + list(self._vocabulary.organisation_names)
        for word in re.findall(r"\w+", "\n".join(text[:LONGEST_ASKED] for text in texts).lower()):
            counted[word] = counted.get(word, 0) + 1
        return counted


_PRINTED = "select name from names where sort = 'dataset' order by id"
_SHORTEST_PART = 4
"""Letters from which a part inside of a name, or a misspelt word, says what is meant: HES is no part of Cheshire."""
_MOST_WORDS = 8
_LIKE = 0.7
"""How alike two words must be, 1 being the same."""


def _nearest_word(word: str, known: dict[str, int]) -> str:
    """Return the known word that is most like *word*, of several as like the most frequent one; else *word*.

    >>> _nearest_word("oxfrod", {"oxford": 3, "oxfam": 9}), _nearest_word("zzzz", {"oxford": 1})
    ('oxford', 'zzzz')
    """
    if word in known:
        return word
    # Not at the top: it takes as long to load as most questions to answer, and most words are known.
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    like = process.extract(word, list(known), scorer=OSA.normalized_similarity, limit=5, score_cutoff=_LIKE)
    return str(max(like, key=lambda one: (one[1], known[one[0]]))[0]) if like else word


def _other(name: str, shown: str) -> str:
    return "" if fold(name) == fold(shown) else name


def _has_words(name: str, text: str) -> bool:
    """Whether all words of *text* stand in *name*, the last one perhaps not yet whole.

    >>> _has_words("NHS Frimley CCG", "ccg frim"), _has_words("Cheshire East Council", "hes")
    (True, False)
    """
    return _fits(_spaced(name), re.findall(r"\w+", text.lower()))


def _fits(spaced: str, asked: Sequence[str]) -> bool:
    return bool(asked) and f" {asked[-1]}" in spaced and all(f" {word} " in spaced for word in asked[:-1])


@lru_cache(maxsize=4096)
def _spaced(name: str) -> str:
    words = re.findall(r"\w+", name[:LONGEST_ASKED].lower())
    return f" {' '.join(words)} "


def _listed_with(vocabulary: Vocabulary, text: str) -> list[str]:
    """Return the names of organisations in the vocabulary that have the words of *text*."""
    asked = re.findall(r"\w+", text.lower())
    return [name for name, spaced in _listed_names(vocabulary) if _fits(spaced, asked)]


@lru_cache(maxsize=4)
def _listed_names(vocabulary: Vocabulary) -> tuple[tuple[str, str], ...]:
    return tuple((name, _spaced(name)) for name in dict.fromkeys(vocabulary.organisation_names))
