"""The facts that come with the program: JSON files in `scraper/names/data`, each with its sources and dates.

No fact is interpreted here; `legal_basis` and `vocabulary` do that.
"""

import json
from functools import cache
from pkgutil import get_data
from typing import Any


@cache
def read_facts(name: str) -> dict[str, Any]:
    """Return the packaged facts called *name*, for example `legal-bases`; nobody changes them."""
    # Not `importlib.resources`: what that brings along takes longer to load than the facts.
    facts: dict[str, Any] = json.loads(get_data("scraper.names", f"data/{name}.json") or b"")
    return facts
