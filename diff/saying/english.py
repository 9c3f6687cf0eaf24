"""How times, numbers, sizes and lists read, alike on a terminal, in a mail, in a feed and on a page. Pure."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from scraper.times import read_time


class Trouble(str):
    """A sentence about something that needs a person, with what the trouble is, however it is worded the next night."""

    key: str
    about: str
    passing: bool

    def __new__(cls, sentence: str, *, key: str, about: str = "", passing: bool = False) -> "Trouble":
        """Make one.

        Args:
            sentence: What is said.
            key: The same as long as it is the same trouble; nobody is told it a second time.
            about: Name of the subscription that it is about, if it is about one.
            passing: Whether it may well pass by itself: then nobody is written to for it alone.
        """
        trouble = super().__new__(cls, sentence)
        trouble.key, trouble.about, trouble.passing = key, about, passing
        return trouble


_SMALL = "no one two three four five six seven eight nine ten eleven twelve".split()


@lru_cache(maxsize=4096)  # a page says the same few again and again
def day(time: str) -> str:
    """Return the day of a time in words.

    >>> day("2026-11-20T03:17:00Z"), day("2026-11")
    ('20 November 2026', 'November 2026')
    """
    if len(time) == 7:
        return month(time)
    moment = read_time(time)
    return f"{moment.day} {moment:%B} {moment.year}"


def weekday(time: str) -> str:
    """Return the day of a time with its weekday.

    >>> weekday("2026-11-20T03:17:00Z")
    'Friday 20 November 2026'
    """
    return f"{read_time(time):%A} {day(time)}"


@lru_cache(maxsize=4096)
def month(time: str) -> str:
    """Return the month of a time in words.

    >>> month("2026-11-20T03:17:00Z")
    'November 2026'
    """
    moment = _first_of(time)
    return f"{moment:%B} {moment.year}"


@lru_cache(maxsize=4096)
def short_month(time: str) -> str:
    """Return the month of a time, shortened.

    >>> short_month("2026-11")
    'Nov 2026'
    """
    moment = _first_of(time)
    return f"{moment:%b} {moment.year}"


def _first_of(time: str) -> datetime:
    return read_time(f"{time[:7]}-01")


def clock(time: str) -> str:
    """Return the hour and minute of a time.

    >>> clock("2026-11-20T03:17:52Z")
    '03:17'
    """
    return time[11:16]


def moment(time: str) -> str:
    """Return the day of a time with its weekday, and its hour and minute.

    >>> moment("2026-11-20T03:17:00Z")
    'Friday 20 November 2026, 03:17 UTC'
    """
    return f"{weekday(time)}, {clock(time)} UTC"


def days(first: str, last: str) -> str:
    """Return a stretch of days.

    >>> days("2026-11-16T03:17:00Z", "2026-11-19T03:17:00Z"), days("2026-11-16T03:00:00Z", "2026-11-16T23:00:00Z")
    ('16 to 19 November 2026', '16 November 2026')
    >>> days("2026-10-29T03:17:00Z", "2026-11-02T03:17:00Z")
    '29 October to 2 November 2026'
    """
    if first[:10] == last[:10]:
        return day(last)
    start = read_time(first)
    if first[:7] == last[:7]:
        return f"{start.day} to {day(last)}"
    return f"{start.day} {start:%B} to {day(last)}" if first[:4] == last[:4] else f"{day(first)} to {day(last)}"


def number(n: int, *, capital: bool = False) -> str:
    """Return a number as it stands in a sentence.

    >>> number(3), number(3, capital=True), number(0), number(1712)
    ('three', 'Three', 'no', '1,712')
    """
    words = _SMALL[n] if 0 <= n < len(_SMALL) else f"{n:,}"
    return words.capitalize() if capital else words


def plural(n: int, one: str, many: str = "") -> str:
    """Return a number with what it counts, in figures.

    >>> plural(1, "change"), plural(1712, "change"), plural(2, "page was read", "pages were read")
    ('1 change', '1,712 changes', '2 pages were read')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def number_of(n: int, one: str, *, capital: bool = True) -> str:
    """Return a number with what it counts, in a word where that is short; *capital*: as a sentence begins.

    >>> number_of(1, "change"), number_of(3, "change"), number_of(0, "change"), number_of(1300, "change", capital=False)
    ('One change', 'Three changes', 'No changes', '1,300 changes')
    """
    return f"{number(n, capital=capital)} {one}{'' if n == 1 else 's'}"


def sentence_case(text: str) -> str:
    """Return *text* as a sentence begins; unlike `capitalize`, the rest stays as it is.

    >>> sentence_case("dataset added"), sentence_case("NHS England"), sentence_case("")
    ('Dataset added', 'NHS England', '')
    """
    return text[:1].upper() + text[1:]


def size(n_bytes: int) -> str:
    """Return a number of bytes, as short as it can be compared.

    >>> size(412_300), size(1_440_000), size(12)
    ('412 KB', '1.4 MB', '12 bytes')
    """
    if n_bytes >= 1_000_000:
        return f"{n_bytes / 1e6:,.1f} MB"
    return f"{n_bytes / 1e3:.0f} KB" if n_bytes >= 1_000 else f"{n_bytes} bytes"


def duration(seconds: float) -> str:
    """Return a time span.

    >>> duration(285), duration(3), duration(7325)
    ('4 min 45 s', '3 s', '2 h 2 min')
    """
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def eights(digits: str) -> str:
    """Return a checksum in groups of eight.

    >>> eights("90ac16783fbc54c3689c")
    '90ac1678 3fbc54c3 689c'
    """
    return " ".join(digits[n : n + 8] for n in range(0, len(digits), 8))


def listed(words: Iterable[str]) -> str:
    """Return words as a list in a sentence.

    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
