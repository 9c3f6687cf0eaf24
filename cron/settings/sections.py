"""What may be set? Each section of the settings file is one small class, each key one row.

The checks, the names of the environment variables, the file that `init` writes and docs/settings.md all come from these
rows; a later section is one more class and one more line in `Settings` at the end. What a setting *does* is not known
here: a value of the domain that has settings of its own takes them over by name (`as_value`). The types of the rows are
names of `cron.settings.checks`, which is loaded where there is something to check.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self, TypeVar

from diff.deciding.guards import FEWEST_AGREEMENTS, Guards
from diff.saying.english import listed
from notify.message.operator import OPERATOR
from scraper.limits import ARCHIVE_INTERVAL_S, LARGEST_PAGE, MOST_AUTHORITIES
from scraper.register import NHS_DATA_RELEASE
from scraper.web.addresses import host_of, is_private_host

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _typeshed import DataclassInstance

    from cron.settings.checks import (
        Authorities,
        BaseAddress,
        ClusterAddress,
        Contact,
        Crontab,
        Days,
        FilePath,
        FolderOrNone,
        Fraction,
        HookAddress,
        Kinds,
        MailAddress,
        Names,
        Network,
        PageAddress,
        ProxyAddress,
        ReturnPath,
        Secret,
        SigningKey,
        TimeZone,
        WebAddress,
    )

    Value = TypeVar("Value", bound=DataclassInstance)

# Not on the hour, at which every other machine asks too.
NIGHTLY = "17 3 * * *"
LONDON = "Europe/London"
# The signature of a webhook is worth what its secret is: a shorter one can be found by trying.
SHORTEST_SECRET = 16


class SettingsRow(NamedTuple):
    """A key of a section."""

    name: str
    """As the attribute of the section is called."""
    meaning: str
    default: Any
    """`...` where there is none and it must be set."""
    example: Any
    checks: Mapping[str, Any]
    """What its value has to be beside its type: `ge`, `pattern` and the like."""


def setting(
    meaning: str, default: Any = None, *, example: Any = None, written: str | None = None, **checks: Any
) -> Any:
    """Return a row: what it means, what it is if nobody says, and how it may look where there is no default.

    *written* is what the file calls it, where Python takes that name for itself.
    """
    about = {"meaning": meaning, "example": example, "written": written, "checks": checks}
    return field(default=dataclasses.MISSING if default is ... else default, metadata=about)


@dataclass(frozen=True, kw_only=True)
class SettingsSection:
    """One section of the settings file. Keys whose value is a list may stand in the environment as JSON."""

    @classmethod
    @cache  # asked of every section several times before a command begins
    def rows(cls) -> dict[str, SettingsRow]:
        """Return the keys, as the file calls them."""
        return {
            one.metadata["written"] or one.name: SettingsRow(
                one.name,
                one.metadata["meaning"],
                ... if one.default is dataclasses.MISSING else one.default,
                one.metadata["example"],
                one.metadata["checks"],
            )
            for one in dataclasses.fields(cls)
        }

    def with_values(self, **values: Any) -> Self:
        """Return the same section with other values."""
        return dataclasses.replace(self, **values)

    def as_value(self, kind: type[Value], **others: Any) -> Value:
        """Return a *kind* made of the settings that are called as its fields are, and of *others*."""
        # What a value has beside (a clock, a limit) keeps its own default.
        mine = {row.name for row in self.rows().values()}
        own = {one.name for one in dataclasses.fields(kind)} & mine - others.keys()
        return kind(**{name: _plain(getattr(self, name)) for name in own}, **others)


def _plain(value: Any) -> Any:
    return value.get_secret_value() if hasattr(value, "get_secret_value") else value


_TIME = "([01]\\d|2[0-3]):[0-5]\\d"
_AT = {
    "daily": (re.compile(_TIME), 'a time of day, as in "08:00"'),
    "weekly": (
        re.compile(f"(mon|tue|wed|thu|fri|sat|sun) {_TIME}"),
        'a weekday and a time of day, as in "mon 08:00"',
    ),
}


# --- the sections -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class RegisterSettings(SettingsSection):
    """The register that is watched."""

    name: str = setting("What the register is called.", NHS_DATA_RELEASE.name, min_length=1)
    index: PageAddress = setting("Address of the page that links to the organisations' pages.", NHS_DATA_RELEASE.index)
    # Four hosts serve the same thing, with and without `www`: names of one register, and not four of them.
    hosts: Names = setting(
        "Hosts that serve the same register; links and redirects elsewhere are not followed.",
        NHS_DATA_RELEASE.hosts,
    )
    slugs: Names = setting(
        "Pages to ask for besides those that the index links to, by the last part of their address.", ()
    )
    sitemap: PageAddress | None = setting(
        "Address of a sitemap that names further pages.", example=f"{NHS_DATA_RELEASE.index}sitemap.xml"
    )


@dataclass(frozen=True, kw_only=True)
class FetchSettings(SettingsSection):
    """How the register's site is asked, politely."""

    # Without it the site's maker has nobody to write to but whoever owns the network.
    contact: str | None = setting(
        "Your mail or web address, told to the site with every request; `run` needs it.",
        example="you@example.org",
        min_length=5,
    )
    # One a second: two thousand pages take half an hour of the night.
    interval_s: float = setting("Seconds from one request to the next.", 1.0, ge=0)
    timeout_s: float = setting("Seconds to wait for the server to connect or to go on.", 30.0, gt=0)
    # By its own key: a page that answers at once and drips for an hour would pass any limit on a single wait.
    deadline_s: float = setting("Seconds that one page may take in all, retries included.", 120.0, gt=0)
    retries: int = setting("How often a page is asked for again after trouble.", 4, ge=0, le=20)
    max_bytes: int = setting("Bytes beyond which a page is refused.", LARGEST_PAGE, ge=1_000)
    ca_file: FilePath | None = setting(
        "File of the certificate authorities to trust (PEM) in place of those this machine trusts.",
        example="/etc/ssl/certs/our-authority.pem",
    )
    # It may hold a password, so it is shown nowhere.
    proxy: ProxyAddress | None = setting(
        "Proxy through which the site is asked.", example="http://proxy.example.org:3128"
    )


