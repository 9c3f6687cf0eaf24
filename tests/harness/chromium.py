"""Debian's Chromium, for tests that look at pages as people do."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

CHROMIUM = Path("/usr/bin/chromium")
PATIENCE_MS = 120_000
"""For what takes a browser a moment: others have this machine too."""
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

needs_chromium = pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed here")


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """Run a browser without a window, which after each click has the whole of the page that it leads to.

    The library waits until a page begins; what of it comes late would be counted as missing.
    """
    from playwright.sync_api import Locator, Page, sync_playwright

    with (
        mock.patch.object(Locator, "click", _then_whole(Locator.click, lambda locator: locator.page)),
        mock.patch.object(Page, "click", _then_whole(Page.click, lambda page: page)),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS), timeout=PATIENCE_MS)
        try:
            yield browser
        finally:
            browser.close()


def _then_whole(click: Any, page_of: Any) -> Any:
    def clicking(self: Any, *given: Any, **named: Any) -> None:
        click(self, *given, **named)
        page_of(self).wait_for_load_state()

    return clicking


class Visit:
    """A window: what it asked for, and what it complained about."""

    def __init__(self, browser: Any, url: str, *, width: int = 1280, height: int = 900, **settings: Any) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": height}, base_url=url, **settings)
        self.context.set_default_timeout(PATIENCE_MS)
        self.page = self.context.new_page()
        self.url = url
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def __enter__(self) -> "Visit":
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def to(self, address: str) -> Any:
        """Go to an address; return the page."""
        self.page.goto(address)
        return self.page

    def elsewhere(self) -> list[str]:
        """Return what was asked of others than this server."""
        return [url for url in self.asked if not url.startswith((self.url, "data:", "about:"))]

    def sideways(self) -> int:
        """Return how many pixels the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
