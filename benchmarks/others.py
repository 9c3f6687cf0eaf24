"""The tools that a user would otherwise take, installed by name into an environment of their own, and how each is run.

urlwatch and webchanges are run as their documentation shows it: a job for each page with the filter `html2text`, and
one for the list of pages; everything else as they come, but for colours, and for webchanges asking for news of itself.
"""

import hashlib
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.history import KEPT

REQUIREMENTS = Path(__file__).with_name("requirements.txt")


class NotToBeHadError(Exception):
    """The other tools cannot be installed here."""


def programs() -> Path:
    """Return the folder of the other tools' programs, installed there if they are not.

    Raises:
        NotToBeHadError: That is not possible here.
    """
    name = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:12]
    place = KEPT / f"others-{name}"
    ready = place / "ready"
    if not ready.exists():
        print("installing the other tools …", file=sys.stderr, flush=True)
        pip = [place / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS]
        try:
            for command in ([sys.executable, "-m", "venv", place], pip):
                subprocess.run(command, check=True, capture_output=True)
        except (subprocess.CalledProcessError, OSError) as error:
            raise NotToBeHadError(f"cannot be installed here ({type(error).__name__})") from error
        ready.touch()
    return place / "bin"


def version_of(tool: str) -> str:
    """Return name and version, as pinned."""
    return next(line for line in REQUIREMENTS.read_text(encoding="utf-8").split() if line.startswith(f"{tool}=="))


@dataclass(frozen=True)
class Watcher:
    """urlwatch or webchanges, set up in a folder."""

    tool: str
    folder: Path

    @property
    def kept(self) -> Path:
        """The file that it keeps pages in."""
        return self.folder / "kept.db"

    def set_up(self, addresses: Iterable[str], mail_port: int | None = None) -> None:
        """Write the list of jobs and the settings; with a port, messages go to the mail server there."""
        jobs = [f"url: {address}\nfilter:\n  - html2text\n" for address in addresses]
        self.folder.mkdir(exist_ok=True)
        (self.folder / "jobs.yaml").write_text("---\n".join(jobs), encoding="utf-8")
        mail = "" if mail_port is None else _MAIL.format(port=mail_port)
        (self.folder / "config.yaml").write_text(_SETTINGS[self.tool] + mail, encoding="utf-8")

    def command(self) -> list[str]:
        """Return the command of one night; its home is its folder, so that nothing of this user is read or written."""
        jobs, kept = ("--urls", "--cache") if self.tool == "urlwatch" else ("--jobs", "--database")
        clean = ["env", "-u", "PYTHONPATH", f"HOME={self.folder}"]
        files = [jobs, self.folder / "jobs.yaml", "--config", self.folder / "config.yaml", kept, self.kept]
        return [*clean, str(programs() / self.tool), *map(str, files)]


_SETTINGS = {
    "urlwatch": "report:\n  stdout: {enabled: true, color: false}\n",
    "webchanges": "version_check: {enabled: false}\nreport:\n  stdout: {enabled: true, color: false}\n",
}
_MAIL = """
  email:
    enabled: true
    html: false
    from: register@example.org
    to: reader@example.org
    method: smtp
    smtp: {{host: 127.0.0.1, port: {port}, starttls: false, auth: false}}
"""
