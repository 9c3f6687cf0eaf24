"""Names as they stand in addresses and file names: readable, and never two things under one."""

import hashlib
import re
import unicodedata

from scraper.names.fold import fold

_LONGEST_NAME = 80


def slug_name(slug: str) -> str:
    """Return the name of an organisation's files: its slug, or one made from it that is safe anywhere.

    >>> slug_name("university_of_harrowdale"), slug_name("king's_college")
    ('university_of_harrowdale', 'king-s_college-6033b888')
    """
    if re.fullmatch(r"[a-z0-9_-]{1,100}", slug):
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
    return plain if plain and fold(plain) == fold(name) else f"{plain}-{_digest(fold(name))}".lstrip("-")


def _plain(text: str, also: str = "") -> str:
    ascii_ = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(f"[^a-z0-9{also}]+", "-", ascii_).strip("-")[:_LONGEST_NAME].strip("-")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
