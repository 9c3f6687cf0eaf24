"""Those who follow by e-mail: what is kept of whom, for how long, and how often a stranger is written to."""

import sqlite3
import stat
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from string import ascii_letters, digits

import pytest

from snapshots.browse.following.site import FollowSite
from snapshots.people.keys import KeyFileError, Keys, add_key, new_key, tokens_in
from snapshots.people.people import MOST_FOLLOWED, MOST_LETTERS, Followable, PeopleError, SignUp, open_people

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
DAY = timedelta(days=1)
BOARD = Followable(what="/organisations/board", asks="organisation=board", said="NHS Board")
HES = Followable(what="/datasets/hes", asks="dataset=hes", said="HES")


def form(address="ada@example.org", followable=BOARD, frequency="weekly", client="192.0.2.1"):
    return SignUp(address=address, followable=followable, frequency=frequency, client=client)


@pytest.fixture
def keys():
    return Keys([new_key()])


@pytest.fixture
def people(tmp_path, keys):
    with closing(open_people(tmp_path / "people.db", keys)) as people:
        yield people


def signed_up(people, *forms, at=NOW):
    people.sign_up(forms or [form()], at)
    return [letter.asked for letter in people.letters_due(at)]


def following(people, *followables, at=NOW):
    for number, one in enumerate(followables or [BOARD]):
        (asked,) = signed_up(people, form(followable=one, client=f"10.{number}.0.1"), at=at)
        people.confirm(asked, at)
    return people.find("ada@example.org")


def contents(folder):
    return b"".join(path.read_bytes() for path in folder.iterdir())


def test_only_the_owner_reads_the_file_and_what_lies_beside_it(people, tmp_path):
    signed_up(people)

    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_another_programs_database_is_left_as_it_is(tmp_path, keys):
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("create table theirs (x)")
    before = path.read_bytes()

    with pytest.raises(PeopleError, match="is another database"):
        open_people(path, keys)
    assert path.read_bytes() == before


def test_nothing_is_told_before_it_is_confirmed_and_then_once_for_all(people):
    (asked,) = signed_up(people)

    assert people.live() == {}
    people.confirm(asked, NOW)
    people.confirm(asked, NOW)
    ((follow,),) = people.live().values()
    assert (follow.what, follow.frequency) == ("/organisations/board", "weekly")


def test_a_link_that_was_used_brings_back_nothing_that_was_stopped_since(people):
    (asked,) = signed_up(people)
    person = people.confirm(asked, NOW).person
    people.stop(person, None, NOW)

    people.confirm(asked, NOW + DAY / 2)

    assert people.live() == {}


def test_what_is_not_confirmed_within_seven_days_is_erased_and_leaves_nothing(people, tmp_path):
    (asked,) = signed_up(people)

    people.sweep(NOW + 7 * DAY, 1)

    assert people.confirm(asked, NOW + 7 * DAY) is None
    assert people.find("ada@example.org") is None
    assert b"ada@example.org" not in contents(tmp_path)
    assert people.counts(NOW + 7 * DAY)["erased"] == 0


def test_an_address_is_erased_a_day_after_the_last_stop_and_a_keyed_hash_remains(people, tmp_path):
    person = following(people, BOARD, HES)
    first, second = people.follows_of(person)

    people.stop(person, first.id, NOW)
    people.sweep(NOW + 2 * DAY, 1)
    assert people.find("ada@example.org") == person
    people.stop(person, second.id, NOW + 2 * DAY)
    people.sweep(NOW + 3 * DAY - timedelta(minutes=1), 1)
    assert people.find("ada@example.org") == person
    people.sweep(NOW + 3 * DAY, 1)

    assert people.find("ada@example.org") is None
    assert b"ada@example.org" not in contents(tmp_path)
    assert people.keys.hash("ada@example.org").encode() in contents(tmp_path)


