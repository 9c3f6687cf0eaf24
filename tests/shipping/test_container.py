"""The container: what its files promise; its steps, done one by one in a root; and built and run by an engine.

It takes minutes. DEBIAN_ROOT may name a root to be copied, CONTAINER_ENGINE how an engine is called.
"""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from cron.cli import cli
from shipping.container import IMAGE, Engine, NoContainerError, base_of, instructions, steps_done
from tests.harness.servers import held_port

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


LAST = instructions()[max(n for n, (name, _) in enumerate(instructions()) if name == "FROM") :]
SAID = dict(LAST)


def test_it_runs_as_nobody_in_particular_with_one_volume():
    assert SAID["USER"] == "10001:10001"
    assert [rest for name, rest in LAST if name == "VOLUME"] == ["/data"]
    assert SAID["WORKDIR"] == "/data"


def test_it_installs_the_pins_by_their_hashes():
    commands = [rest for name, rest in instructions() if name == "RUN" and "pip install" in rest]

    assert all("--require-hashes" in line or "--no-deps" in line for line in commands)
    assert "--require-hashes --only-binary :all: -r requirements.txt" in commands[0]


def test_its_health_is_that_of_the_pages():
    _, _, command = SAID["HEALTHCHECK"].partition("CMD ")

    assert "/-/health" in command
    assert COMPOSE["services"]["browse"]["healthcheck"]["test"] == ["CMD", *yaml.safe_load(command)]


def test_what_is_copied_is_let_in():
    allowed = {line[1:] for line in (ROOT / ".containerignore").read_text().splitlines() if line.startswith("!")}
    copied = [shlex.split(rest)[:-1] for name, rest in instructions() if name == "COPY" and "--from" not in rest]

    assert {Path(source).name for sources in copied for source in sources} <= allowed


@pytest.mark.parametrize("name", list(COMPOSE["services"]))
def test_every_service_may_write_its_volume_alone(name):
    service = COMPOSE["services"][name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {volume.split(":")[0] for volume in service["volumes"]} <= set(COMPOSE["volumes"])


def test_services_say_commands_that_there_are():
    ours = [service for service in COMPOSE["services"].values() if service["image"] == "registerwatch"]

    assert {service["command"][0] for service in ours} == {"schedule", "browse"}
    assert all(service["command"][0] in cli.commands for service in ours)
    assert COMPOSE["services"]["caddy"]["profiles"] == ["web"]


# --- its steps, done for real -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    if os.geteuid():
        pytest.skip("only root may change into another root")
    folder = tmp_path_factory.mktemp("base")
    try:
        yield base_of(folder)
    except NoContainerError as error:
        pytest.skip(str(error))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def container(tmp_path_factory, base):
    folder = tmp_path_factory.mktemp("container")
    try:
        yield steps_done(folder, base)
    except NoContainerError as error:
        pytest.skip(str(error))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def engine(tmp_path_factory, base):
    try:
        return Engine(tmp_path_factory.mktemp("engine"), base)
    except NoContainerError as error:
        pytest.skip(str(error))


def words(name, port):
    """Return the words of an instruction, at another port than everybody's."""
    listed = re.search(r"\[.*\]", SAID[name])[0]
    return [word.replace("8001", str(port)) for word in yaml.safe_load(listed)]


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_its_steps_make_a_program_that_serves_and_writes_nothing_but_its_volume(container):
    (entry,) = words("ENTRYPOINT", 0)
    sample = "/opt/registerwatch/lib/python3.11/site-packages/cron/sample/2026-11"
    # The demo's last night was long ago, so a run is overdue there; of an import none is.
    calls = (["--version"], ["init"], ["demo", "/data/tried"], ["import", sample, "--fetched-at", "2026-11-01"])
    made = [container.call(entry, *arguments) for arguments in calls]
    elsewhere = container.call("touch", "/opt/here")
    nobody = container.call("id", "-u")

    assert [one.returncode for one in made] == [0, 0, 0, 0], [one.stderr for one in made]
    assert nobody.stdout == "10001\n"
    assert "Read-only file system" in elsewhere.stderr
    volume = container.volume.stat()
    assert (volume.st_mode & 0o777, volume.st_uid) == (0o750, 10001)
    it_is_healthy_while_it_serves(container, entry)


def it_is_healthy_while_it_serves(container, entry):
    with held_port() as port:
        check = words("HEALTHCHECK", port)
        with subprocess.Popen(
            container.started(entry, *words("CMD", port)), stdout=subprocess.PIPE, text=True
        ) as server:
            said = server.stdout.readline()
            while_served = container.call(*check)
            server.terminate()
        afterwards = container.call(*check)

    assert "Serving" in said
    assert (while_served.returncode, while_served.stderr) == (0, "")
    assert afterwards.returncode != 0


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_an_engine_builds_it_and_runs_it_as_healthy(engine):
    sample = "/opt/registerwatch/lib/python3.11/site-packages/cron/sample/2026-11"
    made = [engine.call("init"), engine.call("import", sample, "--fetched-at", "2026-11-01")]
    nobody = subprocess.run(
        [*engine.words, "run", "--rm", "--network", "host", "--entrypoint", "id", IMAGE, "-u"],
        capture_output=True,
        text=True,
    )

    assert [one.returncode for one in made] == [0, 0], [one.stderr for one in made]
    assert nobody.stdout == "10001\n"
    assert "/-/health" in engine.ask("inspect", "--format", "{{.HealthCheck}}", IMAGE)
    with held_port() as port:
        check = [*engine.words, "exec", "registerwatch-tried", *words("HEALTHCHECK", port)]
        started = engine.started(*words("CMD", port))
        started[started.index(IMAGE) : started.index(IMAGE)] = ["--name", "registerwatch-tried"]
        with subprocess.Popen(started, stdout=subprocess.PIPE, text=True) as server:
            said = server.stdout.readline()
            healthy = subprocess.run(check, capture_output=True, text=True)
            server.terminate()

    assert "Serving" in said
    assert (healthy.returncode, healthy.stderr) == (0, "")
    assert server.returncode == 0
