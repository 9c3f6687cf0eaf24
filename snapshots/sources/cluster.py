"""Bodies read on a cluster of Dask workers: as here, to the byte, or one clear line, and never waiting for ever.

Loaded where a cluster is asked only. What it answers is unpickled here: whoever owns the cluster is trusted.
"""

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from scraper.errors import RegisterWatchError
from scraper.text import one_line
from snapshots.keeping.readings import WORTH_A_POOL, Pool, Readers

if TYPE_CHECKING:
    from distributed import Client

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

CONNECT_S = 10.0
PATIENCE_S = 30.0
"""Seconds that a cluster may be without any worker: those that are started anew take some."""

MOST_BATCHES = 256
"""At the same moment: there is a thread for each of them here, and in the end one writer takes what they bring."""

_LOOK_S = 2.0  # from one look at the cluster to the next, while an answer is waited for
_TALKATIVE = ("distributed", "distributed.client", "distributed.comm", "tornado.application", "asyncio")

_OTHER = "it has another registerwatch than this one, or none"
_WHY = {
    "FutureCancelledError": "its scheduler went away",
    "KilledWorker": "several workers died of the same pages, perhaps for want of memory",
    "TimeoutError": "it does not answer",
    "ModuleNotFoundError": _OTHER,
    "AttributeError": _OTHER,
    "RuntimeError": _OTHER,  # what the scheduler raises where it cannot make out what is asked
}
"""Name of an error of Dask, or of what it ran for us → what that means."""


class ClusterError(RegisterWatchError):
    """The cluster that is to read does not."""

    def __init__(self, address: str, what: str) -> None:
        super().__init__(f"the cluster at {address}, of [compute] in the settings: {what}; nothing was changed")


def on_cluster(address: str, *, patience_s: float = PATIENCE_S) -> Readers:
    """Return readers that are the workers of a Dask cluster; fewer than 150 bodies are read by this process."""

    @contextmanager
    def readers(number: int) -> Iterator[Pool | None]:
        if number < WORTH_A_POOL:
            yield None
            return
        client = _connect(address, patience_s)
        try:
            many = min(MOST_BATCHES, sum(client.nthreads(callback_timeout=patience_s).values()))
            with AskingExecutor(client, address, many, patience_s) as executor:
                yield Pool(executor, many)
        finally:
            client.close(timeout=CONNECT_S)

    return readers


def _connect(address: str, patience_s: float) -> "Client":
    """Return a client of the cluster, which has a worker.

    Raises:
        ClusterError: There is none, or what speaks with it is not installed.
    """
    try:
        import dask
        from distributed import Client
    except ImportError as error:
        raise ClusterError(address, "what asks it comes with: pip install 'registerwatch[dask]'") from error
    for name in _TALKATIVE:  # on standard error there is one line, and it is ours
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    # A page may have 20 MB, which is no mistake.
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"})
    try:
        client = Client(address, timeout=min(CONNECT_S, patience_s), set_as_default=False)
    except Exception as error:  # whatever it is that answers there, or does not
        raise ClusterError(address, f"no scheduler answers ({one_line(str(error))})") from error
    try:
        client.wait_for_workers(1, timeout=patience_s)
    except Exception as error:
        client.close(timeout=CONNECT_S)
        raise ClusterError(address, "it has no worker") from error
    return client


class AskingExecutor(ThreadPoolExecutor):
    """Threads of this process, each of which has a worker do what it is to do, and waits for it.

    Dask has an executor of its own. Of that a future stays without an answer where the scheduler goes away at a bad
    moment, or the last worker: whoever waited for it would wait for ever.
    """

    def __init__(self, client: "Client", address: str, many: int, patience_s: float) -> None:
        super().__init__(2 * many + 1, thread_name_prefix="cluster")
        self._client, self._address, self._patience_s = client, address, patience_s
        self._worked_at = time.monotonic()

    def submit(self, call: Callable[Given, Answer], /, *args: Given.args, **kwargs: Given.kwargs) -> "Future[Answer]":
        """Have a worker call *call*."""
        return super().submit(self._ask, partial(call, *args, **kwargs))

    def _ask(self, call: Callable[[], Answer]) -> Answer:
        """Return what a worker answers; what was asked of one that died another is asked.

        Raises:
            ClusterError: Scheduler or workers went away, or have not what we have.
        """
        try:
            asked = self._client.submit(call, pure=False)
            while True:
                try:
                    return asked.result(timeout=_LOOK_S)  # type: ignore[no-any-return]
                except TimeoutError:
                    self._look()
        except RegisterWatchError:
            raise
        except Exception as error:
            why = _WHY.get(type(error).__name__, f"{type(error).__name__} ({one_line(str(error))})")
            raise ClusterError(self._address, why) from error

    def _look(self) -> None:
        """Look whether there is anybody to wait for.

        Raises:
            ClusterError: There is not.
        """
        if self._client.status not in ("running", "connecting"):
            raise ClusterError(self._address, "its scheduler went away")
        if self._client.nthreads(callback_timeout=self._patience_s):
            self._worked_at = time.monotonic()
        elif time.monotonic() - self._worked_at > self._patience_s:
            raise ClusterError(self._address, "its last worker went away")
