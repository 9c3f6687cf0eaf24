"""What may be set? Each section of the settings file is one small class, each key one field with a description.

The checks, the names of the environment variables, the file that `init` writes and docs/settings.md all come from these
classes: a later section is one more class and one more line in `Settings` (load.py). What a setting *does* is not
known here.
"""

import re
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from diff.change import ChangeKind
from diff.deciding.guards import FEWEST_AGREEMENTS
from scraper.limits import LARGEST_PAGE


class Section(BaseModel):
    """One section of the settings file. Keys whose value is a list may stand in the environment as JSON."""

    model_config = ConfigDict(frozen=True, validate_by_alias=True, validate_by_name=False)


class Register(Section):
    """The register that is watched."""

    name: str = Field(default="NHS data release register", min_length=1, description="What the register is called.")
    index: str = Field(
        default="https://theysolditanyway.com/",
        pattern="^https?://[^/ ]+/",
        description="Address of the page that links to the organisations' pages.",
    )
    hosts: tuple[str, ...] = Field(
        default=(
            "theysolditanyway.com",
            "www.theysolditanyway.com",
            "dataregister.medconfidential.org",
            "goodtreswork.com",
        ),
        description="Hosts that serve the same register; links and redirects elsewhere are not followed.",
    )
    slugs: tuple[str, ...] = Field(
        default=(),
        description="Pages to ask for besides those that the index links to, by the last part of their address.",
    )
    sitemap: str | None = Field(
        default=None,
        pattern="^https?://[^/ ]+/",
        examples=["https://theysolditanyway.com/sitemap.xml"],
        description="Address of a sitemap that names further pages.",
    )


class Fetch(Section):
    """How the register's site is asked, politely."""

    contact: str | None = Field(
        default=None,
        min_length=5,
        examples=["you@example.org"],
        description="Your mail or web address, told to the site with every request; `run` needs it.",
    )
    interval_s: float = Field(default=1.0, ge=0, description="Seconds from one request to the next.")
    timeout_s: float = Field(default=30.0, gt=0, description="Seconds to wait for the server to connect or to go on.")
    deadline_s: float = Field(
        default=120.0, gt=0, description="Seconds that one page may take in all, retries included."
    )
    retries: int = Field(default=4, ge=0, le=20, description="How often a page is asked for again after trouble.")
    max_bytes: int = Field(default=LARGEST_PAGE, ge=1_000, description="Bytes beyond which a page is refused.")


def _file(path: Path) -> Path:
    if path == Path():  # which is also what nothing at all is read as
        raise ValueError("must name a file")
    return path


class Store(Section):
    """Where everything is kept."""

    database: Annotated[Path, AfterValidator(_file)] = Field(
        default=Path("registerwatch.db"), description="The one file that holds pages, history and changes."
    )


class Guards(Section):
    """When a run is not believed, and when one edit on many agreements is told as one change."""

    gone_fraction: float = Field(
        default=0.33,
        gt=0,
        le=1,
        description="A run is held if at least this part of the agreements of the pages read is gone, "
        f"and there were {FEWEST_AGREEMENTS} or more.",
    )
    failed_fraction: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="A run is held if at least this part of the pages asked for could not be read.",
    )
    group_from: int = Field(
        default=25, ge=2, description="The same edit on this many agreements or more in one run is told as one change."
    )


NIGHTLY = "17 3 * * *"
LONDON = "Europe/London"


def _times(cron: str) -> str:
    if cron != NIGHTLY:  # what reads such lines is slow to load
        _check_times(cron, "UTC")
    return cron


def _timezone(timezone: str) -> str:
    if timezone != LONDON:
        _check_times(NIGHTLY, timezone)
    return timezone


def _check_times(cron: str, timezone: str) -> None:
    from cron.work.schedule import ScheduleError, next_after

    try:
        next_after(cron, timezone, datetime.now(UTC))
    except ScheduleError as error:
        raise ValueError(str(error).partition(": ")[2]) from error


