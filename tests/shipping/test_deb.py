"""The Debian package in a Debian of its own: installed, upgraded with a history of version one, removed, purged.

It takes minutes: the package is built, and a root is made by debootstrap, unless DEBIAN_ROOT names one with python3,
adduser, ca-certificates, tzdata and libstdc++6, which is copied.
"""

import lzma
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = "/usr/bin/python3"
DATA = ROOT / "tests/data"
HOME = "/var/lib/registerwatch"
SETTINGS = "/etc/registerwatch/registerwatch.toml"

pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="dpkg-deb is not here: no Debian"),
]


def done(*command, **more):
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True, **more)
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result.stdout


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    if subprocess.run([PYTHON, "-c", "import ensurepip, venv"], capture_output=True).returncode:
        pytest.skip("Debian's python3-venv is not installed")
    out = tmp_path_factory.mktemp("deb")
    return Path(done(PYTHON, ROOT / "shipping/deb.py", "--out", out).split()[-1])


@pytest.fixture(scope="module")
def newer(package, tmp_path_factory):
    """The same package under the next number."""
    folder = tmp_path_factory.mktemp("newer")
    done("dpkg-deb", "--raw-extract", package, folder / "tree")
    control = folder / "tree/DEBIAN/control"
    control.write_text(control.read_text().replace("\nVersion: ", "\nVersion: 9:"))
    done("dpkg-deb", "--root-owner-group", "-Znone", "--build", folder / "tree", folder / "newer.deb")
    return folder / "newer.deb"


class Debian:
    """A root with a Debian in it, and what is done there."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, *command):
        environ = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
        return subprocess.run(["chroot", str(self.folder), *command], env=environ, capture_output=True, text=True)

    def done(self, *command):
        result = self(*command)
        assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
        return result.stdout

    def as_user(self, line):
        return self("su", "registerwatch", "-c", f"cd {HOME} && {line}")

    def path(self, name):
        return self.folder / name.lstrip("/")

    def install(self, package):
        shutil.copy(package, self.folder / "tmp/package.deb")
        # Everything that it depends on is there already, so nothing is fetched.
        return self.done("apt-get", "install", "--yes", "--no-install-recommends", "/tmp/package.deb")


@pytest.fixture(scope="module")
def debian(tmp_path_factory):
    if os.geteuid():
        pytest.skip("only root may change into another root")
    folder = tmp_path_factory.mktemp("debian") / "root"
    if prepared := os.environ.get("DEBIAN_ROOT"):
        done("cp", "-a", prepared, folder)
    elif shutil.which("debootstrap"):
        wanted = "--include=python3,adduser,ca-certificates,tzdata,libstdc++6"
        made = subprocess.run(
            ["debootstrap", "--variant=minbase", wanted, "bookworm", str(folder)], capture_output=True, text=True
        )
        if made.returncode:
            pytest.skip(f"debootstrap made no root: {made.stderr[-200:]}")
    else:
        pytest.skip("debootstrap is not installed")
    yield Debian(folder)
    shutil.rmtree(folder, ignore_errors=True)


def test_the_checker_of_debian_finds_no_error(package):
    if not shutil.which("lintian"):
        pytest.skip("lintian is not installed")
    found = subprocess.run(["lintian", str(package)], capture_output=True, text=True)

    assert [line for line in found.stdout.splitlines() if line.startswith("E:")] == []


def test_one_life_of_the_package(debian, package, newer):
    """One test: each step stands on the one before."""
    said = debian.install(package)
    assert "systemctl enable --now registerwatch.timer registerwatch-notify.timer" in said
    it_is_installed(debian)
    it_works(debian)
    it_is_upgraded(debian, newer)
    it_goes(debian)


def it_is_installed(debian):
    settings = debian.done("stat", "--format=%U %G %a", SETTINGS)
    home = debian.done("stat", "--format=%U %G %a", HOME)

    assert (settings, home) == ("root registerwatch 640\n", "registerwatch registerwatch 750\n")
    assert debian.done("getent", "passwd", "registerwatch").endswith(f"{HOME}:/bin/sh\n")
    assert debian.done("dpkg-query", "--show", "--showformat=${Conffiles}", "registerwatch").split()[0] == SETTINGS
    for name in (
        "/usr/share/man/man1/registerwatch.1.gz",
        "/usr/share/bash-completion/completions/registerwatch",
        "/lib/systemd/system/registerwatch.timer",
        "/lib/systemd/system/registerwatch-trouble@.service",
        "/usr/share/doc/registerwatch/copyright",
    ):
        assert debian.path(name).stat().st_size
    units = "".join(path.read_text() for path in debian.path("/lib/systemd/system").glob("registerwatch*"))
    assert "/opt/" not in units
    assert "ExecStart=/usr/bin/registerwatch run" in units


def it_works(debian):
    assert debian.done("registerwatch", "--version").startswith("registerwatch, version ")
    # Without a contact nothing is fetched.
    refused = debian.as_user("registerwatch run")
    assert (refused.returncode, "contact" in refused.stderr) == (2, True)
    assert debian.as_user("registerwatch demo /tmp/tried").returncode == 0
    changes = debian.as_user("registerwatch --db /tmp/tried/registerwatch.db changes --format ndjson")
    assert changes.stdout.count("\n") == 9


def it_is_upgraded(debian, newer):
    """What was written into the settings stays, and the history of version one is one of today."""
    settings = debian.path(SETTINGS)
    settings.write_text(settings.read_text().replace('#contact = "you@', 'contact = "me@'))
    history = debian.path(HOME) / "registerwatch.db"
    history.write_bytes(lzma.decompress((DATA / "version-1.db.xz").read_bytes()))
    debian.done("chown", "registerwatch:registerwatch", f"{HOME}/registerwatch.db")
    said = debian.install(newer)

    assert "could not be opened" not in said
    assert 'contact = "me@example.org"' in settings.read_text()
    assert debian.done("stat", "--format=%U %G %a", SETTINGS) == "root registerwatch 640\n"
    assert list(history.parent.glob("registerwatch.db.before-*"))
    assert debian.as_user("registerwatch verify").returncode == 0
    assert debian.as_user("registerwatch agreements --format ndjson").stdout.count("\n") > 10
    assert debian.as_user("test -O registerwatch.db").returncode == 0


def it_goes(debian):
    debian.done("apt-get", "remove", "--yes", "registerwatch")
    assert not debian.path("/usr/lib/registerwatch").exists()
    assert not debian.path("/usr/bin/registerwatch").is_symlink()
    assert debian.path(SETTINGS).exists()
    assert (debian.path(HOME) / "registerwatch.db").exists()
    debian.done("apt-get", "purge", "--yes", "registerwatch")
    left = debian.done(
        "find", "/", "-xdev", "-name", "*registerwatch*", "-not", "-path", "/tmp/*", "-not", "-path", "/proc/*"
    )
    assert {line for line in left.split() if "/apt/" not in line and "/dpkg/" not in line} == set()
