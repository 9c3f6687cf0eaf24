"""What happens to the whole register at once: the bulk editions of five years, a grant, a name that nobody knows."""

import json
from dataclasses import replace
from importlib.resources import files

from tests.harness.workbooks.edits import NOW, Place, Told, due
from tests.harness.workbooks.model import Version
from tests.harness.workbooks.truth import ANY, GROUP_FROM, Due
from tests.simulation import values

CARRIED = "Demographics"
"""A dataset that many versions have."""


def boards() -> dict[str, str]:
    """Return which boards took over from which groups, as the list of organisations that comes with us has it."""
    text = (files("scraper.names") / "data" / "organisations.json").read_text(encoding="utf-8")
    entries = [one for one in json.loads(text)["entries"] if one.get("class") == "ccg-2022"]
    return {old: one["to"] for one in entries for old in one["from"][:1] if one["confidence"] == "high"}


def groups_become_boards(place: Place) -> Told:
    """October 2022: applicants and controllers are called by the boards that took over."""
    told: Told = []
    successors, renamed = boards(), set()
    for version in place.register:
        new = successors.get(version.applicant)
        if not new:
            continue
        old, version.applicant = version.applicant, new
        renamed.add(version.slug)
        place.called_anew.add(new)
        if old in version.controllers:
            version.controllers = [new if name == old else name for name in version.controllers]
            facts = {"before": old, "after": new, "added": [new], "removed": [old], "substantive": False}
            told.append((NOW, due(version, "controller-succeeded", "controllers", **facts)))
    if len(renamed) >= GROUP_FROM:
        told.append((NOW, Due(kind="reorganisation", reference=None, severity="low", agreements=ANY)))
    else:
        told += [(NOW, Due(kind="organisation-renamed", reference=None, slug=slug)) for slug in sorted(renamed)]
    return told


def _renamed(version: Version, old: str, new: str, *, known: bool = True) -> Due:
    version.rows = [replace(row, name=new) if row.name == old else row for row in version.rows]
    facts = {"before": old, "after": new, "added": [new], "removed": [old]}
    return due(version, "dataset-relabelled", "datasets", substantive=not known, **facts)


def _rename_all(place: Place, pairs: tuple[tuple[str, str], ...], part: int = 1) -> Told:
    told: Told = []
    for number, version in enumerate(place.register):
        if number % part:
            continue
        for old, new in pairs:
            if old in version.datasets():
                place.busy.add(version.stem)
                told.append((NOW, _renamed(version, old, new)))
    return told


def part_of_the_names(place: Place) -> Told:
    """November 2022: some versions have the new names of some datasets, others not yet."""
    return _rename_all(place, values.DATASET_ALIASES[:6], part=2)


def all_the_names(place: Place) -> Told:
    """January 2023: about twenty datasets are called anew."""
    told = _rename_all(place, values.DATASET_ALIASES)
    place.register.names -= {old for old, _ in values.DATASET_ALIASES}
    place.register.names |= {new for _, new in values.DATASET_ALIASES}
    return told


def nobody_knows_the_name(place: Place) -> Told:
    """All that carry a dataset carry another name in its place, which is told as what it probably is."""
    old, new = CARRIED, values.NEW_LABELS[0]
    carriers = [version for version in place.register if old in version.datasets()]
    if len(carriers) < GROUP_FROM:
        return []
    place.register.names = (place.register.names - {old}) | {new}
    place.called_anew.add(new)
    return [(NOW, replace(_renamed(version, old, new, known=False), severity="low")) for version in carriers]


def granted_to_many(place: Place) -> Told:
    """The same dataset for many versions at once is one change."""
    name = values.MASS_GRANTS[0]
    told: Told = []
    for version in place.pick_many(GROUP_FROM + 5):
        version.rows.append(replace(version.rows[0], name=name))
        told.append((NOW, due(version, "dataset-added", "datasets", added=[name], removed=[], severity="medium")))
    return told


def quarry_house(place: Place) -> Told:
    """October 2025: one body under its other name."""
    old, new = values.MASS_CONTROLLER
    told: Told = []
    for version in place.register:
        if old in version.controllers:
            place.called_anew.add(new)
            version.controllers = [new if name == old else name for name in version.controllers]
            facts = {"before": old, "after": new, "added": [new], "removed": [old], "substantive": False}
            told.append((NOW, due(version, "controller-succeeded", "controllers", **facts)))
    return told


def national_body_merged(place: Place) -> Told:
    """February 2023: whole agreements leave, with all their versions."""
    told: Told = []
    for last in place.pick_stems(2):
        versions = place.register.of(last.stem)
        for version in versions:
            place.register.drop(version)
        # Whether it is told once or version by version, the contract leaves open.
        one = Due(kind="agreement-removed", also=("version-removed",), reference=None, slug=last.slug)
        told.append((1, one))
        told += [(1, replace(one, optional=True)) for _ in versions[1:]]
    return told
