"""What one reader can ask, and all of them at once: the door of `browse` without a web server before it."""

import asyncio
import contextlib
import csv
import io
import json
import os
import signal
import socket
import sqlite3
import struct
import threading
from urllib.parse import quote, unquote

import pytest

from cron.commands.browse import make_app
from scraper.names.vocabulary import default_vocabulary
from snapshots.browse.app import server as server_module
from snapshots.browse.app.budget import Budget, TooLongError
from snapshots.browse.app.limits import (
    COME_AGAIN_S,
    MOST_CONNECTIONS,
    MOST_FACETS,
    MOST_FILTERS,
    MOST_WORDS,
    TABLES_AT_ONCE,
)
from snapshots.browse.app.request import SiteSettings, reading
from snapshots.browse.app.turns import Turns
from tests.harness.browse_server import PATIENCE_S, Served, copy_of, register_database, running, serving

ENDLESS = quote("with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n")
COLUMNS = ("kind", "severity", "organisation", "page", "reference", "title", "field", "before", "after", "added", "id")


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    return register_database(tmp_path_factory.mktemp("door"))


@pytest.fixture(scope="module")
def served(database):
    with serving(database, public=True, base_url="https://register.example.org") as served:
        yield served


def sentence(answer):
    """Return what a refusal says, on our own page."""
    return answer.soup.select_one("main p").get_text(" ", strip=True)


# --- how much is asked ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("&".join(["_facet=summary"] * 400), "This address asks for too much at once. At most 100 names."),
        ("_facet=kind&_facet=kind", "A column is counted once: kind is asked for twice."),
        ("_facet=kind&_facet_array=kind", "A column is counted once: kind is asked for twice."),
        ("&".join(f"_facet={name}" for name in COLUMNS), "At most 3 columns are counted at once."),
        ("&".join(f"{name}__not=x" for name in COLUMNS), "At most 10 conditions are asked at once."),
        ("_facet=nothing", "There is no column “nothing”."),
        ("nothing__exact=1", "There is no column “nothing”."),
        ("_sort=nothing", "There is no column “nothing”."),
        ("1" * 9000 + "__exact=1", f"There is no column “{'1' * 60}”."),
        ("_search=" + "x" * 20_000, "This address asks for too much at once. At most 16,384 characters."),
    ],
)
@pytest.mark.parametrize("ending", ["", ".json", ".csv"])
def test_a_table_is_not_asked_for_more_than_a_reader_can_look_at(served, query, words, ending):
    answer = served.get(f"/register/changes{ending}?{query}")

    assert (answer.status, sentence(answer)) == (400, words)


def test_up_to_the_limit_a_table_answers(served):
    facets = "&".join(f"_facet={name}" for name in COLUMNS[:MOST_FACETS])
    filters = "&".join(f"{name}__not=zz" for name in COLUMNS[:MOST_FILTERS])
    table = json.loads(served.page(f"/register/changes.json?{facets}&{filters}").body)

    assert {*COLUMNS[:MOST_FACETS]} <= set(table["facet_results"])
    assert served.get("/register/changes?_filter_column=kind&_filter_op=exact&_filter_value=x").status == 302


@pytest.mark.parametrize("path", ["/", "/search", "/changes.csv", "/changes.atom", "/organisations"])
def test_a_page_is_not_asked_for_more_than_a_reader_can_look_at(served, path):
    for query in ("&".join(f"words=w{n}" for n in range(MOST_WORDS + 1)), "q=" + "x" * 20_000):
        answer = served.get(f"{path}?{query}")

        assert answer.status == 400
        assert sentence(answer).startswith("This address asks for too much at once")


def test_the_first_page_of_a_sorted_table_has_its_ties_in_the_order_of_the_key(served):
    rows = json.loads(served.page("/register/changes.json?_sort=kind&_size=50&severity__not=x&_shape=array").body)

    assert [(row["kind"], row["id"]) for row in rows] == sorted((row["kind"], row["id"]) for row in rows)


# --- whom it is asked by ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["register.example.org", "REGISTER.example.org:443", "127.0.0.1", "localhost:8001"])
def test_a_published_site_answers_under_its_own_name(served, host):
    assert served.get("/", host=host).status == 200


