"""Heads of the chain where others can mirror them: lines of a file, commits of a git repository."""

import os
import signal
import subprocess
from pathlib import Path

from scraper.errors import RegisterWatchError, system_words
from scraper.limits import GIT_S
from scraper.text import cut, one_line
from snapshots.keeping.chain import Head

HEADS = "heads.txt"
"""The file in a repository."""


class MirrorError(RegisterWatchError):
    """The head could not be written where others mirror it."""


def line_of(head: Head, made_at: str) -> str:
    """Return the line of a head: what `verify --head` takes, and when it was made.

    >>> line_of(Head(7, "ab" * 32), "2026-03-01T03:17:00Z")[:12]
    '7:ababababab'
    """
    return f"{head.number}:{head.hash} {made_at}\n"


def add_line(file: Path, head: Head, made_at: str) -> bool:
    """Add the line of a head to *file*, unless it stands there; say whether it is new.

    Raises:
        MirrorError: It cannot be written.
    """
    line = line_of(head, made_at).encode()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a+b") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - len(line)))
            last = stream.read()
            if last == line:
                return False
            # A line that a full disk cut short must not run into this one.
            stream.write(line if not last or last.endswith(b"\n") else b"\n" + line)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise MirrorError(f"{file}: cannot be written ({system_words(error)})") from error
    return True


def commit_head(folder: Path, head: Head, made_at: str) -> bool:
    """Commit the line of a head in the repository of *folder*, made if there is none; say whether it is new.

    Raises:
        MirrorError: git is not there, fails, or takes too long.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MirrorError(f"{folder}: cannot be made ({system_words(error)})") from error
    if not (folder / ".git").exists():
        _git(folder, "init", "--quiet")
    add_line(folder / HEADS, head, made_at)
    _git(folder, "add", "--", HEADS)
    # What was added by a run that was killed before it committed is committed now.
    if not _git(folder, "status", "--porcelain", "--", HEADS).strip():
        return False
    _git(folder, "commit", "--quiet", "--message", f"Head {head.number}: {head.hash}", "--", HEADS)
    return True


def _git(folder: Path, *arguments: str) -> str:
    # As nobody in particular: a service has no name of its own, and git commits nothing without one.
    name = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _NAME.items()}
    environment = {**os.environ, **name, "GIT_TERMINAL_PROMPT": "0"}
    command = ["git", "-C", str(folder), *arguments]
    try:
        # In a session of its own, so that a hook that hangs is ended with it.
        with subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as process:
            try:
                said, _ = process.communicate(timeout=GIT_S)
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
    except subprocess.TimeoutExpired as error:
        raise MirrorError(f"{folder}: git {arguments[0]} took longer than {GIT_S:g} s") from error
    except OSError as error:
        raise MirrorError(f"{folder}: git cannot be run ({system_words(error)})") from error
    if process.returncode:
        raise MirrorError(f"{folder}: git {arguments[0]}: {cut(one_line(said), 200) or process.returncode}")
    return said


_NAME = {"NAME": "registerwatch", "EMAIL": "registerwatch@registerwatch.invalid"}
