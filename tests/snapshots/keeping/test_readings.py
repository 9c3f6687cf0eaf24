"""What a body says, kept: a page comes back as it was read, with its end in short."""

import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext

import pytest

from scraper.names.vocabulary import default_vocabulary
from scraper.reading.page import read_page
from snapshots.keeping.database import StoreError
from snapshots.keeping.readings import (
    WORTH_A_POOL,
    Pool,
    Reading,
    Readings,
    Unread,
    on_this_machine,
    processes,
    read_all,
    read_body,
)
from snapshots.keeping.states import States, digest_of_state
from snapshots.keeping.store import open_store
from tests.scraper.reading.pages.render import MARKUPS, PAGE, TEXT_FORMS

FOOTER = "<p>Licensed under the Open Government Licence<p>Last updated 26 November 2026"
UNSORTED = "Datasets:\n- Zebra data\n- Ape data\n- Zebra data\n"


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path / "registerwatch.db")
    yield store
    store.close()


def kept(store, page):
    """Return what is kept of *page*, read with nothing in memory."""
    readings = Readings(store.db, store.states, "rules")
    with store.writing():
        store.bodies.keep("0" * 64, b"", "seaview", "2026-11-26T03:00:00Z")
        readings.keep("0" * 64, Reading(page, None, True))
    return Readings(store.db, States(store.db), "rules").load("0" * 64, "seaview").page


@pytest.mark.parametrize("form", [*MARKUPS, *TEXT_FORMS])
@pytest.mark.parametrize("footer", ["", FOOTER, UNSORTED])
def test_a_page_comes_back_as_it_was_read(store, form, footer: str):
    page = read_page((form(PAGE) + footer).encode(), source="seaview.html", slug="seaview")
    again = kept(store, page)

    assert (again.agreements, again.tail, again.remainder) == (page.agreements, page.tail, page.remainder)


def test_the_end_of_a_page_is_no_second_copy_of_its_prose(store):
    page = read_page((MARKUPS[0](PAGE) + FOOTER).encode(), source="seaview.html")

    kept(store, page)

    ((lengths,),) = store.db.execute("select tail from readings").fetchall()
    assert len(page.tail) > 2
    assert json.loads(lengths) == [["processing", len(page.tail)]]


def test_who_reads_makes_the_keys_of_states():
    reading = read_body(MARKUPS[0](PAGE).encode(), "seaview", "seaview.html", default_vocabulary())

    assert reading.page is not None
    assert reading.keys == tuple(map(digest_of_state, reading.page.agreements))


class Deadly:
    """Ends whichever process it is sent to."""

    def __len__(self):
        return len(LONG)

    def __reduce__(self):
        return os._exit, (1,)


LONG = b"No agreement stands here. " * 3_000
BODIES = [Unread(f"{n:064}", "seaview", LONG, None) for n in range(WORTH_A_POOL)]
"""More of them than fit into a pipe stand in one message: who writes it to a process that is gone may wait for ever."""


@contextmanager
def dying_as_it_begins(_number):
    with processes(ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), os._exit, (1,)), 1) as pool:
        yield pool


@pytest.mark.parametrize("deadly", [0, 20, WORTH_A_POOL - 1])
def test_a_reading_process_that_dies_is_one_clear_line(deadly: int):
    bodies = [*BODIES[:deadly], BODIES[deadly]._replace(body=Deadly()), *BODIES[deadly + 1 :]]
    with pytest.raises(StoreError, match="a process that reads pages was ended from outside"):
        list(read_all(bodies, len(bodies), default_vocabulary(), on_this_machine(2)))


def test_a_reading_process_that_dies_as_it_begins_is_one_clear_line():
    with pytest.raises(StoreError, match="a process that reads pages was ended from outside"):
        list(read_all(BODIES[:1], 1, default_vocabulary(), dying_as_it_begins))


def test_any_executor_reads_alike():
    bodies = [Unread(f"{n:064}", "seaview", form(PAGE).encode(), None) for n, form in enumerate(MARKUPS)]
    with ThreadPoolExecutor(2) as threads:
        on_threads = list(read_all(bodies, 8, default_vocabulary(), lambda _number: nullcontext(Pool(threads, 2))))

    assert on_threads == list(read_all(bodies, 8, default_vocabulary()))


def test_what_reads_by_other_rules_is_not_believed():
    class Elsewhere(ThreadPoolExecutor):
        def submit(self, call, /, *args):
            return super().submit(lambda: ("rules of yesterday", call(*args)[1]))

    with Elsewhere(1) as elsewhere, pytest.raises(StoreError, match=r"by another program \(rules of yesterday\)"):
        list(read_all(BODIES[:2], 2, default_vocabulary(), lambda _number: nullcontext(Pool(elsewhere, 1))))
