"""Write the page of the manual, registerwatch(1), from what `--help` says; to standard output.

It needs the program to be importable, and nothing else.
"""

import re
import sys
from collections.abc import Iterator
from importlib.metadata import version

import click

from cron.cli import cli


def page() -> str:
    """Return the page, in the language of man(7)."""
    root = click.Context(cli, info_name="registerwatch", help_option_names=["-h", "--help"])
    lines = [
        f'.TH REGISTERWATCH 1 "" "registerwatch {version("registerwatch")}" "User Commands"',
        ".SH NAME",
        r"registerwatch \- watch a public register of data sharing agreements, and tell what changed",
        ".SH SYNOPSIS",
        r".B registerwatch",
        r"[\fIOPTIONS\fR] \fICOMMAND\fR [\fIARGS\fR]...",
        ".SH DESCRIPTION",
        *_paragraphs(cli.help or ""),
        ".SH OPTIONS",
        *_options(cli, root),
        ".SH COMMANDS",
    ]
    for name in sorted(cli.commands):
        lines += _command(cli.commands[name], name, root)
    return "\n".join([*lines, *_end()]) + "\n"


def _command(command: click.Command, name: str, root: click.Context) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=root)
    usage = " ".join(command.collect_usage_pieces(context))
    yield from (f".SS {_plain(name)}", rf".B registerwatch {_plain(name)}", _plain(usage), ".PP")
    yield from _paragraphs(command.help or "")
    yield from _options(command, context)
    if isinstance(command, click.Group):
        for inner in sorted(command.commands):
            yield from _command(command.commands[inner], f"{name} {inner}", root)


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and record[1]:
            yield from (".TP", rf"\fB{_plain(record[0])}\fR", _plain(record[1]))


def _paragraphs(text: str) -> Iterator[str]:
    r"""Yield paragraphs; the lines of one behind the mark U+0008 stay apart."""
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        lines = [line.rstrip() for line in paragraph.splitlines()]
        if lines[0].strip() == "\b":
            yield from (".PP", ".nf", *map(_plain, lines[1:]), ".fi")
        else:
            yield from (".PP", _plain(" ".join(line.strip() for line in lines)))


def _end() -> Iterator[str]:
    yield from (
        ".SH FILES",
        ".TP",
        r"\fIregisterwatch.toml\fR",
        "The settings, in the folder in which the program runs; the Debian package has them in",
        r"\fI/etc/registerwatch/registerwatch.toml\fR.",
        ".TP",
        r"\fIregisterwatch.db\fR",
        "Pages, history and changes.",
        ".SH EXIT STATUS",
        "0 done; 1 failed, nothing changed; 2 wrong usage or settings; 3 finished, but something needs a person.",
        ".SH SEE ALSO",
        r"The pages in \fI/usr/share/doc/registerwatch\fR, where the Debian package is installed.",
    )


def _plain(text: str) -> str:
    r"""Return text that man(7) takes as it is.

    >>> _plain("--since"), _plain(".TH"), _plain("a\\b")
    ('\\-\\-since', '\\&.TH', 'a\\eb')
    """
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped


if __name__ == "__main__":
    sys.stdout.write(page())
