"""What happens to single versions and agreements: each edit changes the register and says what must be told of it.

An edit returns pairs of a delay and a change that is due: 0 in the edition that shows it first, 1 in the next one, for
what is only missing is told at its second sighting. None means that it found no place.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

from tests.harness.workbooks.model import (
    BASES,
    DUTIES,
    FREQUENCIES,
    GIVEN,
    SECTIONS,
    SYSTEM,
    TYPES,
    Month,
    Register,
    Row,
    Version,
    replace_year,
)
from tests.harness.workbooks.truth import ANY, Due
from tests.simulation import values
from tests.simulation.edits.legal_bases import basis_severity

Told = list[tuple[int, Due]] | None
Edit = Callable[["Place"], Told]
NOW, NEXT = 0, 1
EDITS: list[Edit] = []
OLDER: list[Edit] = []
"""Those that the older shape can show."""


class Place:
    """Where an edit may take place: the register, and the agreements that nothing waits for."""

    def __init__(
        self, register: Register, rng: Random, month: Month, busy: set[str], spared: set[str], *, older: bool = False
    ) -> None:
        self.register, self.rng, self.month, self.busy = register, rng, month, busy
        self.spared, self.older = spared, older
        """Datasets that edits of the whole register need as they are."""
        self.called_anew: set[str] = set()
        """Names that the whole register got this month: what is called anew does not go in the same edition."""
        self.back: list[tuple[int, Callable[[], Told]]] = []
        """What comes back, after so many editions."""

    def is_called_anew(self, version: Version) -> bool:
        """Whether a dataset of the version got a name this month that nobody knows: its rows are those of a new one."""
        return bool(self.called_anew & version.union("name"))

    def pick(self, fit: Callable[[Version], Any] = lambda _: True, *, latest: bool = False) -> Version | None:
        """Return a version that fits, of an agreement that nothing waits for; nothing else happens to that one."""
        pool = self.register.latest() if latest else list(self.register)
        free = [v for v in pool if v.stem not in self.busy and fit(v)]
        if not free:
            return None
        chosen = self.rng.choice(sorted(free, key=lambda v: v.reference))
        self.busy.add(chosen.stem)
        return chosen

    def pick_many(self, count: int) -> list[Version]:
        """Return versions of as many agreements, or none at all."""
        free = [v for v in self.register.latest() if v.stem not in self.busy]
        chosen = self.rng.sample(free, count) if len(free) >= count else []
        self.busy |= {v.stem for v in chosen}
        return chosen

    def pick_stems(self, count: int) -> list[Version]:
        """Return the latest versions of agreements that have several."""
        free = [v for v in self.register.latest() if v.stem not in self.busy and self.register.lower(v)]
        chosen = self.rng.sample(free, min(count, len(free)))
        self.busy |= {v.stem for v in chosen}
        return chosen


def anywhere(edit: Edit) -> Edit:
    EDITS.append(edit)
    OLDER.append(edit)
    return edit


def newer(edit: Edit) -> Edit:
    EDITS.append(edit)
    return edit


def due(version: Version, kind: str, name: Any = None, **facts: Any) -> Due:
    return Due(kind=kind, reference=version.reference, slug=version.slug, field=name, **facts)


def set_due(version: Version, kind: str, name: str, was: Iterable[str], severity: Any, now: Iterable[str]) -> Due:
    was, now = set(was), set(now)
    return due(version, kind, name, severity=severity, added=sorted(now - was), removed=sorted(was - now))


# --- versions and agreements -----------------------------------------------------------------------------------------


GRAVE_FAMILIES = {"s251-support", "copi-regulations"}


def _is_grave(version: Version, below: Version | None) -> bool:
    """Whether what a version has and the one below it lacks would be grave by itself."""
    if below is None:
        return False
    families, before = version.families(), below.families()
    companies = set(version.controllers) - set(below.controllers)
    return (
        (version.sublicensing, below.sublicensing) == ("Yes", "No")
        or (version.commercial, below.commercial) == ("Yes", "No")
        or "Identifiable" in version.union("kind") - below.union("kind")
        or bool((families - before) & GRAVE_FAMILIES)
        or "consent" in before - families
        or bool(companies & set(values.COMPANIES))
        or (version.applicant_type != below.applicant_type and version.applicant_type in ("Commercial", "Supplier"))
    )


def _added(place: Place, version: Version, severity: str = "medium", *mentions: str) -> Told:
    below = place.register.lower(version)
    if _is_grave(version, below):
        severity = "high"
    place.register.add(version)
    said = due(
        version,
        "version-added",
        "version",
        severity=severity,
        before=below.version if below else None,
        after=version.version,
        mentions=mentions,
    )
    return [(NOW, said)]


def _renewal(place: Place, last: Version) -> Version:
    major, _ = last.number or (0, 0)
    start = last.end + timedelta(days=1) if last.end.year < 2040 else place.month.first
    fresh = last.copied(number=(major + 1, place.rng.randint(0, 4)), start=start)
    fresh.end = replace_year(start, start.year + place.rng.choice((1, 2, 3)))
    fresh.sections["objectives"] = [f"~ {values.sentence(place.rng)}"]
    return fresh


@anywhere
def renewed(place: Place) -> Told:
    last = place.pick(lambda v: v.number, latest=True)
    if not last:
        return None
    fresh = _renewal(place, last)
    terms = () if place.older else (fresh.end.isoformat(), last.end.isoformat())
    return _added(place, fresh, "medium", *terms)


@newer
def renewed_with_more(place: Place) -> Told:
    """A renewal that would be grave by itself, if somebody amended a version so."""
    last = place.pick(lambda v: v.number and v.sublicensing == v.commercial == "No", latest=True)
    if not last:
        return None
    fresh = _renewal(place, last)
    what = place.rng.choice(("sublicensing", "company", "identifiable", "dataset", "fewer", "school"))
    mentions: tuple[str, ...] = ()
    severity = "high" if what in ("sublicensing", "company") else "medium"
    if what == "sublicensing":
        fresh.sublicensing = "Yes"
    elif what in ("company", "school"):
        pool = set(values.COMPANIES if what == "company" else GIVEN) - set(fresh.controllers)
        mentions = (place.rng.choice(sorted(pool)),)
        fresh.controllers.append(mentions[0])
    elif what == "identifiable" and "Identifiable" not in fresh.union("kind"):
        fresh.rows[0] = replace(fresh.rows[0], kind="Identifiable")
        severity = "high"
    elif what == "dataset":
        mentions = (_unlisted(place, fresh),)
        fresh.rows.append(replace(fresh.rows[0], name=mentions[0]))
    elif what == "fewer" and len(fresh.datasets()) > 2:
        mentions = (fresh.rows[-1].name,)
        fresh.rows = [row for row in fresh.rows if row.name != mentions[0]]
    return _added(place, fresh, severity, *mentions)


@anywhere
def minor_version_added(place: Place) -> Told:
    """v2.10 follows v2.9."""
    ninth = place.pick(lambda v: v.number and v.number[1] == 9, latest=True)
    last = ninth or place.pick(lambda v: v.number, latest=True)
    if not last or not last.number:
        return None
    fresh = last.copied(number=(last.number[0], last.number[1] + 1))
    fresh.sections["outputs"] = [f"~ {values.sentence(place.rng)}"]
    # Where the one it was made from is not held any more, it differs from another one.
    return _added(place, fresh, "medium" if place.register.lower(fresh) is last else ANY)


@anywhere
def earlier_version_added(place: Place) -> Told:
    """A version below one that is held comes late."""

    def has_room(version: Version) -> bool:
        below = place.register.lower(version)
        return bool(version.number and version.number[1] > 1 and (not below or below.number[0] < version.number[0]))  # type: ignore[index]

    above = place.pick(has_room)
    if not above or not above.number:
        return None
    fresh = above.copied(number=(above.number[0], above.number[1] - 1))
    return _added(place, fresh) if fresh.reference not in place.register.ever else None


@anywhere
def agreement_founded(place: Place) -> Told:
    register = place.register
    first = register.fresh(place.month.first)
    place.busy.add(first.stem)
    register.add(first)
    if place.rng.random() < 0.3:
        register.add(_renewal(place, first))
    return [(NOW, due(first, "agreement-added", None, severity="medium"))]


def _returns(place: Place, version: Version) -> Callable[[], Told]:
    def back() -> Told:
        if not place.register.of(version.stem):
            return []
        place.busy.add(version.stem)
        below = place.register.lower(version)
        place.register.add(version)
        before = below.version if below else None
        facts = {"before": before, "after": version.version, "mentions": ("listed_again",)}
        return [(NOW, due(version, "version-added", "version", **facts))]

    return back


def _is_not_the_last(place: Place) -> Callable[[Version], bool]:
    return lambda v: place.register.of(v.stem)[-1] is not v


@anywhere
def version_dropped(place: Place) -> Told:
    version = place.pick(_is_not_the_last(place))
    if not version:
        return None
    place.register.drop(version)
    if place.rng.random() < 0.5:
        place.back.append((4, _returns(place, version)))
    return [(NEXT, due(version, "version-removed", "version", severity="low"))]


def once(place: Place, again: Callable[[], Any]) -> Told:
    """Let something come back in the next edition: that is never news."""

    def back() -> Told:
        again()
        return []

    place.back.append((1, back))
    return []


@anywhere
def version_missing_once(place: Place) -> Told:
    version = place.pick(_is_not_the_last(place))
    if not version:
        return None
    place.register.drop(version)
    return once(place, lambda: place.register.add(version))


@anywhere
def agreement_gone(place: Place) -> Told:
    version = place.pick(lambda v: len(place.register.of(v.stem)) == 1)
    if not version:
        return None
    place.register.drop(version)
    return [(NEXT, due(version, "agreement-removed", None, severity="medium"))]


# --- terms, titles, prose --------------------------------------------------------------------------------------------


def _end_moved(place: Place, kind: str, severity: str, days: int) -> Told:
    version = place.pick(lambda v: v.end.year < 2040 and (v.end - v.start).days > 500)
    if not version:
        return None
    before = version.end
    version.end += timedelta(days=days)
    facts = {"before": before.isoformat(), "after": version.end.isoformat()}
    return [(NOW, due(version, kind, "dsa_end", severity=severity, **facts))]


@newer
def term_extended(place: Place) -> Told:
    return _end_moved(place, "dsa-extended", "medium", place.rng.choice((1, 92, 365, 730)))


@newer
def term_shortened(place: Place) -> Told:
    return _end_moved(place, "dsa-shortened", "low", -place.rng.choice((30, 184, 365)))


@newer
def start_moved(place: Place) -> Told:
    version = place.pick()
    if not version:
        return None
    before = version.start
    version.start = date(before.year, before.month, before.day % 27 + 1)
    facts = {"before": before.isoformat(), "after": version.start.isoformat()}
    return [(NOW, due(version, "dsa-term-changed", "dsa_start", severity="low", **facts))]


@newer
def titled_anew(place: Place) -> Told:
    version = place.pick()
    if not version:
        return None
    before, version.title = version.title, f"{version.title} extended to {place.rng.choice(values.PLACES)}"
    return [(NOW, due(version, "title-changed", "title", before=before, after=version.title, severity="low"))]


@newer
def term_and_title(place: Place) -> Told:
    """Two facts of one version at once are two changes."""
    told = _end_moved(place, "dsa-extended", "medium", 365)
    if told:
        version = place.register.versions[told[0][1].reference or ""]
        before, version.title = version.title, f"{version.title}: second phase"
        told.append((NOW, due(version, "title-changed", "title", before=before, after=version.title)))
    return told


def _section(place: Place, words: str, severity: str) -> Told:
    version = place.pick(lambda v: v.sections)
    if not version:
        return None
    name = place.rng.choice(sorted(version.sections))
    before = "\n".join(version.sections[name])
    version.sections[name] = [*version.sections[name], f"~ {words} in {place.rng.choice(values.PLACES)}."]
    after = "\n".join(version.sections[name])
    return [(NOW, due(version, "text-changed", name, before=before, after=after, severity=severity))]


@anywhere
def reworded(place: Place) -> Told:
    return _section(place, "The tables are printed twice a year", "low")


@anywhere
def reworded_gravely(place: Place) -> Told:
    return _section(place, "Insurance companies may see the tables, for marketing", "medium")


@anywhere
def section_gone(place: Place) -> Told:
    version = place.pick(lambda v: len(v.sections) > 2)
    if not version:
        return None
    name = place.rng.choice(sorted(version.sections))
    del version.sections[name]
    return [(NEXT, due(version, "text-changed", name))]


@anywhere
def section_comes(place: Place) -> Told:
    version = place.pick(lambda v: len(v.sections) < len(SECTIONS))
    if not version:
        return None
    name = place.rng.choice(sorted(SECTIONS.keys() - version.sections.keys()))
    version.sections[name] = ["~ Tables were printed for each ward of the town."]
    return [(NOW, due(version, "text-changed", name, severity="low"))]


# --- datasets and their rows -----------------------------------------------------------------------------------------


def _unlisted(place: Place, version: Version) -> str:
    """Return a dataset that the version lacks, under all its names."""
    held = set(version.datasets())
    related = {name for pair in values.DATASET_ALIASES if held & set(pair) for name in pair}
    return place.rng.choice(sorted(place.register.names - held - related - place.spared))


@anywhere
def dataset_added(place: Place) -> Told:
    version = place.pick()
    if not version:
        return None
    name = _unlisted(place, version)
    version.rows.append(replace(version.rows[0], name=name))
    return [(NOW, due(version, "dataset-added", "datasets", added=[name], removed=[], severity="medium"))]


ATTRIBUTES = ("kind", "sensitivity", "frequency", "basis", "duty")


def _spare(place: Place, version: Version) -> list[str]:
    """Return datasets without which the version has the same attributes."""
    found = []
    for name in version.datasets():
        rest = [row for row in version.rows if row.name != name]
        same = all({getattr(row, one) for row in rest} == version.union(one) for one in ATTRIBUTES)
        if same and len(rest) > 1 and name not in place.spared:
            found.append(name)
    return found


def _without(place: Place) -> tuple[Version, str, list[Row]] | None:
    """Take a dataset from a version; return both, and the rows as they were."""
    version = place.pick(lambda v: _spare(place, v))
    if not version:
        return None
    name, rows = place.rng.choice(_spare(place, version)), version.rows
    version.rows = [row for row in rows if row.name != name]
    return version, name, rows


@anywhere
def dataset_removed(place: Place) -> Told:
    taken = _without(place)
    if not taken:
        return None
    version, name, _ = taken
    return [(NEXT, due(version, "dataset-removed", "datasets", added=[], removed=[name], severity="low"))]


@anywhere
def dataset_missing_once(place: Place) -> Told:
    taken = _without(place)
    if not taken:
        return None
    version, _, rows = taken
    return once(place, lambda: setattr(version, "rows", rows))


@anywhere
def dataset_and_back_with_files(place: Place) -> Told:
    """A dataset that goes and another that comes are told apart: one at once, one at its second sighting."""
    taken = _without(place)
    if not taken:
        return None
    version, gone, rows = taken
    name = _unlisted(place, version)
    if name == gone or {gone, name} in [set(pair) for pair in values.DATASET_ALIASES]:
        return once(place, lambda: setattr(version, "rows", rows))
    version.rows.append(replace(version.rows[0], name=name))
    return [
        (NOW, due(version, "dataset-added", "datasets", added=[name], removed=[])),
        (NEXT, due(version, "dataset-removed", "datasets", added=[], removed=[gone])),
    ]


def _other_cut(version: Version) -> Row | None:
    """Return a row for a dataset that the version has already, with attributes that other rows have."""
    held = set(version.rows)
    for row in version.rows:
        for frequency in sorted(version.union("frequency")):
            cut = replace(row, frequency=frequency)
            if cut not in held:
                return cut
    return None


def _row_due(version: Version, added: list[Row], removed: list[Row]) -> Due:
    said = {"added": [str(row) for row in added], "removed": [str(row) for row in removed]}
    return due(version, "dataset-row-changed", "dataset_rows", severity="low", **said)


@anywhere
def cut_added(place: Place) -> Told:
    version = place.pick(lambda v: _other_cut(v) and not place.is_called_anew(v))
    cut = version and _other_cut(version)
    if not version or not cut:
        return None
    version.rows.append(cut)
    return [(NOW, _row_due(version, [cut], []))]


def _second_cut(version: Version) -> Row | None:
    """Return one of two rows of a name without which the version has the same attributes."""
    for row in version.rows:
        rest = [other for other in version.rows if other != row]
        twice = row.name in {other.name for other in rest}
        if twice and all({getattr(other, name) for other in rest} >= {getattr(row, name)} for name in ATTRIBUTES):
            return row
    return None


@anywhere
def cut_dropped(place: Place) -> Told:
    version = place.pick(lambda v: _second_cut(v) and not place.is_called_anew(v))
    cut = version and _second_cut(version)
    if not version or not cut:
        return None
    version.rows.remove(cut)
    return [(NEXT, _row_due(version, [], [cut]))]


def _swap(version: Version) -> tuple[Row, Row] | None:
    """Return a row and what it may become, with the unions as they are."""
    for row in version.rows:
        rest = [other for other in version.rows if other != row]
        if row.name in {other.name for other in rest} or row.frequency not in {other.frequency for other in rest}:
            continue
        for frequency in sorted(version.union("frequency") - {row.frequency}):
            return row, replace(row, frequency=frequency)
    return None


@anywhere
def row_changed(place: Place) -> Told:
    version = place.pick(lambda v: _swap(v) and not place.is_called_anew(v))
    swap = version and _swap(version)
    if not version or not swap:
        return None
    old, new = swap
    version.rows[version.rows.index(old)] = new
    return [(NOW, _row_due(version, [new], [old]))]


def _attribute(place: Place, name: str, field: str, kind: str, all_of: tuple[str, ...], severity: Any) -> Told:
    """Give the first row another value, which the version has not had; the old one stays or goes with it."""
    version = place.pick(lambda v: set(all_of) - v.union(name))
    if not version:
        return None
    was = version.union(name)
    value = place.rng.choice(sorted(set(all_of) - was))
    version.rows[0] = replace(version.rows[0], **{name: value})
    now = version.union(name)
    return [(NOW, set_due(version, kind, field, was, severity(was, now), now))]


@anywhere
def type_changed(place: Place) -> Told:
    def severity(was: set[str], now: set[str]) -> str:
        return "high" if "Identifiable" in now - was else "medium"

    return _attribute(place, "kind", "type_of_data", "type-of-data-changed", TYPES, severity)


@anywhere
def sensitivity_changed(place: Place) -> Told:
    def severity(was: set[str], now: set[str]) -> str:
        return "medium" if "Sensitive" in now - was else "low"

    both = ("Sensitive", "Non-Sensitive")
    return _attribute(place, "sensitivity", "sensitivity", "sensitivity-changed", both, severity)


@anywhere
def frequency_changed(place: Place) -> Told:
    def severity(was: set[str], now: set[str]) -> str:
        return "medium" if was == {SYSTEM} else "low"

    ways = (*FREQUENCIES, SYSTEM)
    return _attribute(place, "frequency", "access_methods", "access-method-changed", ways, severity)


@anywhere
def duty_changed(place: Place) -> Told:
    return _attribute(place, "duty", "confidentiality", "confidentiality-changed", DUTIES, lambda _was, _now: "medium")


# --- legal bases -----------------------------------------------------------------------------------------------------


def _based_anew(version: Version, change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> Due:
    ids, families = version.ids(), version.families()
    version.rows = [replace(row, basis=change(row.basis)) for row in version.rows]
    severity = basis_severity(families, version.families(), precise=None, gone=not version.ids())
    return set_due(version, "legal-basis-changed", "legal_bases", ids, severity, version.ids())


@anywhere
def basis_added(place: Place) -> Told:
    version = place.pick(lambda v: set(BASES) - v.bases())
    if not version:
        return None
    key = place.rng.choice(sorted(set(BASES) - version.bases()))
    return [(NOW, _based_anew(version, lambda basis: (*basis, key)))]


@anywhere
def basis_replaced(place: Place) -> Told:
    version = place.pick(lambda v: set(BASES) - v.bases())
    if not version:
        return None
    key = place.rng.choice(sorted(set(BASES) - version.bases()))
    return [(NOW, _based_anew(version, lambda _: (key,)))]


@anywhere
def basis_removed(place: Place) -> Told:
    version = place.pick(lambda v: all(len(row.basis) > 1 for row in v.rows))
    if not version:
        return None
    return [(NEXT, _based_anew(version, lambda basis: basis[:1]))]


# --- controllers, flags, applicants ----------------------------------------------------------------------------------


def _controller_added(place: Place, pool: tuple[str, ...], severity: str) -> Told:
    version = place.pick(lambda v: set(pool) - set(v.controllers))
    if not version:
        return None
    name = place.rng.choice(sorted(set(pool) - set(version.controllers)))
    version.controllers.append(name)
    version.joint = "Joint Data Controller"
    return [(NOW, due(version, "controller-added", "controllers", added=[name], removed=[], severity=severity))]


@newer
def controller_added(place: Place) -> Told:
    return _controller_added(place, (*GIVEN, *values.COMMA_NAMES), "medium")


@newer
def company_added(place: Place) -> Told:
    return _controller_added(place, values.COMPANIES, "high")


@newer
def controller_removed(place: Place) -> Told:
    version = place.pick(
        lambda v: len(v.controllers) > 1 and v.joint.startswith("Joint") and v.controllers[-1] not in place.called_anew
    )
    if not version:
        return None
    name = version.controllers.pop()
    return [(NEXT, due(version, "controller-removed", "controllers", added=[], removed=[name], severity="low"))]


@newer
def controller_basis_changed(place: Place) -> Told:
    version = place.pick(lambda v: len(v.controllers) > 1)
    if not version:
        return None
    before = version.joint
    version.joint = "Sole Data Controller" if before.startswith("Joint") else "Joint Data Controller"
    facts = {"before": before, "after": version.joint, "severity": "low"}
    return [(NOW, due(version, "controller-basis-changed", "controller_basis", **facts))]


def _flag(place: Place, name: str, kind: str) -> Told:
    version = place.pick()
    if not version:
        return None
    before = getattr(version, name)
    after = "No" if before == "Yes" else "Yes"
    setattr(version, name, after)
    severity = "high" if after == "Yes" else "low"
    return [(NOW, set_due(version, kind, name, {before}, severity, {after}))]


@newer
def sublicensing_changed(place: Place) -> Told:
    return _flag(place, "sublicensing", "sublicensing-changed")


@newer
def commercial_changed(place: Place) -> Told:
    return _flag(place, "commercial", "commercial-changed")


@anywhere
def applicant_type_changed(place: Place) -> Told:
    version = place.pick()
    if not version:
        return None
    before = version.applicant_type
    pool = {"Academic", "Charity", "Commercial", "Supplier", "Research"} - {before}
    version.applicant_type = place.rng.choice(sorted(pool))
    severity = "high" if version.applicant_type in ("Commercial", "Supplier") else "low"
    after = {version.applicant_type}
    name = "organisation_types"
    return [(NOW, set_due(version, "organisation-type-changed", name, {before}, severity, after))]


@newer
def applicant_changed(place: Place) -> Told:
    version = place.pick(
        lambda v: not v.applicant.endswith("CCG") and v.applicant not in place.called_anew, latest=True
    )
    if not version:
        return None
    name = f"{place.rng.choice(values.PLACES)} Royal Infirmary {len(place.register.stems)}"
    for one in place.register.of(version.stem):
        one.applicant = name
    return [(NOW, Due(kind="organisation-renamed", reference=None, slug=version.slug, severity="low"))]


# --- files -----------------------------------------------------------------------------------------------------------


def released(place: Place, version: Version, answer: str | None = None, *, optional: bool = False) -> Due:
    """Release files of a version in the month before."""
    before, month = version.released_to(), place.month.later(-1)
    for _ in range(place.rng.randint(1, 3)):
        file = place.register.file(version, month)
        version.files.append(replace(file, opt_out=answer or file.opt_out))
    facts = {"before": str(before) if before else None, "after": str(month)}
    return due(version, "releases-continued", "released_to", severity="low", **facts, optional=optional)


def quiet_since(place: Place) -> Callable[[Version], bool]:
    """Whether a version had no file in the month before yet."""
    return lambda v: (v.released_to() or Month(2000, 1)) < place.month.later(-1)


@newer
def opt_outs_both_ways(place: Place) -> Told:
    version = place.pick(lambda v: len(v.opt_outs()) == 1 and quiet_since(place)(v))
    if not version:
        return None
    was = version.opt_outs()
    answer = "No" if was == {"Yes"} else "Yes"
    told = released(place, version, answer)
    severity = "high" if answer == "No" else "medium"
    change = set_due(version, "opt-outs-changed", "opt_outs", was, severity, version.opt_outs())
    return [(NOW, told), (NOW, change)]


@newer
def first_files(place: Place) -> Told:
    version = place.pick(lambda v: not v.files)
    if not version:
        return None
    told = released(place, version)
    # The contract says how the first file is told, and not whether its answer is told beside it.
    return [(NOW, told), (NOW, due(version, "opt-outs-changed", "opt_outs", optional=True))]


@newer
def late_file(place: Place) -> Told:
    """A file that is entered late, in a month within the window, is a count and no news."""
    version = place.pick(lambda v: v.released_to() and min(f.month for f in v.files) < v.released_to())
    if not version:
        return None
    month = min(file.month for file in version.files)
    version.files.append(replace(place.register.file(version, month), month=month))
    return []


def answers_changed(place: Place) -> Told:
    """The older shape says row by row what of opt-outs was applied."""
    version = place.pick(lambda v: len(v.answers) == 1 and len(v.rows) > 1)
    if not version:
        return None
    was = set(version.answers)
    pool = set(values.NO_OPT_OUTS[2:]) | {"Yes - patient objections upheld"}
    version.answers = [*version.answers, place.rng.choice(sorted(pool - was))]
    before, after = version.answers
    severity = "high" if after.startswith("No") and before.startswith("Yes") else "medium"
    return [(NOW, set_due(version, "opt-outs-changed", "opt_outs", was, severity, set(version.answers)))]


OLDER.append(answers_changed)
