"""All our pages: one line for each room. What answers an address is looked up here, and so is the navigation."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote, unquote

from snapshots.browse.app.addresses import DATABASE
from snapshots.browse.app.request import Page
from snapshots.browse.page import (
    agreement,
    change,
    compare,
    dataset,
    expiring,
    feeds,
    front,
    legal_basis,
    organisation,
    red_flags,
    run,
    search,
    snapshot,
    status,
)

PAGES: tuple[Page, ...] = (
    *front.PAGES,
    *organisation.PAGES,
    *dataset.PAGES,
    *legal_basis.PAGES,
    *compare.PAGES,
    *expiring.PAGES,
    *red_flags.PAGES,
    *search.PAGES,
    *agreement.PAGES,
    *snapshot.PAGES,
    *change.PAGES,
    *run.PAGES,
    *status.PAGES,
    *feeds.PAGES,
)
"""Every page, in the order of the navigation."""


@dataclass(frozen=True, slots=True)
class Found:
    """The page of an address, and the variable parts of it."""

    page: Page
    path: Mapping[str, str]


def find(path: str) -> Found | None:
    """Return the page that answers *path*, as it stands in the address."""
    for pattern, page in _patterns():
        if match := pattern.fullmatch(path):
            return Found(page, {name: unquote(text, errors="replace") for name, text in match.groupdict().items()})
    return None


def navigation() -> Iterator[tuple[str, str]]:
    """Yield name and address of what stands in the navigation."""
    yield from ((page.navigation, page.address) for page in PAGES if page.navigation)
    yield "Tables", f"/{DATABASE}"


@cache
def _patterns() -> Sequence[tuple[re.Pattern[str], Page]]:
    return [(_pattern(page.address), page) for page in PAGES]


def _pattern(address: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", address)
    return re.compile(
        "".join(f"(?P<{part}>[^/]+)" if n % 2 else re.escape(quote(part)) for n, part in enumerate(parts))
    )
