"""The messages of one round, composed: what many of them need is gathered once. Nothing is sent or noted here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cron.following.followers import Concerned, Followers, soonest
from cron.work.context import Context
from cron.work.crawl import addresses_of
from cron.work.outbox import gather_news
from cron.work.standing import notes_as_of_now
from diff.change import Change, ChangeNote
from diff.kinds import ChangeKind
from diff.saying.phrase import Told
from notify.channels.channel import Message
from notify.channels.mail import domain_of, message_id
from notify.following.matching import News, PrintedEnd, tell
from notify.following.subscription import Followed, Subscription, follow
from notify.message.digest import Composer
from notify.message.operator import OPERATOR, render_notes
from notify.message.order import Briefing, Correction, Remark, RunRead
from scraper.names.fold import fold
from scraper.register import NHS_DATA_RELEASE
from snapshots.asking.agreements import read_ends
from snapshots.asking.changes import ChangeFilter
from snapshots.asking.names import read_known
from snapshots.keeping.chain import head
from snapshots.keeping.deliveries import Batch

if TYPE_CHECKING:
    from snapshots.people.people import Follow

MOST_SAID = 5
"""Things that somebody follows which a mail names."""


class MessageBuilder:
    """Composes messages of *batches*.

    Args:
        context: Settings, the database, the clock.
        batches: All of the round, of subscriptions that the settings name and of the operator.
        fresh: Changes that are at hand, and need not be read.
        followers: Those who follow by e-mail, if any batch is theirs.
    """

    def __init__(
        self,
        context: Context,
        batches: Sequence[Batch],
        fresh: Sequence[Change] = (),
        followers: Followers | None = None,
    ) -> None:
        self._context = context
        self._followers = followers
        self._fresh = {change.id: change for change in fresh}
        self._today = context.clock().date()
        self._settings = {one.name: one for one in context.settings.subscriptions}
        self._parts = [part for batch in batches if batch.subscription != OPERATOR for part in batch.parts]

    def compose(self, batch: Batch) -> Message | None:
        """Return the message of *batch*; None if nothing of it holds any more, so that there is nothing to tell."""
        if batch.subscription == OPERATOR:
            return self._to_operator(batch)
        told = self._told_of(batch)
        noted = [PrintedEnd.of_note(part.item, part.end, self._today) for part in batch.parts if part.end is not None]
        # An end whose day is past, or that the agreement prints no more, comes up no longer.
        ends = [end for end in noted if end.days_left >= 0 and (end.reference, end.dsa_end) in self._ends]
        corrections = [
            Correction(change=self._withdrawn[note["change"]], told_at=note["told_at"])
            for part in batch.parts
            if (note := part.correction) and note["change"] in self._withdrawn
        ]
        remarks = [
            Remark(
                change=self._remarked[note["change"]],
                note=ChangeNote(note["made_at"], note["text"]),
                told_at=note["told_at"],
            )
            for part in batch.parts
            if (note := part.remark) and note["change"] in self._remarked
        ]
        if not (told or ends or corrections or remarks):
            return None
        briefing = replace(self._news_of(batch, told, ends), corrections=corrections, remarks=remarks)
        said = self._composer.compose(briefing)
        # Who has a letter, or a line of a chat, has no program that reads it.
        subscription = self._settings.get(batch.subscription)
        news = self._as_data(briefing) if subscription and subscription.webhook else {}
        return self._message(batch, said.subject, said.text, html=said.html, news=news)

    def _as_data(self, news: Briefing) -> dict[str, Any]:
        """Return what a message tells, for programs."""
        told, remarks = news.told, news.remarks
        return {
            "changes": [{**one.change.to_json(), "members": [m.to_json() for m in one.members]} for one in told],
            "corrections": [{**one.change.to_json(), "told_at": one.told_at} for one in news.corrections],
            "notes": [{**one.change.to_json(), "note": one.note._asdict(), "told_at": one.told_at} for one in remarks],
            "ends": [end.note for end in news.endings],
            "register": self._context.settings.register.name,
        }

    def _to_operator(self, batch: Batch) -> Message | None:
        notes = notes_as_of_now(self._context, [part.note or {} for part in batch.parts])
        return self._message(batch, *render_notes(notes)) if notes else None

    def _message(
        self, batch: Batch, subject: str, text: str, *, html: str = "", news: Mapping[str, Any] | None = None
    ) -> Message:
        domain = domain_of(self._context.settings.mail.sender)
        id_ = batch.message or message_id(batch.subscription, batch.items, domain)
        return Message(id=id_, to=batch.subscription, subject=subject, text=text, html=html, news=news or {})

    # --- what is told -------------------------------------------------------------------------------------------------

    def _told_of(self, batch: Batch) -> list[Told]:
        """Return the changes of *batch* in their order, with those members of groups that concern the follower.

        What the settings no longer let through was due, and is told; of a group then no member is named.
        """
        own = self._own_of(batch) if batch.is_to_follower else self._concerned[batch.subscription]
        found = [self._changes[part.item] for part in batch.parts if part.item in self._changes]
        found.sort(key=lambda change: self._order[change.id])
        return [own.get(change.id) or Told(change) for change in found]

    def _news_of(
        self,
        batch: Batch,
        told: Iterable[Told],
        ends: Sequence[PrintedEnd],
    ) -> Briefing:
        runs = sorted({part.run for part in batch.parts if part.run is not None and part.run in self._runs})
        followed, chain = self._followed_by(batch), self._chain
        settings = self._settings.get(batch.subscription)
        return Briefing(
            follows=followed.said,
            told=[self._shown(followed, one) for one in told],
            endings=ends,
            readings=[self._runs[run] for run in runs],
            editorial=sum(self._editorial[run] for run in runs),
            chain=None if chain is None else (chain.number, chain.hash),
            when=followed.subscription.when,
            stop=self._context.settings.mail.sender if settings and settings.email else None,
            ways=self._ways(batch),
            base_url=self._context.settings.browse.base_url,
            sources=self._sources,
        )

    def _shown(self, followed: Followed, one: Told) -> Told:
        """Return *one* with what is said beside it."""
        change, reference = one.change, one.change.reference or ""
        if change.kind is not ChangeKind.AGREEMENT_ADDED:
            return one
        wanted = followed.subjects.datasets
        return replace(
            one,
            datasets=self._counts.get(reference),
            named=tuple(name for name in self._known.holdings.get(reference, ()) if wanted and fold(name) in wanted),
            term=self._terms.get(reference),
        )

    # --- those who follow by e-mail -----------------------------------------------------------------------------------

    def _followed_by(self, batch: Batch) -> Followed:
        if not batch.is_to_follower:
            return self._followed[batch.subscription]
        follows = self._follows_of(batch)
        when = soonest([one for one in follows if one.id in batch.follows] or follows)
        said = [one.said for one in follows]
        more = [f"{len(said) - MOST_SAID + 1:,} more things"] if len(said) > MOST_SAID else []
        said = said if not more else said[: MOST_SAID - 1]
        subscription = Subscription(name=batch.subscription, when=when)
        return Followed(subscription=subscription, said="; ".join(said + more))

    def _follows_of(self, batch: Batch) -> Sequence["Follow"]:
        return self._followers.live.get(batch.subscription, ()) if self._followers else ()

    def _ways(self, batch: Batch) -> Sequence[tuple[str, str]]:
        if not self._followers or not batch.is_to_follower:
            return ()
        name = batch.subscription
        return (
            ("Manage what you follow", self._followers.manage_link(name)),
            ("Stop", self._followers.stop_link(name)),
        )

    def _own_of(self, batch: Batch) -> dict[str, Told]:
        """Return the groups of *batch* with those members that concern what is followed."""
        groups = [self._changes[part.item] for part in batch.parts if part.item in self._news.members]
        told = {}
        for group in groups:
            own = [self._pages_concerned.members(one.asks, group.id) for one in self._follows_of(batch)]
            # None is named where one of the pages is about all of it.
            named = {member.id: member for members in own for member in members} if all(own) else {}
            told[group.id] = Told(group, tuple(named.values()))
        return told

    @cached_property
    def _pages_concerned(self) -> Concerned:
        members = self._news.members
        return Concerned(
            self._context, [replace(one, members=tuple(members.get(one.id, ()))) for one in self._news.changes]
        )

    # --- gathered once ------------------------------------------------------------------------------------------------

    @cached_property
    def _composer(self) -> Composer:
        return Composer()

    @cached_property
    def _known(self) -> Any:
        return read_known(self._context.store().db)

    @cached_property
    def _sources(self) -> dict[str, str]:
        context = self._context
        return addresses_of(context.store().log, context.settings.register.index, self._known.pages)

    @cached_property
    def _followed(self) -> dict[str, Followed]:
        followed = follow(self._context.subscriptions, self._known, self._context.vocabulary)
        return {one.subscription.name: one for one in followed}

    @cached_property
    def _news(self) -> News:
        """Everything that anybody is told in this round, also what was told once and is no longer found."""
        due = {part.item for part in self._parts if part.note is None}
        changes = [change for change in self._fresh.values() if change.id in due]
        if others := sorted(due - self._fresh.keys()):
            changes += self._context.answers.changes.find(ChangeFilter(ids=others, editorial=True))
            changes.sort(key=Change.sort_key)
        return gather_news(self._context, changes, self._known.holdings, list(self._followed.values()))

    @cached_property
    def _changes(self) -> dict[str, Change]:
        return {change.id: change for change in self._news.changes}

    @cached_property
    def _withdrawn(self) -> dict[str, Change]:
        """What corrections are about, but for what is found again meanwhile."""
        ids = [note["change"] for part in self._parts if (note := part.correction)]
        found = self._context.answers.changes.find(ChangeFilter(ids=ids, editorial=True)) if ids else []
        return {change.id: change for change in found if change.withdrawn}

    @cached_property
    def _remarked(self) -> dict[str, Change]:
        """What an operator remarked on, whether or not it is found still."""
        ids = [note["change"] for part in self._parts if (note := part.remark)]
        found = self._context.answers.changes.find(ChangeFilter(ids=ids, editorial=True)) if ids else []
        return {change.id: change for change in found}

    @cached_property
    def _order(self) -> dict[str, int]:
        return {id_: number for number, id_ in enumerate(self._changes)}

    @cached_property
    def _concerned(self) -> dict[str, dict[str, Told]]:
        """Name of a subscription → what concerns it, by id."""
        told = tell(list(self._followed.values()), self._news)
        return {
            name: {item.change.id: item for item in items} for name, items in zip(self._followed, told, strict=True)
        }

    @cached_property
    def _new(self) -> list[str]:
        added = (change for change in self._news.changes if change.kind is ChangeKind.AGREEMENT_ADDED)
        return [change.reference or "" for change in added]

    @cached_property
    def _counts(self) -> dict[str, int]:
        return self._context.answers.agreements.dataset_counts(self._new)

    @cached_property
    def _terms(self) -> dict[str, str]:
        return self._context.answers.agreements.terms(self._new)

    @cached_property
    def _ends(self) -> set[tuple[str, str]]:
        """Reference and printed end of the agreements that stand, as far as anybody is told of one."""
        days = [part.end["day"] for part in self._parts if part.end is not None]
        rows = read_ends(self._context.store().db, min(days), max(days))
        return {(row["reference"], row["dsa_end"]) for row in rows}

    @cached_property
    def _runs(self) -> dict[int, RunRead]:
        runs = {part.run for part in self._parts if part.run is not None and part.note is None}
        return {run: _reading(self._context.answers.runs.run(run)) for run in sorted(runs)}

    @cached_property
    def _editorial(self) -> dict[int, int]:
        return {run: self._context.answers.changes.count_editorial(ChangeFilter(run=run)) for run in self._runs}

    @cached_property
    def _chain(self) -> Any:
        return head(self._context.store().db)


def _reading(run: Mapping[str, Any]) -> RunRead:
    asked = run["pages_read"] + run["pages_failed"]
    edition = None if run["register"] == NHS_DATA_RELEASE.id else run["captured_at"][:7]
    return RunRead(time=run["captured_at"], pages_read=run["pages_read"], pages=asked, edition=edition)
