"""How large a page may be: one limit for pages that are fetched, saved, packed or read. Pure."""

LARGEST_PAGE = 20_000_000
"""Bytes beyond which nothing is read: the largest page seen has two megabytes, and a monster would take minutes."""


def too_large(size: int) -> str | None:
    """Return why so many bytes are no page, or None.

    >>> too_large(50_000_000), too_large(52_000)
    ('50 MB, too large for a page', None)
    """
    return f"{size // 1_000_000} MB, too large for a page" if size > LARGEST_PAGE else None
