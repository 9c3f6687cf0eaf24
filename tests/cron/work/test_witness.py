"""After each run the chain's head is time-stamped and mirrored; `verify` checks that offline; nothing stops a run."""

import os
import sqlite3
import subprocess
from contextlib import closing

import pytest

from snapshots.proving import stamps as stamps_module
from tests.harness.browse_server import serving
from tests.harness.editions import HARROWDALE, with_project
from tests.harness.nights import Nights
from tests.harness.servers import Loopback, babbler, drip, silence
from tests.harness.stamp_authority import StampAuthority, make_authority, openssl

HARROW = "university_of_harrowdale"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def authority(folder):
    with StampAuthority(folder) as authority:
        yield authority


@pytest.fixture
def nights(tmp_path, server):
    return Nights(tmp_path / "watch", server)


def witnessed_by(nights, *authorities, **more):
    nights.configure(witness={"tsa": list(authorities), **more})


def stamps(nights):
    with closing(sqlite3.connect(nights.database)) as database:
        return database.execute(
            "select number, authority, signer, response, certificates, stamped_at from time_stamps order by number"
        ).fetchall()


def head(nights):
    with closing(sqlite3.connect(nights.database)) as database:
        return database.execute("select number, hash from manifests order by number desc limit 1").fetchone()


def test_each_run_has_the_head_stamped_by_each_authority_and_keeps_token_and_certificates(nights, authority):
    witnessed_by(nights, authority.url)
    nights.quiet_night()
    nights.quiet_night()

    assert [(number, url, signer) for number, url, signer, *_ in stamps(nights)] == [
        (1, authority.url, "Harrow Time Stamping"),
        (2, authority.url, "Harrow Time Stamping"),
    ]
    assert all(pem.count("BEGIN CERTIFICATE") == 2 for *_, pem, _ in stamps(nights))


def test_what_is_kept_holds_for_openssl_too(nights, authority, folder, tmp_path):
    witnessed_by(nights, authority.url)
    nights.quiet_night()
    ((*_, response, _, _),) = stamps(nights)
    (tmp_path / "head.tsr").write_bytes(response)
    said = openssl(
        tmp_path, "ts", "-verify", "-digest", head(nights)[1], "-in", "head.tsr", "-CAfile", folder / "root.pem"
    )

    assert b"Verification: OK" in said.stdout + said.stderr


def test_verify_checks_the_stamps_without_asking_anybody(nights, folder):
    with StampAuthority(folder) as authority:
        witnessed_by(nights, authority.url)
        nights.quiet_night()
    (report,) = nights.json("verify", "--format", "json")

    assert (report["good"], report["stamps"]) == (True, 1)
    assert "1 time stamp" in nights.run("verify").stdout


@pytest.mark.parametrize(
    "altered",
    [
        # Its last byte, which is one of a signature, and one time in 256 is the one that it is altered to.
        "update time_stamps set response = cast(substr(response, 1, length(response) - 1) || "
        "case substr(response, -1) when x'00' then x'01' else x'00' end as blob)",
        "update time_stamps set response = x'3003020100'",
        "update time_stamps set stamped_at = '2020-01-01T00:00:00Z'",
        "update time_stamps set signer = 'Somebody'",
        "update time_stamps set certificates = substr(certificates, 1, length(certificates) / 2)",
        "update time_stamps set sha256 = ''",
        "update time_stamps set number = 1",
    ],
)
def test_whatever_is_altered_of_a_stamp_is_named(nights, authority, altered):
    nights.quiet_night()
    witnessed_by(nights, authority.url)
    nights.quiet_night()
    with closing(sqlite3.connect(nights.database, isolation_level=None)) as database:
        assert database.execute(altered).rowcount == 1
    result = nights.run("verify")

    assert result.exit_code == 1
    assert "time stamp" in result.stderr


def test_a_history_written_anew_does_not_fit_its_stamps(nights, authority):
    witnessed_by(nights, authority.url)
    nights.quiet_night()
    with closing(sqlite3.connect(nights.database, isolation_level=None)) as database:
        database.execute("update manifests set hash = (select lower(hex(randomblob(32))))")
        database.execute("pragma foreign_keys = off")
    assert nights.run("verify").exit_code == 1


def test_the_page_of_a_change_says_who_stamped_it_when(nights, server, authority):
    nights.quiet_night()
    server.site.pages[HARROW] = with_project(HARROWDALE, end="2029-03-12")
    nights.quiet_night()
    (change,) = nights.changes()
    address = f"/changes/{change['id']}"
    with serving(nights.database) as served:
        before = served.page(address).words
    witnessed_by(nights, authority.url)
    nights.quiet_night()
    with serving(nights.database) as served:
        after = served.page(address).words

    assert "Time-stamped" not in before
    assert "Time-stamped by Harrow Time Stamping on" in after