@pytest.mark.parametrize("host", ["evil.example", "register.example.org.evil.example", "", "[::1"])
def test_a_published_site_answers_under_no_other_name(served, host):
    for path in ("/", "/register/changes.json?_facet=kind"):
        answer = served.get(path, host=host)

        assert (answer.status, answer.text) == (400, "This address is not served here.\n")
        assert "evil" not in str(answer.headers)


def test_without_an_address_of_its_own_any_name_will_do(database):
    with serving(database, public=True) as served:
        assert served.get("/", host="anything.example").status == 200


def test_a_backslash_leads_nowhere_else(served):
    answer = served.get("/\\evil.example/")

    assert answer.headers.get("location", "/").startswith("/")
    assert answer.headers.get("location", "/")[1:2] not in ("/", "\\")


# --- what a spreadsheet and an eye are given --------------------------------------------------------------------------

FORMULA = "=cmd|' /C calc'!A1,\"x\"\r\n+1"
STEERED = "\u202egnp.exe\u2066"


@pytest.fixture(scope="module")
def hostile(database, tmp_path_factory):
    """A register in which pages print formulas, and letters that turn the line around, in names and in prose."""
    database = copy_of(database, tmp_path_factory.mktemp("hostile"))
    with contextlib.closing(sqlite3.connect(database)) as db, db:
        db.execute("update pages set slug = '=cmd', organisation = ? where number = 1", (FORMULA,))
        db.execute("update texts set text = '@SUM(1)' where id = 1")
        for table, column in (
            ("agreement_datasets", "dataset"),
            ("changes", "summary"),
            ("agreement_versions", "reference"),
        ):
            for number, text in enumerate((FORMULA, f"-rf {STEERED}", f" ＝1 {STEERED}")):
                one = f"(select distinct {column} from {table} limit 1 offset {number})"
                db.execute(f"update {table} set {column} = ? where {column} = {one}", (text,))
    return database


@pytest.fixture(scope="module")
def local(hostile):
    with serving(hostile) as served:
        yield served


def tables_and_views(database):
    with contextlib.closing(sqlite3.connect(database)) as db:
        names = db.execute(
            "select name, type from pragma_table_list where schema = 'main' and type in ('table','view')"
        )
        return sorted(name for name, _ in names if not name.startswith("sqlite_"))


def is_run_by_a_spreadsheet(cell):
    plain = cell.lstrip()
    return plain[:1] in tuple("=+-@＝＋－＠") and not plain[1:].replace(".", "").isdecimal()


def test_no_cell_of_any_table_is_run_by_a_spreadsheet(local, hostile):
    run, cells, named = [], 0, 0
    files = [f"{table}.csv?_size=300" for table in tables_and_views(hostile)]
    files += ["changes.csv?_stream=1&_dl=1", "agreement_datasets.csv?_labels=on", "pages.csv?_shape=array", "pages.csv"]
    for file in files:
        for row in csv.reader(io.StringIO(local.page(f"/register/{file}").text, newline=""), strict=True):
            cells += len(row)
            named += sum(cell.startswith("'=cmd|") for cell in row)
            run += [(file, cell) for cell in row if is_run_by_a_spreadsheet(cell) or "\u202e" in cell]

    assert run == []
    assert cells > 10_000
    assert named >= 6


def test_a_question_as_csv_is_harmless_too_and_json_says_what_is_kept(local):
    sql = quote("select slug, organisation, -1.5 as n, 'a,\"b' as q, null as z from pages where number = 1")

    assert local.page(f"/register.csv?sql={sql}").text.split("\r\n")[1].startswith("'=cmd,\"'=cmd|' /C calc'!A1,\"\"x")
    assert local.page(f"/register.csv?sql={sql}").text.endswith(',-1.5,"a,""b",\r\n')
    (row,) = json.loads(local.page(f"/register.json?sql={sql}&_shape=array").body)
    assert row == {"slug": "=cmd", "organisation": FORMULA, "n": -1.5, "q": 'a,"b', "z": None}


def test_no_table_is_read_from_right_to_left(local, hostile):
    word = quote(STEERED)
    asked = [f"/register/{table}" for table in tables_and_views(hostile)]
    asked += [
        f"/register/changes?summary__contains={word}",
        f"/register/changes?_search={word}",
        "/register/changes?_facet=summary",
    ]
    answers = [local.get(address) for address in asked]

    assert [answer.address for answer in answers if "\u202e" in answer.text or "\u2066" in answer.text] == []
    assert any("gnp.exe" in answer.text for answer in answers[:-3])
    assert all("gnp.exe" in answer.text for answer in answers[-3:-1])