class Schedule(Section):
    """When `schedule` runs, and whom it tells that it did."""

    cron: Annotated[str, AfterValidator(_times)] = Field(
        default=NIGHTLY,
        description="Minute, hour, day of month, month, day of week (sun, mon, …), as in a crontab.",
    )
    timezone: Annotated[str, AfterValidator(_timezone)] = Field(default=LONDON, description="Time zone of these times.")
    ping_url: str | None = Field(
        default=None,
        pattern="^https?://",
        examples=["https://example.org/ping/registerwatch"],
        description="Address that is asked for after each run that went well.",
    )
    ping_failure_url: str | None = Field(
        default=None,
        pattern="^https?://",
        examples=["https://example.org/ping/registerwatch/fail"],
        description="Address that is asked for after each run that needs a person.",
    )


class Feeds(Section):
    """Where `run` writes feeds, and calendars of printed ends, for readers of them and web servers."""

    directory: Annotated[Path | None, BeforeValidator(lambda value: None if value == "" else value)] = Field(
        default=Path("feeds"), description="Folder of the feeds and calendars; empty: a run writes none."
    )
    base_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^/ ?#@]+(/[^ ?#]*)?$",
        examples=["https://example.org/feeds"],
        description="Address under which that folder is published; feeds link to themselves only if they know it.",
    )


class Log(Section):
    """What the program writes about its own work."""

    format: Literal["text", "json"] = Field(
        default="text", description='Lines for people ("text") or for programs ("json").'
    )


class Vocabulary(Section):
    """Names that you know and the program does not."""

    file: Path | None = Field(
        default=None,
        description="A TOML file of your own aliases and successions of datasets and organisations.",
        examples=["names.toml"],
    )


SHORTEST_SECRET = 16

OPERATOR = "operator"
"""Under which name the operator's own notes are delivered."""

_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\\x00-\x1f]{1,64}@[^\s@<>,;:\"()\[\]\\\x00-\x1f]{1,255}")


def _address(address: str | None) -> str | None:
    if address is not None and not _ADDRESS.fullmatch(address):
        raise ValueError("must be a mail address, as in you@example.org")
    return address


def _kinds(kinds: tuple[str, ...]) -> tuple[str, ...]:
    for kind in kinds:
        if kind not in list(ChangeKind):
            near = get_close_matches(kind, list(ChangeKind), n=1, cutoff=0.0)[0]
            raise ValueError(f"unknown kind {kind}, the nearest known one is {near}")
    return kinds


def _long_enough(secret: SecretStr | None) -> SecretStr | None:
    if secret is not None and len(secret.get_secret_value()) < SHORTEST_SECRET:
        raise ValueError(f"must have at least {SHORTEST_SECRET} characters")
    return secret


def _listed(days: object) -> object:
    return days if isinstance(days, list | tuple) or days is None else [days]


_TIME = "([01]\\d|2[0-3]):[0-5]\\d"
_AT = {
    "daily": re.compile(_TIME),
    "weekly": re.compile(f"(mon|tue|wed|thu|fri|sat|sun) {_TIME}"),
}
_AT_WORDS = {
    "daily": 'a time of day, as in "08:00"',
    "weekly": 'a weekday and a time of day, as in "mon 08:00"',
}


class Mail(Section):
    """How mail is sent. Without a host each message is a file in a folder."""

    host: str | None = Field(
        default=None,
        pattern=r"^[^\s/@]+$",
        examples=["smtp.example.org"],
        description="Mail server that takes our messages; without one they are written as .eml files.",
    )
    port: int | None = Field(
        default=None, ge=1, le=65535, examples=[587], description="Its port; without one 587, 465 for tls, 25 for none."
    )
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description='How the connection is kept private: "starttls", "tls", or "none" of it.'
    )
    user: str | None = Field(default=None, examples=["register"], description="Name to log in with, if it asks.")
    password: SecretStr | None = Field(
        default=None, examples=[""], description="Password for it; better kept in the environment than in a file."
    )
    sender: Annotated[str | None, AfterValidator(_address)] = Field(
        default=None,
        examples=["register@example.org"],
        description="Address the messages come from, and to which readers write; needed with a host.",
    )
    operator: Annotated[str | None, AfterValidator(_address)] = Field(
        default=None,
        examples=["you@example.org"],
        description="Address of whoever looks after the machine: told what needs a person, weekly that all is well.",
    )
    folder: Annotated[Path, AfterValidator(_file)] = Field(
        default=Path("outbox"), description="Folder of the .eml files where there is no host."
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.host and not self.sender:
            raise ValueError("mail.sender must be set where mail.host is")
        return self


class Browse(Section):
    """The pages that `browse` serves."""

    base_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^/ ?#@]+(/[^ ?#]*)?$",
        examples=["https://register.example.org"],
        description="Address under which they are published; messages link to them only if they know it.",
    )
    publish_pages: bool = Field(
        default=False,
        description="Whether `browse --public` serves the kept pages too, somebody else's work.",
    )


