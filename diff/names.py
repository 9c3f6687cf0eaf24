"""Which pages, which datasets does a name mean, and which of them does a change concern?

The same answers for `changes --organisation`, for feeds and for subscriptions. Pure; names are compared folded and
never by likeness, which only helps to say what somebody may have meant. In addresses and file names they stand
readably, and never two things under one.
"""

import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from typing import TypeVar

from diff.change import Change
from diff.details import several
from diff.kinds import ChangeKind
from scraper.names.families import family_called, family_of
from scraper.names.fold import fold
from scraper.names.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownNames:
    """What the history knows by name, also of what is there no more."""

    pages: Mapping[str, str] = field(default_factory=dict)
    """Slug → organisation."""
    headings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Slug → every name its heading has had, and those of the pages it took over from."""
    datasets: Sequence[str] = ()
    """Every name that was printed, the first one seen first."""
    holdings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Reference → every name of a dataset that was printed for it."""
    references: Sequence[str] = ()
    """Every reference there has been, in order."""
    since: str | None = None
    """When the history begins."""


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Return at most three of *known* that somebody who wrote *name* may have meant, the likeliest first.

    Where none is like it, those that hold it, the shortest first.

    >>> nearest("Univ of Harowdale", ["University of Harrowdale", "Wexcombe City Council"])
    ['University of Harrowdale']
    >>> nearest("HES", ["Emergency Care Data Set (ECDS)", "Hospital Episode Statistics Outpatients (HES OP)"])
    ['Hospital Episode Statistics Outpatients (HES OP)', 'Emergency Care Data Set (ECDS)']

    An acronym at the end of a name is a name too.

    >>> nearest("ECSD", ["Emergency Care Data Set (ECDS)", "Civil Registrations of Death"])
    ['Emergency Care Data Set (ECDS)']
    """
    by_fold: dict[str, str] = {}
    for one in known:
        by_fold.setdefault(fold(one), one)
        if acronym := _ACRONYM.search(one):
            by_fold.setdefault(fold(acronym[1]), one)
    # Here and below not at the top: of most questions the answer is known by its name.
    from rapidfuzz import fuzz, process

    wanted = fold(name[:_LONGEST_ASKED])
    names = sorted(by_fold, reverse=True)  # of what is equally like, in an order of its own
    like = [found for found, *_ in process.extract(wanted, names, scorer=fuzz.ratio, limit=3, score_cutoff=50)]
    if not like and len(wanted) >= _SHORTEST_PART:
        like = sorted((one for one in by_fold if wanted in one), key=len)[:3]
    return list(dict.fromkeys(by_fold[one] for one in like))


def said_nearest(near: Sequence[str]) -> str:
    """Return the nearest names as the end of a sentence, nothing where there are none.

    >>> said_nearest(["HES"]), said_nearest(["HES", "ECDS"]), said_nearest([])
    ('; the nearest is HES', '; the nearest are HES, ECDS', '')
    """
    return f"; the nearest {'is' if len(near) == 1 else 'are'} {', '.join(near)}" if near else ""


_LONGEST_ASKED = 300
"""Characters of what was typed that are looked at."""

_SHORTEST_PART = 3
"""Characters from which a part of a name says which is meant."""


def slugs_of(change: Change) -> set[str]:
    """Return the pages that a change, which is no group, concerns: its own, and those it was on before."""
    slugs = {change.page} if change.page else set()
    before, after = several(change.before), several(change.after)
    if change.kind is ChangeKind.AGREEMENT_MOVED:
        slugs.update(before, after)
    if change.kind is ChangeKind.ORGANISATION_RENAMED and before:
        slugs.update((before[1], after[1]))  # a page that is gone, and the one that took over: name and slug each
    return slugs


def datasets_of(change: Change) -> list[str]:
    """Return the names of datasets that a change of an agreement's datasets names."""
    if change.field != "datasets":
        return []
    named = [*change.added, *change.removed, change.before, change.after]
    return [name for name in named if isinstance(name, str)]


_ACRONYM = re.compile(r"\(([^()]+)\)\s*$")


