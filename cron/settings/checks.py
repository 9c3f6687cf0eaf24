"""Is a value what its setting takes? The types of the settings' rows, by pydantic; what is wrong, in our words.

Loaded where there is a value to check: without a settings file the program begins sooner.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import lru_cache
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar, get_type_hints

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    create_model,
)
from pydantic_core import ErrorDetails

from cron.settings import sections
from cron.settings.sections import LONDON, NIGHTLY, SHORTEST_SECRET, SettingsSection
from scraper.limits import MOST_AUTHORITIES

# --- what a value must look like --------------------------------------------------------------------------------------

_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\\x00-\x1f]{1,64}@[^\s@<>,;:\"()\[\]\\\x00-\x1f]{1,255}")


def _file(path: Path) -> Path:
    # Which is also what nothing at all is read as.
    if path == Path():
        raise ValueError("must name a file")
    return path


def _address(address: str) -> str:
    if not _ADDRESS.fullmatch(address):
        raise ValueError("must be a mail address, as in you@example.org")
    return address


def _contact(contact: str) -> str:
    if not (_ADDRESS.fullmatch(contact) or re.fullmatch(r"https?://[^/\s]+(/\S*)?", contact)):
        raise ValueError("must be a mail or a web address, as in you@example.org or https://example.org/contact")
    return contact


def _kinds(kinds: tuple[str, ...]) -> tuple[str, ...]:
    # Not at the top, as below: most settings name no kind, and the table of kinds brings all their words.
    from diff.kinds import ChangeKind

    for kind in kinds:
        if kind not in list(ChangeKind):
            near = get_close_matches(kind, list(ChangeKind), n=1, cutoff=0.0)[0]
            raise ValueError(f"unknown kind {kind}, the nearest known one is {near}")
    return kinds


def _long_enough(secret: SecretStr) -> SecretStr:
    from notify.channels.channel import key_of

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
    from scraper.web.proxy import Proxy

    try:
        Proxy.at(address.get_secret_value())
    except ValueError as error:
        raise ValueError('must be the address of a proxy, as in "http://proxy.example.org:3128"') from error
    return address


TOKEN = "{token}"
LONGEST_RETURN_TOKEN = 44
"""Characters that stand for a letter in its return path; an address has 64 before its @ (RFC 5321)."""


def _return_path(address: str) -> str:
    local, _, domain = address.rpartition("@")
    is_one = local.count(TOKEN) == 1 and TOKEN not in domain
    if not is_one or not _ADDRESS.fullmatch(address.replace(TOKEN, "x" * LONGEST_RETURN_TOKEN)):
        raise ValueError(
            f"must be a mail address with {TOKEN} and at most {64 - LONGEST_RETURN_TOKEN} more characters before @, "
            f"as in bounces+{TOKEN}@example.org"
        )
    return address


def _network(address: str) -> str:
    try:
        ip_network(address)
    except ValueError as error:
        raise ValueError("must be the address of a machine or a network, as in 127.0.0.1 or 10.0.0.0/8") from error
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
ReturnPath = Annotated[str, AfterValidator(_return_path)]
Network = Annotated[str, AfterValidator(_network)]
MailAddress = Annotated[str, AfterValidator(_address)]
Contact = Annotated[str, AfterValidator(_contact)]
WebAddress = Annotated[str, StringConstraints(pattern="^https?://")]
PageAddress = Annotated[str, StringConstraints(pattern="^https?://[^/ ]+/")]
BaseAddress = Annotated[str, StringConstraints(pattern=r"^https?://[^/ ?#@]+(/[^ ?#]*)?$")]
ClusterAddress = Annotated[str, StringConstraints(pattern=r"^(tcp|tls)://[^/ ?#@]+:[0-9]+$")]
HookAddress = Annotated[str, StringConstraints(pattern=r"^https?://[^/ ?#@]+(/[^ ]*)?$")]
Authorities = Annotated[tuple[BaseAddress, ...], Field(max_length=MOST_AUTHORITIES)]
Kinds = Annotated[Names, AfterValidator(_kinds)]
Secret = SecretStr
ProxyAddress = Annotated[SecretStr, AfterValidator(_proxy)]
SigningKey = Annotated[SecretStr, AfterValidator(_long_enough)]
Crontab = Annotated[str, AfterValidator(_crontab)]
Fraction = Annotated[float, Field(gt=0, le=1)]
TimeZone = Annotated[str, AfterValidator(_timezone)]
Days = Annotated[
    tuple[Annotated[int, Field(ge=0, le=3660)], ...] | None,
    BeforeValidator(lambda days: days if isinstance(days, list | tuple) or days is None else [days]),
]


# --- checking ---------------------------------------------------------------------------------------------------------


class Wrong(NamedTuple):
    """What is wrong with a value."""

    key: str
    """As the file calls it; empty where several do not go together."""
    words: str
    """What stands behind the name of the setting."""


Section = TypeVar("Section", bound=SettingsSection)


def checked(section: type[Section], values: Mapping[str, Any]) -> Section | list[Wrong]:
    """Return the section with these values, by the names that the file has for them; or all that is wrong."""
    rows = {key: row for key, row in section.rows().items() if key in values or row.default is ...}
    try:
        # A class can be hashed; mypy asks its instances.
        read = _model(section, tuple(rows)).model_validate(dict(values))  # type: ignore[arg-type]
    except ValidationError as error:
        return [Wrong(str(said["loc"][0]), _words(said)) for said in error.errors()]
    try:
        return section(**{row.name: getattr(read, row.name) for row in rows.values()})
    except ValueError as error:
        return [Wrong("", _joined(str(error)))]


@lru_cache(maxsize=1 << 8)  # making one takes longer than all that it checks
def _model(section: type[SettingsSection], keys: Names) -> type[BaseModel]:
    """Return what checks these keys of a section: a key that nobody set costs nothing."""
    rows = section.rows()
    hints = get_type_hints(section, {**vars(sections), **globals()}, include_extras=True)
    fields: dict[str, Any] = {
        rows[key].name: (hints[rows[key].name], Field(alias=key, **rows[key].checks)) for key in keys
    }
    return create_model(section.__name__, **fields)


def _words(said: ErrorDetails) -> str:
    """Say what is wrong with a value; a check of our own says it in its own words."""
    if said["type"] == "literal_error":
        return f" must be {_choices(said)}"
    if said["type"] == "missing":
        return " must be set"
    # pydantic's own sentences speak of input and of types in Python; ours of the file.
    message = said["msg"]
    ours = message.removeprefix("Value error, ")
    return f" {_in_our_words(message)}" if ours == message else _joined(ours)


def _joined(ours: str) -> str:
    return f" {ours}" if ours.startswith("must ") else f": {ours}"


def _choices(said: ErrorDetails) -> str:
    """Return the words that would do, and the nearest to the one that stands there, if one is near."""
    expected = said["ctx"]["expected"].replace("'", "")
    near = get_close_matches(str(said["input"]), re.split(", | or ", expected), n=1)
    return f"{expected}, the nearest is {near[0]}" if near else expected


def _in_our_words(message: str) -> str:
    """Turn pydantic's sentence into the rest of ours.

    >>> _in_our_words("Input should be greater than 0")
    'must be greater than 0'
    """
    if _WEB_ADDRESS in message:
        return "must be a web address, as in https://example.org/, without a user name"
    said = (
        message.replace("Input should", "must")
        .replace("String should", "must")
        .replace("Input is not", "must be")
        .replace("a valid tuple", 'a list, as in ["x"]')
    )
    return _WHY.split(said, maxsplit=1)[0].partition(" for ")[0]


_WEB_ADDRESS = "match pattern '^https?://"
_WHY = re.compile(", (?=unable|got|input)")
"""What pydantic says behind these is about how it read a value, not about what is wanted."""
