"""What is served to machines that watch us: `/-/health` and `/-/metrics`. Counts and times alone, public or not.

They are answered beside the pages, not behind them: a server with much to do is not ill.
"""

import json
import shutil
import sqlite3
from collections.abc import Mapping
from threading import Lock
from typing import Any

from starlette.responses import PlainTextResponse, Response

from snapshots.asking.health import FAIL, PASS, health_of
from snapshots.asking.metrics import CONTENT_TYPE, metrics_text
from snapshots.browse.app.kept import KeptStates
from snapshots.browse.app.request import SiteSettings, reading
from snapshots.browse.parts.clock import due

HEALTH, METRICS = "/-/health", "/-/metrics"
ADDRESSES = frozenset({HEALTH, METRICS})


class Watched:
    """Answers the machines that watch a site. What lasts until the next write is asked once.

    Args:
        site: Who serves what to whom.
        found: What is kept of it.
    """

    def __init__(self, site: SiteSettings, found: KeptStates) -> None:
        self._site, self._found = site, found
        self._alone = Lock()

    def answer(self, address: str) -> Response:
        """Return health as JSON, 503 where somebody is needed; or the metrics, 200 whatever they say."""
        try:
            with self._alone:
                health = self._health()
        except sqlite3.Error:
            # A monitor shall come again, and Prometheus shall not draw a gap as zero.
            return self._unreadable(address)
        if address == METRICS:
            return _said(metrics_text(health), 200, CONTENT_TYPE)
        return _said(_as_json(health), 200 if health["status"] == PASS else 503, "application/json")

    def _health(self) -> dict[str, Any]:
        site = self._site
        now = site.clock()
        with reading(site.database, site.vocabulary, kept=self._found.now()) as reader:
            state = {**reader.standing, **reader.answers.runs.waiting(now), **due(site, reader)}
        return health_of(state, shutil.disk_usage(site.database.parent).free, now)

    def _unreadable(self, address: str) -> Response:
        said = "The database cannot be read just now."
        if address == METRICS:
            return PlainTextResponse(f"{said}\n", 503)
        return _said(
            _as_json({"status": FAIL, "reasons": [{"reason": "failing", "said": said}]}), 503, "application/json"
        )


def _as_json(health: Mapping[str, Any]) -> str:
    return json.dumps(health, ensure_ascii=False, indent=1) + "\n"


def _said(text: str, status: int, content_type: str) -> Response:
    return Response(text, status, {"cache-control": "no-store"}, content_type)
