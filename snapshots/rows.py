"""Writing one row by one statement.

Not by sqlite-utils' own `insert`, which opens a savepoint and looks at the table for each row: of an import of a whole
register that was a tenth.
"""

from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database


def insert(db: Database, table: str, row: Mapping[str, Any], *, verb: str = "insert") -> int:
    """Insert one row; return its row id. Joins the transaction that is open."""
    names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
    return int(db.execute(f"{verb} into {table} ({names}) values ({values})", dict(row)).lastrowid or 0)