def test_what_cannot_be_counted_leaves_no_word_in_the_journal(database):
    wrong = (
        "_facet=kind&_facet_size=abc",
        "_facet_array=kind&_facet_date=severity&_facet_size=-",
        "_facet=rowid&_size=x",
    )
    with running(database) as served:
        statuses = {
            served.get(f"/register/{table}?{query}").status
            for table in ("changes", "recent_changes")
            for query in wrong
        }
        served.process.terminate()
        _, errors = served.process.communicate(timeout=PATIENCE_S)

    assert errors == ""
    assert 400 in statuses


# --- how long it takes ------------------------------------------------------------------------------------------------


class Clock:
    """Seconds that pass when somebody looks."""

    def __init__(self):
        self.looked = 0

    def __call__(self):
        self.looked += 1
        return float(self.looked)


def test_sql_is_broken_off_when_the_time_of_its_request_is_over(database):
    budget = Budget(seconds=5, clock=Clock())
    budget.begin()
    with reading(database, default_vocabulary(), budget) as reader, pytest.raises(sqlite3.OperationalError) as caught:
        reader.rows(unquote(ENDLESS))

    assert str(caught.value) == "interrupted"
    assert budget.clock.looked <= 10


def test_between_two_questions_python_asks_too(database):
    budget = Budget()
    budget.begin()
    with reading(database, default_vocabulary(), budget) as reader:
        assert reader.value("select 1") == 1
        budget.cancel()
        with pytest.raises(TooLongError):
            reader.value("select 1")


class Asking:
    """An application whose answers take until the test says so, and a reader of it."""

    def __init__(self):
        self.begun, self.budgets, self.free = 0, [], asyncio.Event()

    async def __call__(self, scope, receive, send):
        self.begun += 1
        await self.free.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def ask(self, turns, gone=None):
        sent, budget, first = [], Budget(), True
        self.budgets.append(budget)

        async def receive():
            nonlocal first
            if first:
                first = False
                return {"type": "http.request", "body": b"", "more_body": False}
            await (gone or asyncio.Event()).wait()
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": "GET", "headers": [], "path": "/"}
        await turns.serve(self, scope, receive, send, budget)
        return sent


def test_a_bounded_number_is_worked_on_a_bounded_number_waits_and_others_come_again():
    async def story():
        app, turns = Asking(), Turns(2, 3)
        asked = [asyncio.create_task(app.ask(turns)) for _ in range(9)]
        async with asyncio.timeout(PATIENCE_S):
            while app.begun < 2 or sum(task.done() for task in asked) < 4:
                await asyncio.sleep(0)
        turned_away, waiting = [one for one in asked if one.done()], [one for one in asked if not one.done()]
        begun = app.begun
        app.free.set()
        served = [await task for task in waiting]
        return begun, [task.result()[0] for task in turned_away], [sent[0]["status"] for sent in served]

    begun, turned_away, served = asyncio.run(story())

    assert (begun, served) == (2, [200] * 5)
    assert [sent["status"] for sent in turned_away] == [503] * 4
    assert all((b"retry-after", str(COME_AGAIN_S).encode()) in sent["headers"] for sent in turned_away)


def test_who_goes_away_frees_the_place_and_what_was_asked_for_them_is_over(monkeypatch):
    monkeypatch.setattr("snapshots.browse.app.turns.ENDING_S", 0.1)  # it does not end by itself

    async def story():
        app, turns, gone = Asking(), Turns(1, 1), asyncio.Event()
        served, waiting = (asyncio.create_task(app.ask(turns, gone)) for _ in range(2))
        await asyncio.sleep(0)
        gone.set()
        left = [await served, await waiting]
        app.free.set()
        return left, [budget.is_over for budget in app.budgets], await app.ask(turns)

    left, over, after = asyncio.run(story())

    assert left == [[], []]
    assert over == [True, True]
    assert after[0]["status"] == 200


