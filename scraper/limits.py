"""How large a page may be: one limit for pages that are fetched, saved, packed or read, one for its markup. Pure.

And how long a feed, by whomever it is written.
"""

LARGEST_PAGE = 20_000_000
"""Bytes beyond which nothing is read: the largest page seen has two megabytes, and a monster would take minutes."""


def too_large(size: int) -> str | None:
    """Return why so many bytes are no page, or None.

    >>> too_large(50_000_000), too_large(52_000)
    ('50 MB, too large for a page', None)
    """
    return f"{size // 1_000_000} MB, too large for a page" if size > LARGEST_PAGE else None


MOST_TAGS = 300_000
"""Tags beyond which markup is not parsed: five times the largest page's; four megabytes of nothing else are a million,
and take a minute, and in a tree a gigabyte."""


def too_many_tags(markup: str) -> str | None:
    """Return why a page with so many tags is none, or None.

    >>> too_many_tags("<p>" * 400_000), too_many_tags("<p>5 < 6")
    ('400,000 tags, too many for a page', None)
    """
    tags = markup.count("<")
    return f"{tags:,} tags, too many for a page" if tags > MOST_TAGS else None


MOST_PAGES = 20_000
"""Pages that an index may name: at one a second they take five hours; ten times the largest register thinkable."""

TIMES_AS_MANY = 5
"""As the pages that are known: so many organisations do not come in a night, but a broken site makes them up."""

FEW_PAGES = 50
"""Of fewer that are known nothing can be said about how many there may be."""


def too_many_pages(named: int, known: int) -> str | None:
    """Return why an index that names so many pages is not believed, or None.

    >>> too_many_pages(25_000, 0), too_many_pages(2_000, 337)
    ('25,000 pages, more than 20,000', '2,000 pages, where 337 are known')
    >>> too_many_pages(337, 3), too_many_pages(400, 337)
    (None, None)
    """
    if named > MOST_PAGES:
        return f"{named:,} pages, more than {MOST_PAGES:,}"
    if known >= FEW_PAGES and named > TIMES_AS_MANY * known:
        return f"{named:,} pages, where {known:,} are known"
    return None


NEWEST = 200
"""Entries of a feed, the newest."""
