"""What a page can be called: one rule for links, addresses and the names of files."""

import pytest

from scraper.errors import CrawlError
from scraper.slugs import is_slug, slug_of
from scraper.web.crawl import find_slugs

NONE = ["", ".", "..", "a/b", "a\\b", "a\0b", "a\nb", "a\x7fb", "a\udce9b"]
SOME = ["nhs_example_icb", "king's_college", "ünï board", "a.b", "...", "100% board"]


@pytest.mark.parametrize("slug", SOME)
def test_what_can_be_written_is_a_name(slug):
    assert is_slug(slug)


@pytest.mark.parametrize("slug", NONE)
def test_what_leads_elsewhere_or_cannot_be_written_is_none(slug):
    assert not is_slug(slug)


@pytest.mark.parametrize("name", ["a%2Fb", "a%5Cb", "a%00b", "%2E%2E"])
def test_a_link_and_a_file_follow_the_same_rule(name):
    assert not is_slug(slug_of(f"{name}.html"))
    with pytest.raises(CrawlError, match="no link to an organisation's page"):
        find_slugs(b'<a href="/organisations/%s">x</a>' % name.encode(), "https://theysolditanyway.com/")
