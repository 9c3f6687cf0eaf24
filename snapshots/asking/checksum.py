"""A checksum of all that feeds and calendars tell: that nothing of it is new is seen without making it. Reads only.

Whatever is read to draw them has to be in it; `tests/snapshots/asking/test_checksum.py` watches what SQLite is asked.
"""

import hashlib

from snapshots.asking.agreements import PRINTED_TERMS
from snapshots.asking.official import EDITIONS
from snapshots.sql.rows import Database

_AT_ONCE = 1000
"""Rows: all changes of twenty years would fill the memory."""

_TOLD = (
    "select key, organisation from pages order by key",
    "select key, name from names where sort = 'organisation' order by id",
    "select min(first_seen) from snapshots",
    "select page, reference, dataset, folded, first_seen from agreement_datasets",
    PRINTED_TERMS,
    # Of prose its own checksum.
    """
    select changes.*, before_texts.hash, after_texts.hash
    from changes
    left join texts as before_texts on before_texts.id = changes.before_text
    left join texts as after_texts on after_texts.id = changes.after_text
    """,
    "select * from change_notes",
    EDITIONS,
    "select * from official_versions",
    # Where a link about a page leads.
    "select page, run, source from captures where body is not null",
)


def checksum_of_told(db: Database) -> str:
    """Return a checksum of all that feeds and calendars tell of the history: another one where any of it is new."""
    digest = hashlib.sha256()
    for sql in _TOLD:
        rows = db.execute(sql)
        while some := rows.fetchmany(_AT_ONCE):
            digest.update(repr(some).encode("utf-8", "surrogatepass"))
        digest.update(b"\n")
    return digest.hexdigest()
