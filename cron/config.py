"""With which settings? `registerwatch.toml`, then `REGISTERWATCH_…` from the environment, then options.

A section of the file is one small class, a key is one field with a description. The checks, the names of the
environment variables, the file that `init` writes and docs/settings.md all come from these classes: a later section
is one more class and one more line in `Settings`. What a setting *does* is not known here.
"""

import json
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import SequenceMatcher
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from scraper.errors import RegisterWatchError
from scraper.limits import LARGEST_PAGE

FILE_NAME = "registerwatch.toml"
"""The settings file that is read if it lies in the current directory and no other is named."""

PREFIX = "REGISTERWATCH_"


class SettingsError(RegisterWatchError):
    """Settings that cannot be used: one line that names the place and every key that is wrong."""


class Section(BaseModel):
    """One section of the settings file. Keys whose value is a list may stand in the environment as JSON."""

    model_config = ConfigDict(frozen=True)


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
        description="A run is held if at least this part of the agreements of the pages read is gone.",
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
    from cron.schedule import ScheduleError, next_after

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
    """Where `run` writes feeds, for feed readers and web servers."""

    directory: Annotated[Path | None, BeforeValidator(lambda value: None if value == "" else value)] = Field(
        default=Path("feeds"), description="Folder of the feeds; empty: a run writes none."
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, checked. Paths of the settings file count from its folder."""

    register: Register = field(default_factory=Register)
    fetch: Fetch = field(default_factory=Fetch)
    store: Store = field(default_factory=Store)
    guards: Guards = field(default_factory=Guards)
    schedule: Schedule = field(default_factory=Schedule)
    feeds: Feeds = field(default_factory=Feeds)
    log: Log = field(default_factory=Log)
    vocabulary: Vocabulary = field(default_factory=Vocabulary)


SECTIONS: dict[str, type[Section]] = get_type_hints(Settings)
"""Name of each section → its class."""

KEYS = {f"{name}.{key}": (name, key) for name, section in SECTIONS.items() for key in section.model_fields}
"""Each setting by its full name, as in `store.database`."""


def variable(full_name: str) -> str:
    """Return the environment variable of a setting.

    >>> variable("store.database")
    'REGISTERWATCH_STORE__DATABASE'
    """
    return PREFIX + full_name.upper().replace(".", "__")


def load_settings(
    config: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """Read the settings: the file, then the environment, then the command line's options.

    Args:
        config: The settings file; without one `registerwatch.toml` in the current directory, if it is there.
        overrides: Full names of settings → values given as options, as in `{"store.database": Path("x.db")}`; their
            paths count from the current directory. A value of None: not given.
        environ: The environment.

    Raises:
        SettingsError: A file that cannot be read, a key that nobody knows, a value that does not fit.
    """
    path = config or (Path(FILE_NAME) if Path(FILE_NAME).is_file() else None)
    document = _read_document(path) if path else {}
    given = {name: value for name, value in (overrides or {}).items() if value is not None}

    in_file = list(_unknown_in_file(document))
    elsewhere = list(_unknown_variables(environ))
    sections: dict[str, Any] = {}
    for name, section in SECTIONS.items():
        values, sources = _values(name, document, environ, given)
        try:
            read = section.model_validate(values)
        except ValidationError as error:
            for one in error.errors():
                source = sources[key := str(one["loc"][0])]
                (in_file if source == f"{name}.{key}" else elsewhere).append(_complaint(source, one["msg"]))
        else:
            sections[name] = _anchor(name, read, path.parent if path else Path(), given)
    if in_file or elsewhere:
        raise SettingsError("; ".join([f"{path}: {'; '.join(in_file)}"] * bool(in_file) + elsewhere))
    return Settings(**sections)


def settings_template() -> str:
    """Return the text of a settings file in which each setting stands with its meaning and its default."""
    lines = [
        "# Settings of registerwatch. A line that is left out means its default; paths count from this file's folder.",
        f"# Each setting can also stand in the environment, as in {variable('store.database')}.",
    ]
    for name, section in SECTIONS.items():
        lines += ["", f"# {section.__doc__}", f"[{name}]"]
        for key, info in section.model_fields.items():
            lines.append(f"# {info.description}")
            if info.default is None:
                lines.append(f"# {key} = {in_toml((info.examples or [''])[0])}")
            else:
                lines.append(f"{key} = {in_toml(info.default)}")
    return "\n".join(lines) + "\n"


def _read_document(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({(error.strerror or str(error)).lower()})") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not a settings file (not UTF-8 text)") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not TOML: {error}") from error


def _unknown_in_file(document: Mapping[str, Any]) -> Iterator[str]:
    for name, table in document.items():
        if name in SECTIONS and isinstance(table, dict):
            for key in sorted(table.keys() - SECTIONS[name].model_fields.keys()):
                yield f"unknown key {name}.{key}{_nearest(f'{name}.{key}', KEYS)}"
        elif name in SECTIONS:
            yield f"{name} must be a section, as in [{name}]"
        elif isinstance(table, dict):
            yield f"unknown section [{name}]{_nearest(name, SECTIONS, '[{}]')}"
        elif isinstance(table, list) and table and all(isinstance(one, dict) for one in table):
            yield f"unknown section [[{name}]]{_nearest(name, SECTIONS, '[{}]')}"
        else:
            yield f"unknown key {name}{_nearest(name, KEYS)}"


def _unknown_variables(environ: Mapping[str, str]) -> Iterator[str]:
    known = {variable(full_name) for full_name in KEYS}
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            meant = name.removeprefix(PREFIX).lower().replace("__", ".")
            near = _near(meant, KEYS)
            hint = f", the nearest known one is {variable(near)}" if near else ""
            yield f"{name}: unknown environment variable{hint}"


NEAR = 1.2
"""Likeness from which a known name may have been meant; 2 is the same name."""


def _near(name: str, known: Iterable[str]) -> str | None:
    """Return the known name most like *name*, if one is; what stands after the last dot counts as much as the whole."""

    def likeness(other: str) -> float:
        whole = SequenceMatcher(None, name, other).ratio()
        return whole + SequenceMatcher(None, name.rpartition(".")[2], other.rpartition(".")[2]).ratio()

    best = max(known, key=likeness)
    return best if likeness(best) >= NEAR else None


def _nearest(name: str, known: Iterable[str], written: str = "{}") -> str:
    near = _near(name, known)
    return f", the nearest known one is {written.format(near)}" if near else ""


def _values(
    name: str, document: Mapping[str, Any], environ: Mapping[str, str], given: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what is said of section *name*, the last word for each key, and what to call the one who said it."""
    table = document.get(name)
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for key, info in SECTIONS[name].model_fields.items():
        full_name = f"{name}.{key}"
        if isinstance(table, dict) and key in table:
            values[key], sources[key] = table[key], full_name
        if variable(full_name) in environ:
            text = environ[variable(full_name)]
            is_list = isinstance(info.default, list | tuple)
            values[key], sources[key] = _json(text) if is_list else text, variable(full_name)
        if full_name in given:
            values[key], sources[key] = given[full_name], f"the option for {full_name}"
    return values, sources


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text  # the check of the field will say that this is no list


def _anchor(name: str, section: Section, folder: Path, given: Mapping[str, Any]) -> Section:
    """Return *section* with its relative paths counted from *folder*, but for those given as options."""
    values = {key: getattr(section, key) for key in type(section).model_fields if f"{name}.{key}" not in given}
    return section.model_copy(update={key: folder / path for key, path in values.items() if isinstance(path, Path)})


def _complaint(source: str, message: str) -> str:
    """Say what is wrong with the value that *source* gives; a check of our own says it in its own words."""
    ours = message.removeprefix("Value error, ")
    if ours == message:
        return f"{source} {_in_our_words(message)}"
    return f"{source} {ours}" if ours.startswith("must ") else f"{source}: {ours}"


def _in_our_words(message: str) -> str:
    """Turn pydantic's sentence into the rest of ours.

    >>> _in_our_words("Input should be greater than 0")
    'must be greater than 0'
    """
    return (
        message.replace("Input should", "must")
        .replace("String should", "must")
        .replace("Input is not", "must be")
        .partition(", ")[0]
        .partition(" for ")[0]
    )


def in_toml(value: object) -> str:
    """Return a value as the settings file has it.

    >>> in_toml(("a.example", "b.example"))
    '["a.example", "b.example"]'
    """
    # The strings, numbers and lists of the settings are written alike in JSON and TOML.
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)
