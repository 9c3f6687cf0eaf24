"""What an installation takes: distributions and megabytes beside the tools that a user would otherwise take.

Each is installed by its name into an environment of its own, made fresh, as its documentation says; ours from this
checkout. What is counted is what came with it: neither pip nor what Python compiles later.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.history import ROOT

NAMES = ("registerwatch", "urlwatch", "changedetection.io")
NOT_COUNTED = {"pip", "setuptools", "wheel"}


def main() -> str:
    """Return a table of what each takes."""
    lines = ["| | version | distributions | MB |", "|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        lines += [_row(name, Path(folder) / name) for name in NAMES]
    return "\n".join(
        [*lines, "", "Sizes are of the files as installed, without what Python compiles when they are used."]
    )


def _row(name: str, place: Path) -> str:
    try:
        _run(sys.executable, "-m", "venv", place)
        source = ROOT if name == "registerwatch" else name
        _run(place / "bin/python", "-m", "pip", "install", "--quiet", "--no-compile", source)
    except subprocess.CalledProcessError:
        return f"| {name} | could not be installed here | | |"
    listed = json.loads(_run(place / "bin/python", "-m", "pip", "list", "--format=json"))
    found = {one["name"].lower(): one["version"] for one in listed if one["name"].lower() not in NOT_COUNTED}
    return f"| {name} | {found[name]} | {len(found)} | {_megabytes(place):.0f} |"


def _megabytes(place: Path) -> float:
    (site,) = place.glob("lib/python*/site-packages")
    files = (path for path in site.rglob("*") if path.is_file() and not path.is_symlink())
    counted = (path for path in files if "__pycache__" not in path.parts and _owner(path, site) not in NOT_COUNTED)
    return sum(path.stat().st_size for path in counted) / 1e6


def _owner(path: Path, site: Path) -> str:
    """Return the name under which a file lies, as in `pip` for pip/ and pip-24.0.dist-info/."""
    return path.relative_to(site).parts[0].partition("-")[0].lower()


def _run(*command: object) -> str:
    words: Sequence[str] = [str(word) for word in command]
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
