"""With --processes several processes make the pages of one site; they begin and end together."""

import contextlib
import http.client
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.harness.browse_server import PATIENCE_S, register_database, running, start
from tests.harness.servers import wait_until

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="who is whose child is read from /proc")

AT_ONCE = 50


@pytest.fixture(scope="module")
def register(tmp_path_factory):
    return register_database(tmp_path_factory.mktemp("processes"))


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def sockets(pid):
    """Return how many sockets a process holds."""
    held = 0
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed in between
            held += os.readlink(file).startswith("socket:")
    return held


def works(pid):
    """Say whether a process is there; one that has ended may wait for somebody to ask how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def served_by(register, number):
    """Serve by as many processes; give the server and the others."""
    with running(register, "--processes", str(number)) as served:
        served.page("/")
        yield served, children(served.process.pid)


def test_every_page_is_the_same_whoever_makes_it(register):
    with running(register) as alone, served_by(register, 2) as (served, others):
        addresses = ["/", "/organisations", "/datasets", "/legal-bases", "/feeds"]
        single = {address: alone.page(address).body.replace(alone.url.encode(), b"") for address in addresses}
        with ThreadPoolExecutor(AT_ONCE) as readers:
            answers = list(readers.map(served.page, addresses * AT_ONCE))

        assert len(others) == 1
        assert {answer.address: answer.body.replace(served.url.encode(), b"") for answer in answers} == single
        assert len({(answer.address, answer.headers["etag"]) for answer in answers}) == len(addresses)


def test_who_comes_is_taken_in_by_each_of_them(register):
    with served_by(register, 3) as (served, others), contextlib.ExitStack() as held:
        pids = [served.process.pid, *others]
        before = {pid: sockets(pid) for pid in pids}

        def each_has_taken_somebody_in():
            connection = held.enter_context(contextlib.closing(http.client.HTTPConnection("127.0.0.1", served.port)))
            connection.request("GET", "/status")
            return connection.getresponse().read() and all(sockets(pid) > before[pid] for pid in pids)

        wait_until(each_has_taken_somebody_in, "somebody takes nobody in")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_all_end_without_a_word_when_one_is_told_to(register, number):
    with served_by(register, 3) as (served, others):
        served.process.send_signal(number)
        out, err = served.process.communicate(timeout=PATIENCE_S)

        assert (served.process.returncode, out, err) == (0, "", "")
        wait_until(lambda: not any(map(works, others)), "they serve on")


def test_of_a_process_that_is_killed_one_line_is_said_and_the_service_ends(register):
    with served_by(register, 2) as (served, (other,)):
        os.kill(other, signal.SIGKILL)
        _, err = served.process.communicate(timeout=PATIENCE_S)

    assert served.process.returncode == 1
    assert err == (
        "registerwatch: one of the processes that serve pages was ended from outside, perhaps for want of memory\n"
    )


def test_nobody_serves_on_when_the_first_process_is_killed(register):
    with served_by(register, 3) as (served, others):
        served.process.kill()
        served.process.communicate(timeout=PATIENCE_S)

        wait_until(lambda: not any(map(works, others)), "they serve on")


def test_a_port_that_is_in_use_is_no_more_shared_than_by_one_process(register):
    with served_by(register, 2) as (served, _):
        second = start(register, "--processes", "2", "--port", str(served.port))
        _, err = second.communicate(timeout=PATIENCE_S)

    assert (second.returncode, err) == (1, f"registerwatch: port {served.port}: is in use; name another with --port\n")


def test_a_number_of_processes_below_one_is_refused(register):
    words = "Invalid value for '--processes': 0 is not in the range x>=1"
    with pytest.raises(AssertionError, match=words), running(register, "--processes", "0"):
        pass
