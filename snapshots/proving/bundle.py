"""Evidence as a zip: files, a list of their checksums, and a README that says how to check each. The same bytes always.

No clock is asked, and nothing is packed: other versions of a library for packing would make other bytes.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from diff.change import Change
from diff.details import single
from diff.kinds import INCIDENTS
from diff.names import slug_name
from diff.saying.english import clock, day
from diff.saying.phrase import Told, phrase
from diff.saying.redline import Redline, redline
from scraper.reading.blocks import looks_like_markup
from scraper.records import PROSE
from scraper.register import NHS_DATA_RELEASE
from scraper.text import one_line, unsteered
from snapshots.proving.evidence import KeptEvidence, ProofOfChange
from snapshots.proving.stamps import TimeStamp
from snapshots.proving.tokens import in_pieces

README, SUMS, PRINTED, RECORD = "README.txt", "SHA256SUMS", "change.html", "change.json"

LINKS = "chain/LINKS"
"""Where there are many manifests: the checksum of each, as the next one names it."""

MOST_LINKS = 30
"""Manifests of which each is checked by a command of its own: more would hide the rest of the README."""

_OLDEST = (1980, 1, 1, 0, 0, 0)
"""The first time that a zip can hold."""


def bundle(evidence: ProofOfChange) -> bytes:
    """Return the zip of *evidence*."""
    files = files_of(evidence)
    listed = dict(sorted(files.items()))
    sums = "".join(f"{hashlib.sha256(body).hexdigest()}  {name}\n" for name, body in listed.items())
    return zipped({README: files[README], SUMS: sums.encode(), **listed})


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return a zip of *files* in their order, stored as they are and dated as nothing."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, body in files.items():
            entry = zipfile.ZipInfo(name, _OLDEST)
            entry.create_system = 3  # else it is that of the machine
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, body)
    return stream.getvalue()


def files_of(evidence: ProofOfChange) -> dict[str, bytes]:
    """Return name → bytes of what is in the zip, but for the list of checksums."""
    files = {RECORD: _record(evidence), PRINTED: _printed(evidence)}
    for page in evidence.pages:
        files[page_file(page)] = page.body
        if page.headers is not None:
            files[headers_file(page)] = page.headers.encode()
    files |= {manifest_file(number): text for number, text in evidence.manifests.items()}
    if len(links := list(_links(evidence))) > MOST_LINKS:
        files[LINKS] = "".join(f"{previous}  {before}\n" for before, _, previous in links).encode()
    for stamp in _stamps_of(evidence):
        files |= stamp.files
    return {README: _readme(evidence)} | files


# --- names of files ---------------------------------------------------------------------------------------------------


def page_file(page: KeptEvidence) -> str:
    """Return the name of a page's file."""
    ending = "html" if looks_like_markup(page.body.decode("utf-8", "replace")) else "txt"
    # Of one page there may be several versions behind a group.
    return f"pages/{page.side}-{slug_name(page.page.rpartition('/')[2])}-{page.sha256[:8]}.{ending}"


def headers_file(page: KeptEvidence) -> str:
    """Return the name of the file with a page's headers."""
    return f"headers/{page_file(page).removeprefix('pages/').rpartition('.')[0]}.json"


def manifest_file(number: int) -> str:
    """Return the name of a manifest's file."""
    return f"chain/{number:06d}.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class _StampFiles:
    """A time stamp, as files."""

    stamp: TimeStamp
    name: str

    @property
    def manifest(self) -> str:
        return manifest_file(self.stamp.number)

    @property
    def seconds(self) -> int:
        """When it was stamped, as openssl takes it: certificates are looked at as of then, and end one day."""
        return int(datetime.fromisoformat(self.stamp.stamped_at).timestamp())

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(_der(self._certificates[-1])).hexdigest()

    @property
    def _certificates(self) -> Sequence[str]:
        return in_pieces(self.stamp.certificates)

    @property
    def files(self) -> dict[str, bytes]:
        *chain, trusted = self._certificates
        return {
            f"{self.name}.tsr": self.stamp.response,
            f"{self.name}-chain.pem": "".join(chain or [trusted]).encode(),
            f"{self.name}-trusted.pem": trusted.encode(),
            f"{self.name}-trusted.der": _der(trusted),
        }


def _der(pem: str) -> bytes:
    import ssl

    return ssl.PEM_cert_to_DER_cert(pem)


def _stamps_of(evidence: ProofOfChange) -> list[_StampFiles]:
    return [
        _StampFiles(stamp=stamp, name=f"stamps/{stamp.number:06d}-{n}") for n, stamp in enumerate(evidence.stamps, 1)
    ]


# --- what is said -----------------------------------------------------------------------------------------------------


def _record(evidence: ProofOfChange) -> bytes:
    change = evidence.change
    public = change.to_json() | {"notes": [note._asdict() for note in change.notes]}
    if change.group:
        public["members"] = [member.to_json() for member in evidence.members]
    return (json.dumps(public, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "replace")


def _printed(evidence: ProofOfChange) -> bytes:
    change, members = evidence.change, evidence.members
    example = members[0] if members else change
    return _drawn(
        "change.html",
        change=change,
        said=phrase(Told(change, tuple(members))),
        redline=_redline(example),
        example=example if members else None,
        members=members,
        pages=_pages(evidence),
        stamps=_stamps_of(evidence),
        credit=NHS_DATA_RELEASE.credit,
    )


def _redline(change: Change) -> Redline | None:
    if change.field not in PROSE or change.kind in INCIDENTS or not (change.before or change.after):
        return None
    return redline(single(change.before), single(change.after))


def _readme(evidence: ProofOfChange) -> bytes:
    return _drawn(
        "README.txt",
        change=evidence.change,
        pages=_pages(evidence),
        links=list(_links(evidence)),
        stamps=_stamps_of(evidence),
        in_a_list=LINKS if sum(1 for _ in _links(evidence)) > MOST_LINKS else "",
        members=evidence.members,
        credit=NHS_DATA_RELEASE.credit,
    )


def _pages(evidence: ProofOfChange) -> list[dict[str, Any]]:
    return [
        {
            "kept": page,
            "file": page_file(page),
            "headers": None if page.headers is None else headers_file(page),
            "manifest": manifest_file(page.manifest),
            "stamped": None if page.stamped is None else manifest_file(page.stamped),
        }
        for page in evidence.pages
    ]


def _links(evidence: ProofOfChange) -> Iterator[tuple[str, str, str]]:
    """Yield each manifest with the one that names its checksum, and that."""
    for number in evidence.manifests:
        if number + 1 in evidence.manifests:
            previous = json.loads(evidence.manifests[number + 1])["previous"]
            yield manifest_file(number), manifest_file(number + 1), previous


def _drawn(template: str, **names: Any) -> bytes:
    return unsteered(_environment().get_template(template).render(names)).encode("utf-8", "replace")


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("snapshots.proving"),
        autoescape=lambda name: (name or "").endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters.update(day=day, clock=clock, one_line=lambda text: one_line(str(text)))
    return made
