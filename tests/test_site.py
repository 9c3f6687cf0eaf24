"""The site of the docs, and the same pages under /docs of `browse`: nothing is wider than the smallest screen."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.browse_server import serving
from tests.harness.chromium import chromium, needs_chromium
from tests.harness.editions import EASTMERE, Watch

ROOT = Path(__file__).parents[1]
WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
# A table whose columns are narrower than a word of six letters is read by nobody.
CRAMPED = "[...document.querySelectorAll('td')].some(td => td.offsetWidth && td.offsetWidth < 60)"

pytestmark = [pytest.mark.soak, pytest.mark.browser, needs_chromium]


def faults(addresses):
    """Return the addresses of pages that are not to be read at 320 px, and why."""
    found = []
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 320, "height": 800})
        for address in addresses:
            page.goto(address)
            found += [(address, why) for why in (WIDER, CRAMPED) if page.evaluate(why)]
    return found


def test_the_site_is_read_at_320_px(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, env={"NO_MKDOCS_2_WARNING": "1", "PATH": "/usr/bin:/bin"})
    pages = sorted(tmp_path.glob("*.html"))

    assert len(pages) > 20
    assert faults(page.as_uri() for page in pages) == []


def test_the_manual_is_read_at_320_px(tmp_path):
    watch = Watch(tmp_path)
    watch.take({"eastmere": EASTMERE}, "2026-11-01")
    names = [file.stem for file in (ROOT / "snapshots/browse/templates/manual").glob("*.html")]
    with serving(watch.database) as served:
        found = faults(f"{served.url}/docs/{name}" for name in names)

    assert len(names) > 20
    assert found == []
