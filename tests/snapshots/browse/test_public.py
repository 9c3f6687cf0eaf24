"""What `--public` shows and does not, through every door; and addresses that nobody would write by hand."""

import contextlib
import http.client
import json
import shutil
import sqlite3
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snapshots.browse.app.tables import PRIVATE, PRIVATE_COLUMNS
from snapshots.sql.comments import QUESTIONS
from tests.harness.browse_server import PATIENCE_S, register_database, serving

pytestmark = [
    # Datasette prepares questions about facets that it never asks once one of them cannot be asked.
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SECRET = "a-secret-word-of-ours"


@pytest.fixture(scope="module")
def register(tmp_path_factory):
    """A register in which whatever is private holds one word that can be looked for."""
    database = register_database(tmp_path_factory.mktemp("browse"))
    with contextlib.closing(sqlite3.connect(database)) as db, db:
        page, body = db.execute("select page, body from snapshots where run = 9 limit 1").fetchone()
        db.execute("update deliveries set subscription = ?, note = ?", (SECRET, f'"{SECRET}"'))
        for failures in ("attempts", "feeds_failed"):
            db.execute(f"insert into {failures} (at, reason) values ('2016-07-20T03:00:00Z', ?)", (SECRET,))
        db.execute("insert into validators (page, body, etag) values (?, ?, ?)", (page, body, SECRET))
        db.execute("update captures set headers = ? where run = 9", (f'[["Set-Cookie", "{SECRET}"]]',))
        db.execute("update bodies set kept_at = ?", (SECRET,))
    return database


@pytest.fixture(scope="module")
def public(register):
    with serving(register, public=True) as served:
        yield served


@pytest.fixture(scope="module")
def local(register):
    with serving(register) as served:
        yield served


def asked(database, sql):
    with contextlib.closing(sqlite3.connect(database)) as db:
        return db.execute(sql).fetchone()


def keys(database):
    """Return the key of a row of each private table, as it stands in an address."""
    body = asked(database, "select sha256 from bodies")[0]
    page = asked(database, "select page from validators")[0]
    numbered = dict.fromkeys(("attempts", "deliveries", "dictionaries", "feeds_failed"), "1")
    return {**numbered, "bodies": body, "validators": page}


DOORS = (
    "/register/{table}",
    "/register/{table}.json",
    "/register/{table}.json?_shape=array",
    "/register/{table}.json?_shape=object",
    "/register/{table}.json?_nl=on&_shape=array",
    "/register/{table}.csv",
    "/register/{table}.csv?_stream=1",
    "/register/{table}.csv?_dl=1&_labels=on",
    "/register/{table}?_facet=rowid",
    "/register/{table}?_search=secret",
    "/register/{table}?_size=max&_nocount=1",
    "/register/{table}?_extra=count",
    "/register/{table}?_trace=1",
    "/register/{table}/{key}",
    "/register/{table}/{key}.json",
    "/register/{table}/{key}.json?_extras=foreign_key_tables",
    "/register/{table}/{key}.blob?_blob_column=data",
    "/register/{table}.blob?_blob_column=data",
    "/register/{TABLE}",
    "/register/{TABLE}.json",
    "/register/{table}~20",
    "/register/[{table}]",
    "/register/main.{table}",
    "/register/%22{table}%22.json",
    "/register?sql=select+*+from+{table}",
    "/register.json?sql=select+*+from+{table}",
    "/register.csv?sql=select+*+from+{table}",
    "/register.json?sql=select+*+from+{table}&_shape=array",
    "/register/changes.json?_where=id+in+(select+1+from+{table})",
    "/register/changes.json?_where=1+union+select+*+from+{table}",
    "/register/changes.json?_facet=(select+1+from+{table})",
    "/register/changes.json?_sort=(select+1+from+{table})",
    "/register/changes.json?_col=(select+1+from+{table})",
    "/register/who_has_dataset.json?dataset=x&sql=select+*+from+{table}",
    "/_internal/{table}",
    "/_memory?sql=select+*+from+{table}",
)


@pytest.mark.parametrize("table", sorted(PRIVATE))
@pytest.mark.parametrize("door", DOORS)
def test_behind_no_door_stands_anything_private(register, public, door, table):
    address = door.format(table=table, TABLE=table.upper(), key=keys(register)[table])
    answer = public.get(address)

    assert answer.status < 500
    assert SECRET.encode() not in answer.body
    if answer.status == 200:  # the question has an answer without what the address tried to bring in
        assert address.startswith(("/register/changes", "/register/who_has_dataset"))
    else:
        assert answer.status in (301, 302, 400, 403, 404)


def test_the_same_things_are_there_on_this_machine(register, local):
    for table, key in keys(register).items():
        assert local.get(f"/register/{table}.json").status == 200
        if table != "attempts":
            assert local.get(f"/register/{table}/{key}.json").status == 200
    assert SECRET in local.page("/register/deliveries").text
    assert SECRET in local.page("/register/captures.json?run=9").text


@pytest.mark.parametrize(
    "address",
    [
        "/register",
        "/register.json?_show_hidden=1",
        "/register?_show_hidden=1",
        "/register/captures.json?run=9",
        "/register/captures.csv?run=9&_stream=1",
        "/register/captures?run=9&_facet=headers",
        "/register/captures?_facet_array=headers",
        "/register/captures.json?headers__contains=Cookie",
        "/register/snapshots.json?run=9&_labels=on",
        "/register/snapshots?_facet=body",
        "/register/runs/9",
        "/register/runs/9.json?_extras=foreign_key_tables",
        "/status",
        "/runs/9",
        "/runs/9/manifests/9.json",
        "/feeds",
    ],
)
def test_nothing_private_comes_in_through_labels_links_or_our_own_pages(public, address):
    assert SECRET not in public.page(address).text


def test_a_private_column_cannot_be_probed(public):
    rows = json.loads(public.page("/register/captures.json?headers__contains=Cookie&_shape=array").body)
    through = quote(json.dumps({"table": "validators", "column": "etag", "value": SECRET}))
    answer = public.get(f"/register/pages.json?_through={through}")

    assert rows == []
    assert answer.status in (400, 403) or json.loads(answer.body)["rows"] == []
    assert ("captures", "headers") in PRIVATE_COLUMNS


@pytest.mark.parametrize(
    "address", ["/register?sql=select+1", "/register.json?sql=select+1", "/register.csv?sql=select+1"]
)
def test_there_is_no_sql_in_public_but_the_questions_there_are(public, local, address):
    assert public.get(address).status == 403
    assert local.get(address).status == 200
    assert public.page(f"/register/{QUESTIONS[0].name}.json").status == 200
    assert not public.page("/register").soup.select("textarea")


@pytest.mark.parametrize(
    "address", ["/register.db", "/register.db?x=1", "/register.db/", "/register/.db", "/register~2Edb"]
)
def test_the_database_cannot_be_taken_away(public, address):
    answer = public.get(address)

    assert answer.status != 200
    assert b"SQLite format 3" not in answer.body


INNER = (
    "databases plugins versions settings threads actor metadata allow-debug permissions messages patterns auth-token "
    "logout config tables rules jump schema inspect permission check allowed static/../app.py"
)


@pytest.mark.parametrize("name", INNER.split())
def test_nothing_is_told_about_the_machine(register, public, name):
    for address in (f"/-/{name}", f"/-/{name}.json", f"/%2D/{name}", f"//-/{name}"):
        answer = public.get(address)
        assert answer.status in (301, 302, 404), address
        assert str(register.parent) not in answer.text


def test_kept_pages_are_not_linked_to_where_they_are_not_shown(register, public, local):
    change = asked(register, "select id from changes where snapshot_after is not null and member_of is null")[0]

    assert "As it was kept" in local.page(f"/changes/{change}").text
    assert "As it was kept" not in public.page(f"/changes/{change}").text


# --- files of the site ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["../pages.py", "..%2fpages.py", "%2e%2e/pages.py", "%252e%252e%252fpages.py", "..%5cpages.py", "site.css",
     "site-0.css", "site-.css", "/etc/passwd", "%00", "site%00-0.css", "-.css", ".css", "x" * 3000],
)  # fmt: skip
@pytest.mark.parametrize("below", ["/static/", "/-/static/", "/-/static-plugins/a/"])
def test_nothing_but_the_sites_own_files_lies_below_static(public, below, path):
    answer = public.get(below + path)

    assert answer.status in (301, 302, 400, 403, 404)
    assert b"import " not in answer.body


