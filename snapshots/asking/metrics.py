"""The facts of `health_of` as Prometheus reads them: text, version 0.0.4. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from scraper.times import read_time
from snapshots.asking.health import PASS, REASONS

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "registerwatch"

Sample = tuple[Mapping[str, str], float | int | None]
Family = tuple[str, str, str, list[Sample]]


def metrics_text(health: Mapping[str, Any]) -> str:
    """Return every figure with what it means; one that is not known yet is left out."""
    lines = []
    for name, kind, meaning, samples in _families(health):
        known = [(labels, value) for labels, value in samples if value is not None]
        if known:
            lines += [f"# HELP {PREFIX}_{name} {meaning}", f"# TYPE {PREFIX}_{name} {kind}"]
            lines += [f"{PREFIX}_{name}{_labels(labels)} {float(value):.15g}" for labels, value in known]
    return "\n".join([*lines, ""])


def _families(health: Mapping[str, Any]) -> Iterator[Family]:
    """Yield name, type, meaning and samples of each figure."""
    reasons = {one["reason"] for one in health["reasons"]}
    yield _one("healthy", "1 where nobody is needed, as /-/health says.", health["status"] == PASS)
    named: list[Sample] = [({"reason": name}, name in reasons) for name in REASONS]
    yield ("trouble", "gauge", "1 for each reason why somebody is needed.", named)
    yield from _of_runs(health)
    yield _one("pages", "Pages of the register that stand.", health["pages"])
    yield _one("pages_failing", "Pages that the last run could not read.", health["pages_failing"])
    yield _one("agreements", "Agreements that stand.", health["agreements"])
    by_severity: list[Sample] = [({"severity": name}, number) for name, number in health["changes"].items()]
    # A gauge: a change that better rules no longer find is withdrawn.
    yield ("changes", "gauge", "Changes that were found and stand, by severity.", by_severity)
    yield _one("deliveries_due", "Messages that are due and not taken yet.", health["deliveries_due"])
    yield _one("deliveries_oldest_seconds", "How long the oldest of them has been due.", health["deliveries_oldest_s"])
    yield _one("deliveries_given_up", "Messages that nobody took for a week.", health["deliveries_given_up"])
    yield _one("database_bytes", "Size of the database.", health["database_bytes"])
    yield _one("disk_free_bytes", "What is left on its disk.", health["disk_free_bytes"])


def _of_runs(health: Mapping[str, Any]) -> Iterator[Family]:
    runs: list[Sample] = [({"state": name}, number) for name, number in health["runs"].items()]
    yield ("runs", "gauge", "Runs and imports by what became of them.", runs)
    yield _one("runs_held", "Runs that wait for a decision.", health["runs_held"])
    yield _one("runs_failed_in_a_row", "Runs in a row that could not begin.", health["runs_failed_in_a_row"])
    last = health["last_run"] or {}
    yield _one("last_run_timestamp_seconds", "When the last run began.", _seconds(last.get("captured_at")))
    yield _one("last_run_duration_seconds", "How long the last run took.", last.get("duration_s"))
    yield _one("last_run_pages_read", "Pages that it read.", last.get("pages_read"))
    yield _one("last_run_pages_changed", "Pages that were not as before.", last.get("pages_changed"))
    yield _one("next_run_timestamp_seconds", "When the next run is due.", _seconds(health["next_due"]))


def _one(name: str, meaning: str, value: float | int | None) -> Family:
    return (name, "gauge", meaning, [({}, value)])


def _seconds(time: str | None) -> float | None:
    return read_time(time).timestamp() if time else None


def _labels(labels: Mapping[str, str]) -> str:
    # The values are words of ours: states, severities, reasons.
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}" if labels else ""
