"""All our pages: one line for each room. What answers an address is looked up here, and so is the navigation."""

from collections.abc import Iterator

from snapshots.browse.app.addresses import DATABASE
from snapshots.browse.app.request import PageRoute
from snapshots.browse.beside import differences
from snapshots.browse.explaining import manual, texts
from snapshots.browse.following import pages as following
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
from snapshots.browse.pictures import picture
from snapshots.browse.questions import page as question

ROUTES: tuple[PageRoute, ...] = (
    *front.ROUTES,
    *organisation.ROUTES,
    *dataset.ROUTES,
    *legal_basis.ROUTES,
    *question.ROUTES,
    *compare.ROUTES,
    *expiring.ROUTES,
    *red_flags.ROUTES,
    *differences.ROUTES,
    *search.ROUTES,
    *agreement.ROUTES,
    *snapshot.ROUTES,
    *change.ROUTES,
    *run.ROUTES,
    *status.ROUTES,
    *feeds.ROUTES,
    *following.ROUTES,
    *texts.ROUTES,
    *manual.ROUTES,
    *picture.ROUTES,
)
"""Every page, in the order of the navigation; the first that fits an address answers it."""


def navigation() -> Iterator[tuple[str, str]]:
    """Yield name and address of what stands in the navigation."""
    yield from ((route.navigation, route.address) for route in ROUTES if route.navigation)
    yield "Tables", f"/{DATABASE}"