# --- HTTP -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "BREW", "get"])
@pytest.mark.parametrize("address", ["/", "/register", "/register/changes.json", "/changes/00000000", "/static/x"])
def test_no_method_but_get_and_head_is_answered(public, method, address):
    if method == "CONNECT":
        address = "example.org:443"
    answer = public.get(address, method=method)

    assert 400 <= answer.status < 500


@pytest.mark.parametrize("host", ["", "evil.example", "[::1", "a" * 2000, "localhost:x", "127.0.0.1:99999", "é", "a b"])
def test_an_odd_host_is_no_error(local, public, host):
    for served in (local, public):
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            connection.putrequest("GET", "/register", skip_host=True)
            connection.putheader("Host", host.encode())
            connection.endheaders()
            assert connection.getresponse().status < 500


@pytest.mark.parametrize("length", [1_000, 20_000, 60_000])
def test_a_very_long_question_is_no_error(public, length):
    for address in (f"/search?q={'x' * length}", f"/register/changes.json?_search={'x' * length}",
                    f"/register/changes.json?{'a=b&' * (length // 4)}", f"/{'x' * length}",
                    f"/?{'kind=x&' * (length // 7)}"):  # fmt: skip
        assert public.get(address).status < 500


PARTS = st.sampled_from(
    """
    register changes changes.json changes.csv runs runs/1 pages texts states snapshots agreements organisations datasets
    legal-bases compare expiring red-flags feeds status search tables static - _memory .. . %2e%2e %00 %ff %2F ~2F ~ *
    ' " < 1 -1 99999999999999999999 1.json 1.blob sqlite_master who_has_dataset words_in_prose.json bodies.csv
    current_agreements changes_search %F0%9F%9A%A9 %ED%A0%80 %C3%A9
    """.split()
)
NAMES = st.sampled_from(
    """
    q kind severity organisation dataset words since until before as_of from to all in page _sort _sort_desc _facet
    _facet_array _facet_date _facet_size _size _next _search _searchmode _search_title _where _through _col _nocol
    _shape _nl _json _labels _label _stream _header _dl _ttl _trace _extra _extras _timelimit _filter_column _filter_op
    _filter_value id__in id__date id__arraycontains id__regexp id__gt first_seen__null _show_hidden _hide_sql sql
    _blob_column reference years month _nofacet _nosuggest _nocount _sort_by_desc
    """.split()
)
VALUES = st.one_of(
    st.sampled_from(["", "1", "on", "-1", "id", "nope", "first_seen", "[", "{}", '{"table":"bodies"}', "%", "max",
                     "array", "object", "arrays", "raw", "a,b,c", "2016-05-20", "0000", "9999-99-99", "\x00", "\u202e",
                     "a" * 400, "1e999", "select 1", "NaN", "'", '"', "*", "NEAR("]),
    st.text(max_size=20),
)  # fmt: skip


