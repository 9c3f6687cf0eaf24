"""Which printed ends come up, and who is to hear of them? No clock: the day is an argument.

An end is told as many days before it as a subscription says, once for each of these, and of several that hold at once
only for the smallest. It is followed as its agreement is; kinds and severity are for changes and do not narrow it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from diff.terms import last_day
from notify.following.matching import Audience
from notify.following.subscription import Followed, Subjects, stem_of
from scraper.names.fold import fold


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedEnd:
    """A printed end that a subscription is told."""

    item: str
    """What it is delivered as: once."""
    reference: str
    title: str | None
    organisation: str | None
    page: str
    dsa_end: str
    """As printed."""
    day: str
    """The day that is meant, YYYY-MM-DD: of a month its last."""
    days_left: int

    @classmethod
    def of_note(cls, item: str, note: Mapping[str, Any], today: date) -> Self:
        """Return the end of a *note* that was kept, as it is *today*."""
        return cls(item=item, **note, days_left=(date.fromisoformat(note["day"]) - today).days)

    @property
    def note(self) -> dict[str, Any]:
        """What is kept and told to programs (docs/webhooks.md)."""
        return {name: getattr(self, name) for name in ("reference", "title", "organisation", "page", "dsa_end", "day")}

    @property
    def days(self) -> int:
        """How many days before it the subscription wants to hear of it."""
        return int(self.item.rpartition(":")[2])


def most_days_before(followed: Iterable[Followed]) -> int | None:
    """Return how many days ahead anybody wants to hear of a printed end; None if nobody does."""
    return max((days for one in followed for days in one.subscription.days_before_ends), default=None)


def ends_due(
    followed: Sequence[Followed],
    standing: Iterable[Mapping[str, Any]],
    *,
    today: date,
    told: Mapping[str, Iterable[str]],
    texts: Mapping[str, Sequence[str]] | None = None,
) -> list[list[PrintedEnd]]:
    """Return for each of *followed* the printed ends that are due today, the nearest first.

    Args:
        followed: The subscriptions.
        standing: reference, title, organisation, page, dsa_end and datasets of agreements on the register's pages.
        today: The day, in UTC.
        told: Name of a subscription → items that it was told, or is going to be; other items than ends do not matter.
        texts: Reference → title and prose; only those who follow words need it.
    """
    audience = Audience(followed)
    wanted = [one.subscription.days_before_ends for one in followed]
    every_days = {days for several in wanted for days in several}
    told_at = [_fewest_days(told.get(one.subscription.name, ())) for one in followed]
    due: list[dict[str, PrintedEnd]] = [{} for _ in followed]
    for row in standing:
        day = last_day(row["dsa_end"])
        if day is None or day < today:
            continue
        note = {name: row[name] for name in ("reference", "title", "organisation", "page", "dsa_end")}
        note["day"] = day.isoformat()
        item = f"end:{row['reference']}:{row['dsa_end']}"
        ends = {days: PrintedEnd.of_note(f"{item}:{days}", note, today) for days in every_days}
        about = Subjects(
            pages=frozenset({row["page"]}),
            organisations=frozenset({fold(row["organisation"] or "")}),
            datasets=frozenset(map(fold, row["datasets"] or ())),
            references=frozenset({stem_of(row["reference"])}),
        )
        hearing = audience.listeners.of_any((texts or {}).get(row["reference"], ()))
        for number in (audience.everything | audience.naming(about, hearing)) - audience.excluding(about):
            days = min((one for one in wanted[number] if (day - today).days <= one), default=None)
            before = told_at[number].get((stem_of(row["reference"]), row["dsa_end"]))
            if days is not None and (before is None or days < before):
                due[number].setdefault(ends[days].item, ends[days])  # it may stand on another page too
    return [sorted(own.values(), key=lambda end: (end.day, end.reference)) for own in due]


def _fewest_days(items: Iterable[str]) -> dict[tuple[str, str], int]:
    """Return stem of the reference and printed end → the fewest days before it that it was told at.

    >>> _fewest_days(["end:NIC-1:2026-03-12:90", "end:DARS-NIC-1:2026-03-12:30", "0f5e"])
    {('NIC-1', '2026-03-12'): 30}
    """
    fewest: dict[tuple[str, str], int] = {}
    for item in items:
        if item.startswith("end:"):
            reference, end, days = item.removeprefix("end:").rsplit(":", 2)
            key = (stem_of(reference), end)
            fewest[key] = min(int(days), fewest.get(key, int(days)))
    return fewest
