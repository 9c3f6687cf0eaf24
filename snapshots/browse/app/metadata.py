"""What Datasette says about the tables: what each holds, in which units, how it is sorted, searched and counted.

Meanings of columns come from `snapshots.columns`. What `--public` does not show is denied here, by name.
"""

from textwrap import dedent
from typing import Any

from diff.saying.phrase import SOURCE
from snapshots.browse.app.addresses import DATABASE
from snapshots.browse.app.queries import QUESTIONS
from snapshots.columns import MEANINGS

PRIVATE = frozenset({"attempts", "bodies", "deliveries", "dictionaries", "validators"})
"""Tables of which `--public` shows nothing: kept pages, to whom what was sent, what the server said to us."""

PRIVATE_COLUMNS = frozenset({("captures", "headers")})
"""Columns of other tables that read as null there: what the server sent to us alone, cookies perhaps."""

_HIDDEN = (
    "_sqlite_migrations",
    "attempts",
    "beliefs",
    "derivation",
    "dictionaries",
    "former_members",
    "readings",
    "validators",
)
"""Tables of the program's own; they are there, and out of the way."""

_TABLES: dict[str, dict[str, Any]] = {
    "_sqlite_migrations": {"description": "Which steps of the schema this file has gone through."},
    "agreements": {
        "description": "Every agreement on every page, as it was last seen there.",
        "facets": ["standing"],
    },
    "agreement_versions": {
        "description": "What a page printed of an agreement, one row for each state and the time it stood there.",
        "sort_desc": "first_seen",
    },
    "agreement_datasets": {
        "description": "Which dataset stood on which agreement, from when to when.",
        "sort_desc": "first_seen",
        "facets": ["dataset"],
    },
    "agreement_legal_bases": {
        "description": "Which legal basis an agreement cited, from when to when.",
        "sort_desc": "first_seen",
        "facets": ["family"],
    },
    "agreement_controllers": {
        "description": "Who was named as data controller, from when to when.",
        "sort_desc": "first_seen",
    },
    "attempts": {"description": "Runs that failed before they had read a page."},
    "beliefs": {"description": "What the next run compares each page with."},
    "bodies": {"description": "The bytes of every page kept, compressed.", "units": {"size": "B"}},
    "captures": {"description": "Where a run found other bytes for a page than the run before, or none."},
    "change_groups": {"description": "Which changes belong to a register-wide one."},
    "changes": {
        "description": "Every change: one fact that differs between two readings of the register.",
        "sort_desc": "first_seen",
        "facets": ["severity"],
        "label_column": "summary",
        "fts_table": "changes_search",
        "fts_pk": "rowid",
    },
    "current_agreements": {
        "description": "Every agreement that stands on the register now, with all its fields.",
        "sort": "organisation",
        "facets": ["organisation"],
    },
    "deliveries": {"description": "What was told to whom, and what is due.", "sort_desc": "id"},
    "derivation": {"description": "Which rules the history was last derived with."},
    "dictionaries": {"description": "What the first bodies of pages are compressed with."},
    "expiring_soon": {"description": "Printed ends that lay ahead when the page was last read, the nearest first."},
    "former_members": {"description": "Who belonged to a group that was told and is no longer found as it was."},
    "manifests": {"description": "The chain of runs: each is hashed together with the one before."},
    "pages": {
        "description": "Every organisation's page.",
        "label_column": "organisation",
        "sort": "organisation",
        "facets": ["layout", "standing"],
    },
    "readings": {"description": "What each body of a page was read as."},
    "recent_changes": {"description": "The newest thousand changes, the latest first.", "facets": ["severity"]},
    "red_flags": {"description": "What stands out though nothing need have changed.", "facets": ["rule"]},
    "red_flag_places": {"description": "What `red_flags` is found by: where each rule holds now."},
    "red_flag_signs": {"description": "What each version of an agreement shows of what `red_flags` asks."},
    "refusals": {"description": "Pages that a run could not read or did not believe, and why."},
    "runs": {
        "description": "Every reading of the register.",
        "sort_desc": "captured_at",
        "facets": ["kind", "state"],
        "label_column": "captured_at",
    },
    "snapshots": {
        "description": "What a page was, from when to when.",
        "sort_desc": "first_seen",
        "facets": ["layout"],
    },
    "states": {
        "description": "Every distinct thing that was printed of an agreement.",
        "label_column": "title",
        "fts_table": "states_search",
        "fts_pk": "id",
    },
    "texts": {
        "description": "Every distinct section of prose.",
        "fts_table": "texts_search",
        "fts_pk": "id",
    },
    "validators": {"description": "What the server said by which an unchanged page is known."},
}

DESCRIPTIONS = {name: table["description"] for name, table in _TABLES.items()}
"""What each table holds, in a sentence."""

LICENCE = "Open Government Licence v3.0"
LICENCE_URL = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"


def metadata(*, register: str, index: str, public: bool) -> dict[str, Any]:
    """Return Datasette's metadata.

    Args:
        register: What the register is called.
        index: Its address.
        public: Whether what is private is denied.
    """
    return {
        "title": "Tables",
        "license": LICENCE,
        "license_url": LICENCE_URL,
        "source": "NHS England, Data Uses Register, as reformatted by theysolditanyway.com (medConfidential)",
        "source_url": index,
        "databases": {
            DATABASE: {
                "title": f"{register}: all tables",
                "description": f"What registerwatch remembers of the {register}. {SOURCE}",
                "tables": {name: _table(name, public=public) for name in sorted({*MEANINGS, *_TABLES, *_HIDDEN})},
                "queries": {
                    one.name: {"title": one.title, "description": one.description, "sql": dedent(one.sql).strip()}
                    for one in QUESTIONS
                },
            }
        },
    }


def _table(name: str, *, public: bool) -> dict[str, Any]:
    table = {**_TABLES.get(name, {}), "columns": MEANINGS.get(name, {})}
    if name in _HIDDEN:
        table["hidden"] = True
    if public and name in PRIVATE:
        table |= {"allow": False, "hidden": True}
    return table