def test_witness_by_hand_asks_only_those_who_have_not_stamped_the_head(nights, authority):
    nights.quiet_night()
    witnessed_by(nights, authority.url)
    first, second = nights.run("witness"), nights.run("witness")

    assert (first.exit_code, first.stderr, second.exit_code) == (0, "", 0)
    assert "1 of 1 time stamp" in first.stdout
    assert len(authority.asked) == len(stamps(nights)) == 1


def test_without_authorities_nobody_is_asked(nights):
    nights.quiet_night()
    result = nights.run("witness")

    assert (result.exit_code, result.stderr) == (0, "")
    assert "Nobody is asked" in result.stdout


# --- authorities that fail, are slow or lie ---------------------------------------------------------------------------


def other_stamp(authority, folder, data):
    """Return a stamp of something else."""
    (folder / "other").write_bytes(data)
    openssl(folder, "ts", "-query", "-data", "other", "-sha256", "-cert", "-out", "other.tsq")
    return authority.stamp((folder / "other.tsq").read_bytes())


FAILING = {
    "an error": {"status": 503},
    "an error, with a stamp": {"status": 404},
    "nothing": {"answer": b""},
    "no stamp": {"answer": b"<html>Welcome</html>"},
    "a part of one": {"answer": lambda stamp: stamp[: len(stamp) // 2]},
    "more than one": {"answer": lambda stamp: stamp + stamp},
    "another signature": {"answer": lambda stamp: stamp[:-1] + bytes([stamp[-1] ^ 1])},
    "far too much": {"answer": bytes(1_000_000)},
    "a refusal": {"answer": bytes.fromhex("30 05 30 03 02 01 02".replace(" ", ""))},
}


@pytest.mark.parametrize("name", FAILING)
def test_an_authority_that_fails_is_one_line_stops_no_run_and_is_asked_again(nights, authority, name):
    witnessed_by(nights, authority.url)
    authority.instead = FAILING[name]
    failed = nights.night()
    authority.instead = {}
    went_well = nights.night()

    assert failed.exit_code == 0
    (line,) = failed.stderr.splitlines()
    assert authority.url in line
    assert "the next run tries again" in line
    assert (went_well.exit_code, went_well.stderr) == (0, "")
    assert [number for number, *_ in stamps(nights)] == [2]


def test_a_stamp_of_something_else_or_of_another_question_is_none(nights, authority, folder):
    witnessed_by(nights, authority.url)
    nights.quiet_night()
    earlier = stamps(nights)[0][3]
    for lie in (other_stamp(authority, folder, b"something else"), earlier):
        authority.instead = {"answer": lie}
        result = nights.night()
        assert result.exit_code == 0
        assert len(result.stderr.splitlines()) == 1
    assert len(stamps(nights)) == 1


def test_who_is_trusted_may_be_said(nights, authority, folder, tmp_path):
    stranger = make_authority(tmp_path / "stranger", name="Stranger")
    witnessed_by(nights, authority.url, ca_file=str(stranger / "root.pem"))
    refused = nights.night()
    witnessed_by(nights, authority.url, ca_file=str(folder / "root.pem"))
    taken = nights.night()

    assert "nobody of those that are trusted" in refused.stderr
    assert (taken.stderr, len(stamps(nights))) == ("", 1)


def test_a_certificate_that_is_not_for_time_stamps_is_refused(nights, tmp_path):
    folder = make_authority(tmp_path / "plain")
    # It signs as it did; but what it has is no certificate for that.
    openssl(
        folder, "x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-set_serial", "8",
        "-out", "plain.pem",
    )  # fmt: skip
    with StampAuthority(folder) as authority:
        good = other_stamp(authority, folder, b"x")
        der = [openssl(folder, "x509", "-in", name, "-outform", "DER").stdout for name in ("tsa.pem", "plain.pem")]
        assert der[0] in good
        authority.instead = {"answer": lambda stamp: stamp.replace(der[0], der[1])}
        witnessed_by(nights, authority.url)
        result = nights.night()

    assert result.exit_code == 0
    assert len(result.stderr.splitlines()) == 1
    assert stamps(nights) == []


def test_one_that_fails_keeps_no_other_from_stamping(nights, authority):
    with babbler(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n") as port:
        witnessed_by(nights, f"http://127.0.0.1:{port}/", authority.url)
        result = nights.night()

    assert result.exit_code == 0
    assert [url for _, url, *_ in stamps(nights)] == [authority.url]
    assert "1 of 2 time stamps" in result.stdout


@pytest.mark.parametrize(
    ("limit", "fault"),
    [("STAMP_TIMEOUT_S", silence()), ("STAMP_DEADLINE_S", drip(b"HTTP/1.1 200 OK\r\n" + b"x" * 10_000))],
)
def test_one_that_is_slow_is_left_alone(nights, authority, limit, fault, monkeypatch):
    usual = getattr(stamps_module, limit)

    def slowly(connection):
        monkeypatch.setattr(stamps_module, limit, usual)  # for the next one, which has a program to start
        fault(connection)

    monkeypatch.setattr(stamps_module, limit, 1.0)
    with Loopback({"/tsr": slowly}) as slow:
        witnessed_by(nights, f"{slow.url}/tsr", authority.url)
        result = nights.night()

    assert result.exit_code == 0
    (line,) = result.stderr.splitlines()
    assert slow.url in line
    assert [url for _, url, *_ in stamps(nights)] == [authority.url]


def test_a_clock_that_is_far_off_is_not_believed(nights, authority, monkeypatch):
    monkeypatch.setattr("snapshots.proving.stamps.MOST_CLOCKS_DIFFER_S", -1)
    witnessed_by(nights, authority.url)
    result = nights.night()

    assert "it says that it is 20" in result.stderr
    assert stamps(nights) == []


def test_without_the_library_a_run_goes_on_and_verify_says_what_it_did_not_look_at(nights, authority, monkeypatch):
    witnessed_by(nights, authority.url)
    nights.quiet_night()
    monkeypatch.setitem(__import__("sys").modules, "rfc3161_client", None)
    ran, verified = nights.night(), nights.run("verify")

    assert (ran.exit_code, verified.exit_code) == (0, 0)
    assert "registerwatch[witness]" in ran.stderr
    assert "1 time stamp not looked at" in verified.stderr


def test_status_and_doctor_name_the_state(nights, authority):
    nights.quiet_night()
    witnessed_by(nights, authority.url)
    before = nights.status()["witness"]["time_stamps"]
    nights.quiet_night()
    after = nights.status()["witness"]["time_stamps"]
    doctor = nights.run("doctor").stdout

    assert [(one["authority"], one["number"]) for one in before] == [(authority.url, None)]
    assert [(one["number"], one["signer"]) for one in after] == [(2, "Harrow Time Stamping")]
    assert "signed by Harrow Time Stamping" in " ".join(doctor.split())
    assert "Witness" in nights.run("status").stdout


def test_another_database_is_not_witnessed(nights, authority):
    witnessed_by(nights, authority.url)
    nights.run("--db", str(nights.folder / "other.db"), "run")

    assert authority.asked == []


# --- files and repositories that others mirror ------------------------------------------------------------------------


def test_each_head_is_a_line_of_a_file(nights, tmp_path):
    file = tmp_path / "public" / "heads.txt"
    witnessed_by(nights, file=str(file))
    nights.quiet_night()
    nights.run("witness")
    nights.quiet_night()
    first, second = file.read_text().splitlines()

    assert first.startswith("1:")
    assert second.split()[0] == "{}:{}".format(*head(nights))
    assert nights.run("verify", "--head", first.split()[0]).exit_code == 0


def test_each_head_is_a_commit(nights, tmp_path):
    folder = tmp_path / "mirror"
    witnessed_by(nights, git=str(folder))
    nights.quiet_night()
    nights.run("witness")
    nights.quiet_night()
    log = subprocess.run(["git", "-C", folder, "log", "--format=%s"], capture_output=True, text=True, check=True)
    said = log.stdout.splitlines()

    assert len(said) == 2
    assert said[0] == "Head {}: {}".format(*head(nights))
    assert (folder / "heads.txt").read_text().count("\n") == 2


def test_a_mirror_that_cannot_be_written_is_one_line(nights, tmp_path):
    (tmp_path / "in the way").write_text("")
    witnessed_by(nights, file=str(tmp_path / "in the way" / "heads.txt"))
    result = nights.night()

    assert result.exit_code == 0
    assert len(result.stderr.splitlines()) == 1


def test_git_that_hangs_is_ended(nights, tmp_path, monkeypatch):
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("snapshots.proving.mirrors.GIT_S", 0.3)
    witnessed_by(nights, git=str(tmp_path / "mirror"))
    result = nights.night()

    assert result.exit_code == 0
    assert "git init took longer" in result.stderr


def test_more_authorities_than_are_asked_are_refused(nights):
    witnessed_by(nights, *(f"https://{n}.example/" for n in range(6)))
    result = nights.run("status")

    assert result.exit_code == 2
    assert "witness.tsa" in result.stderr