class Subscription(Section):
    """Who is told what, and when. Such a block may stand any number of times, each with another name.

    A change is told if it concerns one of the organisations, datasets or words that are followed (any change, where
    none is named), is of one of the kinds, is at least as severe, and concerns none of the exceptions.
    """

    name: str = Field(min_length=1, max_length=100, description="What it is called; deliveries are noted under it.")
    email: Annotated[str | None, AfterValidator(_address)] = Field(
        default=None, examples=["ig@example.org"], description="Address to write to."
    )
    webhook: str | None = Field(
        default=None,
        pattern=r"^https?://[^/ ?#@]+(/[^ ]*)?$",
        examples=["https://example.org/hook"],
        description="Or an address to which changes are posted as JSON.",
    )
    url: SecretStr | None = Field(
        default=None, examples=["ntfy://example.org/register"], description="Or an Apprise URL of another service."
    )
    secret: Annotated[SecretStr | None, AfterValidator(_long_enough)] = Field(
        default=None, examples=["a long random text"], description="Key that signs what is posted to the webhook."
    )
    allow_private: bool = Field(default=False, description="Whether the webhook may be on a private network.")
    organisations: tuple[str, ...] = Field(
        default=(),
        examples=[["nhs_example_icb"]],
        description="Organisations followed, by slug or name; those they follow and those that follow them too.",
    )
    datasets: tuple[str, ...] = Field(
        default=(), examples=[["MHSDS"]], description="Datasets followed, by any name or acronym."
    )
    words: tuple[str, ...] = Field(
        default=(), examples=[["genomic"]], description="Words followed, in title or prose of an agreement."
    )
    kinds: Annotated[tuple[str, ...], AfterValidator(_kinds)] = Field(
        default=(), examples=[["dataset-added"]], description="Only changes of these kinds."
    )
    severity: Literal["high", "medium", "low", "info"] | None = Field(
        default=None, examples=["medium"], description="Only changes at least as severe."
    )
    except_: tuple[str, ...] = Field(
        default=(),
        alias="except",
        examples=[["DARS-NIC-123456-A1B2C"]],
        description="Not these agreements, organisations or datasets, by reference or name.",
    )
    expiring: Annotated[tuple[Annotated[int, Field(ge=0, le=3660)], ...] | None, BeforeValidator(_listed)] = Field(
        default=None,
        examples=[[90, 30]],
        description="Days before a printed end at which it is told; [90, 30] where organisations are named, else none.",
    )
    when: Literal["run", "daily", "weekly"] = Field(
        default="run",
        examples=["weekly"],
        description='After each run that has news ("run"), or collected "daily" or "weekly".',
    )
    at: str | None = Field(
        default=None,
        examples=["mon 08:00"],
        description='Time of day, for weekly after a weekday: "08:00" and "mon 08:00" if not said.',
    )
    timezone: Annotated[str, AfterValidator(_timezone)] = Field(default=LONDON, description="Time zone of that time.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if sum(way is not None for way in (self.email, self.webhook, self.url)) != 1:
            raise ValueError("must have exactly one of email, webhook and url")
        if self.name == OPERATOR:
            raise ValueError(f"the name {OPERATOR!r} is taken: operator of [mail] is told by itself")
        if self.secret and not self.webhook:
            raise ValueError("secret is for a webhook")
        if self.at is not None and self.when == "run":
            raise ValueError('at needs when = "daily" or "weekly"')
        if self.at is not None and not _AT[self.when].fullmatch(self.at):
            raise ValueError(f"at must be {_AT_WORDS[self.when]}")
        return self
