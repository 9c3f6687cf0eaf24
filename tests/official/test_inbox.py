"""The inbox: whoever downloads a workbook drops it there and is done, whatever befalls it on the way."""

import hashlib
import shutil
import signal
import time

import pytest

from tests.harness.nights import Nights
from tests.harness.workbooks.play import ALL, Official
from tests.harness.workbooks.story import months

OFFICIAL = ("--register", "nhs-official")


@pytest.fixture
def editions():
    return list(months("inbox", 3, 6, agreements=12, files=2))


def inbox(nights):
    return sorted(path.name for path in (nights.folder / "inbox").iterdir())


def archived(nights):
    return {path.name.split(".")[0]: path for path in (nights.folder / "official").rglob("*") if path.is_file()}


def test_a_night_takes_what_lies_there(nights, editions):
    path = editions[0].write(nights.folder / "inbox")
    body = path.read_bytes()
    nights.quiet_night()

    assert inbox(nights) == []
    assert archived(nights)[hashlib.sha256(body).hexdigest()].read_bytes() == body
    assert nights.changes(*OFFICIAL) == []

    editions[1].write(nights.folder / "inbox")
    nights.quiet_night()

    assert inbox(nights) == []
    told = {one["details"]["edition"] for one in nights.changes(*OFFICIAL)}
    assert told == {str(editions[1].month)}


def test_a_night_tells_what_it_took_from_there_but_for_the_first_edition(house, editions):
    assert list((house.folder / "outbox").glob("*.eml")) == []

    editions[1].write(house.folder / "inbox")
    house.quiet_night()
    (mail,) = (house.folder / "outbox").glob("*.eml")

    assert editions[1].due
    assert any(one.reference and one.reference.split("-v")[0] in mail.read_text() for one in editions[1].due)


def test_several_months_that_lie_there_are_all_taken(nights, editions):
    for edition in editions:
        edition.write(nights.folder / "inbox")
    nights.quiet_night()

    assert inbox(nights) == []
    assert {one["details"]["edition"] for one in nights.changes(*OFFICIAL)} == {str(e.month) for e in editions[1:]}


def test_half_a_file_stays_until_it_is_whole(nights, editions):
    whole = editions[0].write(nights.folder / "elsewhere")
    half = nights.folder / "inbox" / whole.name
    half.write_bytes(whole.read_bytes()[:5000])
    result = nights.night()

    assert result.exit_code in (0, 3)
    assert "Traceback" not in result.output
    assert whole.name in "".join(result.output.split())
    assert inbox(nights) == [whole.name]

    shutil.copy(whole, half)
    nights.quiet_night()

    assert inbox(nights) == []
    assert nights.run("import-official", whole).exit_code == 0


def test_what_is_newly_not_understood_ends_one_night_with_3_and_is_listed_while_it_stands_there(nights, editions):
    head, first, *_ = editions[1].sheets["Agreements"]
    at, reference = head.index("DSA End Date"), first[0].strip()
    before, first[at] = first[at], "when the study ends"
    results, states = [], []
    for edition in (editions[0], editions[1], None):
        if edition:
            edition.write(nights.folder / "inbox")
        results.append(nights.night())
        states.append(nights.run("status"))
    listed = nights.status()["official_not_understood"]
    first[at] = before
    editions[1].month = editions[2].month
    editions[1].write(nights.folder / "inbox")
    nights.quiet_night()

    assert [one.exit_code for one in results] == [one.exit_code for one in states] == [0, 3, 0]
    assert "newly not understood on 1 version of the official register" in " ".join(results[1].output.split())
    assert "newly" not in results[2].output
    assert "Not understood still" in results[2].output
    assert [(one["reference"], one["label"], one["text"]) for one in listed] == [
        (reference, "DSA End Date", "when the study ends")
    ]
    assert nights.status()["official_not_understood"] == []


@pytest.mark.parametrize("name", ["~$register_july2021.xlsx", ".register_july2021.xlsx.part", "notes.txt"])
def test_what_is_no_workbook_is_left_alone(nights, name):
    (nights.folder / "inbox" / name).write_bytes(b"no workbook")
    nights.quiet_night()

    assert inbox(nights) == [name]


def test_an_inbox_that_is_not_there_stops_no_night(nights):
    (nights.folder / "inbox").rmdir()
    result = nights.night()

    assert result.exit_code in (0, 3)
    assert nights.status()["last_run"]


def play_killed(folder, editions, delay_s):
    """Kill an import after a delay, and import again; return what is told before, when it was killed, and then."""
    official = Official(folder)
    official.take_official(editions[0])
    before = official.changes(*ALL)
    path = editions[1].write(folder / "workbooks")
    process = Nights.process(official, "import-official", str(path))
    time.sleep(delay_s)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    left = official.changes(*ALL)
    official.take_official(editions[1])
    return before, left, official.changes(*ALL)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_killed_at_any_instant_an_import_is_whole_or_not_there(tmp_path, editions):
    whole = Official(tmp_path / "whole")
    whole.folder.mkdir()
    whole.take_official(*editions[:2])
    expected = [one["id"] for one in whole.changes(*ALL)]
    for number in range(20):
        folder = tmp_path / str(number)
        folder.mkdir()
        before, left, after = play_killed(folder, editions, 0.3 + number * 0.15)

        assert [one["id"] for one in left] in ([one["id"] for one in before], expected)
        assert [one["id"] for one in after] == expected
