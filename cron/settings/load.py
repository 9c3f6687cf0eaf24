"""With which settings? `registerwatch.toml`, then `REGISTERWATCH_…` from the environment, then options.

Which sections and keys there are stands in `sections`; here they are read, checked, and written down for `init`.
"""

import json
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import SequenceMatcher, get_close_matches
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from cron.settings.sections import Settings, SettingsSection, StoreSettings, SubscriptionSettings
from scraper.errors import SettingsError, system_words

FILE_NAME = "registerwatch.toml"
"""The settings file that is read if it lies in the current directory and no other is named."""

PREFIX = "REGISTERWATCH_"


SUBSCRIPTIONS = "subscriptions"
"""The one section that may stand any number of times, as [[subscriptions]]."""

SECTIONS: dict[str, type[SettingsSection]] = {
    name: kind
    for name, kind in get_type_hints(Settings).items()
    if isinstance(kind, type) and issubclass(kind, SettingsSection)
}
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

    # All that is wrong is said at once: whoever sets a machine up wants to correct it once.
    in_file = list(_unknown_in_file(document))
    elsewhere = list(_unknown_variables(environ))
    checked: dict[str, Any] = {}
    for name, section in SECTIONS.items():
        values, sources = _values(name, document, environ, given)
        try:
            read = section.model_validate(values)
        except ValidationError as error:
            for said in error.errors():
                source = sources.get(_key(said), name)
                is_in_file = source in (f"{name}.{_key(said)}", name)
                (in_file if is_in_file else elsewhere).append(_complaint(source, said))
        else:
            checked[name] = _anchor(name, read, path.parent if path else Path(), given)
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
    own = StoreSettings.model_validate(document.get("store", {})).database
    return None if (path.parent / own).resolve() == used.resolve() else path.parent / own


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
        for key, info in section.model_fields.items():
            lines.append(f"# {info.description}")
            if info.default is None:
                lines.append(f"#{key} = {in_toml((info.examples or [''])[0])}")
            else:
                lines.append(f"{key} = {in_toml(info.default)}")
    lines += ["", *(f"# {line.strip()}".rstrip() for line in str(SubscriptionSettings.__doc__).strip().splitlines())]
    lines.append(f"#[[{SUBSCRIPTIONS}]]")
    for key, info in keys_of_subscriptions().items():
        example = (info.examples or [info.default])[0]
        lines += [f"# {info.description}", f"#{key} = {in_toml('Our own pages' if key == 'name' else example)}"]
    return "\n".join(lines) + "\n"


def keys_of_subscriptions() -> dict[str, FieldInfo]:
    """Return the keys of a subscription, as the file has them."""
    return {info.alias or key: info for key, info in SubscriptionSettings.model_fields.items()}


def read_subscriptions(tables: object) -> tuple[SubscriptionSettings, ...]:
    """Return the subscriptions, checked; ValueError with all that is wrong in them, but for the values themselves.

    A value may be an address or a password: it is never repeated.
    """
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ValueError(f"{SUBSCRIPTIONS} must be sections, as in [[{SUBSCRIPTIONS}]]")
    known = keys_of_subscriptions()
    wrong: list[str] = []
    read: list[SubscriptionSettings] = []
    for number, table in enumerate(tables, 1):
        where = f"subscription {table.get('name') or number!r}"
        wrong += [f"{where}: unknown key {key}{_nearest(key, known)}" for key in sorted(table.keys() - known.keys())]
        try:
            subscription = SubscriptionSettings.model_validate(table)
        except ValidationError as error:
            wrong += [f"{where}: {_complaint(_key(said), said).removeprefix(': ').strip()}" for said in error.errors()]
            continue
        # Deliveries are noted under its name: of two of one name the second would be told nothing.
        if any(subscription.name == other.name for other in read):
            wrong.append(f"{where}: there are two of this name")
        read.append(subscription)
    if wrong:
        raise ValueError("; ".join(wrong))
    return tuple(read)


def _key(said: ErrorDetails) -> str:
    return str(said["loc"][0]) if said["loc"] else ""


def _read_document(path: Path) -> dict[str, Any]:
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
            for key in sorted(table.keys() - SECTIONS[name].model_fields.keys()):
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
        # The check of the field will say that this is no list.
        return text


def _anchor(name: str, section: SettingsSection, folder: Path, given: Mapping[str, Any]) -> SettingsSection:
    """Return *section* with its relative paths counted from *folder*, but for those given as options."""
    # The defaults too: the database of a settings file lies beside it, wherever the program is started.
    values = {key: getattr(section, key) for key in type(section).model_fields if f"{name}.{key}" not in given}
    return section.model_copy(update={key: folder / path for key, path in values.items() if isinstance(path, Path)})


def _complaint(source: str, said: ErrorDetails) -> str:
    """Say what is wrong with the value that *source* gives; a check of our own says it in its own words."""
    if said["type"] == "literal_error":
        return f"{source} must be {_choices(said)}"
    if said["type"] == "missing":
        return f"{source} must be set".lstrip()
    # pydantic's own sentences speak of input and of types in Python; ours of the file.
    message = said["msg"]
    ours = message.removeprefix("Value error, ")
    if ours == message:
        return f"{source} {_in_our_words(message)}"
    return f"{source} {ours}" if ours.startswith("must ") else f"{source}: {ours}"


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


def in_toml(value: object) -> str:
    """Return a value as the settings file has it.

    >>> in_toml(("a.example", "b.example"))
    '["a.example", "b.example"]'
    """
    # The strings, numbers and lists of the settings are written alike in JSON and TOML.
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)
