"""Where the program begins: looks whether our packages are ours, then hands over to the command line.

`cron`, `diff`, `notify`, `scraper` and `snapshots` are names that other distributions have too. This module's is ours
alone, so that what is said where one of them stands in our place can be said at all.
"""

import signal
import sys

VERSION = "0.1.0"
"""That of pyproject.toml, as a test says; to ask for it what is installed takes longer than to say it."""

NOTES = {
    "cron": '"""When, with which settings, in which order?',
    "diff": '"""What changed, and does it matter?',
    "notify": '"""Who is told, and how?',
    "scraper": '"""What does this page say?',
    "snapshots": '"""What did the register say, and when?',
}
"""Package → how its note begins."""


def main() -> None:
    """Run the command line."""
    try:
        _refuse_strangers()
        from cron.cli import main as run

        run()
    except KeyboardInterrupt:
        # Nothing else is loaded before Ctrl-C is one line, and no longer a traceback.
        sys.stderr.write("registerwatch: stopped\n")
        sys.exit(1)
    except ImportError as error:
        # A module of ours may be another's though the note of its package is ours.
        if (stranger := _stranger(list(NOTES))) is None:
            raise
        _refuse(stranger, str(error))
    finally:
        # What is left is Python's own end; who is in a hurry twice gets no traceback of that either.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _refuse_strangers() -> None:
    """End the program where a package that Python would import is not ours."""
    if taken := [name for name in NOTES if not _is_ours(name)]:
        _refuse(_stranger(taken), f"the package `{taken[0]}` is not registerwatch's")


def _is_ours(name: str) -> bool:
    from importlib.machinery import PathFinder
    from pathlib import Path

    note = Path(__file__).resolve().with_name(name) / "__init__.py"
    spec = PathFinder.find_spec(name)
    if spec is None or spec.origin is None or Path(spec.origin).resolve() != note:
        return False
    return note.read_text(encoding="utf-8").startswith(NOTES[name])


def _stranger(names: list[str]) -> str | None:
    """Return a distribution beside us that has one of these packages; None if none says so."""
    from importlib.metadata import distributions

    for distribution in distributions():
        known = distribution.metadata["Name"]
        tops = {file.parts[0].removesuffix(".py") for file in distribution.files or ()}
        if known != "registerwatch" and any(name in tops for name in names):
            return f"{known} {distribution.version}"
    return None


def _refuse(stranger: str | None, why: str) -> None:
    whose = f": {stranger} is installed here too" if stranger else ""
    sys.stderr.write(
        f"registerwatch: {why}{whose}. Install registerwatch in an environment of its own: pipx install registerwatch\n"
    )
    sys.exit(2)


if __name__ == "__main__":
    main()
