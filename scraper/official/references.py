"""References of the official register: the stem of an agreement and which version of it a row is about."""

import re
from functools import lru_cache
from typing import NamedTuple

_VERSION = re.compile(r" ?v ?(\d{1,4}(?:\.\d{1,4})*)", re.IGNORECASE)
_NIC = re.compile(r"(?:DARS-)?NIC-\d{1,9}-[0-9A-Z]{3,8}", re.IGNORECASE)
_LONGEST = 80


class Reference(NamedTuple):
    """A reference, taken apart."""

    stem: str
    version: str | None

    @property
    def text(self) -> str:
        """Return it as it is the key of a version."""
        return self.stem if self.version is None else f"{self.stem}-v{self.version}"

    @property
    def slug(self) -> str:
        """Return the name of the agreement's page: its stem in lower case, which holds no slash."""
        return self.stem.lower().replace("/", "_")

    @property
    def order(self) -> tuple[int, ...]:
        """Return what versions of one stem are sorted by."""
        return version_order(self.version)


def version_order(version: str | None) -> tuple[int, ...]:
    """Return what versions are sorted by: v2.10 follows v2.9, and a reference without a version comes first.

    >>> sorted(["2.10", "2.9", "10.0", None], key=version_order)
    [None, '2.9', '2.10', '10.0']
    """
    return () if version is None else tuple(map(int, version.split(".")))


@lru_cache(maxsize=8_192)
def read_reference(text: str) -> Reference | None:
    """Return what *text* refers to; None where it refers to nothing.

    >>> read_reference(" dars-nic-08472-v9s6k-v2.10 ")
    Reference(stem='DARS-NIC-08472-V9S6K', version='2.10')
    >>> read_reference("NIC-154590-YG6QH "), read_reference("PHECancerReg"), read_reference("").__class__
    (Reference(stem='NIC-154590-YG6QH', version=None), Reference(stem='PHECancerReg', version=None), <class 'NoneType'>)
    """
    text = " ".join(text.split())
    if not any(map(str.isalnum, text)) or len(text) > _LONGEST:
        return None
    before, _, behind = text.rpartition("-")
    found = _VERSION.fullmatch(behind) if before.strip() else None
    stem, version = (before.rstrip(), found[1]) if found else (text, None)
    if version:
        version = ".".join(str(int(number)) for number in version.split("."))
    return Reference(stem.upper() if _NIC.fullmatch(stem) else stem, version)
