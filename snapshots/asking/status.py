"""How things are: runs, what fails, how much there is; and what of it waits for a person, in sentences. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from diff.saying.english import Trouble, moment, plural, weekday
from snapshots.asking.names import Row
from snapshots.asking.unread import fields_newly_not_understood, fields_not_understood, unread_needs
from snapshots.keeping.deliveries import Deliveries
from snapshots.keeping.runlog import failed_attempts

_RUN = (
    "id", "kind", "captured_at", "finished_at", "complete", "state", "reason", "pages_read", "pages_changed",
    "pages_failed", "pages_absent",
)  # fmt: skip


class Runs:
    """The runs of an open database, and what they come to."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def newest(self) -> str:
        """Return the time of the newest run that counts, empty before there is one."""
        return newest_run(self._db)

    def last_pass(self) -> str | None:
        """Return when the last pass over the register began, whatever became of it; None before the first."""
        (row,) = self._db.query("select max(captured_at) as at from runs where kind = 'run'")
        return row["at"] and str(row["at"])

    def is_first(self, number: int) -> bool:
        """Say whether no run before this one counts."""
        sql = "select min(captured_at) as at from runs where state = 'committed'"
        return bool(next(iter(self._db.query(sql)))["at"] == self.run(number)["captured_at"])

    def run(self, number: int) -> dict[str, Any]:
        """Return a run, with how many pages it met for the first time."""
        sql = """
            select runs.*, (
              select count(*) from pages where pages.first_seen = runs.captured_at
            ) + (
              -- Of a held run nothing is believed: new is what was never seen before.
              select count(*)
              from captures
              join pages on pages.key = captures.page
              where runs.state in ('held', 'superseded') and captures.run = runs.id and captures.body is not null
                and coalesce(pages.first_seen > runs.captured_at, true)
                and not exists (select 1 from refusals where refusals.run = runs.id and refusals.page = pages.key)
            ) as pages_new
            from runs
            where id = :id
            """
        (row,) = self._db.query(sql, {"id": number})
        return dict(row)

    def status(self, now: datetime) -> dict[str, Any]:
        """Return the last run, what needs a person, and how much there is."""
        (counts,) = self._db.query(
            """
            select (select count(*) from pages where standing) as pages,
              (select coalesce(sum(agreements), 0) from pages where standing) as agreements,
              (select count(*) from snapshots) as snapshots,
              (select min(first_seen) from snapshots) as since,
              (select count(*) from changes where substantive and member_of is null and not withdrawn) as changes,
              (select count(*) from changes where not substantive and member_of is null and not withdrawn) as editorial,
              (select sum(length(data)) from bodies) as bodies_bytes,
              -- The file itself lags behind while a write-ahead log lies beside it.
              (select page_count * page_size from pragma_page_count, pragma_page_size) as database_bytes
            """
        )
        deliveries = Deliveries(self._db)
        return {
            **self.reading(),
            "undelivered": [asdict(one) for one in deliveries.waiting(now)],
            "collected": deliveries.collected(now),
            "attempts": failed_attempts(self._db),
            **counts,
        }

    def reading(self) -> dict[str, Any]:
        """Return what became of the last run: what is held, which pages fail, which fields are not understood."""
        last = next(iter(self._db.query("select * from runs order by captured_at desc limit 1")), None)
        run = last and {name: last[name] for name in _RUN} | {"complete": bool(last["complete"])}
        return {
            "last_run": run,
            "held": list(self._db.query("select id, captured_at, reason from runs where state = 'held' order by id")),
            "failing": self._failing(last) if last else [],
            "not_understood": fields_not_understood(self._db),
            "newly_not_understood": self.newly_not_understood(last["captured_at"]) if last else [],
        }

    def newly_not_understood(self, time: str) -> list[dict[str, Any]]:
        """Return the fields that the run of this time was the first not to understand."""
        return fields_newly_not_understood(self._db, time)

    def week(self, since: str) -> dict[str, int]:
        """Return how many runs there were since a time, changes that are told, and messages that were taken."""
        (counts,) = self._db.query(
            """
            select (select count(*) from runs where captured_at >= :since and kind = 'run') as runs,
              (
                select count(*)
                from changes
                where first_seen >= :since and substantive and member_of is null and not withdrawn
              ) as changes,
              (
                -- Notes to the operator are of no run.
                select count(distinct message) from deliveries where delivered_at >= :since and run is not null
              ) as delivered
            """,
            {"since": since},
        )
        return dict(counts)

    def _failing(self, last: Row) -> list[dict[str, Any]]:
        """Return the pages that *last* could not read, with how many runs of its kind in a row could not."""
        rows = self._db.query(
            """
            with good as (
              select failing.page, max(runs.captured_at) as at
              from refusals as failing
              join runs on runs.kind = :kind
              left join refusals on refusals.run = runs.id and refusals.page = failing.page
              where failing.run = :run and refusals.page is null
              group by failing.page
            )
            select failing.page, failing.reason, count(*) as times, min(runs.captured_at) as since,
              exists (select 1 from snapshots where snapshots.page = failing.page) as was_read
            from refusals as failing
            left join good on good.page = failing.page
            join refusals as earlier on earlier.page = failing.page
            join runs on runs.id = earlier.run and runs.kind = :kind and runs.captured_at > coalesce(good.at, '')
            where failing.run = :run
            group by failing.page
            order by failing.page
            """,
            {"run": last["id"], "kind": last["kind"]},
        )
        return [{**row, "was_read": bool(row["was_read"])} for row in rows]


