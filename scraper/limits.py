"""How large a page may be: one limit for pages that are fetched, saved, packed or read, one for its markup. Pure.

And how long a feed, by whomever it is written, what operators and other machines may add, and how often memory is
looked through for what nobody holds.
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

LARGEST_STAMP = 64_000
"""Bytes of an authority's answer: with a chain of four certificates it has six thousand."""

MOST_CERTIFICATES = 20
"""Certificates in an answer: each is read and may be compared with each other; four are usual."""

MOST_AUTHORITIES = 5
"""Authorities that are asked after each run, one after the other: with two a failure of one is made up for."""

STAMP_TIMEOUT_S = 10.0
"""Seconds that an authority may be silent: it signs in milliseconds."""

STAMP_DEADLINE_S = 15.0
"""Seconds of one time stamp in all; five authorities that drip cost a run little more than a minute."""

MOST_CLOCKS_DIFFER_S = 600.0
"""Seconds by which an authority's clock may differ from ours; beyond that one of the two is wrong, and a wrong time
stamp is worse than none."""

GIT_S = 30.0
"""Seconds that a command of git may take, hooks of whoever set the repository up included: a push is one."""

ARCHIVE_ANSWER = 1_000_000
"""Bytes of an archive's answer: what it says of a page lists all that it loaded with it."""

ARCHIVE_TIMEOUT_S = 30.0
"""Seconds that an archive may be silent: it is asked by everybody, and slow."""

ARCHIVE_DEADLINE_S = 60.0
"""Seconds of one request to it."""

ARCHIVE_INTERVAL_S = 12.0
"""Seconds from one request to the next: five a minute is what it bears from whoever has no account."""

LONGEST_ARCHIVING_S = 1_800.0
"""Seconds after a run in which pages are saved; what is left waits for the next one."""

ARCHIVE_FAILURES = 3
"""Requests in a row that it may leave unanswered before it is left alone."""

ARCHIVE_ATTEMPTS = 3
"""Times that it may say of a page that it cannot be saved."""

ARCHIVE_DAYS = 7
"""Days after which a change of a page is no reason to have it saved any more."""

MOST_PAGES_OF_EVIDENCE = 100
"""Kept pages in evidence of one change: at most some hundred megabytes, and more than anybody reads; of a larger group
there is evidence of each member."""

LONGEST_NOTE = 2_000
"""Characters of an operator's remark on a change: a page's worth; it stands in every feed, and in the chain."""

MOST_NOTES = 50
"""Remarks on one change: more is a conversation, and its page is no place for one."""

LARGEST_WORKBOOK = 200_000_000
"""Bytes of an official workbook: seven times the largest."""

MOST_OF_WORKBOOK = 600_000_000
"""Bytes that it may unpack to: two to three times the largest, as all of its texts are held at once."""

MOST_TIMES_UNPACKED = 40
"""How many times its size it may unpack to: four times what sheets of short repeated words do, and blanks do 1,000."""

LITTLE_OF_WORKBOOK = 50_000_000
"""Bytes that any workbook may unpack to, however small it is packed."""

MOST_CELLS = 6_000_000
"""Cells that a sheet may reach over, filled or not, as its reader takes memory for each: six times the largest."""


MADE_BETWEEN_COLLECTIONS = 20_000
"""Objects that are made until Python looks for garbage that refers to itself. It does so after every 700 by default,
and who goes through a register makes millions that are none: a twentieth of the time of deriving a history."""
