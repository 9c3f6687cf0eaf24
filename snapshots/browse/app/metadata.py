"""What Datasette says about the tables: what each holds, in which units, how it is sorted, searched and counted.

What tables hold and columns mean comes from the comments of the SQL. What `--public` does not show is denied here, by
name.
"""

from typing import Any

from scraper.register import NHS_DATA_RELEASE
from snapshots.browse.app.addresses import DATABASE
from snapshots.sql.comments import DESCRIPTIONS, MEANINGS, QUESTIONS

PRIVATE = frozenset({"attempts", "bodies", "deliveries", "dictionaries", "validators"})
"""Tables of which `--public` shows nothing: kept pages, to whom what was sent, what the server said to us."""

PRIVATE_COLUMNS = frozenset({("captures", "headers")})
"""Columns of other tables that read as null there: what the server sent to us alone, cookies perhaps."""

_HIDDEN = frozenset(
    "_sqlite_migrations attempts beliefs derivation dictionaries former_members readings validators".split()
)
"""Tables of the program's own; they are there, and out of the way."""

_TABLES: dict[str, dict[str, Any]] = {
    "agreements": {"facets": ["standing"]},
    "agreement_versions": {"sort_desc": "first_seen"},
    "agreement_datasets": {"sort_desc": "first_seen", "facets": ["dataset"]},
    "agreement_legal_bases": {"sort_desc": "first_seen", "facets": ["family"]},
    "agreement_controllers": {"sort_desc": "first_seen"},
    "bodies": {"units": {"size": "B"}},
    "changes": {
        "sort_desc": "first_seen", "facets": ["severity"], "label_column": "summary", "fts_table": "changes_search",
        "fts_pk": "rowid",
    },
    "current_agreements": {"sort": "organisation", "facets": ["organisation"]},
    "deliveries": {"sort_desc": "id"},
    "pages": {"label_column": "organisation", "sort": "organisation", "facets": ["layout", "standing"]},
    "recent_changes": {"facets": ["severity"]},
    "red_flags": {"facets": ["rule"]},
    "runs": {"sort_desc": "captured_at", "facets": ["kind", "state"], "label_column": "captured_at"},
    "snapshots": {"sort_desc": "first_seen", "facets": ["layout"]},
    "states": {"label_column": "title", "fts_table": "states_search", "fts_pk": "id"},
    "texts": {"fts_table": "texts_search", "fts_pk": "id"},
}  # fmt: skip
"""How Datasette sorts, counts, names and searches the rows of a table."""


def metadata(*, register: str, index: str, public: bool) -> dict[str, Any]:
    """Return Datasette's metadata.

    Args:
        register: What the register is called.
        index: Its address.
        public: Whether what is private is denied.
    """
    return {
        "title": "Tables",
        "license": NHS_DATA_RELEASE.licence.title,
        "license_url": NHS_DATA_RELEASE.licence.url,
        "source": NHS_DATA_RELEASE.source,
        "source_url": index,
        "databases": {
            DATABASE: {
                "title": f"{register}: all tables",
                "description": f"What registerwatch remembers of the {register}. {NHS_DATA_RELEASE.credit}",
                "tables": {name: _table(name, public=public) for name in sorted({*MEANINGS, *_TABLES, *_HIDDEN})},
                "queries": {
                    question.name: {"title": question.title, "description": question.description, "sql": question.sql}
                    for question in QUESTIONS
                },
            }
        },
    }


def _table(name: str, *, public: bool) -> dict[str, Any]:
    table = {**_TABLES.get(name, {}), "columns": MEANINGS.get(name, {})}
    if name in DESCRIPTIONS:
        table["description"] = DESCRIPTIONS[name]
    if name in _HIDDEN:
        table["hidden"] = True
    if public and name in PRIVATE:
        table |= {"allow": False, "hidden": True}
    return table
