"""Does everything work that a night needs? Settings, database, mail, followers, the site: asked, and nothing is kept.

Each check is asked one after the other and said in a line; what cannot be asked because another one failed is left out.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from cron.work.context import Context
from cron.work.nightly import fetch_policy
from cron.work.outbox import problems_of
from cron.work.proving import archive_of, trusted_authorities
from diff.saying.english import plural, weekday
from notify.channels.channel import DeliveryError
from scraper.errors import CrawlError, FetchError, RefusedPageError, RegisterWatchError, SettingsError
from scraper.reading.agreements import not_understood
from scraper.reading.page import read_page
from scraper.reading.shares import Shares, shares_of
from scraper.records import RegisterPage
from scraper.web.addresses import host_of
from scraper.web.crawl import fetch_robots, find_slugs
from scraper.web.fetch import FetchedPage, Fetcher
from snapshots.keeping.database import DatabaseError, explain
from snapshots.keeping.past import StoredPast
from snapshots.proving.saving import ArchiveError
from snapshots.proving.stamps import ask_authority
from snapshots.proving.tokens import StampError

PAGES = 3
"""Pages of the site that are read."""
MOST_CHECKS = 9 + PAGES


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, and what is to be said of it."""

    what: str
    said: str
    good: bool = True


def examine(context: Context) -> Iterator[Finding]:
    """Yield what works and what does not.

    Raises:
        SettingsError: The settings cannot be read at all.
    """
    settings = context.settings
    yield _settings(context)
    yield _database(context)
    yield _mail(context)
    if settings.follow.enabled:
        yield _following(context)
    if context.settings.witness.tsa:
        yield _witness(context)
    if context.settings.archive.save:
        yield _archive(context)
    try:
        policy = fetch_policy(context)
    except SettingsError as error:
        yield Finding("Site", f"not asked: {error}", good=False)
        return
    # Somebody waits for the answer: a site that is down is asked once more, and not for two minutes.
    with Fetcher(replace(policy, retries=min(policy.retries, 1))) as fetcher:
        yield from _site(context, fetcher, settings.register.index)


# --- this machine -----------------------------------------------------------------------------------------------------


def _settings(context: Context) -> Finding:
    settings = context.settings
    directory = settings.feeds.directory
    said = [
        plural(len(settings.subscriptions), "subscription"),
        f"feeds in {directory}" if directory else "no feeds",
        "" if settings.mail.operator else "no operator of [mail], who would be told what needs a person",
    ]
    try:
        problems = list(map(str, problems_of(context))) if context.has_history else []
    except (RegisterWatchError, DatabaseError):
        problems = []  # the database is the next thing that is looked at
    return Finding("Settings", "; ".join(["; ".join(filter(None, said)), *problems]), good=not problems)


def _database(context: Context) -> Finding:
    file = context.settings.store.database
    if not context.has_history:
        said, good = _unwritable(file.absolute().parent)
        return Finding("Database", f"{file} is not there yet, the first run makes it{said}", good)
    try:
        state = context.answers.runs.status(context.clock())
    except DatabaseError as error:
        return Finding("Database", explain(file, error), good=False)
    except RegisterWatchError as error:
        return Finding("Database", str(error), good=False)
    last = state["last_run"]
    read = f"last read {weekday(last['captured_at'])}" if last else "nothing was read yet"
    held = f"{plural(state['pages'], 'page')}, {plural(state['agreements'], 'agreement')}; {read}"
    said, good = _unwritable(file)
    return Finding("Database", f"{file}: {held}{said}", good)


def _unwritable(path: Path) -> tuple[str, bool]:
    good = os.access(path, os.W_OK)
    return ("" if good else f"; {path} cannot be written by this user", good)


def _mail(context: Context) -> Finding:
    mail = context.settings.mail
    if mail.host is None:
        return Finding("Mail", f"no server; messages are files in {mail.folder}")
    from notify.channels.smtp import MailServer, SmtpPost

    try:
        with SmtpPost(mail.as_value(MailServer)) as post:
            post.try_login()
    except DeliveryError as error:
        return Finding("Mail", f"{mail.host}: {error.reason}", good=False)
    proved = "" if mail.security == "none" else ", its certificate is good"
    login = "takes our login" if mail.user else "takes mail without a login"
    return Finding("Mail", f"{mail.host} {login}{proved}")


def _following(context: Context) -> Finding:
    from cron.following.fitness import examine_following

    found = examine_following(context)
    return Finding("Follow", "; ".join([*found.wrong, *found.works]), good=not found.wrong)


