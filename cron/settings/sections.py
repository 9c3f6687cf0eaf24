"""What may be set? Each section of the settings file is one small class, each key one row.

The checks, the names of the environment variables, the file that `init` writes and docs/settings.md all come from these
rows; a later section is one more class and one more line in `Settings` at the end. What a setting *does* is not known
here: a value of the domain that has settings of its own takes them over by name (`as_value`).
"""

import dataclasses
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    model_validator,
)

from diff.deciding.guards import FEWEST_AGREEMENTS, Guards
from diff.kinds import ChangeKind
from diff.saying.english import listed
from notify.channels.channel import key_of
from notify.message.operator import OPERATOR
from scraper.limits import LARGEST_PAGE
from scraper.register import NHS_DATA_RELEASE
from scraper.web.addresses import host_of, is_private_host
from scraper.web.proxy import Proxy

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Value = TypeVar("Value", bound=DataclassInstance)


class SettingsSection(BaseModel):
    """One section of the settings file. Keys whose value is a list may stand in the environment as JSON."""

    # By alias: `except` is no name in Python.
    model_config = ConfigDict(frozen=True, validate_by_alias=True, validate_by_name=False)

    def as_value(self, kind: "type[Value]", **others: Any) -> "Value":
        """Return a *kind* made of the settings that are called as its fields are, and of *others*."""
        # What a value has beside (a clock, a limit) keeps its own default.
        own = {one.name for one in dataclasses.fields(kind)} & type(self).model_fields.keys() - others.keys()
        return kind(**{name: _plain(getattr(self, name)) for name in own}, **others)


def _plain(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def setting(meaning: str, default: Any = None, *, example: Any = None, **checks: Any) -> Any:
    """Return a row: what it means, what it is if nobody says, and how it may look where there is no default."""
    return Field(default=default, description=meaning, examples=None if example is None else [example], **checks)


# --- what a value must look like --------------------------------------------------------------------------------------

# Not on the hour, at which every other machine asks too.
NIGHTLY = "17 3 * * *"
LONDON = "Europe/London"
# The signature of a webhook is worth what its secret is: a shorter one can be found by trying.
SHORTEST_SECRET = 16

_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\\x00-\x1f]{1,64}@[^\s@<>,;:\"()\[\]\\\x00-\x1f]{1,255}")
_TIME = "([01]\\d|2[0-3]):[0-5]\\d"
_AT = {
    "daily": (re.compile(_TIME), 'a time of day, as in "08:00"'),
    "weekly": (
        re.compile(f"(mon|tue|wed|thu|fri|sat|sun) {_TIME}"),
        'a weekday and a time of day, as in "mon 08:00"',
    ),
}


def _file(path: Path) -> Path:
    # Which is also what nothing at all is read as.
    if path == Path():
        raise ValueError("must name a file")
    return path


def _address(address: str) -> str:
    if not _ADDRESS.fullmatch(address):
        raise ValueError("must be a mail address, as in you@example.org")
    return address


def _kinds(kinds: tuple[str, ...]) -> tuple[str, ...]:
    for kind in kinds:
        if kind not in list(ChangeKind):
            near = get_close_matches(kind, list(ChangeKind), n=1, cutoff=0.0)[0]
            raise ValueError(f"unknown kind {kind}, the nearest known one is {near}")
    return kinds


