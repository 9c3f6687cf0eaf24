"""How things are: runs, what fails, how much there is; and what of it waits for a person, in sentences. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from diff.saying.english import Trouble, moment, plural, weekday
from diff.severity import Severity
from snapshots.asking.names import Row, newest_run
from snapshots.asking.official import OfficialRegister
from snapshots.asking.unread import (
    fields_newly_not_understood,
    fields_not_understood,
    official_cells_newly_not_understood,
    official_cells_not_understood,
    unread_needs,
)
from snapshots.keeping.deliveries import Deliveries
from snapshots.keeping.runlog import failed_attempts, failed_feeds
from snapshots.sql.rows import Database

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
        (row,) = self._db.query("select max(captured_at) as at from page_runs as runs where kind = 'run'")
        return row["at"] and str(row["at"])

    def is_first(self, number: int) -> bool:
        """Say whether no run before this one counts."""
        sql = "select min(captured_at) as at from page_runs as runs where state = 'committed'"
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
        return {**self.standing(), **self.waiting(now)}

    def waiting(self, now: datetime) -> dict[str, Any]:
        """Return what was to be delivered by now and was not, and what is collected for later."""
        deliveries = Deliveries(self._db)
        return {
            "undelivered": [asdict(one) for one in deliveries.waiting(now)],
            "collected": deliveries.collected(now),
        }

    def standing(self) -> dict[str, Any]:
        """Return what is the same until something is written, whatever time it is."""
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
        return {
            **self.reading(),
            "attempts": failed_attempts(self._db),
            "feeds_failed": failed_feeds(self._db),
            **counts,
            "runs": self._counted(
                "select state as name, count(*) as number from page_runs group by state order by state"
            ),
            "changes_by_severity": dict.fromkeys((severity.value for severity in Severity), 0)
            | self._counted(
                """
                select severity as name, count(*) as number
                from changes
                where substantive and member_of is null and not withdrawn
                group by severity
                """
            ),
        }

    def _counted(self, sql: str) -> dict[str, int]:
        return {row["name"]: row["number"] for row in self._db.query(sql)}

    def reading(self) -> dict[str, Any]:
        """Return what became of the last run: what is held, which pages fail, which fields are not understood."""
        last = next(iter(self._db.query("select * from page_runs as runs order by captured_at desc limit 1")), None)
        run = last and {name: last[name] for name in _RUN} | {"complete": bool(last["complete"])}
        return {
            "last_run": run,
            "held": list(self._db.query("select id, captured_at, reason from runs where state = 'held' order by id")),
            "official_inbox": list(self._db.query("select * from official_inbox order by name")),
            "official": self._official(),
            "failing": self._failing(last) if last else [],
            "not_understood": fields_not_understood(self._db),
            "newly_not_understood": self.newly_not_understood(last["captured_at"]) if last else [],
            "official_not_understood": official_cells_not_understood(self._db),
            "official_newly_not_understood": official_cells_newly_not_understood(self._db),
        }

    def _official(self) -> dict[str, Any] | None:
        """Return the newest edition of the official register, and how many versions of how many agreements it has."""
        edition = OfficialRegister(self._db).edition()
        if edition is None:
            return None
        sql = """
            select month as edition, versions,
              (select count(distinct stem) from official_versions where last_seen is null) as agreements
            from official_editions
            where month = :month
            """
        return next(self._db.query(sql, {"month": edition.month}))

    def newly_not_understood(self, time: str) -> list[dict[str, Any]]:
        """Return the fields that the run of this time was the first not to understand."""
        return fields_newly_not_understood(self._db, time)

    def official_newly_not_understood(self, time: str) -> list[dict[str, Any]]:
        """Return the cells that the edition of the official register of this time was the first not to understand."""
        return official_cells_newly_not_understood(self._db, time)

    def week(self, since: str) -> dict[str, int]:
        """Return how many runs there were since a time, changes that are told, and messages that were taken."""
        (counts,) = self._db.query(
            """
            select (select count(*) from page_runs as runs where captured_at >= :since and kind = 'run') as runs,
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
              join page_runs as runs on runs.kind = :kind
              left join refusals on refusals.run = runs.id and refusals.page = failing.page
              where failing.run = :run and refusals.page is null
              group by failing.page
            )
            select failing.page, failing.reason, count(*) as times, min(runs.captured_at) as since,
              exists (select 1 from snapshots where snapshots.page = failing.page) as was_read
            from refusals as failing
            left join good on good.page = failing.page
            join refusals as earlier on earlier.page = failing.page
            join page_runs as runs on runs.id = earlier.run and runs.kind = :kind
              and runs.captured_at > coalesce(good.at, '')
            where failing.run = :run
            group by failing.page
            order by failing.page
            """,
            {"run": last["id"], "kind": last["kind"]},
        )
        return [{**row, "was_read": bool(row["was_read"])} for row in rows]


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
        overdue = overdue_key(state["overdue"])
        needs.append(Trouble(f"{overdue}.{last}", key=overdue))
    elif attempts and attempts["times"] >= NIGHTS:
        failed = f"runs in a row have failed, since {weekday(attempts['since'])}"
        needs.append(
            Trouble(f"{attempts['times']} {failed}: {attempts['reason']}. Try one: registerwatch -v run", key=failed)
        )
    needs += [inbox_need(one["name"], one["reason"]) for one in state["official_inbox"]]
    needs += reading_needs(state)
    if feeds := state.get("feeds_failed"):
        key = feeds_key(feeds)
        needs.append(Trouble(f"{key}: {feeds['reason']}. Try now: registerwatch feeds", key=key))
    lasting = undelivered_for_long(state["undelivered"])
    refused = [one for one in state["undelivered"] if one["failure"] and one not in lasting]
    return needs + [_undelivered_need(one) for one in lasting] + _not_taken_needs(refused)


def inbox_need(name: str, reason: str) -> Trouble:
    """Return what is to be said of a workbook that lies in the inbox and is refused."""
    return Trouble(f"{name} lies in the inbox of the official register and is refused: {reason}", key=f"inbox {name}")


def undelivered_for_long(undelivered: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return what has waited for long enough to need a person."""
    return [one for one in undelivered if one["given_up"] or one["late"]]


def overdue_key(since: str) -> str:
    """Return the trouble that a run is which has not come."""
    return f"A run has been overdue since {moment(since)}"


def feeds_key(failed: Mapping[str, Any]) -> str:
    """Return the trouble that feeds are which could not be written."""
    return f"The feeds have not been written since {moment(failed['since'])}"


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
    lasting, is_many = failing_for_long(run, failing)
    needs = unread_needs(state.get("newly_not_understood", ()))
    needs += unread_needs(state.get("official_newly_not_understood", ()), official=True)
    needs += [_failing_need(page, state) for page in lasting]
    if is_many:
        needs.append(_many_failing_need(run, failing))
    return needs


def failing_for_long(
    run: Mapping[str, Any] | None, failing: Sequence[Mapping[str, Any]]
) -> tuple[list[Mapping[str, Any]], bool]:
    """Return the pages that have failed for long enough to need a person, and whether many more fail tonight."""
    if run is None or not failing:
        return [], False
    # An import has no next night in which the page may be back.
    nights = 1 if run["kind"] == "import" else NIGHTS
    lasting = [page for page in failing if page["times"] >= nights]
    # That a run is held for it is said already, and so are pages that fail for long.
    return lasting, len(failing) > len(lasting) and run["state"] != "held" and MANY * len(failing) >= _asked(run)


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
