"""With --processes several processes make the pages of one site; they begin and end together."""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.harness.browse_server import PATIENCE_S, ROOT, register_database, running, start
from tests.harness.servers import wait_until

OURS = Path(f"/proc/self/task/{os.getpid()}/children")
pytestmark = pytest.mark.skipif(not OURS.exists(), reason="who is whose child is read from /proc")

AT_ONCE = 50
SAID = "registerwatch: one of the processes that serve pages was ended from outside, perhaps for want of memory\n"


@pytest.fixture(scope="module")
def register(tmp_path_factory):
    return register_database(tmp_path_factory.mktemp("processes"))


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def works(pid):
    """Say whether a process is there; one that has ended may wait for somebody to ask how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def connections(pid, port):
    """Return how many connections a process holds that were taken in at a *port*."""
    rows = [row.split() for row in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    taken = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "01"}
    held = 0
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed in between
            held += os.readlink(file) in taken
    return held


@contextlib.contextmanager
def served_by(register, number):
    """Serve by as many processes; give the server and them."""
    with running(register, "--processes", str(number)) as served:
        wait_until(lambda: len(children(served.process.pid)) == number, f"there are not {number} processes")
        yield served, children(served.process.pid)


def test_every_page_is_the_same_whoever_makes_it(register):
    with running(register) as alone, served_by(register, 2) as (served, _):
        addresses = ["/", "/organisations", "/datasets", "/legal-bases", "/feeds"]
        single = {address: alone.page(address).body.replace(alone.url.encode(), b"") for address in addresses}
        with ThreadPoolExecutor(AT_ONCE) as readers:
            answers = list(readers.map(served.page, addresses * AT_ONCE))

        assert {answer.address: answer.body.replace(served.url.encode(), b"") for answer in answers} == single
        assert len({(answer.address, answer.headers["etag"]) for answer in answers}) == len(addresses)


def test_who_comes_is_taken_in_by_each_of_them(register):
    with served_by(register, 3) as (served, pids), contextlib.ExitStack() as held:

        def each_has_taken_somebody_in():
            connection = held.enter_context(contextlib.closing(http.client.HTTPConnection("127.0.0.1", served.port)))
            connection.request("GET", "/status")
            return connection.getresponse().read() and all(connections(pid, served.port) for pid in pids)

        wait_until(each_has_taken_somebody_in, "somebody takes nobody in")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("to_all", [True, False], ids=["to-all", "to-the-first"])
def test_all_end_without_a_word_when_they_are_told_to(register, number, to_all):
    """Ctrl-C and systemd tell every one of them at the same moment."""
    with served_by(register, 3) as (served, pids):
        for pid in [served.process.pid, *(pids if to_all else ())]:
            os.kill(pid, number)
        out, err = served.process.communicate(timeout=PATIENCE_S)

        assert (served.process.returncode, out, err) == (0, "", "")
        wait_until(lambda: not any(map(works, pids)), "they serve on")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_where_one_is_ended_from_outside_one_line_is_said_and_all_end(register, number):
    with served_by(register, 3) as (served, pids):
        os.kill(pids[0], number)
        _, err = served.process.communicate(timeout=PATIENCE_S)

        assert (served.process.returncode, err) == (1, SAID)
        wait_until(lambda: not any(map(works, pids)), "they serve on")


def test_nobody_serves_on_when_the_process_that_began_them_is_killed(register):
    with served_by(register, 3) as (served, pids):
        served.process.kill()
        served.process.communicate(timeout=PATIENCE_S)

        wait_until(lambda: not any(map(works, pids)), "they serve on")


DEAF = """
import os, signal
from cron.commands import processes

processes.ENDING_S = 0.2
reading, writing = os.pipe()

def deaf():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.write(writing, b"!")
    while True:
        signal.pause()

def ends():
    os.read(reading, 1)

try:
    processes.side_by_side([deaf, ends], lambda: None)
except processes.ProcessEndedError:
    print("ended", signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
"""


def test_one_that_does_not_hear_is_killed():
    result = subprocess.run([sys.executable, "-c", DEAF], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S)

    assert (result.returncode, result.stdout, result.stderr) == (0, "ended True\n", "")


def test_a_port_that_is_in_use_is_no_more_shared_than_by_one_process(register):
    with served_by(register, 2) as (served, _):
        second = start(register, "--processes", "2", "--port", str(served.port))
        _, err = second.communicate(timeout=PATIENCE_S)

    assert (second.returncode, err) == (1, f"registerwatch: port {served.port}: is in use; name another with --port\n")


def test_a_number_of_processes_below_one_is_refused(register):
    words = "Invalid value for '--processes': 0 is not in the range x>=1"
    with pytest.raises(AssertionError, match=words), running(register, "--processes", "0"):
        pass
