"""Which fields are there and not understood: where, since when, and what stands there. Reads only.

Such a field is believed as before (design rule 20), so nobody is told of it but who looks after the machine: by the run
that is the first to meet it, and by `status` for as long as it lasts.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from diff.saying.english import Trouble, plural, weekday
from scraper.reading.layouts import labels_not_understood
from scraper.text import cut, one_line
from snapshots.sql.rows import Database

LONGEST_TEXT = 60
"""Characters that are shown of a text that is not understood."""

Unread = dict[str, Any]
"""Page, reference and label, the text behind the label, and the time since which it is not understood."""

_UNREAD = """
    select versions.page, versions.reference, versions.first_seen, states.printed, fields.value as field,
      -- Other words that are not understood either begin nothing: it begins after the last version that was read.
      (
        select min(earlier.first_seen)
        from agreement_versions as earlier
        where earlier.page = versions.page and earlier.reference = versions.reference
          and earlier.first_seen > coalesce((
            select max(readable.first_seen)
            from agreement_versions as readable
            join states as understood on understood.id = readable.state
            where readable.page = versions.page and readable.reference = versions.reference
              and readable.first_seen < versions.first_seen
              and not exists (select 1 from json_each(understood.unread) where value = fields.value)
          ), '')
      ) as since
    from states, json_each(states.unread) as fields
    join agreement_versions as versions on versions.state = states.id
    left join agreements on agreements.version = versions.id and agreements.standing
    where states.unread != '[]'
"""


def fields_not_understood(db: Database) -> list[Unread]:
    """Return what is not understood now, by page and agreement."""
    return _labels(db.query(f"{_UNREAD} and agreements.version is not null and versions.last_seen is null"))


def fields_newly_not_understood(db: Database, time: str) -> list[Unread]:
    """Return what the run of this *time* was the first not to understand."""
    return _labels(db.query(f"{_UNREAD} and versions.first_seen = :time and since = :time", {"time": time}))


def _labels(rows: Iterable[Mapping[str, Any]]) -> list[Unread]:
    """Return the labels that give these fields: two fields of one label are one thing that is not understood."""
    found: dict[tuple[str, str, str], Unread] = {}
    for row in rows:
        printed = json.loads(row["printed"])
        for label, text in labels_not_understood([row["field"]], printed).items():
            place = {"page": row["page"], "reference": row["reference"], "label": label}
            shown = cut(one_line(text), LONGEST_TEXT)
            one = found.setdefault((*place.values(),), {**place, "text": shown, "since": row["since"]})
            one["since"] = min(one["since"], row["since"])
    return [found[key] for key in sorted(found)]


_OFFICIAL = "select reference, heading as label, text, since from official_unread where {} order by reference, heading"
_TAKEN_LATELY = """
    last_seen is null and since in (
      select captured_at from runs
      where register = 'nhs-official' and id > coalesce(
        (select id from page_runs order by id desc limit 1 offset 1),
        -- Where no page was ever read there is no night to go by: what counts is the edition taken last.
        (select 0 where exists (select 1 from page_runs)),
        (select max(id) - 1 from runs)
      )
    )
    """


def official_cells_not_understood(db: Database) -> list[Unread]:
    """Return which cells of the official register are not understood now."""
    return _cells(db, "last_seen is null")


def official_cells_newly_not_understood(db: Database, time: str | None = None) -> list[Unread]:
    """Return what the edition of this *time* was the first not to understand; by default those of the last night.

    These are the editions that were taken after the run over the pages that was before the last one.
    """
    return _cells(db, "since = :time" if time else _TAKEN_LATELY, time)


def _cells(db: Database, which: str, time: str | None = None) -> list[Unread]:
    rows = db.query(_OFFICIAL.format(which), {"time": time} if time else {})
    return [{**row, "text": cut(one_line(row["text"]), LONGEST_TEXT)} for row in rows]


def unread_in_words(one: Unread) -> str:
    """Return what is not understood, on one line."""
    place = f"{one['reference']} ({one.get('page', 'official register')})"
    return f"{place}: `{one['label']}` is not understood since {weekday(one['since'])}: {_quoted(one)}"


def unread_needs(newly: Iterable[Unread], *, official: bool = False) -> list[Trouble]:
    """Return a sentence for each label that is newly not understood, on pages or in the official register."""
    of = ("version of the official register", "versions of the official register") if official else ("agreement",)
    by_label: dict[str, list[Unread]] = {}
    for one in newly:
        by_label.setdefault(one["label"], []).append(one)
    return [_need(label, places, of) for label, places in sorted(by_label.items())]


def _need(label: str, places: list[Unread], of: tuple[str, ...]) -> Trouble:
    first = places[0]
    return Trouble(
        f"`{label}` is newly not understood on {plural(len(places), *of)}, as on {first['reference']}: "
        f"{_quoted(first)}. It is believed as before. List them: registerwatch status",
        key=f"`{label}` is not understood since {first['since']}",
    )


def _quoted(one: Unread) -> str:
    return f"'{one['text']}'" if one["text"] else "a label that is not known stands there instead"
