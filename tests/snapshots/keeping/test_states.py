"""Agreements as rows: what is loaded is what was kept, and equal states are one row."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scraper.names.fold import fold_key
from scraper.reading.page import read_page
from scraper.records import FIELDS, PROSE
from scraper.text import one_of_equal
from snapshots.keeping import states
from snapshots.keeping.store import open_store
from tests.harness.editions import ADMISSIONS, HARROWDALE, Page, many, with_project


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path / "registerwatch.db")
    yield store
    store.close()


def read(page):
    return read_page(page.text(), source="page.txt").agreements


def fresh(store):
    """Return the states as another program would see them: nothing in memory."""
    return states.States(store.db)


def test_an_agreement_is_loaded_as_it_was_kept(store):
    agreements = (*read(HARROWDALE), *read(Page("X Council", many(3, datasets=None, outputs=None, legal_basis=None))))
    with store.writing():
        ids = store.states.keep(agreements)

    loaded = fresh(store).load(ids)
    assert [loaded[number] for number in ids] == list(agreements)


def test_equal_states_are_one_row(store):
    with store.writing():
        first = store.states.keep(read(HARROWDALE))
        again = store.states.keep(read(HARROWDALE))
        later = fresh(store).keep(read(HARROWDALE))

    assert first == again == later
    assert store.db.execute("select count(*) from states").fetchone() == (1,)


def test_what_differs_in_print_alone_is_another_state(store):
    with store.writing():
        ids = store.states.keep([*read(HARROWDALE), *read(with_project(HARROWDALE, sublicensing=" No."))])

    assert len(set(ids)) == 2


def test_not_printed_is_another_state_than_empty(store):
    (agreement,) = read(HARROWDALE)
    unprinted = replace(agreement, discussions=None, unprinted=agreement.unprinted | {"discussions"})
    empty = replace(agreement, discussions=(), unprinted=agreement.unprinted - {"discussions"})
    missing = replace(agreement, discussions=None, unprinted=agreement.unprinted - {"discussions"})
    with store.writing():
        ids = store.states.keep([unprinted, empty, missing])

    assert len(set(ids)) == 3
    assert fresh(store).load(ids) == dict(zip(ids, [unprinted, empty, missing], strict=True))


def test_a_text_that_states_share_is_one_text_in_memory(store):
    with store.writing():
        ids = store.states.keep([*read(HARROWDALE), *read(with_project(HARROWDALE, sublicensing=" No."))])

    one, other = fresh(store).load(ids).values()
    assert one.outputs is other.outputs
    assert one.outputs


def test_a_state_whose_key_is_at_hand_is_kept_under_it(store):
    (agreement,) = read(HARROWDALE)
    with store.writing():
        given = store.states.keep([agreement], [states.digest_of_state(agreement)])
        made = fresh(store).keep(read(HARROWDALE))

    assert given == made


def test_a_text_that_many_agreements_share_is_one_row(store):
    with store.writing():
        store.states.keep(read(Page("X Council", many(10))))

    assert store.db.execute("select count(*) from texts where text = ?", [ADMISSIONS.outputs]).fetchone() == (1,)


def test_ids_that_were_rolled_back_are_not_believed(store):
    agreements = read(HARROWDALE)

    def keep_and_fail():
        with store.writing():
            store.states.keep(agreements)
            raise TimeoutError

    with pytest.raises(TimeoutError):
        keep_and_fail()
    with store.writing():
        (number,) = store.states.keep(agreements)

    assert fresh(store).load([number]) == {number: agreements[0]}


def test_more_agreements_than_are_remembered_come_back_whole(store, monkeypatch):
    monkeypatch.setattr(states, "MOST_REMEMBERED", 4)
    agreements = read(Page("X Council", many(11)))
    with store.writing():
        ids = store.states.keep(agreements)

    for holder in (store.states, fresh(store)):
        for _ in range(2):
            assert holder.load(ids) == dict(zip(ids, agreements, strict=True))
            assert holder.load(ids[2:5]) == dict(zip(ids[2:5], agreements[2:5], strict=True))


# --- prose that stays in its table ------------------------------------------------------------------------------------


def apart(store):
    return states.States(store.db, prose_apart=True)


def texts_read(store):
    """Return the questions for texts, filled as they are asked."""
    asked = []
    store.db.conn.set_trace_callback(lambda sql: asked.append(sql) if "from texts" in sql else None)
    return asked


def kept_apart(store, *pages):
    with store.writing():
        ids = store.states.keep([agreement for page in pages for agreement in read(page)])
    loaded = apart(store).load(ids)
    return [loaded[number] for number in ids]


def test_an_agreement_with_its_prose_apart_is_the_same_agreement(store):
    (kept,), (printed,) = kept_apart(store, HARROWDALE), read(HARROWDALE)

    assert kept == printed == kept
    assert printed.outputs
    assert {name: getattr(kept, name) for name in FIELDS} == {name: getattr(printed, name) for name in FIELDS}
    assert states.digest_of_state(kept) == states.digest_of_state(printed)
    assert kept != replace(printed, outputs="Other words.")
    assert replace(printed, title="Another") != kept
    assert kept != "Harrowdale"


def test_its_prose_is_read_when_it_is_asked_for_and_all_of_it_by_one_question(store):
    asked = texts_read(store)
    kept, same, other = kept_apart(store, HARROWDALE, HARROWDALE, with_project(HARROWDALE, outputs="Other words."))
    asked.clear()

    assert kept == same
    assert kept != other
    assert kept.title == same.title
    assert asked == []
    assert kept.outputs == read(HARROWDALE)[0].outputs
    assert kept.objectives == read(HARROWDALE)[0].objectives
    assert len(asked) == 1


def test_what_is_made_of_it_has_its_texts_without_their_being_kept_again(store):
    (kept,) = kept_apart(store, HARROWDALE)
    other = replace(kept, title="Another", objectives="Other words.")
    with store.writing():
        first, second, whole = apart(store).keep([other, kept, *read(HARROWDALE)])

    assert second == whole != first
    assert {type(section) for section in other.sections.values()} <= {states.Prose, type(None)}
    loaded = fresh(store).load([first])[first]
    assert loaded == replace(read(HARROWDALE)[0], title="Another", objectives="Other words.")


def test_a_text_whose_row_is_gone_is_none(store):
    (kept,) = kept_apart(store, HARROWDALE)
    store.db.execute("pragma foreign_keys = off")  # which no program of ours does: a damaged file
    store.db.execute("delete from texts")

    assert kept.outputs is None


def test_texts_are_compared_by_keys_that_are_those_of_any_agreement(store):
    (kept,), (printed,) = kept_apart(store, HARROWDALE), read(HARROWDALE)
    shouted = replace(printed, outputs=f"{printed.outputs.upper()} –", remainder="–")

    assert {name: kept.text_key(name) for name in PROSE} == {name: printed.text_key(name) for name in PROSE}
    assert kept.text_key("outputs") == shouted.text_key("outputs") != kept.text_key("objectives")
    assert replace(kept, outputs="Other words.").text_key("outputs") != kept.text_key("outputs")
    assert (kept.text_key("remainder"), shouted.text_key("remainder")) == ("", "")


def test_a_text_that_many_print_is_read_once_for_its_key(store):
    asked = texts_read(store)
    holder = apart(store)
    with store.writing():
        pages = [HARROWDALE, *(with_project(HARROWDALE, title=f"Study {n}") for n in range(4))]
        ids = store.states.keep([agreement for page in pages for agreement in read(page)])
    key = holder.load(ids)[ids[0]].text_key("outputs")
    holder.let_go()
    others = holder.load(ids)
    asked.clear()

    assert {other.text_key("outputs") for other in others.values()} == {key}
    assert asked == []


def test_no_key_is_believed_of_a_text_that_was_taken_back(tmp_path):
    store = open_store(tmp_path / "registerwatch.db")
    (other,) = read(with_project(HARROWDALE, outputs="Other words."))
    with suppress(ZeroDivisionError), store.writing():
        (number,) = store.states.keep(read(HARROWDALE))
        taken_back = store.states.load([number])[number].text_key("outputs")
        raise ZeroDivisionError
    with store.writing():  # under the same numbers
        (again,) = store.states.keep([other])

    assert again == number
    assert store.states.load([again])[again].text_key("outputs") == other.text_key("outputs") != taken_back
    store.close()


def test_more_than_is_remembered_is_asked_for_again(store, monkeypatch):
    monkeypatch.setattr(states, "MOST_NOTED", 3)
    agreements = [agreement for page in many_pages() for agreement in read(page)]
    with store.writing():
        ids = store.states.keep(agreements)
        assert store.states.keep(agreements) == ids
    holder = apart(store)
    loaded = holder.load(ids)

    for number, agreement in zip(ids, agreements, strict=True):
        assert loaded[number].text_key("outputs") == agreement.text_key("outputs")
        assert max(map(len, (holder._keys, store.states._ids, store.states._text_ids))) <= 3


def test_what_agreements_print_alike_is_one_object_in_memory(store):
    (one,), (other,) = (kept_apart(store, page) for page in (HARROWDALE, with_project(HARROWDALE, outputs="Maps.")))

    for label, text in one.printed.items():
        assert text is other.printed[label]
    assert {id(label) for label in one.printed} == {id(label) for label in other.printed}
    assert all(a is b for a, b in zip(one.datasets, other.datasets, strict=True))
    assert all(a is b for a, b in zip(one.legal_bases, other.legal_bases, strict=True))


def is_held(text):
    """Say whether an equal text is held for whoever prints it next."""
    again = "".join(list(text))
    return one_of_equal(again) is not again


def test_neither_prose_nor_what_is_long_is_held_for_others(store):
    long = "Identifiable, " * 40
    with store.writing():  # read, kept and loaded, as a night does
        holder = apart(store)
        ids = holder.keep(read(with_project(HARROWDALE, sensitive=long, title="A study of winter")))
        (agreement,) = holder.load(ids).values()

    assert is_held("A study of winter")
    assert not is_held(agreement.objectives)
    assert not any(is_held(text) for text in agreement.printed.values() if len(text) > 300)
    assert any(len(text) > 300 for text in agreement.printed.values())


def test_words_whose_state_was_kept_already_are_held_as_rows(store):
    printed = read(with_project(HARROWDALE, outputs="Other words."))
    (first,) = kept_apart(store, HARROWDALE)
    again = replace(first, outputs="Other words.", unread=printed[0].unread, unprinted=printed[0].unprinted)
    with store.writing():
        (number,) = store.states.keep(printed)
        assert apart(store).keep([again]) == [number]

    assert {type(section) for section in again.sections.values()} <= {states.Prose, type(None)}
    assert again == printed[0]


def test_in_a_damaged_file_words_are_held_where_their_row_is_gone(store):
    holder = apart(store)
    (first,) = kept_apart(store, HARROWDALE)
    again = replace(first, outputs="Other words.")
    with store.writing():
        holder.keep([again])
    store.db.execute("pragma foreign_keys = off")  # which no program of ours does
    store.db.execute("delete from texts where text = 'Other words.'")
    once_more = replace(first, outputs="Other words.")
    holder.keep([once_more])

    assert once_more.outputs == "Other words."
    assert again.text_key("outputs") == ""
    with store.writing():  # under the number of the row that is gone
        holder.keep_text("Whatever")
    assert again.text_key("outputs") == fold_key(again.outputs)


def many_pages():
    return [with_project(HARROWDALE, outputs=f"Map {n}.", objectives=f"To learn {n % 2}.") for n in range(8)]


WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries(
        {
            "title": st.none() | WORDS,
            "datasets": st.none() | st.lists(WORDS).map(tuple),
            "outputs": st.none() | WORDS,
            "when_note": st.none() | WORDS,
            "system_access_note": st.none() | st.booleans(),
            "unprinted": st.frozensets(st.sampled_from(["title", "outputs", "discussions"])),
        }
    )
)
def test_any_words_come_back(store, fields):
    agreement = replace(read(HARROWDALE)[0], **fields)
    with store.writing():
        (number,) = store.states.keep([agreement])

    assert fresh(store).load([number])[number] == agreement
