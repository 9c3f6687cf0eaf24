"""The rules of the house (docs/architecture.md), read off the source itself."""

import ast
import builtins
import re
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from benchmarks.house import fullest_folders, read

ROOT = Path(__file__).parents[1]
PACKAGES = ("scraper", "snapshots", "diff", "notify", "cron")

MAY_IMPORT = {
    "cron": {"snapshots", "notify", "diff", "scraper"},
    "snapshots": {"diff", "scraper"},
    "notify": {"diff", "scraper"},
    "diff": {"scraper"},
    "scraper": set(),
}

MAY_ASK = {
    "commands": {"work", "official", "following", "terminal", "settings", "demo"},
    "official": {"work", "settings"},
    "following": {"work", "settings"},
    "work": {"official", "following", "settings"},
    "terminal": {"work", "official"},
    "settings": set(),
    "demo": {"work", "terminal", "settings"},
}
"""Room of cron/ → the rooms beside it that it may import; cli.py, which joins them, may import all."""

IMPURE_ROOMS_OF_SCRAPER = {
    "scraper/official/sheets.py",
    "scraper/web/fetch.py",
    "scraper/web/connections.py",
    "scraper/web/proxy.py",
    "scraper/web/sockets.py",
    "scraper/web/transport.py",
    "scraper/web/operator_service.py",
    "scraper/web/crawl.py",
    "scraper/files.py",
}
"""They are the network's, and the one that writes files whole; every other room of scraper/ is pure."""

PACKAGED_FACTS = "scraper/names/packaged.py"
"""The one pure room that reads: the data files that are part of the program, through pkgutil."""

# What reaches files, the network, other processes, the clock, chance, a database or the settings.
IMPURE_MODULES = set(
    "os io pathlib shutil tempfile glob fcntl mmap subprocess multiprocessing threading concurrent asyncio signal "
    "socket ssl select http urllib ftplib smtplib email requests urllib3 time random secrets uuid sqlite3 sqlite_utils "
    "logging configparser pydantic click sys ctypes".split()
)
PURE_AFTER_ALL = {"urllib.parse"}
IMPURE_CALLS = {"open", "print", "input", "exec", "eval", "breakpoint", "__import__"}
CLOCK_METHODS = {"now", "utcnow", "today"}
FILE_METHODS = {"read_text", "write_text", "read_bytes", "write_bytes", "unlink", "mkdir", "iterdir"}


