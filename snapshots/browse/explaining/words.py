"""Where a word of the pages and mails is explained: an anchor of the glossary, or of the list of severities.

What is explained is asked of the templates that docs/ was made into (`docs/texts.py`), so that no list can be behind.
"""

import re
from functools import cache, lru_cache
from importlib import resources

from diff.severity import Severity

_ANCHORS = re.compile(r'\bid="([^"]+)"')


def anchor_of(name: str) -> str:
    """Return the anchor of a name: its letters and figures, small, with hyphens between words.

    >>> anchor_of("Type of data"), anchor_of("AGD/predecessor discussions")
    ('type-of-data', 'agd-predecessor-discussions')
    """
    return "-".join(re.findall(r"[a-z0-9]+", name.lower()))


@lru_cache(maxsize=2_000)  # labels come off pages, and there is no end to what a page may print
def explained(word: str) -> str | None:
    """Return the address at which *word* is explained: a severity, a kind of change, a label, a word of ours.

    >>> explained("high"), explained("Type of data"), explained("dataset-added"), explained("tea")
    ('/severity#high', '/glossary#type-of-data', '/severity#dataset-added', None)
    """
    anchor = anchor_of(word)
    # The glossary names the severities too, and sends on: the examples are what helps.
    for page in ("severity", "glossary") if anchor in set(Severity) else ("glossary", "severity"):
        if anchor in _anchors(page):
            return f"/{page}#{anchor}"
    return None


@cache
def _anchors(page: str) -> frozenset[str]:
    text = (resources.files("snapshots.browse") / "templates" / "texts" / f"{page}.html").read_text(encoding="utf-8")
    return frozenset(_ANCHORS.findall(text))
