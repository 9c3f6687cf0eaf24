"""The container without an engine, and with one: the steps of Containerfile done in a root made by debootstrap.

No builder is needed for the first: RUN is done in the root, COPY is copied, the program is started as the user that the
file names, over a root that cannot be written. Both need root, and debootstrap for a Debian with nothing else in it;
DEBIAN_ROOT may name a root to be copied instead. CONTAINER_ENGINE may say how the engine is called, with options, and
CONTAINER_BASE an image of Debian that it has.
"""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
IMAGE = "localhost/registerwatch-tried"
BASE = "localhost/debian-tried"


class NoContainerError(Exception):
    """Nothing can be built here, and why."""


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Containerfile as (name, rest)."""
    text = re.sub(r"(?m)^#.*\n", "", (ROOT / "Containerfile").read_text(encoding="utf-8"))
    lines = (re.sub(r"\\\n\s*", " ", text)).splitlines()
    words = (line.split(maxsplit=1) for line in lines if line.strip())
    return [(name, rest) for name, rest in words]


def base_of(folder: Path) -> Path:
    """Return a root with nothing but Debian, and with what this machine needs to reach its package index.

    Raises:
        NoContainerError: None can be made.
    """
    base = folder / "base"
    if prepared := os.environ.get("DEBIAN_ROOT"):
        subprocess.run(["cp", "-a", prepared, str(base)], check=True)
    elif not shutil.which("debootstrap"):
        raise NoContainerError("debootstrap is not installed")
    else:
        command = ["debootstrap", "--variant=minbase", "--include=gpgv", "bookworm", str(base)]
        made = subprocess.run(command, capture_output=True, text=True)
        if made.returncode:
            raise NoContainerError(f"debootstrap made no root: {made.stderr[-200:]}")
    for name in ("usr/local/share/ca-certificates", "etc/xdg/pip", "root/.config/pip"):
        if (Path("/") / name).is_dir():
            shutil.copytree(Path("/") / name, base / name, dirs_exist_ok=True)
    if Path("/etc/pip.conf").exists():
        shutil.copy("/etc/pip.conf", base / "etc/pip.conf")
    return base


# --- its steps, done one by one ---------------------------------------------------------------------------------------


class Stage:
    """A root, and the instructions that change it."""

    def __init__(self, folder: Path, base: Path, others: Mapping[str, "Stage"]) -> None:
        self.folder, self.others, self.workdir = folder, others, "/"
        self.environ = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        subprocess.run(["cp", "-a", str(base), str(folder)], check=True)

    @property
    def volume(self) -> Path:
        """The folder that is mounted as /data."""
        return Path(f"{self.folder}-data")

    def path(self, name: str) -> Path:
        """Return where a path of the root lies on this machine."""
        return self.folder / (name if name.startswith("/") else f"{self.workdir}/{name}").lstrip("/")

    def do(self, name: str, rest: str) -> None:
        """Do one instruction."""
        match name:
            case "RUN":
                self._run(rest)
            case "COPY":
                *options, target = shlex.split(rest)
                stage = self.others[options.pop(0).partition("=")[2]] if options[0].startswith("--from=") else None
                for one in options:
                    self._copy(stage.path(one) if stage else ROOT / one, target)
            case "WORKDIR":
                self.workdir = rest
                self.path(rest).mkdir(parents=True, exist_ok=True)
            case "ENV":
                for word in shlex.split(rest):
                    key, _, value = word.partition("=")
                    self.environ[key] = value.replace("$PATH", self.environ["PATH"])

    def _copy(self, source: Path, target: str) -> None:
        place = self.path(target)
        if source.is_dir():
            shutil.copytree(source, place, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy(source, place)

    def _run(self, line: str) -> None:
        inside = ["chroot", str(self.folder), "/bin/sh", "-c", f"cd {self.workdir} && {line}"]
        environ = {**self.environ, "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root"}
        done = subprocess.run(inside, env=environ, capture_output=True, text=True)
        assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"

    def started(self, *command: str) -> list[str]:
        """Return the call that starts *command* as the file's user, over a root that cannot be written."""
        mounts = (
            f"mount --bind {self.folder} {self.folder} && mount -o remount,ro,bind {self.folder} && "
            f"mount --bind {self.volume} {self.folder}/data && mount -t tmpfs none {self.folder}/tmp && "
            f'exec chroot --userspec=10001:10001 {self.folder} /bin/sh -c \'cd /data && exec "$@"\' sh "$@"'
        )
        environ = (f"{name}={value}" for name, value in self.environ.items())
        return ["env", "-i", *environ, "unshare", "--mount", "/bin/sh", "-c", mounts, "sh", *command]

    def call(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run *command* as `started` does, to its end."""
        return subprocess.run(self.started(*command), capture_output=True, text=True)


def steps_done(folder: Path, base: Path) -> Stage:
    """Return the root in which all the steps are done, with its volume beside it.

    Raises:
        NoContainerError: There are no mounts of one's own here.
    """
    if os.geteuid() or subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode:
        raise NoContainerError("no mounts of one's own here")
    stages: dict[str, Stage] = {}
    for name, rest in instructions():
        if name == "FROM":
            called = rest.partition(" AS ")[2] or "last"
            stages[called] = stage = Stage(folder / called, base, dict(stages))
        elif name not in ("ARG", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"):
            stage.do(name, rest)
    # The volume is made as the folder in its place is.
    subprocess.run(["cp", "-a", str(stage.path("/data")), str(stage.volume)], check=True)
    return stage


# --- an engine --------------------------------------------------------------------------------------------------------


class Engine:
    """An engine that has built the image, and a volume for it.

    Args:
        folder: Where the volume is made.
        base: A root with Debian in it, from which its first image is made.

    Raises:
        NoContainerError: There is no engine, or it cannot build or run here.
    """

    def __init__(self, folder: Path, base: Path) -> None:
        self.words = shlex.split(os.environ.get("CONTAINER_ENGINE", "podman"))
        if os.geteuid() or not shutil.which(self.words[0]):
            raise NoContainerError(f"{self.words[0]} is not installed, or not for us")
        self.volume = folder / "volume"
        self.volume.mkdir(mode=0o750)
        os.chown(self.volume, 10001, 10001)
        image = os.environ.get("CONTAINER_BASE") or self._import(base, folder / "base.tar")
        # Where it may not make a network of its own for what it runs meanwhile, it does it as we do above.
        options = ("--format", "docker", "--isolation", "chroot", "--build-arg", f"BASE={image}")
        self._do("build", *options, "--tag", IMAGE, str(ROOT))
        if self.call("--version").returncode:
            raise NoContainerError(f"what {self.words[0]} built it cannot run here: {self.call('--version').stderr}")

    def _import(self, base: Path, packed: Path) -> str:
        """Make an image of a root, by way of the file *packed*; return its name."""
        subprocess.run(["tar", "-C", str(base), "-cf", str(packed), "."], check=True)
        self._do("import", str(packed), BASE)
        packed.unlink()
        return BASE

    def started(self, *arguments: str) -> list[str]:
        """Return the call that runs the image with *arguments*, over a root that cannot be written."""
        options = ("--rm", "--read-only", "--tmpfs", "/tmp", "--network", "host", "--cap-drop", "all")
        return [*self.words, "run", *options, "--volume", f"{self.volume}:/data", IMAGE, *arguments]

    def call(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run the image with *arguments*, to its end."""
        return subprocess.run(self.started(*arguments), capture_output=True, text=True)

    def ask(self, *words: str) -> str:
        """Return what the engine says."""
        return subprocess.run([*self.words, *words], capture_output=True, text=True, check=True).stdout

    def _do(self, *words: str) -> None:
        done = subprocess.run([*self.words, *words], capture_output=True, text=True)
        if done.returncode:
            raise NoContainerError(f"{' '.join(words[:1])}: {done.stderr[-300:]}")