def modules(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(path: Path) -> Iterator[str]:
    """Yield the full names of the modules that *path* imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            assert node.level == 0, f"{name_of(path)}: relative import"
            yield from (f"{module}.{alias.name}" for alias in node.names)


def is_pure_room(path: Path) -> bool:
    return path.is_relative_to(ROOT / "diff") or (
        path.is_relative_to(ROOT / "scraper") and name_of(path) not in IMPURE_ROOMS_OF_SCRAPER
    )


ALL = modules(*PACKAGES)
PURE = [path for path in ALL if is_pure_room(path)]


def test_there_is_something_to_look_at():
    assert {path.relative_to(ROOT).parts[0] for path in ALL} == set(PACKAGES)
    assert {"diff/change.py", "scraper/records.py", "scraper/errors.py"} <= set(map(name_of, PURE))


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_arrows_between_the_folders_are_never_reversed(path):
    package = path.relative_to(ROOT).parts[0]
    ours = {name.partition(".")[0] for name in imported(path)} & {*PACKAGES, "tests", "benchmarks", "docs"}

    assert ours - {package} <= MAY_IMPORT[package]


@pytest.mark.parametrize("path", modules("cron"), ids=name_of)
def test_in_cron_commands_ask_work_and_terminal_and_neither_asks_back(path):
    room = path.relative_to(ROOT).parts[1]
    asked = {name.split(".")[1] for name in imported(path) if name.startswith("cron.")}

    assert asked - {room} <= MAY_ASK.get(room, asked)
    if room in ("work", "following", "settings") or (room == "terminal" and path.name != "output.py"):
        assert not any(name.partition(".")[0] == "click" for name in imported(path))


@pytest.mark.parametrize("path", modules("cron/terminal"), ids=name_of)
def test_the_terminal_is_given_values_and_fetches_none(path):
    of_work = {name for name in imported(path) if name.startswith("cron.work.") and name.count(".") == 3}

    assert all(name.rpartition(".")[2][0].isupper() for name in of_work)
    assert not any(name.startswith(("snapshots.keeping", "snapshots.browse", "sqlite")) for name in imported(path))


@pytest.mark.parametrize("path", PURE, ids=name_of)
def test_pure_rooms_import_nothing_that_reaches_outside(path):
    reaching = {
        name
        for name in imported(path)
        if name.partition(".")[0] in IMPURE_MODULES and not any(name.startswith(pure) for pure in PURE_AFTER_ALL)
    }
    assert not reaching


@pytest.mark.parametrize("path", PURE, ids=name_of)
def test_pure_rooms_open_no_file_and_ask_no_clock(path):
    calls = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS:
            calls.add(node.func.id)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = node.func.attr
            of_class = isinstance(node.func.value, ast.Name) and node.func.value.id in ("datetime", "date")
            if (name in CLOCK_METHODS and of_class) or (name in FILE_METHODS and name_of(path) != PACKAGED_FACTS):
                calls.add(name)

    assert not calls


def test_only_one_pure_room_reads_the_packaged_facts():
    ways = ("importlib", "pkgutil")
    readers = {name_of(path) for path in PURE if any(name.startswith(ways) for name in imported(path))}

    assert readers == {PACKAGED_FACTS}


@pytest.mark.parametrize("path", modules("scraper", "diff", "notify", "cron"), ids=name_of)
def test_sql_and_its_library_stay_in_snapshots(path):
    assert not {name.partition(".")[0] for name in imported(path)} & {"sqlite3", "sqlite_utils"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = node.value.lower().split()
            assert not (words[:1] in (["select"], ["pragma"]) and ("from" in words or words[0] == "pragma"))
            assert words[:2] not in (["insert", "into"], ["create", "table"], ["delete", "from"])


@pytest.mark.parametrize("path", modules("scraper", "diff", "snapshots", "notify"), ids=name_of)
def test_only_the_command_line_prints(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}

    assert not {"print"} & names
    assert not {"stdout", "stderr"} & attributes


def test_no_other_distribution_takes_one_of_our_names():
    # PyPI has a `diff`, a `scraper` and a `snapshots`: installed beside us, one of them could be imported in our place.
    owners = {name: set(found) for name, found in metadata.packages_distributions().items() if name in PACKAGES}
    taken = [
        f"{file} of {distribution.metadata['Name']}"
        for distribution in metadata.distributions()
        if distribution.metadata["Name"] != "registerwatch"
        for file in distribution.files or ()
        if file.parts[0].removesuffix(".py") in PACKAGES
    ]

    assert not taken
    assert all(found == {"registerwatch"} for found in owners.values())


@pytest.mark.parametrize("package", PACKAGES)
def test_our_names_import_our_folders(package):
    module = __import__(package)

    assert Path(module.__file__).parent == ROOT / package


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_every_module_says_what_it_is_for(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_a_note_and_no_code(package):
    (note,) = ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8")).body

    assert isinstance(note, ast.Expr)


MOST_MODULES = 14


def test_no_folder_has_more_modules_than_one_can_look_through():
    assert [folder for folder, n in fullest_folders(read()) if n > MOST_MODULES] == []


def test_all_errors_grow_on_one_tree():
    for path in ALL:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and node.name.endswith("Error") and node.name != "RegisterWatchError":
                bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
                assert all(base.endswith("Error") and not hasattr(builtins, base) for base in bases), node.name
                assert bases not in ([], ["Exception"]), node.name


def test_pins_and_ranges_name_the_same_distributions():
    # Names, versions and markers only: no index, no address, no path.
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and line[0] != "#"]

    assert all("==" in line and "/" not in line and "@" not in line for line in lines)


def test_no_set_is_joined_in_place_with_the_keys_of_a_dictionary():
    """`a |= b.keys()` makes a new set of all of both each time: in a loop that is quadratic. `a.update(b)` is meant."""
    joined = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for room in PACKAGES
        for path in sorted((ROOT / room).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.BitOr) and is_view(node.value)
    ]

    assert joined == []


def is_view(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("keys", "items")


CLOCKS = {"monotonic", "perf_counter", "process_time", "thread_time", "time"}


def looks_at_a_clock(node: ast.AST) -> bool:
    return any(
        isinstance(one, ast.Call)
        and isinstance(one.func, ast.Attribute)
        and one.func.attr in CLOCKS
        and getattr(one.func.value, "id", "") == "time"
        for one in ast.walk(node)
    )


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("*.py")), ids=name_of)
def test_no_test_asserts_how_long_something_took(path):
    """On a busy machine it would fail for no fault of the program: work is bounded by counting it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    took = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp) and looks_at_a_clock(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    asserted = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert)
        and (looks_at_a_clock(node) or took & {one.id for one in ast.walk(node) if isinstance(one, ast.Name)})
    ]

    assert asserted == []


def pins(file):
    """Return name → versions of a file of pins; a name is spelled in one way whoever wrote it."""
    found = {}
    for name, version in re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / file).read_text(), re.MULTILINE):
        found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), set()).add(version)
    return found


def test_what_is_installed_is_what_is_pinned_with_a_hash_for_each():
    # `make lock` writes both files; those that the program does not need on every system are in the locks alone.
    wanted = pins("constraints.txt")
    for file in ("requirements.txt", "requirements-dev.txt"):
        locked = pins(file)
        assert {name: found for name, found in locked.items() if found != wanted.get(name, found)} == {}
        entries = re.split(r"\n(?=[\w.-]+==)", (ROOT / file).read_text())[1:]
        assert all("--hash=sha256:" in entry and "://" not in entry for entry in entries)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    direct = {re.match(r"[\w.-]+", one)[0].lower().replace("_", "-") for one in project["dependencies"]}
    assert direct <= pins("requirements.txt").keys()