def test_who_stopped_may_begin_again_and_is_not_erased_then(people):
    person = following(people)
    people.stop(person, None, NOW)
    following(people, HES, at=NOW + DAY / 2)

    people.sweep(NOW + 5 * DAY, 1)

    assert [one.said for one in people.follows_of(person)] == ["HES"]


def test_a_robot_sends_a_bounded_number_of_letters(people):
    one_address = people.sign_up([form(client=f"10.{n}.0.1") for n in range(100)], NOW)
    one_network = people.sign_up([form(f"{n}@example.org", client=f"192.0.2.{n}") for n in range(100)], NOW)
    many = people.sign_up([form(f"x{n}@example.org", client=f"10.{n // 250}.{n % 250}.1") for n in range(1_000)], NOW)

    assert one_address == MOST_LETTERS["address"]
    assert one_network == MOST_LETTERS["network"]
    assert one_address + one_network + many == MOST_LETTERS["all"]
    assert len(people.letters_due(NOW)) == MOST_LETTERS["all"]
    assert people.sign_up([form("later@example.org")], NOW + DAY + timedelta(seconds=1)) == 1


def test_capitals_make_no_second_person_and_no_more_letters(people):
    assert people.sign_up([form("Ada@Example.org"), form("ADA@example.ORG"), form(), form()], NOW) == 3
    assert people.counts(NOW)["unconfirmed"] == 3
    assert len({letter.person for letter in people.letters_due(NOW)}) == 1


def test_one_address_follows_a_bounded_number_of_things(people):
    for number in range(MOST_FOLLOWED + 5):
        one = Followable(what=f"/?words={number}", asks=f"words={number}", said="words")
        people.sign_up([form(followable=one, client=f"10.{number}.0.1")], NOW + number * DAY)
        for letter in people.letters_due(NOW + number * DAY):
            people.confirm(letter.asked, NOW + number * DAY)

    assert people.counts(NOW)["follows"] == MOST_FOLLOWED


@pytest.mark.parametrize(
    "typed",
    ["", "ada", "ada@localhost", "ada@example.org\r\nBcc: b@example.org", "a@example.org,b@example.org", "x" * 300],
)
def test_what_is_no_address_is_kept_nowhere(people, typed):
    assert people.sign_up([form(typed)], NOW) == 0
    assert people.counts(NOW)["unconfirmed"] == 0


def test_two_letters_that_came_back_for_good_suspend_and_each_counts_once(people):
    person = following(people)

    for _ in range(3):
        people.note_returned(person, "m1", "hard", NOW)
    assert people.live()
    people.note_returned(person, "m2", "hard", NOW)

    assert people.live() == {}
    assert people.address_of(person, ()) is None
    following(people, HES, at=NOW + 2 * DAY)
    assert people.live()


def test_a_week_of_letters_that_came_back_for_the_time_being_suspends(people):
    person = following(people)

    people.note_returned(person, "m1", "soft", NOW)
    people.note_returned(person, "m2", "soft", NOW + 6 * DAY)
    assert people.live()
    people.note_returned(person, "m3", "soft", NOW + 7 * DAY)

    assert people.live() == {}


def test_a_complaint_ends_everything_and_no_form_writes_to_that_address_again(people, tmp_path):
    person = following(people)

    people.note_returned(person, "m1", "complaint", NOW)

    assert people.find("ada@example.org") is None
    assert people.sign_up([form()], NOW + 100 * DAY) == 0


