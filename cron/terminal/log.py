"""What the program says about its own work, on standard error: lines for people, or JSON for programs."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Literal


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"at": at, "level": record.levelname.lower(), "logger": record.name, "message": record.getMessage()}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def start_log(form: Literal["text", "json"], *, verbose: bool) -> None:
    """Write log lines from now on: warnings, and with *verbose* every step."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if form == "json" else logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in ("scraper", "snapshots", "cron"):
        logging.getLogger(name).setLevel(logging.INFO if verbose or form == "json" else logging.WARNING)