@st.composite
def addresses(draw):
    path = "/" + "/".join(draw(st.lists(PARTS, max_size=4)))
    query = draw(st.lists(st.tuples(NAMES, VALUES), max_size=4))
    words = "&".join(f"{name}={quote(value.encode('utf-8', 'surrogatepass'))}" for name, value in query)
    return f"{path}?{words}" if words else path


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(address=addresses(), method=st.sampled_from(["GET", "HEAD"]))
def test_no_address_breaks_the_pages(public, address, method):
    answer = public.get(address, method=method)

    assert answer.status < 500, address
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "DENY"
    assert "server" not in answer.headers
    assert SECRET.encode() not in answer.body


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(address=addresses())
def test_no_address_breaks_the_pages_on_this_machine(local, address):
    answer = local.get(address)

    assert answer.status < 500, address
    assert "default-src 'none'" in answer.headers["content-security-policy"]


# --- when the file is not there ---------------------------------------------------------------------------------------


def test_tables_say_that_the_database_cannot_be_read_and_not_where_it_lies(register, tmp_path):
    database = tmp_path / "copy.db"
    shutil.copy(register, database)
    with serving(database, public=True) as served:
        database.rename(tmp_path / "elsewhere.db")
        answer = served.get("/register/changes.json")

    assert answer.status < 504
    assert answer.status != 200 or json.loads(answer.body)["rows"]  # a connection that was open goes on
    assert str(tmp_path) not in answer.text
