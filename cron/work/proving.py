"""What makes a history provable by people who do not trust us: its head, stamped and mirrored, after each run.

Nothing here fails a run: what cannot be had is a line, and is tried again with the next one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version

from cron.work.context import Context
from diff.saying.english import plural
from scraper.errors import RegisterWatchError, SettingsError, explained
from scraper.limits import LONGEST_ARCHIVING_S
from scraper.web.operator_service import Stopped
from snapshots.keeping.database import DatabaseError
from snapshots.proving.mirrors import MirrorError, add_line, commit_head
from snapshots.proving.saving import SavePageNow, save_pages
from snapshots.proving.stamps import HeadToWitness, ask_authority, head_to_witness, keep_stamp
from snapshots.proving.tokens import StampError

LATER = "the next run tries again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """What became of the head of the chain."""

    said: str | None = None
    """Who holds it now, in words; None where nobody is asked."""
    complaints: tuple[str, ...] = ()
    """Who was asked in vain and why, a line each."""


def bear_witness(context: Context, stopped: Stopped | None = None) -> Witnessed:
    """Have the head of the chain stamped and mirrored by all that the settings name, but for those who did.

    Whatever goes wrong is a complaint, and no error.
    """
    settings = context.settings.witness
    if not (settings.tsa or settings.git or settings.file):
        return Witnessed()
    try:
        found = head_to_witness(context.database(), settings.tsa)
        if found is None:
            return Witnessed()
        stamped, mirrored = list(_stamped(context, found, stopped)), list(_mirrored(context, found))
    except (RegisterWatchError, DatabaseError, OSError) as error:
        return Witnessed(complaints=(f"witnesses of the head of the chain: {error}; {LATER}",))
    failed = tuple(f"{who}: {why}; {LATER}" for who, why in [*stamped, *mirrored] if why)
    n_stamps = len(settings.tsa) - sum(why is not None for _, why in stamped)
    said = [f"{n_stamps:,} of {plural(len(settings.tsa), 'time stamp')}"] if settings.tsa else []
    said += [who for who, why in mirrored if why is None]
    return Witnessed(said=f"number {found.head.number:,}: {', '.join(said) or 'nobody'}", complaints=failed)


def _stamped(context: Context, found: HeadToWitness, stopped: Stopped | None) -> Iterator[tuple[str, str | None]]:
    """Yield each authority that has not stamped the head, and why it did not now, if so."""
    trusted = trusted_authorities(context)
    agent = f"registerwatch/{version('registerwatch')}"
    for authority in found.missing:
        try:
            stamp = ask_authority(
                authority,
                found.text,
                found.head.hash,
                now=context.clock(),
                agent=agent,
                trusted=trusted,
                stopped=stopped,
            )
            keep_stamp(context.database(), found.head.number, authority, stamp)
        except StampError as error:
            yield f"time stamp of {authority}", str(error)
        else:
            yield authority, None


def trusted_authorities(context: Context) -> list[str]:
    """Return the certificates of the authorities that the settings trust, PEM; none where they say nothing.

    Raises:
        SettingsError: Their file cannot be read.
    """
    file = context.settings.witness.ca_file
    try:
        return [file.read_text(encoding="ascii")] if file else []
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(explained(error) if isinstance(error, OSError) else f"{file}: no PEM") from error


def _mirrored(context: Context, found: HeadToWitness) -> Iterator[tuple[str, str | None]]:
    settings = context.settings.witness
    for place, write in ((settings.file, add_line), (settings.git, commit_head)):
        if place is None:
            continue
        try:
            write(place, found.head, found.made_at)
        except MirrorError as error:
            yield f"head of the chain, in {place}", str(error)
        else:
            yield str(place), None


def archive_pages(context: Context, told_to_stop: Stopped = lambda: False) -> Witnessed:
    """Have the web archive of the settings save the pages that changed; whatever goes wrong is a complaint."""
    settings = context.settings.archive
    if not settings.save:
        return Witnessed()
    archive = archive_of(context, told_to_stop)
    try:
        done = save_pages(
            context.database(),
            archive,
            at_most=settings.at_most,
            seconds=LONGEST_ARCHIVING_S,
            now=context.clock,
            told_to_stop=told_to_stop,
        )
    except (RegisterWatchError, DatabaseError, OSError) as error:
        return Witnessed(complaints=(f"pages for the archive: {error}; {LATER}",))
    finally:
        archive.close()
    said = [f"{plural(done.saved, 'page')} saved"] if done.saved else []
    said += [f"{done.failed:,} could not be"] if done.failed else []
    said += [f"{done.left:,} to be saved with the next run"] if done.left else []
    stopped = (f"archive {archive.root}: {done.stopped}; {LATER}",) if done.stopped else ()
    return Witnessed(said=", ".join(said) or None, complaints=stopped)


def archive_of(context: Context, stopped: Stopped = lambda: False) -> SavePageNow:
    """Return the archive of the settings."""
    settings = context.settings.archive
    contact = (context.settings.fetch.contact or "").strip()
    agent = f"registerwatch/{version('registerwatch')}{f' (+{contact})' if contact else ''}"
    return SavePageNow(settings.url, agent=agent, keys=settings.keys, interval_s=settings.interval_s, stopped=stopped)
