"""The messages of one round, composed: what many of them need is gathered once. Nothing is sent or noted here."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any

from cron.session import Session
from cron.settings.sections import SubscriptionSettings
from cron.work.nightly import addresses_of
from cron.work.outbox import gather_news, subscriptions_of
from diff.change import Change, ChangeKind
from notify.channels.channel import Message
from notify.channels.mail import domain_of, message_id
from notify.following.ends import PrintedEnd
from notify.following.matching import News, Told, tell
from notify.following.subscription import Followed, follow
from notify.message.digest import Composer
from notify.message.operator import OPERATOR, render_notes
from notify.message.order import Briefing, RunRead
from scraper.names.fold import fold
from snapshots.asking.answers import Question
from snapshots.asking.known import read_known
from snapshots.asking.printed import read_ends
from snapshots.keeping.chain import head
from snapshots.keeping.deliveries import Bundle


class Desk:
    """Composes messages of *bundles*.

    Args:
        session: Settings and database.
        bundles: All of the round, of subscriptions that the settings name and of the operator.
        now: The time of the round.
    """

    def __init__(self, session: Session, bundles: Sequence[Bundle], now: datetime) -> None:
        self._session = session
        self._today = now.date()
        self._settings = {one.name: one for one in session.settings.subscriptions}
        self._parts = [part for bundle in bundles if bundle.subscription != OPERATOR for part in bundle.parts]

    def compose(self, bundle: Bundle) -> Message | None:
        """Return the message of *bundle*; None if nothing of it holds any more, so that there is nothing to tell."""
        if bundle.subscription == OPERATOR:
            return self._to_operator(bundle)
        told = self._told_of(bundle)
        noted = [
            PrintedEnd.of_note(part.item, part.note, self._today) for part in bundle.parts if part.note is not None
        ]
        # An end whose day is past, or that the agreement prints no more, comes up no longer.
        ends = [end for end in noted if end.days_left >= 0 and (end.reference, end.dsa_end) in self._ends]
        if not told and not ends:
            return None
        settings = self._settings[bundle.subscription]
        data = {
            "changes": [{**one.change.to_json(), "members": [m.to_json() for m in one.members]} for one in told],
            "ends": [end.note for end in ends],
            "register": self._session.settings.register.name,
        }
        said = self._composer.compose(self._news_of(bundle, settings, told, ends))
        return self._message(bundle, said.subject, said.text, html=said.html, news=data)

    def _to_operator(self, bundle: Bundle) -> Message:
        subject, text = render_notes(json.dumps(part.note) for part in bundle.parts)
        return self._message(bundle, subject, text)

    def _message(
        self, bundle: Bundle, subject: str, text: str, *, html: str = "", news: Mapping[str, Any] | None = None
    ) -> Message:
        domain = domain_of(self._session.settings.mail.sender)
        id_ = bundle.message or message_id(bundle.subscription, bundle.items, domain)
        return Message(id=id_, to=bundle.subscription, subject=subject, text=text, html=html, news=news or {})

    # --- what is told -------------------------------------------------------------------------------------------------

    def _told_of(self, bundle: Bundle) -> list[Told]:
        """Return the changes of *bundle* in their order, with those members of groups that concern the follower.

        What the settings no longer let through was due, and is told; of a group then no member is named.
        """
        own = self._concerned[bundle.subscription]
        found = [self._changes[part.item] for part in bundle.parts if part.item in self._changes]
        found.sort(key=lambda change: self._order[change.id])
        return [own.get(change.id) or Told(change) for change in found]

    def _news_of(
        self, bundle: Bundle, settings: SubscriptionSettings, told: Iterable[Told], ends: Sequence[PrintedEnd]
    ) -> Briefing:
        runs = sorted({part.run for part in bundle.parts if part.run is not None and part.run in self._runs})
        followed, chain = self._followed[bundle.subscription], self._chain
        return Briefing(
            follows=followed.said,
            told=[self._shown(followed, one) for one in told],
            endings=ends,
            readings=[self._runs[run] for run in runs],
            editorial=sum(self._editorial[run] for run in runs),
            chain=None if chain is None else (chain.number, chain.hash),
            when=settings.when,
            stop=self._session.settings.mail.sender if settings.email else None,
            base_url=self._session.settings.browse.base_url,
            sources=self._sources,
            names=self._known.pages,
        )

    def _shown(self, followed: Followed, one: Told) -> Told:
        """Return *one* with what is said beside it."""
        change, reference = one.change, one.change.reference or ""
        if change.kind is not ChangeKind.AGREEMENT_ADDED:
            return replace(one, organisations=self._organisations.get(change.id))
        wanted = followed.subjects.datasets
        return replace(
            one,
            datasets=self._counts.get(reference),
            named=tuple(name for name in self._known.holdings.get(reference, ()) if wanted and fold(name) in wanted),
            term=self._terms.get(reference),
        )

    # --- gathered once ------------------------------------------------------------------------------------------------

    @cached_property
    def _composer(self) -> Composer:
        return Composer()

    @cached_property
    def _known(self) -> Any:
        return read_known(self._session.store().db)

    @cached_property
    def _sources(self) -> dict[str, str]:
        session = self._session
        return addresses_of(session.store(), session.settings.register.index, self._known.pages)

    @cached_property
    def _followed(self) -> dict[str, Followed]:
        followed = follow(subscriptions_of(self._session), self._known, self._session.vocabulary)
        return {one.subscription.name: one for one in followed}

    @cached_property
    def _news(self) -> News:
        """Everything that anybody is told in this round, also what was told once and is no longer found."""
        ids = sorted({part.item for part in self._parts if part.note is None})
        changes = self._session.answers.changes(Question(ids=ids, editorial=True)) if ids else []
        return gather_news(self._session, changes, self._known.holdings, list(self._followed.values()))

    @cached_property
    def _changes(self) -> dict[str, Change]:
        return {change.id: change for change in self._news.changes}

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
    def _organisations(self) -> dict[str, int]:
        """Group → at how many organisations it is."""
        return {
            group: len({member.organisation for member in members})
            for group, members in self._news.members.items()
            if members
        }

    @cached_property
    def _new(self) -> list[str]:
        added = (change for change in self._news.changes if change.kind is ChangeKind.AGREEMENT_ADDED)
        return [change.reference or "" for change in added]

    @cached_property
    def _counts(self) -> dict[str, int]:
        return self._session.answers.dataset_counts(self._new)

    @cached_property
    def _terms(self) -> dict[str, str]:
        return self._session.answers.terms(self._new)

    @cached_property
    def _ends(self) -> set[tuple[str, str]]:
        """Reference and printed end of the agreements that stand, as far as anybody is told of one."""
        days = [part.note["day"] for part in self._parts if part.note is not None]
        rows = read_ends(self._session.store().db, min(days), max(days))
        return {(row["reference"], row["dsa_end"]) for row in rows}

    @cached_property
    def _runs(self) -> dict[int, RunRead]:
        runs = {part.run for part in self._parts if part.run is not None and part.note is None}
        return {run: _reading(self._session.answers.run(run)) for run in sorted(runs)}

    @cached_property
    def _editorial(self) -> dict[int, int]:
        return {run: self._session.answers.count_editorial(Question(run=run)) for run in self._runs}

    @cached_property
    def _chain(self) -> Any:
        return head(self._session.store().db)


def _reading(run: Mapping[str, Any]) -> RunRead:
    asked = run["pages_read"] + run["pages_failed"]
    return RunRead(time=run["captured_at"], pages_read=run["pages_read"], pages=asked)