class Opening(Asking):
    """An application that opens a file, in a thread, as Datasette does: one broken off meanwhile never hears of it."""

    def __init__(self):
        super().__init__()
        self.held, self.opening, self.go_on = [], threading.Event(), threading.Event()

    def open(self):
        self.opening.set()
        self.go_on.wait()
        self.held.append("a file")

    async def __call__(self, scope, receive, send):
        await asyncio.to_thread(self.open)
        self.held.remove("a file")


def test_what_is_being_opened_for_a_reader_who_goes_away_is_closed():
    async def story():
        app, gone = Opening(), asyncio.Event()
        asked = asyncio.create_task(app.ask(Turns(1, 1), gone))
        await asyncio.to_thread(app.opening.wait)
        gone.set()
        while not app.budgets[0].is_over:
            await asyncio.sleep(0)
        app.go_on.set()
        return await asked, app.held

    assert asyncio.run(story()) == ([], [])


def test_what_was_asked_of_the_tables_ends_when_its_reader_has_gone(database):
    """Datasette itself goes on to the last facet; here nothing is left of it that others would have to wait for."""
    with serving(database) as served:
        for _ in range(3 * TABLES_AT_ONCE):
            with socket.create_connection(("127.0.0.1", served.port)) as connection:
                connection.sendall(f"GET /register.json?sql={ENDLESS} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())

        assert served.page("/register/changes.json?_size=1").status == 200


def test_a_question_without_an_end_is_given_up_in_a_sentence(database):
    with serving(database, patience=0.2) as local:
        answer = local.get(f"/register.json?sql={ENDLESS}")

    assert answer.status in (400, 503)
    assert json.loads(answer.body)["error"] == "This took too long and was given up."


# --- how many connections there are -----------------------------------------------------------------------------------


def test_1200_half_open_connections_do_not_keep_others_from_being_served(database):
    with running(database, "--public") as served, contextlib.ExitStack() as held:
        for _ in range(1200):
            half = held.enter_context(socket.create_connection(("127.0.0.1", served.port)))
            half.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-")
        answers = [served.get("/").status for _ in range(3)]
        open_files = len(os.listdir(f"/proc/{served.process.pid}/fd"))

    assert answers == [200] * 3
    assert open_files <= MOST_CONNECTIONS + 100


@pytest.mark.skipif(not hasattr(socket, "TCP_INFO"), reason="this system does not say how long a queue is")
def test_a_crowd_that_comes_at_once_is_not_turned_away_by_the_system(database):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = server_module.make_server(make_app(SiteSettings(database=database), "127.0.0.1"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        served = Served(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        try:
            assert served.page("/status").status == 200
            longest = struct.unpack_from("I", listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 64), 28)[0]
        finally:
            server.should_exit = True
            thread.join(PATIENCE_S)

    assert longest >= MOST_CONNECTIONS


def test_a_head_that_is_not_ended_is_not_waited_for(database, monkeypatch):
    monkeypatch.setattr(server_module, "HEAD_S", 0.05)
    with serving(database) as served:
        for said in (b"", b"GET / HTTP/1.1\r\nX-", b"GET /static/none HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HT"):
            with (
                socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_S) as connection,
                contextlib.suppress(BrokenPipeError, ConnectionResetError),
            ):
                connection.sendall(said)
                while connection.recv(65536):
                    pass  # it ends, or the socket's time-out says that it did not
        monkeypatch.undo()  # on a busy machine nobody would have said anything in so short a time
        assert served.page("/").status == 200


# --- begin and end ----------------------------------------------------------------------------------------------------


def test_who_opens_a_public_site_to_all_is_told_that_a_web_server_belongs_before_it(database):
    with running(database, "--public", "--host", "0.0.0.0") as served:
        assert served.process.stdout.readline() == (
            "Others reach this directly. A web server belongs before a public site: docs/operations.md has one.\n"
        )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_ends_when_it_is_told_to_whatever_is_asked_of_it(database, number):
    with running(database) as served, contextlib.ExitStack() as held:
        assert served.page("/status").status == 200
        for head in (f"GET /register.json?sql={ENDLESS} HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET / HTTP/1.1\r\nX-"):
            connection = held.enter_context(socket.create_connection(("127.0.0.1", served.port)))
            connection.sendall(head.encode())
        served.process.send_signal(number)
        _, errors = served.process.communicate(timeout=PATIENCE_S)

    assert "Traceback" not in errors
    assert served.process.returncode == 0