def _long_enough(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if len(text) < SHORTEST_SECRET:
        raise ValueError(f"must have at least {SHORTEST_SECRET} characters")
    try:
        key = key_of(text)
    except ValueError as error:
        raise ValueError("must have base64 behind whsec_") from error
    if len(key) < SHORTEST_SECRET:
        raise ValueError(f"must have at least {SHORTEST_SECRET} bytes in base64 behind whsec_")
    return secret


def _proxy(address: SecretStr) -> SecretStr:
    try:
        Proxy.at(address.get_secret_value())
    except ValueError as error:
        raise ValueError('must be the address of a proxy, as in "http://proxy.example.org:3128"') from error
    return address


def _crontab(cron: str) -> str:
    # The defaults are known to be good, and what reads such lines is slow to load.
    if cron != NIGHTLY:
        _check_times(cron, "UTC")
    return cron


def _timezone(timezone: str) -> str:
    if timezone != LONDON:
        _check_times(NIGHTLY, timezone)
    return timezone


def _check_times(cron: str, timezone: str) -> None:
    # Not at the top: the scheduler's library takes longer to load than all settings to read.
    from cron.settings.crontab import ScheduleError, next_after

    try:
        next_after(cron, timezone, datetime.now(UTC))
    except ScheduleError as error:
        raise ValueError(str(error).partition(": ")[2]) from error


Names = tuple[str, ...]
FilePath = Annotated[Path, AfterValidator(_file)]
FolderOrNone = Annotated[Path | None, BeforeValidator(lambda value: None if value == "" else value)]
MailAddress = Annotated[str, AfterValidator(_address)]
WebAddress = Annotated[str, StringConstraints(pattern="^https?://")]
PageAddress = Annotated[str, StringConstraints(pattern="^https?://[^/ ]+/")]
BaseAddress = Annotated[str, StringConstraints(pattern=r"^https?://[^/ ?#@]+(/[^ ?#]*)?$")]
HookAddress = Annotated[str, StringConstraints(pattern=r"^https?://[^/ ?#@]+(/[^ ]*)?$")]
Fraction = Annotated[float, Field(gt=0, le=1)]
TimeZone = Annotated[str, AfterValidator(_timezone)]
Days = Annotated[
    tuple[Annotated[int, Field(ge=0, le=3660)], ...] | None,
    BeforeValidator(lambda days: days if isinstance(days, list | tuple) or days is None else [days]),
]


# --- the sections -----------------------------------------------------------------------------------------------------


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
    proxy: Annotated[SecretStr, AfterValidator(_proxy)] | None = setting(
        "Proxy through which the site is asked.", example="http://proxy.example.org:3128"
    )


class StoreSettings(SettingsSection):
    """Where everything is kept."""

    database: FilePath = setting("The one file that holds pages, history and changes.", Path("registerwatch.db"))


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


class ScheduleSettings(SettingsSection):
    """When `schedule` runs, and whom it tells that it did."""

    cron: Annotated[str, AfterValidator(_crontab)] = setting(
        "Minute, hour, day of month, month, day of week (sun, mon, …), as in a crontab.", NIGHTLY
    )
    timezone: TimeZone = setting("Time zone of these times.", LONDON)
    # Two and not one: a monitor has to be able to tell a night that failed from a machine that is off.
    ping_url: WebAddress | None = setting(
        "Address that is asked for after each run that went well.", example="https://example.org/ping/registerwatch"
    )
    ping_failure_url: WebAddress | None = setting(
        "Address that is asked for after each run that needs a person.",
        example="https://example.org/ping/registerwatch/fail",
    )


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
    password: SecretStr | None = setting("Password for it; better kept in the environment than in a file.")
    sender: MailAddress | None = setting(
        "Address the messages come from, and to which readers write; needed with a host.",
        example="register@example.org",
    )
    operator: MailAddress | None = setting(
        "Address of whoever looks after the machine: told what needs a person, weekly that all is well.",
        example="you@example.org",
    )
    folder: FilePath = setting("Folder of the .eml files where there is no host.", Path("outbox"))

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.host and not self.sender:
            raise ValueError("mail.sender must be set where mail.host is")
        return self


class FeedsSettings(SettingsSection):
    """Where `run` writes feeds, and calendars of printed ends, for readers of them and web servers."""

    directory: FolderOrNone = setting("Folder of the feeds and calendars; empty: a run writes none.", Path("feeds"))
    base_url: BaseAddress | None = setting(
        "Address under which that folder is published; feeds link to themselves only if they know it.",
        example="https://example.org/feeds",
    )


class BrowseSettings(SettingsSection):
    """The pages that `browse` serves."""

    base_url: BaseAddress | None = setting(
        "Address under which they are published; messages and feeds link to them only if they know it.",
        example="https://register.example.org",
    )
    # They are the work of the register's site: its maker decides who may publish them.
    publish_pages: bool = setting("Whether `browse --public` serves the kept pages too, somebody else's work.", False)


class LogSettings(SettingsSection):
    """What the program writes about its own work."""

    format: Literal["text", "json"] = setting('Lines for people ("text") or for programs ("json").', "text")


class VocabularySettings(SettingsSection):
    """Names and words that you know and the program does not."""

    file: Path | None = setting(
        "A TOML file of your own names of datasets and organisations, and of words to watch.", example="names.toml"
    )


WAYS = {"email": "mail", "webhook": "webhook", "url": "service"}
"""Setting of a subscription that says where it is told → what `status` calls that way."""


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
    url: SecretStr | None = setting("Or an Apprise URL of another service.", example="ntfy://example.org/register")
    secret: Annotated[SecretStr, AfterValidator(_long_enough)] | None = setting(
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
    kinds: Annotated[Names, AfterValidator(_kinds)] = setting(
        "Only changes of these kinds.", (), example=["dataset-added"]
    )
    severity: Literal["high", "medium", "low", "info"] | None = setting(
        "Only changes at least as severe.", example="medium"
    )
    exceptions: Names = setting(
        "Not these agreements, organisations or datasets, by reference or name.",
        (),
        example=["DARS-NIC-123456-A1B2C"],
        alias="except",
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

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if sum(getattr(self, way) is not None for way in WAYS) != 1:
            raise ValueError(f"must have exactly one of {listed(WAYS)}")
        if self.name == OPERATOR:
            raise ValueError(f"the name {OPERATOR!r} is taken: operator of [mail] is told by itself")
        if self.webhook and not self.allow_private and is_private_host(host_of(self.webhook)):
            # Known now: a message to it would only be given up when there is news.
            raise ValueError("webhook is on this machine or a private network, which needs allow_private = true")
        if self.secret and not self.webhook:
            raise ValueError("secret is for a webhook")
        if self.at is not None and self.when == "run":
            raise ValueError('at needs when = "daily" or "weekly"')
        if self.at is not None and not _AT[self.when][0].fullmatch(self.at):
            raise ValueError(f"at must be {_AT[self.when][1]}")
        return self


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
    log: LogSettings = field(default_factory=LogSettings)
    vocabulary: VocabularySettings = field(default_factory=VocabularySettings)
    subscriptions: tuple[SubscriptionSettings, ...] = ()
    file: Path | None = None
    """Where they stand, as far as they stand in a file."""
    own_database: Path | None = None
    """The settings file's database, if the environment or an option names another one: then nobody is told of it."""
