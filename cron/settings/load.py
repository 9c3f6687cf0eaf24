"""With which settings? `registerwatch.toml`, then `REGISTERWATCH_…` from the environment, then options.

Which sections and keys there are stands in `sections`; here they are read, checked, and written down for `init`.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cron.settings.sections import Settings, SettingsRow, SettingsSection, StoreSettings, SubscriptionSettings
from scraper.errors import SettingsError, system_words

if TYPE_CHECKING:
    from cron.settings.checks import Wrong

    Section = TypeVar("Section", bound=SettingsSection)

FILE_NAME = "registerwatch.toml"
"""The settings file that is read if it lies in the current directory and no other is named."""

PREFIX = "REGISTERWATCH_"


SUBSCRIPTIONS = "subscriptions"
"""The one section that may stand any number of times, as [[subscriptions]]."""

_DEFAULTS = Settings()

SECTIONS: dict[str, type[SettingsSection]] = {
    one.name: type(section)
    for one in fields(Settings)
    if isinstance(section := getattr(_DEFAULTS, one.name), SettingsSection)
}
"""Name of each section → its class."""

KEYS = {f"{name}.{key}": (name, key) for name, section in SECTIONS.items() for key in section.rows()}
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

    # All that is wrong is said at once: whoever sets a machine up wants to correct it once.
    in_file = list(_unknown_in_file(document))
    elsewhere = list(_unknown_variables(environ))
    checked: dict[str, Any] = {}
    for name, section in SECTIONS.items():
        values, sources = _values(name, document, environ, given)
        read = _read(section, values)
        if isinstance(read, SettingsSection):
            checked[name] = _anchor(name, read, path.parent if path else Path(), given)
            continue
        for key, words in read:
            source = sources.get(key, name)
            (in_file if source in (f"{name}.{key}", name) else elsewhere).append(f"{source}{words}")
    try:
        checked[SUBSCRIPTIONS] = read_subscriptions(document.get(SUBSCRIPTIONS, []))
    except ValueError as error:
        in_file.append(str(error))
    if in_file or elsewhere:
        raise SettingsError("; ".join([f"{path}: {'; '.join(in_file)}"] * bool(in_file) + elsewhere))
    if path:
        checked["file"] = path
        checked["own_database"] = _own_database(path, document, checked["store"].database)
    return Settings(**checked)


def _own_database(path: Path, document: Mapping[str, Any], used: Path) -> Path | None:
    """Return the database that the settings file names, or means, if it is not the one that is used."""
    own = _read(StoreSettings, document.get("store", {}))
    assert isinstance(own, StoreSettings)  # what is used was read from the same table
    return None if (path.parent / own.database).resolve() == used.resolve() else path.parent / own.database


def settings_template() -> str:
    """Return the text of a settings file in which each setting stands with its meaning and its default.

    A setting that has no default stands behind a single `#`, without a space: taking it away puts it in force.
    """
    lines = [
        "# Settings of registerwatch. A line that is left out means its default; paths count from this file's folder.",
        f"# Each setting can also stand in the environment, as in {variable('store.database')}.",
        "# A setting behind a # is not in force; take the # away and put your own value.",
    ]
    for name, section in SECTIONS.items():
        lines += ["", f"# {section.__doc__}", f"[{name}]"]
        for key, row in section.rows().items():
            lines.append(f"# {row.meaning}")
            if row.default is None:
                lines.append(f"#{key} = {in_toml(row.example or '')}")
            else:
                lines.append(f"{key} = {in_toml(row.default)}")
    lines += ["", *(f"# {line.strip()}".rstrip() for line in str(SubscriptionSettings.__doc__).strip().splitlines())]
    lines.append(f"#[[{SUBSCRIPTIONS}]]")
    for key, row in SubscriptionSettings.rows().items():
        example = "Our own pages" if key == "name" else row.default if row.example is None else row.example
        lines += [f"# {row.meaning}", f"#{key} = {in_toml(example)}"]
    return "\n".join(lines) + "\n"


def read_subscriptions(tables: object) -> tuple[SubscriptionSettings, ...]:
    """Return the subscriptions, checked; ValueError with all that is wrong in them, but for the values themselves.

    A value may be an address or a password: it is never repeated.
    """
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ValueError(f"{SUBSCRIPTIONS} must be sections, as in [[{SUBSCRIPTIONS}]]")
    known = SubscriptionSettings.rows()
    wrong: list[str] = []
    read: list[SubscriptionSettings] = []
    for number, table in enumerate(tables, 1):
        where = f"subscription {table.get('name') or number!r}"
        wrong += [f"{where}: unknown key {key}{_nearest(key, known)}" for key in sorted(table.keys() - known.keys())]
        subscription = _read(SubscriptionSettings, table)
        if not isinstance(subscription, SubscriptionSettings):
            wrong += [f"{where}: {f'{key}{words}'.removeprefix(': ').strip()}" for key, words in subscription]
            continue
        # Deliveries are noted under its name: of two of one name the second would be told nothing.
        if any(subscription.name == other.name for other in read):
            wrong.append(f"{where}: there are two of this name")
        read.append(subscription)
    if wrong:
        raise ValueError("; ".join(wrong))
    return tuple(read)


def _read(section: "type[Section]", values: Mapping[str, Any]) -> "Section | list[Wrong]":
    """Return a section with these values, or all that is wrong with them."""
    # Where there is nothing to check, what checks is not loaded: it takes as long as a command's own work. The path
    # that an option names is one already.
    rows = section.rows()
    if all(isinstance(value, Path) and value != Path() for value in values.values()) and not _must_be_set(rows, values):
        return section(**{rows[key].name: value for key, value in values.items()})
    from cron.settings.checks import checked

    return checked(section, values)


def _must_be_set(rows: Mapping[str, SettingsRow], values: Mapping[str, Any]) -> bool:
    return any(row.default is ... for key, row in rows.items() if key not in values)


def _read_document(path: Path) -> dict[str, Any]:
    import tomllib  # not everybody has such a file

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({system_words(error)})") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not a settings file (not UTF-8 text)") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not TOML: {error}") from error


def _unknown_in_file(document: Mapping[str, Any]) -> Iterator[str]:
    # TOML takes any table; what nobody reads is a slip, and a slip in a name of a setting must not be a default.
    for name, table in document.items():
        if name == SUBSCRIPTIONS:
            continue
        if name in SECTIONS and isinstance(table, dict):
            for key in sorted(table.keys() - SECTIONS[name].rows().keys()):
                yield f"unknown key {name}.{key}{_nearest(f'{name}.{key}', KEYS)}"
        elif name in SECTIONS:
            yield f"{name} must be a section, as in [{name}]"
        elif isinstance(table, dict):
            yield f"unknown section [{name}]{_nearest_section(name)}"
        elif isinstance(table, list) and table and all(isinstance(one, dict) for one in table):
            yield f"unknown section [[{name}]]{_nearest_section(name)}"
        else:
            yield f"unknown key {name}{_nearest(name, KEYS)}"


def _unknown_variables(environ: Mapping[str, str]) -> Iterator[str]:
    known = {variable(full_name) for full_name in KEYS}
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            meant = name.removeprefix(PREFIX).lower().replace("__", ".")
            yield f"{name}: unknown environment variable{_nearest(meant, KEYS, variable)}"


NEAR = 1.2
"""Likeness from which a known name may have been meant; 2 is the same name."""


def _nearest(name: str, known: Iterable[str], written: Callable[[str], str] = str) -> str:
    """Name the known name most like *name*, if one is near, as it is *written*."""

    def likeness(other: str) -> float:
        # What stands after the last dot counts as much as the whole: keys are remembered without their section.
        whole = SequenceMatcher(None, name, other).ratio()
        return whole + SequenceMatcher(None, name.rpartition(".")[2], other.rpartition(".")[2]).ratio()

    best = max(known, key=likeness)
    return f", the nearest known one is {written(best)}" if likeness(best) >= NEAR else ""


def _nearest_section(name: str) -> str:
    return _nearest(
        name, [*SECTIONS, SUBSCRIPTIONS], lambda near: f"[[{near}]]" if near == SUBSCRIPTIONS else f"[{near}]"
    )


def _values(
    name: str, document: Mapping[str, Any], environ: Mapping[str, str], given: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what is said of section *name*, the last word for each key, and what to call the one who said it."""
    table = document.get(name)
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for key, row in SECTIONS[name].rows().items():
        full_name = f"{name}.{key}"
        if isinstance(table, dict) and key in table:
            values[key], sources[key] = table[key], full_name
        if variable(full_name) in environ:
            text = environ[variable(full_name)]
            is_list = isinstance(row.default, list | tuple)
            values[key], sources[key] = _json(text) if is_list else text, variable(full_name)
        if full_name in given:
            values[key], sources[key] = given[full_name], f"the option for {full_name}"
    return values, sources


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        # The check of the field will say that this is no list.
        return text


def _anchor(name: str, section: SettingsSection, folder: Path, given: Mapping[str, Any]) -> SettingsSection:
    """Return *section* with its relative paths counted from *folder*, but for those given as options."""
    # The defaults too: the database of a settings file lies beside it, wherever the program is started.
    values = {key: getattr(section, row.name) for key, row in section.rows().items() if f"{name}.{key}" not in given}
    return section.with_values(**{key: folder / path for key, path in values.items() if isinstance(path, Path)})


def in_toml(value: object) -> str:
    """Return a value as the settings file has it.

    >>> in_toml(("a.example", "b.example"))
    '["a.example", "b.example"]'
    """
    # The strings, numbers and lists of the settings are written alike in JSON and TOML.
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)
