"""What is uploaded and installed: the same bytes from the same source, complete, clear about strangers beside it."""

import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

import registerwatch

ROOT = Path(__file__).parents[1]
PROGRAM = ("registerwatch.py", "scraper", "snapshots", "diff", "notify", "cron")
SOURCE = (*PROGRAM, "LICENSE", "README.md", "pyproject.toml")
EPOCH = "1790000000"


def copied(folder, *, touched):
    """Copy what the package is made of, as if it had been written at another time and read in another order."""
    for name in reversed(SOURCE) if touched else SOURCE:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    for path in folder.rglob("*"):
        os.utime(path, (touched or 1_700_000_000,) * 2)
    return folder


def built(source, target):
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(target)]
    done = subprocess.run(
        command, cwd=source, env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return {path.suffix: path for path in target.iterdir()}


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    pytest.importorskip("hatchling", reason="make installs hatchling, which builds the package")
    folder = tmp_path_factory.mktemp("package")
    made = []
    for name, touched in (("one", 0), ("two", 1_600_000_000)):
        (folder / name).mkdir()
        made.append(built(copied(folder / name, touched=touched), folder / f"{name}-built"))
    return made


@pytest.fixture(scope="module")
def wheel(packages):
    with zipfile.ZipFile(packages[0][".whl"]) as file:
        yield file


@pytest.mark.large
@pytest.mark.parametrize("suffix", [".whl", ".gz"])
def test_the_same_source_is_the_same_bytes_whenever_it_is_built(packages, suffix):
    one, two = (hashlib.sha256(built[suffix].read_bytes()).hexdigest() for built in packages)

    assert one == two


@pytest.mark.large
def test_the_wheel_has_every_file_of_the_program_and_nothing_else(wheel):
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if tracked.returncode:
        pytest.skip("not a checkout")
    # What is not committed yet is there too, before the commit.
    ours = {name for name in tracked.stdout.splitlines() if name.split("/")[0] in PROGRAM}
    there = {name for name in wheel.namelist() if ".dist-info/" not in name}

    assert {name for name in ours if (ROOT / name).exists()} - there == set()
    assert {name.split("/")[0] for name in there} == set(PROGRAM)
    assert not [name for name in there if "__pycache__" in name or name.endswith(".pyc")]


@pytest.mark.large
def test_its_metadata_say_what_it_is_where_and_for_whom(wheel):
    (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    said = HeaderParser().parsestr(wheel.read(name).decode())

    assert (said["Name"], said["License-Expression"], said["License-File"]) == ("registerwatch", "MIT", "LICENSE")
    assert {line.split(",")[0] for line in said.get_all("Project-URL")} == {
        "Homepage", "Documentation", "Source", "Issues", "Changelog",
    }  # fmt: skip
    assert said["Summary"]
    assert said["Keywords"]
    assert said["Author-email"]
    assert said["Description-Content-Type"] == "text/markdown"
    assert "Programming Language :: Python :: 3.11" in said.get_all("Classifier")


def test_nothing_can_be_uploaded_while_its_addresses_are_nobodys():
    """The step before an upload is asked what it says of this source."""
    workflow = (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")
    (step,) = [line for line in workflow.splitlines() if "invalid" in line]
    command = step.partition("run: ")[2].strip('"').replace("\\\\", "\\")
    found = subprocess.run(["/bin/sh", "-c", command], cwd=ROOT, check=False)
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"].values()

    assert command.startswith("! grep")
    assert (found.returncode != 0) is any(".invalid" in url for url in urls)


# --- beside strangers -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Unpack the wheel, which is how it is installed."""
    site = tmp_path_factory.mktemp("site")
    wheel.extractall(site)
    return site


def stranger(folder, package):
    """Install another distribution that has *package*."""
    (folder / package).mkdir(exist_ok=True, parents=True)
    (folder / package / "__init__.py").write_text('"""Somebody else\'s."""\n')
    info = folder / f"{package}-4.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: python-{package}\nVersion: 4.2\n")
    (info / "RECORD").write_text(f"{package}/__init__.py,,\n")


def started(*folders, arguments=("--version",), cwd):
    program = [sys.executable, "-c", "from registerwatch import main; main()", *arguments]
    return subprocess.run(
        program,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))},
        capture_output=True,
        text=True,
    )


@pytest.mark.large
def test_it_starts_from_the_wheel_outside_of_any_checkout(installed, tmp_path):
    where = "import cron, snapshots; print(cron.__file__, snapshots.__file__)"
    found = subprocess.run(
        [sys.executable, "-c", where], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    done = started(installed, arguments=["demo", "here"], cwd=tmp_path)

    assert all(path.startswith(str(installed)) for path in found.stdout.split())
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "here/registerwatch.db").exists()


@pytest.mark.large
@pytest.mark.parametrize("package", list(registerwatch.NOTES))
def test_a_package_of_another_distribution_before_ours_is_one_clear_line(installed, tmp_path, package):
    stranger(tmp_path / "elsewhere", package)
    done = started(tmp_path / "elsewhere", installed, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"registerwatch: the package `{package}` is not registerwatch's: python-{package} 4.2 is installed here too. "
        "Install registerwatch in an environment of its own: pipx install registerwatch\n"
    )


@pytest.mark.large
def test_a_package_written_over_by_another_distribution_is_one_clear_line(installed, tmp_path):
    site = Path(shutil.copytree(installed, tmp_path / "site"))
    stranger(site, "diff")
    done = started(site, cwd=tmp_path)

    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("registerwatch: the package `diff` is not registerwatch's: python-diff 4.2")


@pytest.mark.large
def test_a_module_that_another_distribution_has_taken_away_is_one_clear_line(installed, tmp_path):
    site = Path(shutil.copytree(installed, tmp_path / "site"))
    stranger(site, "notify")
    shutil.copy(installed / "notify/__init__.py", site / "notify/__init__.py")
    shutil.rmtree(site / "cron/commands")
    done = started(site, cwd=tmp_path)

    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "python-notify 4.2 is installed here too" in done.stderr


@pytest.mark.parametrize("package", list(registerwatch.NOTES))
def test_the_notes_by_which_our_packages_are_known_are_theirs(package):
    assert (ROOT / package / "__init__.py").read_text(encoding="utf-8").startswith(registerwatch.NOTES[package])