@dataclass(frozen=True, kw_only=True)
class StoreSettings(SettingsSection):
    """Where everything is kept."""

    database: FilePath = setting("The one file that holds pages, history and changes.", Path("registerwatch.db"))


@dataclass(frozen=True, kw_only=True)
class GuardSettings(SettingsSection):
    """When a run is not believed, and when one edit on many agreements is told as one change."""

    gone_fraction: Fraction = setting(
        "A run is held if at least this part of the agreements of the pages read is gone, "
        f"and there were {FEWEST_AGREEMENTS} or more.",
        Guards().gone_fraction,
    )
    failed_fraction: Fraction = setting(
        "A run is held if at least this part of the pages asked for could not be read.", Guards().failed_fraction
    )
    group_from: int = setting(
        "The same edit on this many agreements or more in one run is told as one change.", Guards().group_from, ge=2
    )


@dataclass(frozen=True, kw_only=True)
class ScheduleSettings(SettingsSection):
    """When `schedule` runs, and whom it tells that it did."""

    cron: Crontab = setting("Minute, hour, day of month, month, day of week (sun, mon, …), as in a crontab.", NIGHTLY)
    timezone: TimeZone = setting("Time zone of these times.", LONDON)
    # Two and not one: a monitor has to be able to tell a night that failed from a machine that is off.
    ping_url: WebAddress | None = setting(
        "Address that is asked for after each run that went well.", example="https://example.org/ping/registerwatch"
    )
    ping_failure_url: WebAddress | None = setting(
        "Address that is asked for after each run that needs a person.",
        example="https://example.org/ping/registerwatch/fail",
    )


