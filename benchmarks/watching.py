"""How long a monitor waits: `/-/health` and `/-/metrics` of `browse` over five years of the register, over HTTP."""

import http.client
import statistics
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from benchmarks.browsing import serving
from benchmarks.history import five_years

TIMES = 200
MOST_MS = 10


def main() -> str:
    """Return a table of milliseconds: the first answer, and those that follow on one connection."""
    lines = ["| address | first, ms | median, ms | 95th percentile |", "|---|---|---|---|"]
    command = [sys.executable, "-m", "registerwatch", "--db", five_years(), "browse"]
    with tempfile.TemporaryDirectory() as folder, serving(command, Path(folder)) as started:
        lines += [_row(address, started.port) for address in ("/-/health", "/-/metrics")]
    return "\n".join([*lines, "", f"{TIMES} requests each, one after the other. Aim: under {MOST_MS} ms."])


def _row(address: str, port: int) -> str:
    with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        first, *others = (_asked(connection, address) for _ in range(TIMES))
    percentile = statistics.quantiles(others, n=20)[-1]
    return f"| {address} | {first:.1f} | {statistics.median(others):.1f} | {percentile:.1f} |"


def _asked(connection: http.client.HTTPConnection, address: str) -> float:
    began = time.perf_counter()
    connection.request("GET", address)
    connection.getresponse().read()
    return (time.perf_counter() - began) * 1000
