"""Page bodies: byte for byte what came in, each readable by itself, and small."""

import hashlib
from random import Random

import pytest
import zstandard

from snapshots.keeping.store import open_store
from tests.harness.editions import HARROWDALE, Page, many, with_project


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path / "registerwatch.db")
    yield store
    store.close()


def keep(store, body, page):
    """Keep *body* as an import does: capture and all; return the bytes it takes."""
    sha256 = hashlib.sha256(body).hexdigest()
    with store.writing():
        store.db.execute(
            "insert or ignore into pages (key, slug, number) values (:slug, :slug, (select count(*) from pages))",
            {"slug": page},
        )
        (run,) = store.db.execute("select count(*) + 1 from runs").fetchone()
        kept = store.bodies.keep(sha256, body, page, "2026-06-01T00:00:00Z")
        store.db.execute(
            "insert into runs (kind, captured_at, finished_at, complete, sighted) values ('import', :at, '', 0, x'')",
            {"at": f"{run:06d}"},
        )
        store.db.execute(
            "insert into captures (run, page, body, captured_at, source) values (:run, :page, :body, '', '')",
            {"run": run, "page": page, "body": sha256},
        )
    return kept


def prose(seed, words=1_500):
    random = Random(seed)
    known = [bytes(random.choices(range(97, 123), k=random.randint(3, 9))) for _ in range(600)]
    return b" ".join(random.choices(known, k=words))


@pytest.mark.parametrize(
    "body",
    [b"", b"\0", bytes(range(256)) * 50, Random(3).randbytes(200_000), HARROWDALE.html(), "\ufeff🚩 – ’".encode()],
    ids=["empty", "a zero", "all bytes", "noise", "a page", "signs"],
)
def test_a_body_comes_out_as_it_went_in(store, body):
    keep(store, prose(0), "earlier")
    keep(store, body, "first")
    keep(store, prose(1), "other")
    keep(store, prose(1) + body, "other")

    assert store.bodies.read(hashlib.sha256(body).hexdigest()) == body
    assert store.bodies.read(hashlib.sha256(prose(1) + body).hexdigest()) == prose(1) + body


def test_a_body_kept_twice_takes_no_room(store):
    assert keep(store, prose(1), "page") > 0
    with store.writing():
        assert store.bodies.keep(hashlib.sha256(prose(1)).hexdigest(), prose(1), "page", "") == 0


def test_a_body_that_is_not_kept_is_not_made_up(store):
    with pytest.raises(KeyError):
        store.bodies.read("0" * 64)


def test_a_later_body_of_a_page_costs_about_what_changed_in_it(store):
    first = prose("first")
    cost = keep(store, first, "page")
    later = keep(store, first[:4_000] + b" and a new sentence of nine words or so " + first[4_000:], "page")

    assert later < 150 < cost / 10


def test_first_bodies_are_small_once_a_dictionary_is_trained(store):
    pages = [
        Page(f"NHS Board {n}", many(2, first=10 * n, objectives=prose(n // 7, 60).decode())).html() for n in range(90)
    ]
    costs = [keep(store, page, f"board_{n}") for n, page in enumerate(pages)]

    assert store.db.execute("select count(*) from dictionaries").fetchone() == (1,)
    assert sum(costs[70:]) * 2 < sum(costs[:20])
    assert [store.bodies.read(hashlib.sha256(page).hexdigest()) for page in pages] == pages


def test_bodies_from_before_the_dictionary_are_compressed_with_it_once_there_is_one(store):
    pages = [Page(f"NHS Board {n}", many(2, first=10 * n)).html() for n in range(70)]
    costs = [keep(store, page, f"board_{n}") for n, page in enumerate(pages)]
    (taken,) = store.db.execute("select sum(length(data)) from bodies").fetchone()

    assert store.db.execute("select count(*) from bodies where dictionary is null").fetchone() == (0,)
    assert taken * 2 < sum(costs)
    assert [store.bodies.read(hashlib.sha256(page).hexdigest()) for page in pages] == pages


def test_what_a_later_body_adds_is_compressed_with_the_dictionary_too(store):
    pages = [Page(f"NHS Board {n}", many(2, first=10 * n)) for n in range(70)]
    for n, page in enumerate(pages):
        keep(store, page.html(), f"board_{n}")
    longer = Page("NHS Board 69", (*pages[69].projects, *pages[3].projects)).html()
    with_dictionary = keep(store, longer, "board_69")
    store.db.execute("update bodies set dictionary = null where base is not null")

    assert with_dictionary < 400
    with pytest.raises(zstandard.ZstdError):
        store.bodies.read(hashlib.sha256(longer).hexdigest())


def test_any_body_is_readable_with_at_most_one_other(store):
    for version in range(5):
        keep(store, with_project(HARROWDALE, end=f"203{version}-01-01").html(), "harrowdale")

    chained = store.db.execute(
        "select count(*) from bodies join bodies as bases on bases.sha256 = bodies.base where bases.base is not null"
    ).fetchone()
    assert chained == (0,)


def test_what_was_rolled_back_is_not_kept(store):
    def keep_and_fail():
        with store.writing():
            store.bodies.keep(hashlib.sha256(b"body").hexdigest(), b"body", "page", "")
            raise TimeoutError

    with pytest.raises(TimeoutError):
        keep_and_fail()

    assert not store.bodies.has(hashlib.sha256(b"body").hexdigest())
