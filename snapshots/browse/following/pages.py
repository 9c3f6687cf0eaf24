"""The pages of following by e-mail: what is asked, confirmed, managed and stopped. GET shows, only POST changes."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from diff.cells import escaped
from diff.saying.english import day, listed, moment, number_of, plural
from scraper.times import as_text, read_time
from snapshots.asking.changes import ChangeFilter
from snapshots.browse.app import addresses
from snapshots.browse.app.request import (
    MovedError,
    NotThereError,
    PageFile,
    PageRequest,
    PageRoute,
    QueryWords,
)
from snapshots.browse.following.followable import followable_of, form_of, listed_as
from snapshots.browse.following.site import FollowSite
from snapshots.browse.parts.filters import condition, filter_of
from snapshots.browse.parts.rows import change_rows
from snapshots.keeping.deliveries import FOLLOWER, Deliveries
from snapshots.people.people import Follow, Followable, People

OFTEN = {"run": "As it happens", "daily": "Once a day", "weekly": "Once a week"}
"""How often somebody is told, in the words of the pages."""

_COMES = {
    "run": "A mail comes after each reading of the register that finds something.",
    "daily": "A mail comes on each day that has something to tell.",
    "weekly": "A mail comes in each week that has something to tell.",
}

A_YEAR = timedelta(days=365)
MOST_SHOWN = 40
LAST_SHOWN = 12

_NO_PAGE = (
    "That page cannot be followed by e-mail, or is not there. Pages of organisations, agreements, datasets and legal "
    "bases, filters and searches can be."
)
_NO_LINK = "This link does not work: it is not whole, or what it was for is over. A form on any page begins anew."


def _following(request: PageRequest) -> FollowSite:
    if request.site.following is None:
        raise NotThereError("These pages cannot be followed by e-mail.")
    return request.site.following


@contextmanager
def _people(request: PageRequest) -> Iterator[People]:
    with closing(_following(request).open()) as people:
        yield people


def _value(request: PageRequest, people: People, use: str) -> str:
    value = people.keys.value_of(use, request.path["token"])
    if not isinstance(value, str):
        raise NotThereError(_NO_LINK)
    return value


def _person(request: PageRequest, people: People, use: str) -> tuple[str, Mapping[str, Any]]:
    """Return whose link it is, and what is kept of them."""
    person = _value(request, people, use)
    kept = people.person(person)
    if kept is None:
        raise NotThereError(_NO_LINK)
    return person, kept


def _whole(title: str, lead: str, **shown: Any) -> Mapping[str, Any]:
    """Return what a page of this room shows: no search engine keeps it, and it has no address of its own."""
    return {
        "title": title,
        "description": lead,
        "lead": lead,
        "canonical": None,
        "often": OFTEN,
        "listed_as": listed_as,
        **shown,
    }


# --- before -----------------------------------------------------------------------------------------------------------


def begin(request: PageRequest) -> Mapping[str, Any]:
    """Return what can be followed, and how; the form of a page that is asked for."""
    _following(request)
    found = _asked_for(request)
    return _whole(
        "Follow by e-mail",
        "Pages of organisations, agreements, datasets, legal bases and questions have a form of their own; so have "
        "filters and searches.",
        form=form_of(request, found),
    )


def _everything(request: PageRequest) -> Followable:
    found = followable_of(replace(request, words=QueryWords("")), "/")
    assert found is not None  # everything can be followed
    return found


def _asked_for(request: PageRequest) -> Followable:
    what = request.words.one("what")
    found = followable_of(request, what) if what else _everything(request)
    if found is None:
        raise NotThereError(_NO_PAGE)
    return found


def preview(request: PageRequest) -> Mapping[str, Any]:
    """Return what would have been told in the last year of the history, and the form."""
    _following(request)
    found = _asked_for(request)
    reader = request.reader
    since = as_text(read_time(reader.newest) - A_YEAR) if reader.newest else ""
    given = filter_of(replace(request, words=QueryWords(found.asks)))
    wanted = condition(reader, replace(given, since=since, since_time=since or None))
    changes = reader.answers.changes.find_where(wanted)
    counted = _counted([change.first_seen for change in changes])
    return _whole(
        "What would I have been told?",
        f"{listed_as(found.said)}, in the year up to {day(reader.newest)}: {counted}."
        if reader.newest
        else "Nothing has been read yet.",
        what=found.what,
        said=found.said,
        form=form_of(request, found),
        rows=change_rows(reader, changes[:MOST_SHOWN]),
        more=len(changes) - MOST_SHOWN,
        all_changes=addresses.with_query("/", [*QueryWords(found.asks).pairs, ("since", since[:10])]),
    )


def _counted(times: Sequence[str]) -> str:
    """Return how many changes and mails there would have been."""
    if not times:
        return "nothing, and no mail"
    days = {read_time(time).date() for time in times}
    weeks = {(day.isocalendar().year, day.isocalendar().week) for day in days}
    runs, daily, weekly = len(set(times)), len(days), len(weeks)
    mails = plural(runs, "mail") if runs == weekly else f"{plural(runs, 'mail')} as it happens, {weekly:,} once a week"
    if daily not in (runs, weekly):
        mails = f"{plural(runs, 'mail')} as it happens, {daily:,} once a day, {weekly:,} once a week"
    return f"{plural(len(times), 'change')}, in {mails}"


def sent(request: PageRequest) -> Mapping[str, Any]:
    """Return what is said after a form was sent, whatever stood in it."""
    _following(request)
    return _whole(
        "Look into your mail",
        "If the address is right, a mail with a link is on its way to it. Nothing is sent before the button behind "
        "that link is pressed.",
        notes=[
            "It may take some minutes, and may lie among the junk.",
            "To one address go three such mails a day at most. If none comes, try again tomorrow.",
        ],
    )


# --- confirming -------------------------------------------------------------------------------------------------------


def confirm(request: PageRequest) -> Mapping[str, Any]:
    """Show what is to be confirmed; when it is sent back, confirm it."""
    now = request.site.clock()
    with _people(request) as people:
        asked = people.asked(_value(request, people, "confirm"), now)
        if asked is None:
            raise NotThereError(_NO_LINK)
        if request.form is not None:
            people.confirm(asked.id, now)
            raise MovedError(f"/follow/confirm/{request.path['token']}", 303)
        if asked.confirmed_at is None:
            lead = f"{_COMES[asked.frequency]} One click stops it."
            return _whole(f"Follow {asked.said}?", lead, button="Confirm", what=asked.what)
        manage = f"/follow/manage/{people.keys.token('manage', asked.person)}"
        follows = people.follows_of(asked.person)
    standing = next((one for one in follows if one.what == asked.what), None)
    if standing is None:
        return _whole("Stopped since", "This was confirmed, and stopped later: nothing is sent.", what=asked.what)
    return _whole(
        f"You follow {standing.said}",
        _COMES[standing.frequency],
        button="",
        what=asked.what,
        manage=manage,
    )


# --- managing ---------------------------------------------------------------------------------------------------------


def manage(request: PageRequest) -> Mapping[str, Any] | PageFile:
    """Show what somebody follows; when something is sent back, change it."""
    with _people(request) as people:
        person, kept = _person(request, people, "manage")
        if request.form is not None:
            return _changed(request, people, person, request.form)
        follows, everything = people.follows_of(person), people.everything_of(person)
    waiting = [one for one in everything["asked"] if one["confirmed_at"] is None]
    said = f"{number_of(len(follows), 'thing')}, told to {masked(kept['address'])}."
    if kept["suspended_at"]:
        said += " Nothing is sent at the moment: letters to this address came back. A new confirmation begins anew."
    if not follows:
        said = f"Nothing. {_until(request, kept['stopped_at'])}"
    return _whole(
        "What you follow",
        said,
        follows=follows,
        waiting=waiting,
        last=_last_mail(request, person, follows),
        stops=f"/follow/stop/{request.path['token']}",
    )


def masked(address: str) -> str:
    """Return an address as its owner knows it again, and nobody else who looks over a shoulder.

    >>> masked("ada@example.org")
    'a•••@example.org'
    """
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def _until(request: PageRequest, stopped_at: str | None) -> str:
    if stopped_at is None:
        return "What you asked for waits to be confirmed."
    until = read_time(stopped_at) + timedelta(days=_following(request).keep_days)
    return f"Your address is erased by {moment(as_text(until))}, if nothing new is confirmed before."


def _changed(
    request: PageRequest, people: People, person: str, form: Mapping[str, str]
) -> Mapping[str, Any] | PageFile:
    now = request.site.clock()
    if "erase" in form:
        people.erase(person, "erased", now)
        return _whole("Erased", "Your address and all that belonged to it are erased. Nothing more is sent.", done=True)
    if "download" in form:
        text = escaped(json.dumps(people.everything_of(person), ensure_ascii=False, indent=2)) + "\n"
        return PageFile(
            body=text.encode("utf-8", "replace"),
            content_type="application/json; charset=utf-8",
            name="what-is-kept.json",
        )
    if "stop-all" in form:
        people.stop(person, None, now)
    elif "stop" in form:
        people.stop(person, form["stop"], now)
    elif "frequency" in form:
        people.set_frequency(person, form.get("follow", ""), form["frequency"])
    raise MovedError(f"/follow/manage/{request.path['token']}", 303)


def _last_mail(request: PageRequest, person: str, follows: Sequence[Follow]) -> Mapping[str, Any] | None:
    """Return when the last mail came, and why."""
    reader = request.reader
    told = Deliveries(reader.db).last_told(f"{FOLLOWER}{person}")
    if told is None:
        return None
    at, parts = told
    named = {follow.id: follow.said for follow in follows}
    why = Counter(named[one] for part in parts for one in part.follows if one in named)
    found = reader.answers.changes.find(ChangeFilter(ids=[part.item for part in parts], editorial=True))
    return {
        "at": at,
        "why": f"because you follow {listed(why)}" if why else "for what you followed then",
        "things": plural(len(parts), "thing"),
        "changes": found[:LAST_SHOWN],
        "more": len(found) - LAST_SHOWN,
    }


# --- stopping ---------------------------------------------------------------------------------------------------------


def stop(request: PageRequest) -> Mapping[str, Any]:
    """Show a button that stops all that somebody follows; when it, or a mail program, sends it, stop."""
    now = request.site.clock()
    with _people(request) as people:
        person, kept = _person(request, people, "stop")
        if request.form is not None:
            people.stop(person, None, now)
            return _stopped(request, now)
        follows = people.follows_of(person)
        if not follows:
            return _stopped(request, read_time(kept["stopped_at"]) if kept["stopped_at"] else now)
        manage = f"/follow/manage/{people.keys.token('manage', person)}"
    lead = f"You follow {number_of(len(follows), 'thing', capital=False)}; nothing more is sent of any of them."
    lead = lead if len(follows) > 1 else "You follow one thing; nothing more is sent of it."
    return _whole(
        "Stop all mails?", lead, button="Stop all" if len(follows) > 1 else "Stop", manage=manage, follows=follows
    )


def _stopped(request: PageRequest, at: datetime) -> Mapping[str, Any]:
    return _whole("Stopped", f"Nothing more is sent to you. {_until(request, as_text(at))}", button="")


ROUTES = (
    PageRoute("/follow", begin, "follow/begin.html", takes_forms=True),
    PageRoute("/follow/sent", sent, "follow/sent.html"),
    PageRoute("/follow/preview", preview, "follow/preview.html"),
    PageRoute("/follow/confirm/{token}", confirm, "follow/confirm.html", takes_forms=True),
    PageRoute("/follow/manage/{token}", manage, "follow/manage.html", takes_forms=True),
    PageRoute("/follow/stop/{token}", stop, "follow/stop.html", takes_forms=True),
)
