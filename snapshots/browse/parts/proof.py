"""The kept pages behind what is said: when each was seen, its checksum, where it came from, where else to find it."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from diff.change import Change
from snapshots.browse.app import addresses
from snapshots.browse.app.addresses import is_link
from snapshots.browse.app.reader import Reader, Row
from snapshots.browse.app.request import SiteSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A kept page and one period in which it was seen."""

    sha256: str
    page: str
    organisation: str
    size: int
    source: str
    layout: str
    captured_at: str
    first_seen: str
    last_seen: str
    run: int
    run_kind: str
    stale: bool
    live: str
    """Address of the page itself."""

    @property
    def web_archive(self) -> str:
        """Address of the web archive's copy nearest to it, whichever that is."""
        digits = "".join(sign for sign in self.captured_at if sign.isdigit())[:14]
        return f"https://web.archive.org/web/{digits}/{self.live}"

    @property
    def run_word(self) -> str:
        """What the run is called."""
        return "run" if self.run_kind == "run" else "edition"


def page_address(site: SiteSettings, slug: str, source: str = "") -> str:
    """Return the address of an organisation's page: where it was fetched from, else where the register has it."""
    if is_link(source) and "web.archive.org" not in (urlsplit(source).hostname or ""):
        return source
    return f"{site.index.rstrip('/')}/organisations/{quote(slug, safe='')}"


_KEPT = """
    select s.body as sha256, s.page, coalesce(pages.organisation, s.page) as organisation, bodies.size, s.source,
      s.layout, s.captured_at, s.first_seen, s.last_seen, s.run, runs.kind as run_kind, s.stale
    from snapshots as s
    join pages on pages.key = s.page
    join bodies on bodies.sha256 = s.body
    join runs on runs.id = s.run
    """


def kept_of_page(reader: Reader, site: SiteSettings, slug: str) -> list[Kept]:
    """Return every kept state of a page, the newest first."""
    rows = reader.rows(f"{_KEPT} where s.page = :page order by s.first_seen desc, s.id desc", {"page": slug})
    return [_kept(row, site) for row in rows]


def kept_as(reader: Reader, site: SiteSettings, sha256: str) -> list[Kept]:
    """Return the periods in which a body was seen, in order of time."""
    where = "where s.page in (select page from captures where body = :sha256) and s.body = :sha256"
    return [_kept(row, site) for row in reader.rows(f"{_KEPT} {where} order by s.first_seen, s.id", {"sha256": sha256})]


def kept_bodies(reader: Reader, site: SiteSettings, bodies: Iterable[str], slugs: Iterable[str]) -> Mapping[str, Kept]:
    """Return these bodies by checksum, each with the first period in which one of these pages had it."""
    rows = reader.rows(
        f"""
        {_KEPT}
        where s.page in (select value from json_each(:slugs)) and s.body in (select value from json_each(:bodies))
        order by s.first_seen desc, s.id desc
        """,
        {"bodies": json.dumps(sorted(set(bodies))), "slugs": json.dumps(sorted(set(slugs)))},
    )
    return {row["sha256"]: _kept(row, site) for row in rows}


def _kept(row: Row, site: SiteSettings) -> Kept:
    live = page_address(site, row["page"], row["source"])
    return Kept(**{**row, "stale": bool(row["stale"])}, live=live)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPair:
    """The kept pages before and after what was first seen at a time."""

    time: str
    before: Kept | None
    after: Kept | None

    @property
    def both(self) -> str:
        """Address of the two side by side."""
        if not self.before or not self.after:
            return ""
        return addresses.with_query(addresses.snapshot(self.after.sha256), [("with", self.before.sha256)])


def proof_of(
    reader: Reader, site: SiteSettings, changes: Iterable[Change], pages: Collection[str], newest: str
) -> Mapping[str, Sequence[KeptPair] | Kept | None]:
    """Return the kept pages behind changes, the newest first, and the one with the bytes that are shown."""
    keys = dict.fromkeys(
        (change.first_seen, change.snapshot_before, change.snapshot_after)
        for change in changes
        if change.snapshot_before or change.snapshot_after
    )
    bodies = {body for _, *both in keys for body in both if body} | {newest}
    kept = kept_bodies(reader, site, bodies, pages)
    pairs = [
        KeptPair(time=time, before=kept.get(before or ""), after=kept.get(after or "")) for time, before, after in keys
    ]
    pairs = [pair for pair in pairs if pair.before or pair.after]
    return {"newest": pairs[:1], "earlier": pairs[1:], "first": kept.get(newest)}
