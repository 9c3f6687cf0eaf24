"""What an agreement is called where it is a link: by its title, or by its first dataset and its reference.

Pages that only number their projects print no title, and a list of links that all say so leads nowhere.
"""

import json
from collections.abc import Iterable

from scraper.text import cut, one_line
from snapshots.browse.app.request import Reader

LONGEST = 200


def called(title: str | None, reference: str, first_dataset: str | None = None) -> str:
    """Return the words of a link to an agreement.

    >>> called(None, "NIC-1", "Civil Registrations of Death"), called("", "NIC-1"), called("Falls", "NIC-1")
    ('Without a title: Civil Registrations of Death, NIC-1', 'Without a title: NIC-1', 'Falls')
    """
    if title and one_line(title):
        return cut(one_line(title), LONGEST)
    what = [cut(one_line(first_dataset), LONGEST)] if first_dataset else []
    return f"Without a title: {', '.join([*what, one_line(reference)])}"


def first_datasets(reader: Reader, references: Iterable[str]) -> dict[str, str]:
    """Return the first dataset that each of some agreements lists, as far as they list any."""
    wanted = sorted(set(references))
    if not wanted:
        return {}
    rows = reader.rows(
        """
        select agreements.reference, json_extract(states.datasets, '$[0]') as dataset
        from agreements
        join agreement_versions as versions on versions.id = agreements.version
        join states on states.id = versions.state
        where agreements.reference in (select value from json_each(:references)) and dataset is not null
        order by agreements.standing, agreements.reference
        """,
        {"references": json.dumps(wanted)},
    )
    return {row["reference"]: row["dataset"] for row in rows}
