"""Pictures of the whole register: kinds of change by month, datasets by type of organisation, ends ahead."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import timedelta

from diff.kinds import ChangeKind
from diff.saying.english import sentence_case
from scraper.names.fold import fold
from scraper.text import one_line
from scraper.times import as_text, read_time
from snapshots.browse.app.request import BadAddressError, PageRequest, Reader, lasting
from snapshots.browse.parts.filters import condition, filter_of, pages_called, unknown_name
from snapshots.browse.pictures.counts import EndCount, bars_chart, ends_chart, heat_chart
from snapshots.browse.pictures.drawing import Chart, months_between

MONTHS = 24
MONTHS_AHEAD = 36
DATASETS = 15
TYPES = 5
"""Types of organisation that have a shade of their own; the others share one."""


def kinds_by_month(request: PageRequest) -> Chart | None:
    """Return how many changes of each kind were first seen in each of the newest months, as filtered."""
    reader, given = request.reader, filter_of(request)
    if said := unknown_name(reader, given):
        raise BadAddressError(said)
    first = reader.value("select min(first_seen) from snapshots")
    if not first:
        return None
    months = months_between(first[:7], reader.newest[:7])[-MONTHS:]
    wanted = condition(reader, given).more("not c.withdrawn and c.first_seen >= :first", first=months[0])
    rows = reader.rows(
        f"""
        select c.kind, substr(c.first_seen, 1, 7) as month, count(*) as n
        from changes as c
        where {wanted.sql}
        group by c.kind, month
        """,
        wanted.values,
    )
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        counts[row["kind"]][row["month"]] += row["n"]
    drawn = [(kind.row.heading, [counts[kind][when] for when in months]) for kind in ChangeKind]
    filtered = ", as filtered" if given.narrows else ""
    return heat_chart(
        [(sentence_case(label), own) for label, own in drawn if any(own)],
        months,
        "Kinds of change by month",
        f"Changes of each kind by the month in which they were first seen{filtered}. A change over the whole "
        "register counts once.",
    )


# --- datasets by type of organisation ---------------------------------------------------------------------------------


def datasets_by_type(request: PageRequest) -> Chart | None:
    """Return the most widely held datasets, each cut by the types of organisation printed on the agreements."""
    counts = _by_dataset_and_type(request.reader)
    of_type = Counter[str]()
    for own in counts.values():
        of_type.update(own)
    common = [name for name, _ in of_type.most_common() if name][:TYPES]
    most = sorted(counts.items(), key=lambda one: (-one[1].total(), fold(one[0])))[:DATASETS]
    rows = []
    for name, own in most:
        known = [own[one] for one in common]
        rows.append((one_line(name), [*known, own.total() - sum(known) - own[""], own[""]]))
    return bars_chart(
        rows,
        [*common, "other types", "no type printed"],
        "Datasets by type of organisation",
        f"The {len(rows)} datasets that stand on most agreements now. An agreement that prints several types counts "
        "for each of them, so a bar may be longer than the agreements are many.",
        "Dataset",
    )


@lasting
def _by_dataset_and_type(reader: Reader) -> dict[str, Counter[str]]:
    """Return for each dataset, by its newest known name, on how many agreements each type is printed."""
    types = {
        (row["page"], row["reference"]): row["types"]
        for row in reader.rows(
            """
            select agreements.page, agreements.reference, coalesce(states.organisation_types, '[]') as types
            from agreements
            join agreement_versions as versions on versions.id = agreements.version
            join states on states.id = versions.state
            where agreements.standing
            """
        )
    }
    held: dict[str, dict[str, str]] = defaultdict(dict)
    canonical: dict[str, str] = {}
    for row in reader.rows("select page, reference, dataset, folded from datasets_now"):
        printed = types.get((row["page"], row["reference"]))
        if printed is not None:
            if row["folded"] not in canonical:
                canonical[row["folded"]] = reader.vocabulary.dataset_canonical(row["dataset"])
            held[canonical[row["folded"]]][row["reference"]] = printed
    return {name: Counter(one for text in own.values() for one in _types(text)) for name, own in held.items()}


def _types(text: str) -> list[str]:
    """Return the types of organisation, in one spelling; one empty word where none is printed."""
    return sorted({sentence_case(one_line(value)) for value in json.loads(text)}) or [""]


# --- ends ahead -------------------------------------------------------------------------------------------------------


def ends_ahead(request: PageRequest) -> Chart | None:
    """Return how many ends lie in each of the months ahead, as of the newest reading: official ones where held."""
    reader = request.reader
    slugs, said = pages_called(reader, request.words.one("organisation").strip())
    if said:
        raise BadAddressError(said)
    return ends_chart(_ends(reader, slugs)) if reader.newest else None


def _ends(reader: Reader, slugs: Sequence[str] | None) -> list[EndCount]:
    today = reader.newest[:10]
    until = as_text(read_time(today) + timedelta(days=31 * MONTHS_AHEAD))[:7]
    rows = reader.once(
        """
        select substr(dsa_end, 1, 7) as month, count(*) as ends, sum(apparent) as apparent,
          sum(source = 'official') as official
        from expiring_soon
        -- An end printed as a month is its last day.
        where last_day >= :today and dsa_end <= :until
          and (:slugs is null or page in (select value from json_each(:slugs)))
        group by month
        """,
        {
            "today": today,
            "until": f"{until}-31",
            "slugs": None if slugs is None else json.dumps(slugs),
        },
    )
    found = {row["month"]: (row["ends"] - row["apparent"], row["apparent"], row["official"]) for row in rows}
    months = months_between(today[:7], until)[:MONTHS_AHEAD]
    return [EndCount(when, *found.get(when, (0, 0, 0))) for when in months]