def newest_run(db: Database) -> str:
    """Return the time of the newest run that counts, empty before there is one: what "now" means."""
    (row,) = db.query("select coalesce(max(captured_at), '') as at from runs where state = 'committed'")
    return str(row["at"])


# --- what waits for a person ------------------------------------------------------------------------------------------

NIGHTS = 3
"""A page that so many runs in a row could not read needs a person, and so do runs that fail; one bad night does not."""
MANY = 10
"""One of so many pages that could not be read: then it is the site, or our way to it."""


def needs_a_person(state: Mapping[str, Any]) -> list[Trouble]:
    """Return what waits for the operator, a sentence each.

    How often it happened and why may differ the next night; what it is and since when is the key of the trouble.
    """
    needs = _held_need(state["held"])
    attempts = state["attempts"]
    if state.get("overdue"):
        last = f" {attempt_in_words(attempts)}." if attempts else ""
        overdue = f"A run is overdue since {moment(state['overdue'])}"
        needs.append(Trouble(f"{overdue}.{last}", key=overdue))
    elif attempts and attempts["times"] >= NIGHTS:
        failed = f"runs in a row have failed, since {weekday(attempts['since'])}"
        needs.append(
            Trouble(f"{attempts['times']} {failed}: {attempts['reason']}. Try one: registerwatch -v run", key=failed)
        )
    needs += reading_needs(state)
    lasting = [one for one in state["undelivered"] if one["given_up"] or one["late"]]
    refused = [one for one in state["undelivered"] if one["failure"] and one not in lasting]
    return needs + [_undelivered_need(one) for one in lasting] + _not_taken_needs(refused)


def _not_taken_needs(failed: Sequence[Mapping[str, Any]]) -> list[Trouble]:
    """Return what is to be said of messages that were refused and are tried again: the run that met it ended with 3."""
    if len(failed) < 2:
        return [_undelivered_need(one) for one in failed]
    number = sum(one["messages"] for one in failed)
    one = f"one to {failed[0]['subscription']}{why(failed[0])}"
    said = f"{number:,} messages to {len(failed):,} subscriptions wait, {one}. Try now: registerwatch notify"
    return [Trouble(said, key="messages wait", passing=True)]