def test_two_processes_confirm_and_stop_at_once_and_the_state_is_whole(tmp_path, keys):
    path = tmp_path / "people.db"
    with closing(open_people(path, keys)) as people:
        asked = signed_up(people, form(), form(followable=HES), form(frequency="daily"))
        person = people.find("ada@example.org")

    def work(act):
        with closing(open_people(path, keys)) as own:
            act(own)

    acts = [lambda own, id_=id_: own.confirm(id_, NOW) for id_ in asked * 4]
    acts += [lambda own: own.stop(person, None, NOW)] * 4
    threads = [threading.Thread(target=work, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with closing(open_people(path, keys)) as people:
        follows, kept = people.follows_of(person), people.person(person)
    assert (kept["stopped_at"] is None) == bool(follows)
    assert len({one.what for one in follows}) == len(follows)


# --- keys -------------------------------------------------------------------------------------------------------------


def test_a_new_key_breaks_no_link_and_a_key_that_is_taken_out_does(tmp_path):
    path = tmp_path / "people.key"
    add_key(path)
    old = Keys.read(path)
    token, back, hash_ = old.token("stop", "p"), old.return_token("abc", "m"), old.hash("ada")
    add_key(path)
    both, newest = Keys.read(path), Keys(path.read_text().split()[1:])

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (both.value_of("stop", token), both.returned(back)[0]) == ("p", "abc")
    assert hash_ in both.hashes("ada")
    assert (newest.value_of("stop", token), newest.returned(back)) == (None, None)


def test_a_token_is_of_no_worth_for_another_use(keys):
    token = keys.token("stop", "p")

    assert keys.value_of("stop", token) == "p"
    assert keys.value_of("manage", token) is None
    assert keys.value_of("stop", "") is None


def test_a_token_is_of_no_worth_when_any_letter_of_it_differs():
    keys = Keys(["k" * 32])  # always the same tokens: some letters of base64 hold bits that nobody reads
    tokens = [keys.token("stop", person) for person in ("p", "person", [["/organisations/a"], 739_000])]

    forged = [
        f"{token[:at]}{letter}{token[at + 1 :]}"
        for token in tokens
        for at in range(len(token))
        for letter in f"{ascii_letters}{digits}-_.= é"
        if letter != token[at]
    ]

    assert [text for text in forged if keys.value_of("stop", text) is not None] == []


def test_a_form_is_taken_for_two_days(keys):
    token = keys.form_token(["/"], NOW.date())

    assert keys.form_of(token, (NOW + 2 * DAY).date()) == ["/"]
    assert keys.form_of(token, (NOW + 3 * DAY).date()) is None
    assert keys.form_of(token, (NOW - DAY).date()) is None


def test_a_return_path_fits_an_address_and_is_found_whatever_its_case(keys):
    token = keys.return_token("abcdefghijklmnop", "<m@example.org>")
    text = f"To: BOUNCES+{token.upper()}@EXAMPLE.ORG and bounces+forged-1-2@example.org"

    assert len(f"bounces+{token}") <= 64
    found = [keys.returned(one) for one in tokens_in(text, "bounces+", "@example.org")]
    assert found[0][0] == "abcdefghijklmnop"
    assert found[1] is None


def test_a_key_that_others_can_read_is_refused(tmp_path):
    path = tmp_path / "people.key"
    add_key(path)
    path.chmod(0o644)

    with pytest.raises(KeyFileError, match="others can read this key"):
        Keys.read(path)


# Whose machine it was


TOLD_BY_PROXY = {
    "192.0.2.7": "192.0.2.7",
    "10.0.0.1, 192.0.2.7": "192.0.2.7",
    "192.0.2.7, 127.0.0.1": "192.0.2.7",
    "192.0.2.7:4711": "192.0.2.7",
    "[2001:db8::1]:99": "2001:db8::1",
    "nobody": "127.0.0.1",
    "999.1.1.1": "127.0.0.1",
    "192.0.2.7, nobody": "127.0.0.1",
    "": "127.0.0.1",
}


@pytest.mark.parametrize("said", TOLD_BY_PROXY)
def test_what_a_proxy_says_that_is_no_address_counts_as_the_proxy(said, tmp_path):
    site = FollowSite(database=tmp_path / "people.db", key_file=tmp_path / "key", trusted_proxy="127.0.0.1")
    scope = {"client": ("127.0.0.1", 4711), "headers": [(b"x-forwarded-for", said.encode())]}

    assert site.client_of(scope) == TOLD_BY_PROXY[said]
