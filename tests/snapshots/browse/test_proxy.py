"""The published pages: nginx, set up by the file that operations.md installs, before the real command."""

import contextlib
import csv
import gzip
import http.client
import io
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import time

import feedparser
import pytest

from tests.harness.browse_server import PATIENCE_S, ROOT, Answer, Served, running
from tests.harness.editions import HARROWDALE, REGISTER, Watch, with_project
from tests.harness.servers import held_port

NAME = "register.example.org"
CONF = ROOT / "cron/deploy/nginx.example.conf"
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
ROWS = 20_000

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed here")


class Published(Served):
    """Pages that are asked for by their public name."""

    def get(self, address: str, *, method: str = "GET", **headers: str) -> Answer:
        return super().get(address, method=method, **{"host": NAME, **headers})


@contextlib.contextmanager
def nginx(folder, site):
    """Run nginx with *site* as its only one."""
    folder.mkdir()
    user = "user root;" if os.getuid() == 0 else ""  # folders of tests are closed to others
    places = " ".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "site.conf").write_text(site)
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log info;\n"
        f"events {{}}\nhttp {{ {places} include {folder}/site.conf; }}\n"
    )
    process = subprocess.Popen([NGINX, "-p", folder, "-c", folder / "nginx.conf"], stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


def example(port, behind, feeds, *, rate="1000r/s"):
    """Return the file of the recipe, for these ports and this folder, at a rate that no test meets by chance."""
    text = CONF.read_text(encoding="utf-8")
    for old, new in (
        ("    listen 80;\n    listen [::]:80;\n", f"    listen 127.0.0.1:{port};\n"),
        ("server 127.0.0.1:8001;", f"server 127.0.0.1:{behind};"),
        ("/var/lib/registerwatch-feeds/", f"{feeds}/"),
        ("rate=10r/s", f"rate={rate}"),
    ):
        assert old in text, old
        text = text.replace(old, new)
    return text


def wait_for(port, process):
    for _ in range(6_000):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), PATIENCE_S):
            return
        assert process.poll() is None, process.stderr.read().decode()
        time.sleep(0.01)
    raise AssertionError("nginx does not answer")


@pytest.fixture(scope="module")
def watch(tmp_path_factory):
    """Two readings of a register of three, one dataset row as often as a CSV needs to be long, and feeds of all."""
    folder = tmp_path_factory.mktemp("published")
    (folder / "registerwatch.toml").write_text(
        f'[browse]\nbase_url = "https://{NAME}"\n[feeds]\ndirectory = "feeds"\nbase_url = "https://{NAME}/feeds"\n'
    )
    watch = Watch(folder, "--config", str(folder / "registerwatch.toml"))
    watch.take(REGISTER, "2026-01-01")
    watch.take(REGISTER | {"university_of_harrowdale": with_project(HARROWDALE, end="2031-01-01")}, "2026-01-02")
    assert watch.run("feeds").exit_code == 0
    with contextlib.closing(sqlite3.connect(watch.database)) as db, db:
        db.execute(
            """
            with recursive n (i) as (select 1 union all select i + 1 from n where i < ?)
            insert into agreement_datasets
            select page, reference, 'Long list, number ' || i, 'long list, number ' || i, '2026-01-01T00:00:00Z', null
            from n, (select page, reference from agreements limit 1)
            """,
            (ROWS,),
        )
        db.execute("insert into deliveries (subscription, item, due_at) values ('a secret reader', 'x', '2026')")
    return watch


@pytest.fixture(scope="module")
def behind(watch):
    with running(watch.database, "--public", options=("--config", str(watch.folder / "registerwatch.toml"))) as served:
        yield served


@pytest.fixture(scope="module")
def published(watch, behind, tmp_path_factory):
    folder = tmp_path_factory.mktemp("proxy") / "nginx"
    with held_port() as port, nginx(folder, example(port, behind.port, watch.folder / "feeds")) as process:
        wait_for(port, process)
        yield Published(f"http://127.0.0.1:{port}/")
    assert not re.findall(r"\[(?:warn|crit|alert|emerg)\].*", (folder / "error.log").read_text())


def test_pages_tables_and_files_come_through_as_they_are(published, behind):
    for address in ("/", "/search?q=coast", "/register", "/register/changes", "/changes.csv", "/nothing"):
        through, direct = published.get(address), behind.get(address, host=NAME)

        assert through.status == direct.status, address
        if not address.startswith("/register"):  # they say how long they took
            assert through.body == direct.body, address


@pytest.mark.parametrize("address", ["/", "/nothing", "/changes.csv", "/register", "/register/changes.json",
                                     "/feeds/", "/feeds/everything.atom", "/feeds/nothing"])  # fmt: skip
def test_no_header_is_there_twice_and_the_safe_ones_are_there_once(published, address):
    connection = http.client.HTTPConnection("127.0.0.1", published.port, timeout=PATIENCE_S)
    with contextlib.closing(connection):
        connection.request("GET", address, headers={"Host": NAME})
        answer = connection.getresponse()
        answer.read()
        # Vary is a list in as many lines as it likes.
        names = [name.lower() for name, _ in answer.getheaders() if name.lower() != "vary"]

    assert len(names) == len(set(names)), names
    assert {"x-content-type-options", "x-frame-options", "referrer-policy"} <= set(names)
    assert ("content-security-policy" in names) == (not address.startswith("/feeds"))  # the list of feeds has its own
    assert "set-cookie" not in names
    assert answer.getheader("server") == "nginx"


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("everything.atom", "application/atom+xml"),
        ("everything.rss", "application/rss+xml"),
        ("everything.json", "application/feed+json"),
        ("everything.ics", "text/calendar"),
        ("organisations/university_of_harrowdale.atom", "application/atom+xml"),
        ("", "text/html"),
    ],
)
def test_feeds_are_files_of_the_right_kind_and_sent_once(watch, published, path, content_type):
    answer = published.page(f"/feeds/{path}")

    assert answer.headers["content-type"] == f"{content_type}; charset=utf-8"
    assert answer.body == (watch.folder / "feeds" / (path or "index.html")).read_bytes()
    assert published.get(f"/feeds/{path}", if_none_match=answer.headers["etag"]).status == 304