def _witness(context: Context) -> Finding:
    """Have each authority stamp a text that says nothing: of the chain only `run` and `witness` have heads stamped."""
    agent, hash_ = f"registerwatch/{version('registerwatch')}", hashlib.sha256(_TRIED).hexdigest()
    said, good = [], True
    for authority in context.settings.witness.tsa:
        try:
            trusted = trusted_authorities(context)
            stamp = ask_authority(authority, _TRIED, hash_, now=context.clock(), agent=agent, trusted=trusted)
        except (StampError, SettingsError) as error:
            said.append(f"{authority}: {error}")
            good = False
        else:
            said.append(f"{authority} stamps, signed by {stamp.signer}")
    return Finding("Witness", "; ".join(said), good)


_TRIED = b"registerwatch doctor"


def _archive(context: Context) -> Finding:
    archive = archive_of(context)
    try:
        return Finding("Archive", f"{archive.root} answers: {archive.greet()}")
    except ArchiveError as error:
        return Finding("Archive", f"{archive.root}: {error}", good=False)
    finally:
        archive.close()


# --- the site ---------------------------------------------------------------------------------------------------------


def _site(context: Context, fetcher: Fetcher, start: str) -> Iterator[Finding]:
    robots = fetch_robots(fetcher, start)
    if robots.unreadable is not None:
        what = {"answers": "robots.txt", "unreached": "Site", "distrusted": "Certificate"}[robots.site]
        yield Finding(what, robots.unreadable, good=False)
        return
    is_private = start.startswith("https:")
    yield Finding("Certificate", f"that of {host_of(start)} is good" if is_private else f"none: {start} has no https")
    fetcher.obey(robots, start)
    if not robots.allows(start):
        yield Finding("robots.txt", "forbids the index: the program does not go on without leave", good=False)
        return
    try:
        found = _linked(fetcher, start)
    except FetchError as error:
        yield Finding("Index", f"{error.url}: {error.reason}", good=False)
    except CrawlError as error:
        yield Finding("Index", str(error), good=False)
    else:
        forbidden = [slug for slug, address in found.items() if not robots.allows(address)]
        asked = "as it asks" if robots.crawl_delay_s == fetcher.interval_s else "as the settings say"
        allows = (
            f"forbids {plural(len(forbidden), 'page')}, {forbidden[0]} for one" if forbidden else "allows all pages"
        )
        said = f"{robots.notice or allows}; a request every {fetcher.interval_s:g} s, {asked}"
        yield Finding("robots.txt", said, good=not forbidden)
        yield Finding("Index", f"{start} links to {plural(len(found), 'organisation')}")
        yield from _pages(context, fetcher, {slug: found[slug] for slug in sorted(found.keys() - forbidden)})


def _linked(fetcher: Fetcher, start: str) -> dict[str, str]:
    """Return slug → address of what the index links to."""
    index = fetcher.fetch(start)
    assert index is not None  # nothing was said of an earlier one
    # Redirected to another host of the register: it has rules of its own.
    if host_of(index.url) != host_of(start):
        fetcher.obey(fetch_robots(fetcher, index.url), index.url)
    return dict(find_slugs(index.body, index.url, hosts=fetcher.policy.register_hosts, charset=index.charset))


def _pages(context: Context, fetcher: Fetcher, found: dict[str, str]) -> Iterator[Finding]:
    """Yield of some pages, of the whole alphabet, what was understood."""
    slugs = list(found)
    some = dict.fromkeys(slugs[number * (len(slugs) - 1) // (PAGES - 1)] for number in range(PAGES) if slugs)
    read: list[tuple[RegisterPage, bytes]] = []
    for slug in some:
        try:
            page = fetcher.fetch(found[slug])
            assert page is not None
            read.append((_read(context, slug, page), page.body))
        except FetchError as error:
            yield Finding("Page", f"{slug}: {error.reason}", good=False)
        except RefusedPageError as error:
            yield Finding("Page", f"{slug} is not understood: {error.reason}", good=False)
    shares = shares_of([body for _, body in read], [page for page, _ in read], _known_frame(context))
    for (one, _), share in zip(read, shares, strict=True):
        yield _understood(one, share)


def _known_frame(context: Context) -> frozenset[str]:
    if not context.has_history:
        return frozenset()
    try:
        store = context.store()
        return frozenset(StoredPast(store.db, store.states).frame())
    except (RegisterWatchError, DatabaseError):
        return frozenset()  # which was said already


def _read(context: Context, slug: str, page: FetchedPage) -> RegisterPage:
    return read_page(page.body, source=page.url, slug=slug, charset=page.charset, vocabulary=context.vocabulary)


def _understood(page: RegisterPage, share: Shares) -> Finding:
    parts = {"fields": share.fields, "remainder": share.remainder, "frame": share.frame}
    went = ", ".join(f"{share.percent(words)} % {name}" for name, words in parts.items())
    unread = [label for agreement in page.agreements for label in not_understood(agreement)]
    more = f", and {len(unread) - 1:,} more" if len(unread) > 1 else ""
    said = f"{page.slug}: {plural(len(page.agreements), 'agreement')}, {share.words:,} words: {went}"
    return Finding("Page", f"{said}; {unread[0]}{more}" if unread else said, good=not unread)
