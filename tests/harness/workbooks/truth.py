"""What an edition must tell, as the edits say it, and how what is told is held against it."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.simulation.noise import fold

ANY: Any = type("Any", (), {"__repr__": lambda self: "ANY"})()
GROUP_FROM = 25
SINGLE = ("version-", "agreement-", "organisation-", "reorganisation")
"""Kinds that are never grouped."""
AT_WILL = ("wording-changed", "layout-changed", "files-count-changed")
SHOWN = ("severity", "substantive", "field", "before", "after", "added", "removed", "agreements")
IGNORED = "HSCA2012:s261(1)"


@dataclass(frozen=True, kw_only=True)
class Due:
    """A change that an edition must tell. What is ANY is left open."""

    kind: str
    reference: str | None
    slug: str = ""
    severity: Any = ANY
    substantive: Any = True
    field: Any = ANY
    before: Any = ANY
    after: Any = ANY
    added: Any = ANY
    removed: Any = ANY
    agreements: Any = 1
    mentions: tuple[str, ...] = ()
    """What its details or its summary must name."""
    optional: bool = False
    """Whether the contract leaves open that it is told."""
    also: tuple[str, ...] = ()
    """Kinds that may be told instead of it."""

    def facts(self) -> str:
        said = {name: getattr(self, name) for name in SHOWN if getattr(self, name) is not ANY}
        return f"{self.kind} {self.reference or self.slug} {said} {self.mentions or ''}"


def grouped(due: Iterable[Due]) -> list[Due]:
    """Return what is due, with the same edit on 25 or more versions as one."""
    alike: dict[Any, list[Due]] = defaultdict(list)
    for one in due:
        said = tuple(str(_comparable(getattr(one, name))) for name in ("field", "before", "after", "added", "removed"))
        alone = one.kind.startswith(SINGLE) or one.optional
        alike[(one.kind, *said, id(one) if alone else "")].append(one)
    return [
        replace(group[0], reference=None, slug="", agreements=len(group), mentions=(), before=ANY, after=ANY)
        if len(group) >= GROUP_FROM
        else one
        for group in alike.values()
        for one in (group[:1] if len(group) >= GROUP_FROM else group)
    ]


def _comparable(value: Any) -> Any:
    """Return the meaning of a value: folded, lists as sorted sets, without what comparisons ignore."""
    if isinstance(value, list | tuple | set | frozenset):
        return sorted({_comparable(one) for one in value if one != IGNORED})
    return fold(value.replace(IGNORED, "")) if isinstance(value, str) else value


def _wrong(due: Due, told: dict[str, Any]) -> list[str]:
    """Return in which facts what was told is not what was due."""
    wrong = [
        name
        for name in SHOWN
        if getattr(due, name) is not ANY and _comparable(getattr(due, name)) != _comparable(told[name])
    ]
    said = fold(f"{told['summary']} {told['details']}")
    wrong += [f"says {words!r}" for words in due.mentions if fold(words) not in said]
    if told["details"].get("source") != "official":
        wrong.append("source")
    return wrong


def _place(due: Due, told: dict[str, Any]) -> bool:
    """Whether it is told of the version, or where none is given of the agreement, that it is due of."""
    if due.reference is not None:
        return told["reference"] == due.reference
    return not due.slug or due.slug in (told["page"], (told["reference"] or "").lower().split("-v")[0])


@dataclass
class Verdict:
    """What one edition told, held against what it had to."""

    edition: str
    right: Counter[str] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.missing and not self.unexpected


def judge(edition: str, due: Iterable[Due], told: Iterable[dict[str, Any]]) -> Verdict:
    """Pair what was told with what was due: what is editorial is told at will, but for known other names."""
    verdict = Verdict(edition)
    left = [one for one in told if one["kind"] not in AT_WILL]
    for one in sorted(due, key=lambda one: one.optional):
        near = [other for other in left if other["kind"] in (one.kind, *one.also) and _place(one, other)]
        match = next((other for other in near if not _wrong(one, other)), None)
        if match:
            left.remove(match)
            verdict.right[one.kind] += not one.optional
        elif not one.optional:
            instead = [f"{', '.join(_wrong(one, other))} in {other['summary']!r}" for other in near[:2]]
            verdict.missing.append(f"{edition}: MISSING {one.facts()}" + "".join(f"\n    near: {i}" for i in instead))
    verdict.unexpected = [
        f"{edition}: UNEXPECTED {one['kind']} {one['reference'] or one['page']} {one['severity']} {one['summary']!r}"
        for one in left
        if one["substantive"] or one["kind"] in ("dataset-relabelled", "controller-succeeded")
    ]
    return verdict


def report(verdicts: Iterable[Verdict]) -> str:
    """Return what is wrong with what was told, line by line."""
    return "\n".join(line for one in verdicts for line in (*one.missing, *one.unexpected))