@dataclass(frozen=True, kw_only=True)
class MailSettings(SettingsSection):
    """How mail is sent. Without a host each message is a file in a folder."""

    host: str | None = setting(
        "Mail server that takes our messages; without one they are written as .eml files.",
        example="smtp.example.org",
        pattern=r"^[^\s/@]+$",
    )
    port: int | None = setting("Its port; without one 587, 465 for tls, 25 for none.", example=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = setting(
        'How the connection is kept private: "starttls", "tls", or "none" of it.', "starttls"
    )
    user: str | None = setting("Name to log in with, if it asks.", example="register")
    password: Secret | None = setting("Password for it; better kept in the environment than in a file.")
    sender: MailAddress | None = setting(
        "Address the messages come from, and to which readers write; needed with a host.",
        example="register@example.org",
    )
    operator: MailAddress | None = setting(
        "Address of whoever looks after the machine: told what needs a person, weekly that all is well.",
        example="you@example.org",
    )
    folder: FilePath = setting("Folder of the .eml files where there is no host.", Path("outbox"))

    def __post_init__(self) -> None:
        if self.host and not self.sender:
            raise ValueError("mail.sender must be set where mail.host is")


@dataclass(frozen=True, kw_only=True)
class FeedsSettings(SettingsSection):
    """Where `run` writes feeds, and calendars of printed ends, for readers of them and web servers."""

    directory: FolderOrNone = setting("Folder of the feeds and calendars; empty: a run writes none.", Path("feeds"))
    base_url: BaseAddress | None = setting(
        "Address under which that folder is published; feeds link to themselves only if they know it.",
        example="https://example.org/feeds",
    )


@dataclass(frozen=True, kw_only=True)
class BrowseSettings(SettingsSection):
    """The pages that `browse` serves."""

    base_url: BaseAddress | None = setting(
        "Address under which they are published; messages and feeds link to them only if they know it.",
        example="https://register.example.org",
    )
    contact: Contact | None = setting(
        "Mail or web address of whoever runs these pages, for everybody to read on /about.",
        example="register@example.org",
    )
    # They are the work of the register's site: its maker decides who may publish them.
    publish_pages: bool = setting("Whether `browse --public` serves the kept pages too, somebody else's work.", False)


@dataclass(frozen=True, kw_only=True)
class WitnessSettings(SettingsSection):
    """Who else holds the head of the chain of runs, so that what was kept by then cannot be made up later."""

    tsa: Authorities = setting(
        f"Authorities that time-stamp the head after each run (RFC 3161), at most {MOST_AUTHORITIES}; "
        "needs registerwatch[witness].",
        (),
        example=["https://freetsa.org/tsr"],
    )
    ca_file: FilePath | None = setting(
        "File of the certificates (PEM) of the roots to trust; without one the root that a time stamp brings along, or "
        "that browsers trust, is kept with it, to be compared.",
        example="authorities.pem",
    )
    git: FilePath | None = setting(
        "Folder of a git repository that others mirror: each head is a commit there.", example="witness"
    )
    file: FilePath | None = setting(
        "File that others mirror: each head is a line added to it.", example="public/heads.txt"
    )


@dataclass(frozen=True, kw_only=True)
class ArchiveSettings(SettingsSection):
    """Whether a public web archive is asked to save the pages that changed."""

    save: bool = setting("Whether the archive is asked, after each run.", False)
    at_most: int = setting("Pages that it is asked to save after one run; the others wait for the next.", 50, ge=1)
    url: BaseAddress = setting(
        "Address of the archive, which speaks the interface of Save Page Now 2.", "https://web.archive.org/"
    )
    interval_s: float = setting("Seconds from one request to the next.", ARCHIVE_INTERVAL_S, ge=0)
    access_key: Secret | None = setting(
        "Access key of an account there, which bears more; better kept in the environment than in a file."
    )
    secret_key: Secret | None = setting("Secret of that key.")

    def __post_init__(self) -> None:
        if (self.access_key is None) != (self.secret_key is None):
            raise ValueError("access_key and secret_key belong together")

    @property
    def keys(self) -> tuple[str, str] | None:
        """Access key and secret, if there are any."""
        if self.access_key is None or self.secret_key is None:
            return None
        return self.access_key.get_secret_value(), self.secret_key.get_secret_value()


@dataclass(frozen=True, kw_only=True)
class ComputeSettings(SettingsSection):
    """What reads pages, where there are many at once: a past that is brought in, or everything again."""

    workers: int | None = setting(
        "Processes that read at the same time on this machine; without it one for each core.", example=2, ge=1, le=1_000
    )
    # Whoever answers there runs what it likes in our place: only what was typed here is asked.
    dask: ClusterAddress | None = setting(
        "Address of the scheduler of a Dask cluster on which `import`, `backfill` and `reparse` have pages read; "
        "needs registerwatch[dask].",
        example="tcp://10.0.0.5:8786",
    )


@dataclass(frozen=True, kw_only=True)
class OfficialSettings(SettingsSection):
    """The official register: the workbook of each month, which a person downloads, beside the pages."""

    inbox: FilePath | None = setting(
        "Folder that `run` empties: a workbook that lies there is taken, told and moved to the archive.",
        example="inbox",
    )
    archive: FilePath = setting("Folder of the workbooks that were taken, named by their SHA-256.", Path("official"))


@dataclass(frozen=True, kw_only=True)
class FollowSettings(SettingsSection):
    """Following the published pages by e-mail; needs `sender` of [mail] and `base_url` of [browse]."""

    enabled: bool = setting("Whether they may: then each page that can be followed has a form.", False)
    database: FilePath = setting("The file of those who follow, apart from the history.", Path("people.db"))
    key_file: FilePath = setting(
        "File of the keys that sign their links; `init` makes it, `followers rotate` adds a key.", Path("people.key")
    )
    return_path: ReturnPath | None = setting(
        "Address to which letters come back, another one for each: {token} says which; without it to `sender`.",
        example="bounces+{token}@example.org",
    )
    # A header that anybody can send says nothing, unless it was put there by a machine of ours.
    trusted_proxy: Network | None = setting(
        "Address of the web server before `browse`, whose X-Forwarded-For is believed.", example="127.0.0.1"
    )
    keep_days: int = setting("Days after which an address is erased that follows nothing any more.", 1, ge=0, le=30)


@dataclass(frozen=True, kw_only=True)
class LogSettings(SettingsSection):
    """What the program writes about its own work."""

    format: Literal["text", "json"] = setting('Lines for people ("text") or for programs ("json").', "text")


@dataclass(frozen=True, kw_only=True)
class VocabularySettings(SettingsSection):
    """Names and words that you know and the program does not."""

    file: Path | None = setting(
        "A TOML file of your own names of datasets and organisations, and of words to watch.", example="names.toml"
    )


WAYS = {"email": "mail", "webhook": "webhook", "url": "service"}
"""Setting of a subscription that says where it is told → what `status` calls that way."""


@dataclass(frozen=True, kw_only=True)
class SubscriptionSettings(SettingsSection):
    """Who is told what, and when. Such a block may stand any number of times, each with another name.

    A change is told if it concerns one of the organisations, datasets or words that are followed (any change, where
    none is named), is of one of the kinds, is at least as severe, and concerns none of the exceptions.
    """

    name: str = setting("What it is called; deliveries are noted under it.", ..., min_length=1, max_length=100)
    email: MailAddress | None = setting("Address to write to.", example="ig@example.org")
    webhook: HookAddress | None = setting(
        "Or an address to which changes are posted as JSON.", example="https://example.org/hook"
    )
    url: Secret | None = setting("Or an Apprise URL of another service.", example="ntfy://example.org/register")
    secret: SigningKey | None = setting(
        f"Key that signs what is posted to the webhook: {SHORTEST_SECRET} characters or more, or whsec_ and base64.",
        example="a long random text",
    )
    # An address that a stranger can set would reach what only this machine can.
    allow_private: bool = setting("Whether the webhook may be on a private network.", False)
    organisations: Names = setting(
        "Organisations followed, by slug or name; those they follow and those that follow them too.",
        (),
        example=["nhs_example_icb"],
    )
    datasets: Names = setting("Datasets followed, by any name, acronym or family (HES).", (), example=["MHSDS"])
    words: Names = setting("Words followed, in title or prose of an agreement.", (), example=["genomic"])
    kinds: Kinds = setting("Only changes of these kinds.", (), example=["dataset-added"])
    severity: Literal["high", "medium", "low", "info"] | None = setting(
        "Only changes at least as severe.", example="medium"
    )
    exceptions: Names = setting(
        "Not these agreements, organisations or datasets, by reference or name.",
        (),
        example=["DARS-NIC-123456-A1B2C"],
        written="except",
    )
    expiring: Days = setting(
        "Days before a printed end at which it is told; [90, 30] where organisations are named, else none.",
        example=[90, 30],
    )
    when: Literal["run", "daily", "weekly"] = setting(
        'After each run that has news ("run"), or collected "daily" or "weekly".', "run", example="weekly"
    )
    at: str | None = setting(
        'Time of day, for weekly after a weekday: "08:00" and "mon 08:00" if not said.', example="mon 08:00"
    )
    timezone: TimeZone = setting("Time zone of that time.", LONDON)

    @property
    def channel(self) -> str:
        """What its way out is called."""
        return WAYS[self.way]

    @property
    def way(self) -> str:
        """The setting that says where it is told, one of `WAYS`."""
        return next(way for way in WAYS if getattr(self, way) is not None)

    def __post_init__(self) -> None:
        if sum(getattr(self, way) is not None for way in WAYS) != 1:
            raise ValueError(f"must have exactly one of {listed(WAYS)}")
        if self.name == OPERATOR:
            raise ValueError(f"the name {OPERATOR!r} is taken: operator of [mail] is told by itself")
        if self.name.startswith("follower"):
            raise ValueError("names that begin with 'follower' are taken by those who follow the published pages")
        if self.webhook and not self.allow_private and is_private_host(host_of(self.webhook)):
            # Known now: a message to it would only be given up when there is news.
            raise ValueError("webhook is on this machine or a private network, which needs allow_private = true")
        if self.secret and not self.webhook:
            raise ValueError("secret is for a webhook")
        if self.at is not None and self.when == "run":
            raise ValueError('at needs when = "daily" or "weekly"')
        if self.at is not None and not _AT[self.when][0].fullmatch(self.at):
            raise ValueError(f"at must be {_AT[self.when][1]}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, checked. Paths of the settings file count from its folder."""

    register: RegisterSettings = field(default_factory=RegisterSettings)
    fetch: FetchSettings = field(default_factory=FetchSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    guards: GuardSettings = field(default_factory=GuardSettings)
    schedule: ScheduleSettings = field(default_factory=ScheduleSettings)
    mail: MailSettings = field(default_factory=MailSettings)
    feeds: FeedsSettings = field(default_factory=FeedsSettings)
    browse: BrowseSettings = field(default_factory=BrowseSettings)
    witness: WitnessSettings = field(default_factory=WitnessSettings)
    archive: ArchiveSettings = field(default_factory=ArchiveSettings)
    compute: ComputeSettings = field(default_factory=ComputeSettings)
    official: OfficialSettings = field(default_factory=OfficialSettings)
    follow: FollowSettings = field(default_factory=FollowSettings)
    log: LogSettings = field(default_factory=LogSettings)
    vocabulary: VocabularySettings = field(default_factory=VocabularySettings)
    subscriptions: tuple[SubscriptionSettings, ...] = ()
    file: Path | None = None
    """Where they stand, as far as they stand in a file."""
    own_database: Path | None = None
    """The settings file's database, if the environment or an option names another one: then nobody is told of it."""
