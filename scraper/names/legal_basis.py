"""Legal bases: from the text a page prints to ids that can be compared, their families, and careful words for them.

A field is cells joined by commas (one cell for each dataset of the register), a cell is bases joined by semicolons, a
basis cites one act and one or more of its sections. What the acts are called, which words start a cell and which family
a section belongs to are tables in `data/legal-bases.json`; here are only the rules that use them. What is not
understood is kept as a text of its own, never guessed. No I/O but the tables, read once.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from scraper.names.citations import begins_cell, is_half, is_within, read_basis
from scraper.names.legal_tables import FACTS as _FACTS
from scraper.records import LegalBasis


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
_LONG = 1_000

# "Other" opens a basis of the register's own list of free entries. The dash behind it may be lost, as any dash may;
# then a capital or a bracket has to follow, or "other lawful grounds" inside a sentence would start a cell.
_OTHER = re.compile(r"(?:(?i:other)\s*[-‐-―−]|Other(?=\s*[A-Z(\[]))\s*")


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
        if joins_previous and part.strip() and not (_starts_cell(part[:_LONG]) and not _completes(part, cells[-1])):
            cells[-1].append(part)
        else:
            cells.append([part])
        # Nothing is ever joined to a blank cell: the comma behind it separates whatever follows.
        joins_previous = bool(part.strip())
    return [",".join(cell).strip() for cell in cells]


@lru_cache(maxsize=4096)
def _starts_cell(part: str) -> bool:
    return bool(_OTHER.match(part.lstrip())) or begins_cell(part)


def _completes(part: str, cell: Sequence[str]) -> bool:
    _, begins_basis, before = cell[-1].rpartition(";")
    is_whole = len(cell) == 1 or begins_basis
    return bool(is_whole) and len(before) + len(part) < _LONG and _belong_together(before, part)


@lru_cache(maxsize=4096)
def _belong_together(before: str, part: str) -> bool:
    """Whether a comma stands between a section and its act, and not between two cells.

    Only where the section is a known one of the act: "Health and Social Care Act 2012, Section 251" may be two cells.
    """
    if not is_half(before):
        return False
    read = read_basis(f"{before},{part}", is_free=False)
    is_known = all(one not in _FACTS["acts"] and family_of(one) != "other" for one in read.ids)
    return bool(read.ids) and not read.rest and is_known


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
            for basis_id in _understand_short(printed) if len(printed) < _LONG else _understand(printed):
                found.setdefault(basis_id, printed)
    return tuple(LegalBasis(basis_id, family_of(basis_id), printed) for basis_id, printed in sorted(found.items()))


def _understand(basis: str) -> tuple[str, ...]:
    """Return the ids of one printed basis; a text that folds to nothing has none.

    >>> _understand("Various powers. Dissemination: Health and Social Care Act 2012 s261(5)(d)")
    ('TEXT:172a1175847a', 'HSCA2012:s261(5)(d)?')
    """
    other = _OTHER.match(basis)
    read = read_basis((basis[other.end() :] if other else "") or basis, is_free=other is not None)
    text = (_text_id(read.rest),) if read.rest else ()
    return (*read.ids, *text, *(one + _PRESUMED for one in read.presumed if one not in read.ids))


_understand_short = lru_cache(maxsize=4096)(_understand)  # a register prints the same fifty texts thousands of times


def _text_id(folded: str) -> str:
    return "TEXT:" + sha256(folded.encode()).hexdigest()[:12]


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
    others = (basis_id for basis_id in seen if basis_id != general and is_within(basis_id, "HSCA2012:s261"))
    return seen - {general} if any(others) else seen


def family_of(basis_id: str) -> str:
    """Return the family of *basis_id*; the table of the data decides, its first line that fits.

    >>> family_of("HSCA2012:s261(2)(c)"), family_of("HSCA2012:s261(9)"), family_of("TEXT:0123456789ab")
    ('consent', 's261-dissemination', 'other')
    """
    basis_id = basis_id.removesuffix(_PRESUMED)
    if basis_id in _FACTS["bare_acts"]:
        return str(_FACTS["bare_acts"][basis_id])
    return next((family for beginning, family in _FACTS["family_of"] if is_within(basis_id, beginning)), "other")


def families_of(ids: Iterable[str]) -> frozenset[str]:
    """Return the families of *ids*; of none at all it is `not-recorded`, which never means "no basis".

    >>> sorted(families_of([]))
    ['not-recorded']
    """
    return frozenset(map(family_of, ids)) or frozenset({"not-recorded"})


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