def test_a_feed_says_where_it_is_and_the_pages_say_where_the_feeds_are(published):
    feed = feedparser.parse(published.page("/feeds/everything.atom").body)
    assert [link.href for link in feed.feed.links if link.rel == "self"] == [f"https://{NAME}/feeds/everything.atom"]

    link = published.page("/").soup.find("link", rel="alternate")["href"]
    assert published.page(link.removeprefix(f"https://{NAME}")).body


def test_the_list_of_feeds_may_use_its_own_style(published):
    soup = published.page("/feeds/").soup

    assert soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})
    assert soup.find("style")


def test_half_written_and_foreign_files_are_not_there(watch, published):
    (watch.folder / "feeds/.everything.atom.part").write_text("half")

    for path in (".everything.atom.part", "../registerwatch.toml", "..%2fregisterwatch.db", "organisations/", "../"):
        assert published.get(f"/feeds/{path}").status in (301, 400, 403, 404), path


def test_nothing_private_is_served(published):
    for address in ("/register/bodies", "/register/deliveries.json", "/register?sql=select+1",
                    "/register.db", "/-/databases.json", "/-/versions.json"):  # fmt: skip
        assert published.get(address).status in (400, 403, 404), address
    for address in ("/", "/register", "/register.json", "/runs"):
        assert "a secret reader" not in published.get(address).text


def test_a_packed_page_is_not_sent_twice_either(published):
    answer = published.get("/", accept_encoding="gzip")

    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["etag"].startswith('W/"')
    assert gzip.decompress(answer.body) == published.get("/").body
    assert published.get("/", accept_encoding="gzip", if_none_match=answer.headers["etag"]).status == 304


def test_reading_is_all_that_can_be_done_and_only_under_our_name(published):
    assert {published.get(path, method="POST").status for path in ("/", "/register", "/feeds/everything.atom")} == {405}
    assert published.get("/", content_length="5000").status == 413
    assert published.get("/", host="attacker.example").status == 421
    assert published.get("/", method="HEAD").body == b""


def test_addresses_in_json_begin_with_the_public_name_whatever_a_reader_says(published):
    page = json.loads(published.page("/register/agreement_datasets.json?_size=10").body)
    assert page["next_url"].startswith(f"http://{NAME}/register/agreement_datasets.json?")

    told = published.get("/register/agreement_datasets.json?_size=10", x_forwarded_host="evil.example",
                         x_forwarded_proto="gopher", forwarded="host=evil.example")  # fmt: skip
    assert "evil.example" not in told.text
    assert json.loads(told.body)["next_url"] == page["next_url"]


def test_redirects_stay_under_the_public_name(published):
    assert published.get("/tables").headers["location"] == "/register"


def test_a_long_csv_comes_as_it_is_made_and_whole(watch, published):
    connection = http.client.HTTPConnection("127.0.0.1", published.port, timeout=PATIENCE_S)
    with contextlib.closing(connection):
        connection.request("GET", "/register/agreement_datasets.csv?_stream=1&_size=max", headers={"Host": NAME})
        answer = connection.getresponse()
        assert answer.getheader("transfer-encoding") == "chunked"
        body = answer.read()
    rows = list(csv.reader(io.StringIO(body.decode())))
    with contextlib.closing(sqlite3.connect(watch.database)) as db:
        ((n,),) = db.execute("select count(*) from agreement_datasets").fetchall()

    assert len(rows) == n + 1
    assert len({len(row) for row in rows}) == 1


def test_indexing_machines_are_told_what_is_endless(published):
    answer = published.page("/robots.txt")

    assert answer.headers["content-type"] == "text/plain"
    assert "Disallow: /register\n" in answer.text


def test_who_asks_too_fast_is_told_so_and_the_program_is_not_asked(watch, behind, tmp_path):
    with (
        held_port() as port,
        nginx(tmp_path / "nginx", example(port, behind.port, watch.folder / "feeds", rate="1r/m")) as process,
    ):
        wait_for(port, process)
        slow = Published(f"http://127.0.0.1:{port}/")
        statuses = [slow.get("/robots.txt" if n else "/").status for n in range(3)]
        statuses += [slow.get("/static/site-0.css").status for _ in range(45)]

    assert statuses[0] == 200
    assert statuses[-1] == 429
    assert statuses.count(429) <= 8


def test_without_the_program_behind_it_the_feeds_are_still_there(watch, tmp_path):
    with (
        held_port() as port,
        held_port() as nobody,
        nginx(tmp_path / "nginx", example(port, nobody, watch.folder / "feeds")) as process,
    ):
        wait_for(port, process)
        alone = Published(f"http://127.0.0.1:{port}/")

        assert alone.get("/").status == 502
        assert alone.page("/feeds/everything.json").body


def test_the_unit_and_the_file_name_the_same_port_and_the_page_the_same_folder():
    unit = (ROOT / "cron/deploy/registerwatch-browse.service").read_text(encoding="utf-8")
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    conf = CONF.read_text(encoding="utf-8")

    (port,) = re.findall(r"--port (\d+)", unit)
    assert f"server 127.0.0.1:{port};" in conf
    assert " browse --public " in unit
    (folder,) = re.findall(r"alias (\S+)/;", conf)
    assert f'directory = "{folder}"' in page
    assert f"ReadWritePaths={folder}" in page
