"""The facts that come with the program: JSON files in `scraper/names/data`, each with its sources and dates.

No fact is interpreted here; `legal_basis` and `vocabulary` do that.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def read_facts(name: str) -> dict[str, Any]:
    """Return the packaged facts called *name*, for example `legal-bases`; nobody changes them."""
    facts: dict[str, Any] = json.loads((files("scraper.names") / "data" / f"{name}.json").read_text(encoding="utf-8"))
    return facts
