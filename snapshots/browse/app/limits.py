"""How much one request may be, and one reader, and all of them: the limits of the door, with reasons. Pure.

What a page may be is in `scraper/limits.py`.
"""

from collections import Counter
from collections.abc import Collection
from urllib.parse import parse_qsl

LONGEST_QUERY = 16_384
"""Bytes behind the question mark: twice the line that a web server lets through. What costs is how much is asked, which
is counted below, not how long it is."""

MOST_WORDS = 100
"""Names with values behind the question mark: of compared agreements there may be dozens."""

LONGEST_WORD = 300
"""Characters of what a reader asks for; nothing that is asked for is longer."""

MOST_FACETS = 3
"""Columns of a table that are counted beside its rows: each is a pass over all of them."""

MOST_FILTERS = 10
"""Conditions on the rows of a table; the form offers one more each time."""

LONGEST_S = 10.0
"""Seconds of one request, from its turn to its last byte, after which it is given up."""

LONGEST_FILE_S = 120.0
"""The same of a table that is sent whole, row by row, at the pace of whoever takes it."""

THREADS = 4
"""Pages in the making: SQLite reads in parallel, Python renders one at a time; with more each only takes longer."""

MOST_WAITING = 400
"""Requests for pages that wait for their turn, at some 30 ms each; who comes then is told to come again."""

TABLES_AT_ONCE = 3
"""Requests at Datasette, each of which asks many questions, one after the other."""

TABLES_WAITING = 40
"""Requests for tables that wait, at up to a second each."""

LONGEST_WAIT_S = 20.0
"""Seconds that a request waits for its turn: behind that a browser has been left."""

COME_AGAIN_S = 5
"""What `Retry-After` says to whoever was turned away."""

HEAD_S = 15.0
"""Seconds in which a request must have said what it wants; a browser takes a tenth of one."""

MOST_CONNECTIONS = 400
"""Connections that are kept. Of more, the one that has waited longest without a request is closed: half a request costs
whoever holds it nothing, and systemd gives a service 1,024 files."""

KNOCKING = 1_024
"""Connections that wait to be taken in: a crowd that comes at once, or half requests that nobody means."""

ENDING_S = 1.0
"""Seconds that what is done for a reader who has gone has to end by itself; then it is broken off."""

STOPPING_S = 2
"""Seconds that requests have to end in when the server is told to; then what they ask is broken off."""

LARGEST_KEPT = 1_000_000
"""Bytes of an answer that is kept to be given again; a larger one is a file, which is fetched once."""

MOST_KEPT = 16_000_000
"""Bytes of all answers that are kept: some hundred of the largest pages, thousands of the others."""

MOST_FOUND = 50_000
"""Rows of all that is kept of questions that go through the whole register."""

_FACETS = ("_facet", "_facet_array", "_facet_date")
_SORTS = ("_sort", "_sort_desc", "_col", "_nocol")


def why_too_much(query: bytes) -> str | None:
    """Return why nothing is asked by what stands behind the question mark, or None.

    >>> why_too_much(b"kind=dataset-added"), why_too_much(b"a=" + b"x" * 20_000)
    (None, 'This address asks for too much at once. At most 16,384 characters.')
    """
    if len(query) > LONGEST_QUERY:
        return f"This address asks for too much at once. At most {LONGEST_QUERY:,} characters."
    if query.count(b"&") >= MOST_WORDS:
        return f"This address asks for too much at once. At most {MOST_WORDS} names."
    return None


def why_not_of_table(query: str, columns: Collection[str] | None) -> str | None:
    """Return why a table is not asked what stands behind the question mark, or None; without columns any name will do.

    Datasette itself takes any number of columns to count, each twice, and asks SQL about names that are no columns.

    >>> why_not_of_table("_facet=kind&kind=dataset-added&severity__not=low&_size=5", {"kind", "severity"})
    >>> why_not_of_table("_facet=kind&_facet_array=kind", {"kind"})
    'A column is counted once: kind is asked for twice.'
    >>> why_not_of_table("_facet=a&_facet=b&_facet=c&_facet=d", {"a", "b", "c", "d"})
    'At most 3 columns are counted at once.'
    >>> why_not_of_table("nothing__gt=1", {"kind"})
    'There is no column “nothing”.'
    """
    pairs = parse_qsl(query, keep_blank_values=True, errors="replace")
    facets = [value for name, value in pairs if name in _FACETS]
    filters = [name.rpartition("__")[0] or name for name, _ in pairs if not name.startswith("_")]
    filters += [value for name, value in pairs if name == "_filter_column"]
    sorts = [value for name, value in pairs if name in _SORTS]
    twice = [name for name, number in Counter(facets).items() if number > 1]
    if twice:
        return f"A column is counted once: {twice[0][:60]} is asked for twice."
    if len(facets) > MOST_FACETS:
        return f"At most {MOST_FACETS} columns are counted at once."
    if len(filters) > MOST_FILTERS:
        return f"At most {MOST_FILTERS} conditions are asked at once."
    if columns is None:
        return None
    known = {*columns, "", "rowid", "_rowid_", "rank"}
    strange = next((name for name in (*facets, *filters, *sorts) if name not in known), None)
    return f"There is no column “{strange[:60]}”." if strange is not None else None
