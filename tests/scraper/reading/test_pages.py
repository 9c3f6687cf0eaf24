"""Every made-up page in `tests/scraper/reading/pages` reads as the JSON beside it says."""

import json
from pathlib import Path

import pytest

from scraper.reading.page import read_page
from scraper.records import page_to_json

PAGES = sorted(path for path in (Path(__file__).parent / "pages").iterdir() if path.suffix in (".html", ".txt"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_page_reads_as_its_json_says(path: Path):
    page = read_page(path.read_bytes(), source=path.name)

    record = page_to_json(page)
    for agreement, public in zip(page.agreements, record["agreements"], strict=True):
        public["unprinted"] = sorted(agreement.unprinted)
    assert record == json.loads(path.with_name(f"{path.name}.json").read_text(encoding="utf-8"))


def test_each_layout_has_a_page():
    layouts = {json.loads(path.with_name(f"{path.name}.json").read_text(encoding="utf-8"))["layout"] for path in PAGES}

    assert layouts == {"L0", "L1", "L2", "L3", "L4"}
