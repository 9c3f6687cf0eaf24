"""Every picture by its name: `/pictures` shows those of the whole register, each is there as SVG and as CSV.

A picture is one row of the table. Its function gets what the page that shows it was asked, and returns the drawing with
the table behind it. A file stands alone: it brings its colours, its key and where it is from.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from diff.cells import to_csv
from diff.saying.english import day
from scraper.register import NHS_DATA_RELEASE
from snapshots.browse.app.request import NotThereError, PageFile, PageRequest, PageRoute
from snapshots.browse.page import agreement, dataset, front, legal_basis
from snapshots.browse.pictures.alone import standing_alone
from snapshots.browse.pictures.drawing import Chart, with_files
from snapshots.browse.pictures.figures import figures_picture
from snapshots.browse.pictures.lives import recipients, terms_and_releases
from snapshots.browse.pictures.register import datasets_by_type, ends_ahead, kinds_by_month


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture: its name in addresses, and what draws it."""

    name: str
    draw: Callable[[PageRequest], Chart | None]
    of_register: bool = False
    """Whether it is of the whole register, and needs nothing in its address."""


PICTURES = (
    Picture(name="figures", draw=figures_picture, of_register=True),
    Picture(name="changes-by-month", draw=front.changes_by_month, of_register=True),
    Picture(name="kinds-by-month", draw=kinds_by_month, of_register=True),
    Picture(name="datasets-by-type", draw=datasets_by_type, of_register=True),
    Picture(name="ends-ahead", draw=ends_ahead, of_register=True),
    Picture(name="terms-and-releases", draw=terms_and_releases),
    Picture(name="recipients", draw=recipients),
    Picture(name="dataset-by-month", draw=dataset.dataset_by_month),
    Picture(name="legal-basis-by-month", draw=legal_basis.basis_by_month),
    Picture(name="term", draw=agreement.term_and_releases),
)
"""All of them; those of the register in the order in which they are shown."""

_BY_NAME = {picture.name: picture for picture in PICTURES}


def pictures(request: PageRequest) -> Mapping[str, Any]:
    """Return the pictures of the whole register."""
    found = [(one.name, one.draw(request)) for one in PICTURES if one.of_register]
    return {
        "title": "Pictures",
        "description": f"The {request.site.register} in pictures: its figures, what changes, who has which data.",
        "lead": "The register in pictures, each with its table, to take along as SVG and CSV."
        if request.reader.newest
        else "Nothing has been read yet.",
        "shown": [(name, with_files(chart, name)) for name, chart in found if chart],
    }


def as_svg(request: PageRequest) -> PageFile:
    """Return a picture as a file that needs no page around it."""
    name, chart = _asked_for(request)
    text = standing_alone(chart, source_of(request))
    return PageFile(body=text.encode("utf-8", "replace"), content_type="image/svg+xml", name=f"{name}.svg")


def as_csv(request: PageRequest) -> PageFile:
    """Return the table behind a picture, with a last line that says where it is from."""
    name, chart = _asked_for(request)
    rows = [dict(zip(chart.head, row, strict=True)) for row in chart.rows]
    text = to_csv([*rows, {chart.head[0]: " ".join(source_of(request))}], chart.head)
    return PageFile(body=text.encode("utf-8", "replace"), content_type="text/csv; charset=utf-8", name=f"{name}.csv")


def _asked_for(request: PageRequest) -> tuple[str, Chart]:
    picture = _BY_NAME.get(request.path["name"])
    if picture is None:
        raise NotThereError("There is no such picture.", [("All pictures", "/pictures")])
    chart = picture.draw(request)
    if chart is None:
        raise NotThereError("There is nothing to draw yet.", [("All pictures", "/pictures")])
    return picture.name, chart


def source_of(request: PageRequest) -> tuple[str, ...]:
    """Return where a picture is from: the register, its licence, who drew it, and as of when."""
    base = (request.site.base_url or "").rstrip("/")
    drawn = f"registerwatch{f', {base}' if base else ''}"
    return (
        f"Source: {NHS_DATA_RELEASE.source}.",
        NHS_DATA_RELEASE.licence.attribution,
        f"Drawn by {drawn}, from pages as last read on {day(request.reader.newest)}.",
    )


ROUTES = (
    PageRoute("/pictures", pictures, "pictures.html"),
    PageRoute("/pictures/{name}.svg", as_svg),
    PageRoute("/pictures/{name}.csv", as_csv),
)