class DatasetNames:
    """The datasets there are, by any name, by their family, by the acronym that ends a name, or without it."""

    def __init__(self, known: Iterable[str], vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._folded: set[str] = set()
        self._by_part: dict[str, set[str]] = defaultdict(set)
        self._by_family: dict[str, set[str]] = defaultdict(set)
        for name in known:
            self._folded.add(fold(name))
            newest = vocabulary.dataset_canonical(name)
            for spelling in (name, newest):
                if found := _ACRONYM.search(spelling):
                    for part in (found[1], spelling[: found.start()]):  # "ECDS", and the name without it
                        self._by_part[fold(part)].add(name)
            if family := family_of(newest):
                self._by_family[family.id].add(name)

    def named(self, name: str) -> frozenset[str]:
        """Return every folded name that the datasets called *name* have had; nothing if there is none."""
        if (family := family_called(name)) and (own := self._by_family.get(family.id)):
            return frozenset[str]().union(*map(self._vocabulary.dataset_names, own))
        names = self._vocabulary.dataset_names(name)
        if names & self._folded:
            return names
        called = self._by_part.get(fold(name), ())
        return frozenset[str]().union(*(self._vocabulary.dataset_names(one) for one in called))


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedBody:
    """An organisation that was asked for."""

    name: str
    """What its page is headed; without a page the name it was asked by."""
    pages: frozenset[str]
    """Its own, by slug."""
    names: frozenset[str]
    """Its own, folded."""
    earlier: frozenset[str]
    """Folded names of the bodies it is known to follow."""
    later: frozenset[str]
    """Folded names of the bodies known to follow it."""


class OrganisationNames:
    """The organisations there are, asked for by slug or by any name they have had."""

    def __init__(self, known: KnownNames, vocabulary: Vocabulary) -> None:
        self._known = known
        self._vocabulary = vocabulary
        self._by_name: dict[str, set[str]] = defaultdict(set)
        for slug, organisation in known.pages.items():
            for name in (organisation, *known.headings.get(slug, ())):
                self._by_name[fold(name)].add(slug)

    def named(self, name: str) -> NamedBody:
        """Return the body called *name*, whether it has a page or not."""
        slug = name.strip().lower()
        own = {slug} & self._known.pages.keys() or self._by_name.get(fold(name), set())
        called = {name} | {heading for page in own for heading in self._headings(page)}
        earlier = frozenset[str]().union(*map(self._vocabulary.predecessors, called))
        later = frozenset[str]().union(*map(self._vocabulary.successors, called))
        names = (earlier & later) | frozenset(map(fold, called))  # what lies both ways is another name of it
        names -= {""}
        pages = self.pages_of(names) | own or {slug}  # before anything is known it may be a slug
        return NamedBody(
            name=self._known.pages[min(own)] if own else name,
            pages=frozenset(pages),
            names=names,
            earlier=earlier - names,
            later=later - names,
        )

    def pages_of(self, names: Iterable[str]) -> frozenset[str]:
        """Return the pages that were ever headed by one of these folded names."""
        return frozenset(slug for name in names for slug in self._by_name.get(name, ()))

    def _headings(self, slug: str) -> Iterable[str]:
        return (self._known.pages[slug], *self._known.headings.get(slug, ()))


# --- references and citations -----------------------------------------------------------------------------------------


def stem_of(reference: str) -> str:
    """Return a reference as it is compared: `NIC-…` and `DARS-NIC-…` of one stem are one agreement."""
    return reference.strip().upper().removeprefix("DARS-")


@lru_cache(maxsize=16_384)  # every reference, for each that is typed
def _plain_stem(reference: str) -> str:
    return stem_of("-".join(reference.replace("_", " ").replace("–", " ").replace("-", " ").split()))


_VERSION = re.compile(r"-V\d+(\.\d+)?$")


def references_called(name: str, known: Iterable[str]) -> list[str]:
    """Return the references of *known* that *name* may stand for.

    It may be in any case, without `DARS-`, with a version, without its suffix, or the number alone.

    >>> known = ["DARS-NIC-12828-M0K2D", "DARS-NIC-128281-A1B2C", "NIC-12828-M0K2D"]
    >>> references_called("nic-12828", known), references_called("DARS-NIC-128281-A1B2C-v2.3", known)
    (['DARS-NIC-12828-M0K2D', 'NIC-12828-M0K2D'], ['DARS-NIC-128281-A1B2C'])
    >>> references_called("12828 m0k2d", known), references_called("12", known), references_called("nic", known)
    (['DARS-NIC-12828-M0K2D', 'NIC-12828-M0K2D'], [], [])
    """
    wanted = _VERSION.sub("", _plain_stem(name[:_LONGEST_ASKED]))
    if wanted[:4].isdigit():
        wanted = f"NIC-{wanted}"
    stems = {one: _plain_stem(one) for one in known}
    same = [one for one, stem in stems.items() if stem == wanted]
    begun = f"{wanted}-" if any(sign.isdigit() for sign in wanted) else "\0"
    return same or [one for one, stem in stems.items() if stem.startswith(begun)]


_PIN = re.compile(r"(?<![\w.])(?:([a-z]+)\.?\s*)?(\d{1,3}[a-z]?)((?:\s*\(\w{1,4}\))*)(?![\w.])", re.IGNORECASE)
_UNITS = frozenset("s ss sec sect section sections r reg regulation regulations art article".split())


def bases_called(name: str, known: Iterable[str]) -> list[str]:
    """Return the legal bases of *known*, canonical ids, that *name* cites in any spelling, the act named or not.

    >>> known = ["NHSA2006:s251", "HSCA2012:s261", "HSCA2012:s261(2)(a)", "COPI2002:r3(4)?"]
    >>> bases_called("s251", known), bases_called("Section 261 (2)(a)", known), bases_called("HSCA s.261", known)
    (['NHSA2006:s251'], ['HSCA2012:s261(2)(a)'], ['HSCA2012:s261'])
    >>> bases_called("s261(2)", known), bases_called("reg 3(4)", known), bases_called("top 251", known)
    (['HSCA2012:s261(2)(a)'], ['COPI2002:r3(4)?'], [])
    """
    every, name = list(known), name[:_LONGEST_ASKED].strip()
    exact = [one for one in every if one.lower().removesuffix("?") == name.lower().removesuffix("?")]
    if exact:
        return exact
    from scraper.names.legal_basis import read_legal_bases

    read = {basis.id for basis in read_legal_bases(name)}
    if own := [one for one in every if one in read]:
        return own
    found = [one for one in _PIN.finditer(name) if (one[1] or "").lower() in _UNITS or (one[3] and not one[1])]
    if not found:
        return []
    pin = re.sub(r"\s", "", f"{found[0][2]}{found[0][3]}".lower())
    pins = {one: one.partition(":")[2].removesuffix("?").lstrip("sra").lower() for one in every}
    return [o for o in every if pins[o] == pin] or [o for o in every if pins[o].startswith(f"{pin}(")]


# --- names in addresses -----------------------------------------------------------------------------------------------

# A name in an address also names a file, with a hash and an ending behind it; 255 bytes is all that a file's name has.
_LONGEST_NAME = 80
_OF_DEVICES = frozenset({"aux", "con", "nul", "prn"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)})
"""What Windows takes for a device whatever ending follows: no file on its shares can be called that."""


