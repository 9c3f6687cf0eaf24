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


NEWEST = 200
"""Entries of a feed, the newest."""
