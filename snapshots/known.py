"""What the history knows by name: every page there has been, every dataset, and who has held it. Reads only."""

from dataclasses import dataclass

from sqlite_utils import Database


@dataclass(frozen=True, slots=True)
class Known:
    """Names, also of what is there no more."""

    pages: dict[str, str]
    """Slug → organisation."""
    datasets: tuple[str, ...]
    """Every name that was printed, the first one seen first."""
    holdings: dict[str, list[str]]
    """Reference → every name of a dataset that was printed for it."""
    since: str | None
    """When the history begins."""


def read_known(db: Database) -> Known:
    """Return what is known by name."""
    pages = db.query("select slug, organisation from pages where organisation is not null order by slug")
    datasets = db.query(
        "select dataset from agreement_datasets group by dataset order by min(first_seen), folded, dataset"
    )
    holdings: dict[str, list[str]] = {}
    for row in db.query("select distinct reference, dataset from agreement_datasets order by reference, dataset"):
        holdings.setdefault(row["reference"], []).append(row["dataset"])
    (beginning,) = db.query("select min(first_seen) as at from snapshots")
    return Known(
        pages={row["slug"]: row["organisation"] for row in pages},
        datasets=tuple(row["dataset"] for row in datasets),
        holdings=holdings,
        since=beginning["at"],
    )
