"""Legal bases: from the text a page prints to ids that can be compared.

A field is cells joined by commas (one cell for each dataset of the register), a cell is bases joined by semicolons, a
basis cites one act and one or more of its sections. What the acts are called, which words start a cell and which family
a section belongs to are tables in `data/legal-bases.json`; here are only the rules that use them. What is not
understood is kept as a text of its own, never guessed. No I/O but the tables, read once.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256

from scraper.names.citations import begins_cell, is_half, read_basis
from scraper.names.legal_families import PRESUMED, family_of
from scraper.names.legal_tables import FACTS as _FACTS
from scraper.records import LegalBasis

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
    return (*read.ids, *text, *(one + PRESUMED for one in read.presumed if one not in read.ids))


_understand_short = lru_cache(maxsize=4096)(_understand)  # a register prints the same fifty texts thousands of times


def _text_id(folded: str) -> str:
    return "TEXT:" + sha256(folded.encode()).hexdigest()[:12]
