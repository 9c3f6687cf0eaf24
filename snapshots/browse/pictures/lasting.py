"""What is counted once for each state of the history, because it takes longer than a page may: it changes with a run.

Kept in this process alone, the newest for each database: nothing on disk can be out of date.
"""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from scraper.names.vocabulary import Vocabulary
from snapshots.browse.app.request import Reader

_MOST_DATABASES = 8

T = TypeVar("T")


def lasting(count: Callable[[Reader], T]) -> Callable[[Reader], T]:
    """Let a question about the whole register be asked once, until a run ends or the history is derived again."""
    kept: dict[tuple[str, Vocabulary], tuple[object, T]] = {}

    @wraps(count)
    def asked(reader: Reader) -> T:
        database = (reader.value("select file from pragma_database_list where name = 'main'"), reader.vocabulary)
        state = _state(reader)
        known = kept.get(database)
        if known is None or known[0] != state:
            if len(kept) >= _MOST_DATABASES:
                kept.clear()
            known = kept[database] = (state, count(reader))
        return known[1]

    return asked


def _state(reader: Reader) -> object:
    """Return what is another whenever the history is: the chain of runs, the rules, how much was derived by them."""
    return reader.rows(
        """
        select (select hash from manifests order by number desc limit 1) as chain,
          (select rules from derivation) as rules,
          (select max(id) from agreement_versions) as versions,
          (select max(rowid) from changes) as changes
        """
    )