def slug_name(slug: str) -> str:
    """Return the name of an organisation's files: its slug, or one made from it that is safe anywhere.

    >>> slug_name("university_of_harrowdale"), slug_name("king's_college")
    ('university_of_harrowdale', 'king-s_college-6033b888')
    >>> slug_name("con")
    'con-1143da2b'
    """
    if re.fullmatch(r"[a-z0-9_-]{1,100}", slug) and slug not in _OF_DEVICES:
        return slug
    return f"{_plain(slug, '_')}-{_digest(slug)}".lstrip("-")


def readable_name(name: str) -> str:
    """Return the name of a dataset in addresses: readable, and another for every other dataset.

    A name that loses something a dataset is told apart by gets a few digits, whether another is like it or not; so no
    later dataset changes the name of an earlier one.

    >>> readable_name("Emergency Care Data Set (ECDS)")
    'emergency-care-data-set-ecds'
    >>> readable_name("A&E 2019/20"), readable_name("AE 2019 20")
    ('a-e-2019-20-9f2b3733', 'ae-2019-20')
    """
    plain = _plain(name)
    says_all = plain and plain not in _OF_DEVICES and fold(plain) == fold(name)
    return plain if says_all else f"{plain}-{_digest(fold(name))}".lstrip("-")


def _plain(text: str, also: str = "") -> str:
    ascii_ = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(f"[^a-z0-9{also}]+", "-", ascii_).strip("-")[:_LONGEST_NAME].strip("-")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


# --- names in lists ---------------------------------------------------------------------------------------------------

Filed = TypeVar("Filed")


def letter_of(folded: str) -> str:
    """Return the letter under which a folded name is listed.

    >>> letter_of("écolenormale"), letter_of("3muk")
    ('E', '0–9')
    """
    # Of the beginning alone: a name may be as long as a page, and the first sign that is a letter or a figure counts.
    plain = unicodedata.normalize("NFKD", folded[:4]).encode("ascii", "ignore").decode()
    first = next((sign for sign in plain if sign.isalnum()), "")
    return first.upper() if first.isalpha() else "0–9"


MOST_OF_A_LETTER = 60
"""Names that stand behind one letter; of more, those that begin with the same word are told apart by what follows."""


def parted(letter: str, own: Sequence[Filed], name: Callable[[Filed], str]) -> list[tuple[str, list[Filed]]]:
    """Return what is listed behind a letter, in parts where it is long.

    >>> names = ["NHS England", *(f"NHS Kent {n}" for n in range(60)), "Norfolk"]
    >>> [(heading, len(found)) for heading, found in parted("N", names, str)]
    [('N', 1), ('NHS E', 1), ('NHS K', 60)]
    """
    if len(own) <= MOST_OF_A_LETTER:
        return [(letter, list(own))]
    words = [name(one)[:_LONGEST_NAME].split() for one in own]
    often = Counter(start[0].upper() for start in words if len(start) > 1)
    parts: dict[str, list[Filed]] = {}
    for one, start in zip(own, words, strict=True):
        first = start[0].upper() if len(start) > 1 else ""
        heading = f"{first} {letter_of(fold(start[1]))}" if often[first] > MOST_OF_A_LETTER // 2 else letter
        parts.setdefault(heading, []).append(one)
    return sorted(parts.items(), key=lambda part: (part[0] != letter, part[0]))


def by_letter(listed: Iterable[Filed], key: Callable[[Filed], tuple[str, str]]) -> list[tuple[str, list[Filed]]]:
    """Return what is *listed* under the letters of its names; *key* gives a name, and what tells equal ones apart."""

    def place(one: Filed) -> tuple[str, str, str]:
        name, other = key(one)
        folded = fold(name)
        return letter_of(folded), folded, other

    in_order = sorted(listed, key=place)
    letters = groupby(in_order, key=lambda one: place(one)[0])
    return [part for letter, own in letters for part in parted(letter, list(own), lambda one: key(one)[0])]
