"""The names this register uses: datasets under all their names, organisations, their successors; and words to watch.

The facts are data with sources and dates (`data/datasets.json`, `data/organisations.json`, `data/words.json`); their
`matching` texts are the rules. Names are compared folded, then exactly, never by likeness. What is listed with high or
medium confidence, and what the user lists, is known; organisations listed with low confidence are presumed; datasets
listed with low confidence are no aliases, and neither are unreviewed candidates and local provider flows.

A user adds names in a TOML file:

    comma_names = ["SMITH, JONES AND PARTNERS"]         # names that hold a comma
    watch_words = ["biobank"]                           # words that make a rewording matter
    incident_words = ["data loss"]                      # words that make a remark an incident

    [[datasets]]
    names = ["Newest Name", "Older Name"]               # the newest first
    note = "why"                                        # optional

    [[organisations]]
    kind = "succession"                                 # or "alias": another name of the same body
    from = ["OLD BODY", "OLD BODY LTD"]                 # all spellings of one body
    to = "NEW BODY"
    date = "2026-04-01"                                 # optional, like note

No file is opened here but the packaged ones: `parse_vocabulary` takes the text.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Any

from scraper.errors import VocabularyError
from scraper.names.fold import fold
from scraper.names.name_lists import NameSplitter, without_initials
from scraper.names.organisations import Lineage, Relation, Succession, names_of
from scraper.names.packaged import read_facts
from scraper.names.words import Forms, WordList, words_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The facts of a vocabulary, as listed."""

    datasets: tuple[tuple[str, ...], ...] = ()
    """The names of one dataset, newest first."""
    different_datasets: tuple[tuple[str, str], ...] = ()
    relations: tuple[Relation, ...] = ()
    distinct: tuple[tuple[str, str], ...] = ()
    comma_names: tuple[str, ...] = ()
    corporate_suffixes: tuple[str, ...] = ()
    watch_words: tuple[Forms, ...] = ()
    negations: tuple[Forms, ...] = ()
    incident_words: tuple[Forms, ...] = ()
    not_before: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Word → what may not stand behind it."""


class Vocabulary:
    """Answers questions about names. Made once and never changed; `extended` returns another one."""

    def __init__(self, names: Names) -> None:
        self._names = names

    # Each when it is first asked: together they take longer than most commands, which ask none or one of them.

    @cached_property
    def _datasets(self) -> tuple[dict[str, frozenset[str]], dict[str, str]]:
        return _group(self._names.datasets)

    @cached_property
    def _lineage(self) -> Lineage:
        return Lineage(self._names.relations, self._names.distinct)

    @cached_property
    def _splitter(self) -> NameSplitter:
        listed = [*self._names.comma_names, *names_of(self._names.relations)]
        return NameSplitter(listed, self._names.corporate_suffixes)

    @cached_property
    def _watched(self) -> WordList:
        return WordList((*self._names.watch_words, *self._names.negations), dict(self._names.not_before))

    @cached_property
    def _incidents(self) -> WordList:
        return WordList(self._names.incident_words, dict(self._names.not_before))

    @property
    def digest(self) -> str:
        """Return a checksum of all that is known: another digest may read and decide otherwise."""
        return sha256(repr(self._names).encode()).hexdigest()[:16]

    # Datasets

    def same_dataset(self, a: str, b: str) -> bool:
        """Whether *a* and *b* are known names of one dataset, or one name.

        >>> same = default_vocabulary().same_dataset
        >>> same("Civil Registration - Deaths", "Civil Registrations of Death")
        True
        >>> same("Mental Health Minimum Data Set (MHMDS)", "Mental Health Services Data Set (MHSDS)")
        False
        """
        return fold(b) in self.dataset_names(a)

    def dataset_names(self, name: str) -> frozenset[str]:
        """Return the folded forms of every name that the dataset called *name* has had.

        >>> sorted(default_vocabulary().dataset_names("Ambulance Data"))
        ['ambulancedata', 'ambulancedataset']
        """
        folded = fold(name)
        return self._datasets[0].get(folded, frozenset({folded}))

    def dataset_canonical(self, name: str) -> str:
        """Return the newest name we know for the dataset called *name*, else *name* itself.

        >>> default_vocabulary().dataset_canonical("hospital episode statistics  outpatients")
        'Hospital Episode Statistics Outpatients (HES OP)'
        """
        return self._datasets[1].get(fold(name), name)

    def kept_apart(self, name: str) -> list[str]:
        """Return the names of datasets known to be other data than the one called *name*, though they look alike.

        >>> default_vocabulary().kept_apart("Mental Health Minimum Data Set (MHMDS)")[0]
        'Mental Health Services Data Set (MHSDS)'
        """
        own = self.dataset_names(name)
        pairs = [(a, b) for pair in self._names.different_datasets for a, b in (pair, pair[::-1])]
        return list(dict.fromkeys(b for a, b in pairs if fold(a) in own))

    @property
    def newest_datasets(self) -> list[str]:
        """The newest name of every dataset with several, in order."""
        return sorted(set(self._datasets[1].values()))

    # Organisations

    def split_controllers(self, text: str) -> list[str]:
        """Return the names in *text*, which the site joined by commas, in printed order and spelling.

        >>> split = default_vocabulary().split_controllers
        >>> split("RUTLAND COUNTY COUNCIL, NHS LEICESTER, LEICESTERSHIRE AND RUTLAND ICB - 03W, NOVAVAX, INC.")
        ['RUTLAND COUNTY COUNCIL', 'NHS LEICESTER, LEICESTERSHIRE AND RUTLAND ICB - 03W', 'NOVAVAX, INC.']

        A board we do not know yet is one name too where its end says so:

        >>> split("NHS NORTHAM, SOUTHAM AND WESTHAM ICB - 01X, NHS DIGITAL, ACME TRIALS, LTD")
        ['NHS NORTHAM, SOUTHAM AND WESTHAM ICB - 01X', 'NHS DIGITAL', 'ACME TRIALS, LTD']

        And a listed name with initials, a code or brackets behind it:

        >>> split("NHS DIGITAL, BOURNEMOUTH, CHRISTCHURCH AND POOLE COUNCIL (BCP), ICO")
        ['NHS DIGITAL', 'BOURNEMOUTH, CHRISTCHURCH AND POOLE COUNCIL (BCP)', 'ICO']
        """
        return self._splitter.split(text)

    def splitter(self, headings: Collection[str] = ()) -> NameSplitter:
        """Return what takes lists of names apart, and knows these *headings* of pages as well."""
        return self._splitter.knowing(headings) if headings else self._splitter

    def succession(self, old: str, new: str) -> Succession | None:
        """Return whether *new* is known or presumed to be *old* under another name, or to have taken over from it.

        None means that nothing is listed, not that the two have nothing to do with each other.

        >>> succession = default_vocabulary().succession
        >>> succession("NHS Leicester City CCG", "NHS LEICESTER, LEICESTERSHIRE AND RUTLAND ICB - 04C")
        'known'
        >>> succession("NHS Leicester City CCG", "NHS LEICESTER, LEICESTERSHIRE AND RUTLAND ICB - 03W")
        >>> succession("NHSX", "NHS ENGLAND - X26")
        'presumed'

        A listed name with its own initials behind it is that name:

        >>> succession("BCP COUNCIL", "BOURNEMOUTH, CHRISTCHURCH AND POOLE COUNCIL (BCP)")
        'known'
        """
        return self._lineage.succession(self._as_listed(old), self._as_listed(new))

    def reorganisation(self, old: str, new: str) -> str | None:
        """Return by which listed reorganisation *new* took over from *old*, as class and date.

        >>> reorganisation = default_vocabulary().reorganisation
        >>> reorganisation("Nhs Barnsley Ccg", "NHS SOUTH YORKSHIRE INTEGRATED CARE BOARD")
        'ccg-2022 2022-07-01'
        >>> reorganisation("NHS ENGLAND (QUARRY HOUSE)", "NHS ENGLAND - X26")
        """
        return self._lineage.reorganisation(self._as_listed(old), self._as_listed(new))

    def _as_listed(self, name: str) -> str:
        shorter = without_initials(name)
        return shorter if self._splitter.lists(shorter) and not self._splitter.lists(name) else name

    def predecessors(self, name: str) -> frozenset[str]:
        """Return the folded names of *name*, of its known aliases, and of every body it is known to follow.

        >>> "nhscamdenccg" in default_vocabulary().predecessors("NHS NORTH CENTRAL LONDON ICB - 93C")
        True
        """
        return self._lineage.predecessors(name)

    def successors(self, name: str) -> frozenset[str]:
        """Return the folded names of *name*, of its known aliases, and of every body known to follow it.

        >>> sorted(default_vocabulary().successors("NHS PROTECT"))
        ['nhscounterfraudauthority', 'nhsprotect']
        """
        return self._lineage.successors(name)

    @property
    def organisation_names(self) -> list[str]:
        """Every name of an organisation that is listed, as it is listed; the newest of a body comes last."""
        return list(names_of(self._names.relations))

    def is_corporate(self, name: str) -> bool:
        """Whether *name* ends as the names of companies do.

        >>> corporate = default_vocabulary().is_corporate
        >>> corporate("Novavax, Inc."), corporate("MCKINSEY & COMPANY, INC. UNITED KINGDOM"), corporate("NHS Lincoln")
        (True, True, False)
        """
        return self._splitter.is_corporate(name)

    # Words

    def watched(self, before: str, after: str) -> tuple[str, ...]:
        """Return the words to watch and the negations that stand in one of two texts more often than in the other.

        >>> default_vocabulary().watched("It is linked and sold.", "Sold, it is never linked.")
        ('never',)
        """
        return self._watched.came_or_went(before, after)

    def tells_incident(self, text: str) -> bool:
        """Whether *text* holds a word that makes an incident of a remark.

        >>> tells_incident = default_vocabulary().tells_incident
        >>> tells_incident("Suspended pending an audit."), tells_incident("It follows the ICO Code.")
        (True, False)
        """
        return next(self._incidents.found_in(text), None) is not None

    # The user's own names and words

    def extended(self, data: Mapping[str, Any]) -> "Vocabulary":
        """Return a vocabulary that also holds the user's own names and words.

        Args:
            data: From `parse_vocabulary`; the shape is in the module's docstring.

        Raises:
            VocabularyError: An entry has the wrong shape, or contradicts what is already known. It names the entry.
        """
        keys = {"datasets", "organisations", "comma_names", "watch_words", "incident_words"}
        _check_keys(data, keys, "the vocabulary")
        names = replace(
            self._names,
            datasets=(*self._names.datasets, *map(self._read_dataset, _entries(data, "datasets"))),
            relations=(*self._names.relations, *map(self._read_relation, _entries(data, "organisations"))),
            comma_names=(*self._names.comma_names, *_texts(data.get("comma_names", []), "comma_names")),
            watch_words=(*self._names.watch_words, *_words(data, "watch_words")),
            incident_words=(*self._names.incident_words, *_words(data, "incident_words")),
        )
        vocabulary = Vocabulary(names)
        vocabulary._check_different()
        return vocabulary

    def _read_dataset(self, entry: tuple[str, Mapping[str, Any]]) -> tuple[str, ...]:
        where, facts = entry
        _check_keys(facts, {"names", "note"}, where)
        names = _texts(facts.get("names"), f"{where}: names")
        if len(set(map(fold, names))) < 2:
            raise VocabularyError(f"{where}: names needs two different names, the newest first")
        return names

    def _read_relation(self, entry: tuple[str, Mapping[str, Any]]) -> Relation:
        where, facts = entry
        _check_keys(facts, {"kind", "from", "to", "date", "note"}, where)
        if facts.get("kind") not in ("alias", "succession"):
            raise VocabularyError(f'{where}: kind must be "alias" or "succession", not {facts.get("kind")!r}')
        if not isinstance(facts.get("date", ""), str | date):
            raise VocabularyError(f"{where}: date must be a date such as 2026-04-01, not {facts['date']!r}")
        old, to = _texts(facts.get("from"), f"{where}: from"), _text(facts.get("to"), f"{where}: to")
        relation = Relation(alias=facts["kind"] == "alias", old=old, to=to)
        self._check_relation(relation, where)
        return relation

    def _check_relation(self, relation: Relation, where: str) -> None:
        if not relation.old:
            raise VocabularyError(f"{where}: from names nobody")
        if fold(relation.to) in map(fold, relation.old):
            raise VocabularyError(f"{where}: {relation.to!r} stands on both sides")
        for old in relation.old:
            if not relation.alias and self.succession(relation.to, old) == "known":
                raise VocabularyError(
                    f"{where}: {old!r} is already known as a later or another name of {relation.to!r}"
                )
            if relation.alias and any(
                {fold(old), fold(relation.to)} == set(map(fold, p)) for p in self._names.distinct
            ):
                raise VocabularyError(f"{where}: {old!r} and {relation.to!r} are known to be different bodies")

    def _check_different(self) -> None:
        for a, b in self._names.different_datasets:
            if self.same_dataset(a, b):
                raise VocabularyError(f"datasets: {a!r} and {b!r} become one, but are known to be different datasets")


@lru_cache(maxsize=1)
def default_vocabulary() -> Vocabulary:
    """Return the vocabulary that comes with the program."""
    datasets, organisations, words = map(read_facts, ("datasets", "organisations", "words"))
    return Vocabulary(
        Names(
            datasets=tuple(
                (alias["canonical"], *alias["variants"]) for alias in datasets["aliases"] if _is_known(alias)
            ),
            different_datasets=tuple((pair["a"], pair["b"]) for pair in datasets["different_datasets"]),
            relations=tuple(map(_listed_relation, organisations["entries"])),
            distinct=tuple((a, b) for a, b in organisations["distinct"]),
            comma_names=tuple(organisations["comma_names"]),
            corporate_suffixes=tuple(organisations["corporate_suffixes"]),
            watch_words=tuple(map(tuple, words["watch_words"])),
            negations=tuple(map(tuple, words["negations"])),
            incident_words=tuple(map(tuple, words["incident_words"])),
            not_before=tuple((word, tuple(after)) for word, after in words["not_before"].items()),
        )
    )


def parse_vocabulary(text: str) -> Mapping[str, Any]:
    r"""Return the data of a user's vocabulary file, of which *text* is the TOML; `Vocabulary.extended` checks it.

    Raises:
        VocabularyError: It is not TOML; says where.

    >>> parse_vocabulary('[[datasets]]\nnames = ["New", "Old"]')
    {'datasets': [{'names': ['New', 'Old']}]}
    """
    import tomllib  # most users have no such file

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise VocabularyError(f"the vocabulary is not TOML: {error}") from error


def _is_known(entry: Mapping[str, Any]) -> bool:
    return str(entry["confidence"]).startswith(("high", "medium"))


def _listed_relation(entry: Mapping[str, Any]) -> Relation:
    return Relation(
        alias=entry["kind"] == "alias",
        old=tuple(entry["from"]),
        to=entry["to"],
        parent=entry.get("parent", ""),
        known=_is_known(entry),
        reorganisation=_reorganisation_of(entry),
    )


def _reorganisation_of(entry: Mapping[str, Any]) -> str:
    named = (entry.get("class"), entry.get("date"))
    return " ".join(map(str, named)) if entry["kind"] == "succession" and all(named) else ""


def _group(lists: Iterable[tuple[str, ...]]) -> tuple[dict[str, frozenset[str]], dict[str, str]]:
    """Return, for each folded name, all folded names of its dataset and the newest spelling of it.

    A later list joins the earlier ones it shares a name with, and its first name is newer than theirs.

    >>> _group([("B", "A"), ("C", "B")])[1]
    {'a': 'C', 'b': 'C', 'c': 'C'}
    """
    groups: dict[str, frozenset[str]] = {}
    newest: dict[str, str] = {}
    for names in lists:
        newest_name = names[0]
        group = frozenset().union(*(groups.get(fold(name), {fold(name)}) for name in names))
        # A list that only adds an old spelling to a dataset does not make an old name of it the newest again.
        if fold(newest_name) in newest:
            newest_name = newest[fold(newest_name)]
        for folded in sorted(group):
            groups[folded], newest[folded] = group, newest_name
    return groups, newest


def _entries(data: Mapping[str, Any], key: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the entries under *key*, each with words for where it stands."""
    entries = data.get(key, [])
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        raise VocabularyError(f"{key} must be a list of tables: write [[{key}]] above each")
    return [(f"{key}, entry {number}", entry) for number, entry in enumerate(entries, start=1)]


def _check_keys(data: Mapping[str, Any], allowed: set[str], where: str) -> None:
    if unknown := sorted(set(data) - allowed):
        raise VocabularyError(f"{where}: unknown key {unknown[0]!r}, the keys are {', '.join(sorted(allowed))}")


def _words(data: Mapping[str, Any], key: str) -> tuple[Forms, ...]:
    """Return the words under *key*, each without other forms."""
    words = _texts(data.get(key, []), key)
    for word in words:
        if not any(words_of(word)):
            raise VocabularyError(f"{key} must be a list of words, and {word!r} is none")
    return tuple((word,) for word in words)


def _text(value: Any, where: str) -> str:
    """Return *value* if it is a name that says something."""
    if not isinstance(value, str) or not fold(value):
        raise VocabularyError(f"{where} must be one name, " + ("as a text" if value is None else f"not {value!r}"))
    return value


def _texts(values: Any, where: str) -> tuple[str, ...]:
    """Return *values* if it is a list of names that say something."""
    if not isinstance(values, list) or not all(isinstance(value, str) and fold(value) for value in values):
        raise VocabularyError(f"{where} must be a list of names, not {values!r}")
    return tuple(values)
