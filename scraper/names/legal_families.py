"""What an id of a legal basis stands for: its family, what comparisons see of it, careful words for it.

Families and acts are tables in `data/legal-bases.json`. What a text cites is read in `scraper.names.legal_basis`, which
who only asks or tells does not need.
"""

from collections.abc import Iterable
from typing import NamedTuple

from scraper.names.packaged import read_facts

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

PRESUMED = "?"
"""Behind an id that a text only lets presume."""


def is_within(basis_id: str, outer: str) -> bool:
    """Whether *basis_id* is *outer* or a part of it.

    >>> is_within("HSCA2012:s261(7)", "HSCA2012:s261"), is_within("HSCA2012:s2610", "HSCA2012:s261")
    (True, False)
    """
    return basis_id == outer or basis_id.startswith((outer + "(", outer + ":"))


# Patterns


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
    seen = frozenset(basis_id.removesuffix(PRESUMED) for basis_id in ids)
    general = "HSCA2012:s261(1)"
    others = (basis_id for basis_id in seen if basis_id != general and is_within(basis_id, "HSCA2012:s261"))
    return seen - {general} if any(others) else seen


def family_of(basis_id: str) -> str:
    """Return the family of *basis_id*; the table of the data decides, its first line that fits.

    >>> family_of("HSCA2012:s261(2)(c)"), family_of("HSCA2012:s261(9)"), family_of("TEXT:0123456789ab")
    ('consent', 's261-dissemination', 'other')
    """
    basis_id = basis_id.removesuffix(PRESUMED)
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
    certain = basis_id.removesuffix(PRESUMED)
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
