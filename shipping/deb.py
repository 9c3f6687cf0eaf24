"""Build the Debian package: one for this architecture and this Python, its own environment in /usr/lib/registerwatch.

`make deb`, or `/usr/bin/python3 shipping/deb.py [--out FOLDER]`. It runs with the Python that the package is for, and
needs no more than Debian's python3-venv and dpkg-deb. Nothing is compiled: it takes the wheels of requirements.txt,
each by its hash.
"""

import argparse
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
DEBIAN = Path(__file__).with_name("debian")
HOME = Path("usr/lib/registerwatch")
MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
SITE = HOME / f"lib/python{MINOR}/site-packages"
DOCS = Path("usr/share/doc/registerwatch")
UNITS = Path("lib/systemd/system")
BUILDS_ONLY = {"hatchling", "pathspec", "trove-classifiers"}
"""What requirements.txt has for building our wheel."""

SCRIPT = """\
#!/usr/lib/registerwatch/bin/python3
import sys

from registerwatch import main

sys.exit(main())
"""


def run(*command: object, **more: object) -> str:
    """Run a command and return what it says."""
    done = subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True, **more)  # type: ignore[call-overload]
    return str(done.stdout)


def version(source: Path) -> str:
    """Return the version of the package: that of pyproject.toml and, between releases, the number of commits."""
    found = re.search(r'^version = "(.+)"$', (source / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    number = found[1] if found else "0"
    if run("git", "-C", source, "tag", "--points-at", "HEAD", "--list", f"v{number}").strip():
        return f"{number}-1"
    return f"{number}+{run('git', '-C', source, 'rev-list', '--count', 'HEAD').strip()}-1"


def without(requirements: str, names: set[str]) -> str:
    r"""Return requirements with hashes, less some distributions.

    >>> without("a==1 --hash=x\nb==2 --hash=y\n", {"a"})
    'b==2 --hash=y\n'
    """
    entries = re.split(r"(?m)^(?=[\w.-]+==)", requirements)
    return "".join(one for one in entries if re.split(r"==", one)[0] not in names)


# --- what is in it ----------------------------------------------------------------------------------------------------


def environment(stage: Path, source: Path, work: Path) -> None:
    """Fill /usr/lib/registerwatch: what we need by its hash, ourselves, a python that looks nowhere else."""
    tools = work / "tools"
    run(sys.executable, "-m", "venv", tools)
    pip = (tools / "bin/python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    by_hash = ("--no-deps", "--require-hashes", "--only-binary", ":all:")
    run(*pip, *by_hash, "-r", source / "requirements.txt")
    needed = work / "needed.txt"
    needed.write_text(without((source / "requirements.txt").read_text(encoding="utf-8"), BUILDS_ONLY), encoding="utf-8")
    run(*pip, *by_hash, "--no-compile", "--target", stage / SITE, "-r", needed)
    run(tools / "bin/python", "-m", "hatchling", "build", "-t", "wheel", "-d", work / "wheel", cwd=source)
    (wheel,) = (work / "wheel").glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        file.extractall(stage / SITE)
    shutil.rmtree(stage / SITE / "bin", ignore_errors=True)
    (stage / HOME / "bin").mkdir()
    (stage / HOME / "bin/python3").symlink_to(f"/usr/bin/python{MINOR}")
    (stage / HOME / "bin/registerwatch").write_text(SCRIPT)
    (stage / HOME / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n")
    (stage / "usr/bin").mkdir()
    (stage / "usr/bin/registerwatch").symlink_to("../lib/registerwatch/bin/registerwatch")


def told_by_itself(stage: Path, source: Path) -> None:
    """Write what the program says of itself: its page of the manual, and what shells complete."""
    environ = {**os.environ, "PYTHONPATH": str(stage / SITE), "PYTHONDONTWRITEBYTECODE": "1"}
    page = run(sys.executable, source / "shipping/man.py", env=environ)
    write(stage / "usr/share/man/man1/registerwatch.1.gz", page)
    places = {
        "bash": "usr/share/bash-completion/completions/registerwatch",
        "zsh": "usr/share/zsh/vendor-completions/_registerwatch",
        "fish": "usr/share/fish/vendor_completions.d/registerwatch.fish",
    }
    for shell, place in places.items():
        asked = {**environ, "_REGISTERWATCH_COMPLETE": f"{shell}_source"}
        write(stage / place, run(sys.executable, "-c", "from registerwatch import main; main()", env=asked))


def settings_and_units(stage: Path, source: Path) -> None:
    """Put the settings, the units and the folder of the history in their places."""
    write(stage / "etc/registerwatch/registerwatch.toml", (DEBIAN / "registerwatch.toml").read_text(encoding="utf-8"))
    (stage / "etc/registerwatch/registerwatch.toml").chmod(0o640)
    (stage / "var/lib/registerwatch").mkdir(parents=True)
    # Settings are looked for in the folder in which the program runs.
    (stage / "var/lib/registerwatch/registerwatch.toml").symlink_to("/etc/registerwatch/registerwatch.toml")
    for unit in (source / "cron/deploy").glob("registerwatch*.*"):
        text = unit.read_text(encoding="utf-8").replace("/opt/registerwatch/.venv/bin/", "/usr/bin/")
        write(stage / UNITS / unit.name, text.replace("file:///opt/registerwatch/docs/", f"file:///{DOCS}/"))


def documents(stage: Path, source: Path, number: str, when: datetime) -> None:
    """Write what Debian wants to be there, and the pages that the units name."""
    licence = (source / "LICENSE").read_text(encoding="utf-8").partition("\n\n")[2].partition("\n\n")[2]
    indented = "\n".join(f" {line or '.'}" for line in licence.strip().splitlines())
    write(stage / DOCS / "copyright", (DEBIAN / "copyright").read_text(encoding="utf-8") + indented + "\n")
    entry = f"registerwatch ({number}) unstable; urgency=medium\n\n  * See changelog.gz.\n\n"
    write(stage / DOCS / "changelog.Debian.gz", f"{entry} -- {maintainer(source)}  {format_datetime(when)}\n")
    write(stage / DOCS / "changelog.gz", (source / "CHANGELOG.md").read_text(encoding="utf-8"))
    for page in ("install", "operations", "monitoring", "scaling", "settings", "cli"):
        write(stage / DOCS / f"{page}.md", (source / f"docs/{page}.md").read_text(encoding="utf-8"))
    example = source / "cron/settings/registerwatch.example.toml"
    write(stage / DOCS / "registerwatch.example.toml", example.read_text(encoding="utf-8"))
    overrides = (DEBIAN / "lintian-overrides").read_text(encoding="utf-8")
    write(stage / "usr/share/lintian/overrides/registerwatch", overrides)


def maintainer(source: Path) -> str:
    """Return who the metadata say it is from."""
    found = re.search(r'name = "([^"]+)", email = "([^"]+)"', (source / "pyproject.toml").read_text(encoding="utf-8"))
    return f"{found[1]} <{found[2]}>" if found else "nobody <nobody@localhost>"


def write(path: Path, text: str) -> None:
    """Write a file, packed where its name says so; packed twice it is the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode()
    path.write_bytes(gzip.compress(data, 9, mtime=0) if path.suffix == ".gz" else data)


# --- what dpkg is told ------------------------------------------------------------------------------------------------


def control(stage: Path, source: Path, number: str) -> None:
    """Write DEBIAN/: what it is, what it needs, what is done when it comes and goes, and the sums of its files."""
    own = stage / "DEBIAN"
    files = sorted(path for path in stage.rglob("*") if path.is_file() and not path.is_symlink())
    kib = sum(-(-path.stat().st_size // 1024) for path in files)
    following = f"{sys.version_info.major}.{sys.version_info.minor + 1}"
    write(
        own / "control",
        f"""Package: registerwatch
Version: {number}
Architecture: {run("dpkg", "--print-architecture").strip()}
Maintainer: {maintainer(source)}
Installed-Size: {kib}
Depends: python3 (>= {MINOR}~), python3 (<< {following}~), adduser, libc6, libgcc-s1, libstdc++6, tzdata
Recommends: ca-certificates, systemd
Suggests: nginx-light
Section: web
Priority: optional
Description: watch a public register of NHS data sharing agreements
 registerwatch reads the pages of a public register of data sharing agreements
 every night, keeps them, and tells people by mail, feed and webhook what
 changed: a dataset was added, an agreement was extended, a legal basis was
 replaced. It serves the history as pages, and proves what it tells.
 .
 The package brings an environment of its own, in /usr/lib/registerwatch.
""",
    )
    write(own / "conffiles", "/etc/registerwatch/registerwatch.toml\n")
    sums = [f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(stage)}\n" for path in files]
    write(own / "md5sums", "".join(sums))
    for script in ("postinst", "prerm", "postrm"):
        write(own / script, (DEBIAN / script).read_text(encoding="utf-8"))


def leave(stage: Path) -> None:
    """Give every file the rights that a package's have, whatever the umask here is."""
    for path in stage.rglob("*"):
        if path.is_symlink():
            continue
        programs = {"postinst", "prerm", "postrm"} | ({"registerwatch"} if path.parent.name == "bin" else set())
        if path.is_dir():
            path.chmod(0o755)
        elif path.name != "registerwatch.toml" or path.parent.name != "registerwatch" or "etc" not in path.parts:
            path.chmod(0o755 if path.name in programs and path.parent.name in ("bin", "DEBIAN") else 0o644)


def build(source: Path, out: Path) -> Path:
    """Build the package of *source* into the folder *out* and return its path."""
    when = datetime.fromtimestamp(int(run("git", "-C", source, "log", "-1", "--format=%ct")), UTC)
    os.environ["SOURCE_DATE_EPOCH"] = str(int(when.timestamp()))
    number = version(source)
    with tempfile.TemporaryDirectory() as folder:
        work, stage = Path(folder), Path(folder) / "stage"
        stage.mkdir()
        environment(stage, source, work)
        told_by_itself(stage, source)
        settings_and_units(stage, source)
        documents(stage, source, number, when)
        control(stage, source, number)
        leave(stage)
        out.mkdir(parents=True, exist_ok=True)
        said = run("dpkg-deb", "--root-owner-group", "-Zxz", "--build", stage, out)
    return out / Path(re.findall(r"'([^']+\.deb)'", said)[-1]).name


def main() -> None:
    """Build it and say where it lies."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="the folder that the package is put into")
    print(build(ROOT, parser.parse_args().out))


if __name__ == "__main__":
    main()
