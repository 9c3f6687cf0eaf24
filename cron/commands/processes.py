"""Several processes that do alike work as one: they begin and end together, whoever ends first and however.

The process that holds them does nothing but wait: for a signal that tells it to stop, and for one of them to end.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess

from scraper.errors import RegisterWatchError

ENDING_S = 10.0
"""Seconds that a process has to end which is told to; then it is killed."""

_TOLD_BY = (signal.SIGTERM, signal.SIGINT)


class ProcessEndedError(RegisterWatchError):
    """A process ended that was not told to."""


def side_by_side(works: Sequence[Callable[[], None]], when_begun: Callable[[], None]) -> None:
    """Do each of *works* in a process of its own, until this one is told to stop by SIGTERM or Ctrl-C.

    They are told to stop by SIGTERM, and so are they when this process is gone without a word.

    Args:
        works: What is done.
        when_begun: Called here when all have begun, to let go of what is theirs.

    Raises:
        ProcessEndedError: One of them ended before; so did all others then.
    """
    # Nothing is ever written to it: that it ends says that whoever held the other end is gone.
    watched, held = os.pipe()
    processes: list[ForkProcess] = []
    with _told_to_stop() as (was_told, told):
        try:
            processes.extend(_begun(work, watched, held) for work in works)
            when_begun()
            wait([told, *(process.sentinel for process in processes)])
            if not was_told():
                raise ProcessEndedError(
                    "one of the processes that serve pages was ended from outside, perhaps for want of memory"
                )
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.join(ENDING_S)
                process.kill()
                process.join()
            os.close(watched)
            os.close(held)


def _begun(work: Callable[[], None], watched: int, held: int) -> ForkProcess:
    process = multiprocessing.get_context("fork").Process(target=_do, args=(work, watched, held), daemon=True)
    # In between it would take a signal for one to the process that it came from.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _TOLD_BY)
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return process


def _do(work: Callable[[], None], watched: int, held: int) -> None:
    """Do *work* in a process that has just begun."""
    os.close(held)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of a terminal, and the first tells all
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _TOLD_BY)
    threading.Thread(target=_end_after, args=(watched,), name="watch", daemon=True).start()
    work()


def _end_after(watched: int) -> None:
    os.read(watched, 1)
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _told_to_stop() -> Iterator[tuple[Callable[[], bool], int]]:
    """Hear the signals that tell this process to stop; give what says whether one came, and a file that then has it."""
    told = threading.Event()
    reading, writing = os.pipe()

    def hear(*_: object) -> None:
        told.set()
        os.write(writing, b"!")

    before = {number: signal.signal(number, hear) for number in _TOLD_BY}
    try:
        yield told.is_set, reading
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reading)
        os.close(writing)