def _held_need(held: Sequence[Mapping[str, Any]]) -> list[Trouble]:
    """Return what is to be decided: on the latest held run, for on no other one can be decided before."""
    if not held:
        return []
    run, before = latest_of(held), len(held) - 1
    behind = (
        f" {plural(before, 'earlier run is', 'earlier runs are')} held too, to be decided on after it."
        if before
        else ""
    )
    said = f"{held_key(run['id'])}: {run['reason']}. Decide with: {decide_on(run['id'])}{behind and '.'}{behind}"
    return [Trouble(said, key=held_key(run["id"]))]


def latest_of(held: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the held run that is decided on first."""
    return max(held, key=lambda run: run["captured_at"])


def held_key(run: int) -> str:
    """Return the trouble that a held run is."""
    return f"Run {run} is held"


def decide_on(run: int) -> str:
    """Return the commands that decide on a held run."""
    return f"registerwatch release {run}, or: registerwatch discard {run}"


def reading_needs(state: Mapping[str, Any]) -> list[Trouble]:
    """Return what of the last run's pages and fields needs a person; `run` and `status` both go by it.

    A page that fails now and then does not: the next run asks for it again.
    """
    run, failing = state["last_run"], state["failing"]
    # An import has no next night in which the page may be back.
    nights = 1 if failing and run["kind"] == "import" else NIGHTS
    lasting = [page for page in failing if page["times"] >= nights]
    needs = [*unread_needs(state.get("newly_not_understood", ())), *(_failing_need(page, state) for page in lasting)]
    # That a run is held for it is said already, and so are pages that fail for long.
    if len(failing) > len(lasting) and run["state"] != "held" and MANY * len(failing) >= _asked(run):
        needs.append(_many_failing_need(run, failing))
    return needs


def _asked(run: Mapping[str, Any]) -> int:
    return int(run["pages_read"] + run["pages_failed"] + run.get("pages_absent", 0))


def _many_failing_need(run: Mapping[str, Any], failing: Sequence[Mapping[str, Any]]) -> Trouble:
    since = min(page["since"] for page in failing)
    return Trouble(
        f"{len(failing):,} of {plural(_asked(run), 'page')} asked for could not be read, {failing[0]['page']} for one: "
        f"{failing[0]['reason']}. The next run asks again. See them all: registerwatch status",
        key=f"many pages could not be read since {since}",
    )


def _failing_need(page: Mapping[str, Any], state: Mapping[str, Any]) -> Trouble:
    stands = "Its last snapshot still stands." if page["was_read"] else "It was never read."
    # An import comes once: what it could not read is not tried again by itself.
    if state["last_run"]["kind"] == "import":
        key = f"{page['page']} could not be read"
        return Trouble(f"{key}: {page['reason']}. {stands}", key=key)
    since = f"since {weekday(page['since'])}"
    return Trouble(
        f"{page['page']} has not been read for {page['times']} runs, {since}: {page['reason']}. {stands} "
        f"Try it alone: registerwatch -v run --only {page['page']}",
        key=f"{page['page']} has not been read for runs, {since}",
    )


def _undelivered_need(one: Mapping[str, Any]) -> Trouble:
    name, messages = one["subscription"], plural(one["messages"], "message")
    were, have = ("was", "has") if one["messages"] == 1 else ("were", "have")
    if one["given_up"]:
        due = f"to {name}, due since {weekday(one['since'])}"
        return Trouble(
            f"{messages} {due}, {were} given up after {plural(one['attempts'], 'attempt')}{why(one)}. "
            "This is settled when a later message to it is taken.",
            key=f"messages {due}",
            about=name,
        )
    since = f"waited since {moment(one['since'])}"
    return Trouble(
        f"{messages} to {name} {have} {since}{why(one)}. Try now: registerwatch notify",
        key=f"messages to {name} have {since}",
        about=name,
        passing=not one["late"],
    )


def why(one: Mapping[str, Any]) -> str:
    """Return why a message did not go out, to stand behind what is said of it."""
    return f": {one['failure']}" if one["failure"] else ""


def attempt_in_words(attempts: Mapping[str, Any]) -> str:
    """Return when the last run failed that had no edition, and why."""
    return f"The last attempt, on {moment(attempts['at'])}, failed: {attempts['reason']}"
