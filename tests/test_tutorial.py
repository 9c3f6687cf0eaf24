"""The tutorial does what it says: its lines are run, page by page, in one folder. And the site is built."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = ("first-night", "your-board", "prove-a-change")
MARK = r"<!-- tutorial: .*?-->\n```sh\n(.*?)```"


def lines():
    for page in PAGES:
        for block in re.findall(MARK, (DOCS / f"{page}.md").read_text(encoding="utf-8"), re.DOTALL):
            yield from block.splitlines()


def run(line, folder):
    program, *arguments = shlex.split(line)
    assert program == "registerwatch"
    command = [sys.executable, "-c", "from registerwatch import main; main()", *arguments]
    return subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )


@pytest.mark.soak
def test_the_lines_of_the_tutorial_run_in_their_order(tmp_path):
    folder, said = tmp_path, {}
    for line in lines():
        if line.startswith("cd "):
            folder = folder / line.removeprefix("cd ")
            continue
        result = run(line, folder)
        assert result.returncode == 0, f"{line}\n{result.stdout}\n{result.stderr}"
        said[line] = result.stdout

    # What the pages quote is there.
    assert "section 251 support is new, consent no longer cited" in said["registerwatch changes --severity high"]
    assert "Follows     NHS Eastmere Integrated Care Board\n" in said["registerwatch subscriptions"]
    assert "everything is as it was" in said["registerwatch verify"]
    assert (folder / "copy.db").exists()


def test_every_page_of_docs_stands_in_the_navigation_once():
    named = re.findall(r"^\s+- ([\w-]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)

    assert sorted(named) == sorted(path.name for path in DOCS.glob("*.md"))


@pytest.mark.soak
def test_the_site_is_built_strictly_and_fetches_nothing_from_elsewhere(tmp_path):
    if not shutil.which("mkdocs", path=Path(sys.executable).parent):
        pytest.skip("mkdocs is not installed: make installs it")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True,
    )  # fmt: skip
    pages = list((tmp_path / "site").glob("*.html"))

    assert built.returncode == 0, built.stderr
    assert {f"{page.stem}.html" for page in DOCS.glob("*.md")} <= {page.name for page in pages}
    for page in pages:
        fetched = re.findall(r'<(?:script|img|iframe)[^>]*src="?(https?:[^"> ]+)', page.read_text(encoding="utf-8"))
        fetched += re.findall(r'<link[^>]*rel="?stylesheet"?[^>]*href="?(https?:[^"> ]+)', page.read_text())
        assert fetched == []
