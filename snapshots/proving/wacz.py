"""Evidence as WACZ 1.1.1, a web archive that ReplayWeb.page shows: the kept pages, and the zip beside them.

What it is made of is said by the specification: records of WARC, an index of them (CDXJ, in the form ZipNum), a list of
pages, a data package with the checksum of each file. Like the zip it is the same bytes always.
"""

import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from diff.change import Change
from scraper.reading.blocks import looks_like_markup
from scraper.text import cut, one_line
from snapshots.export.warc import KeptPage, address_of, packed, record_of, warcinfo
from snapshots.keeping.bodies import kept_headers
from snapshots.proving.bundle import bundle, page_file, zipped
from snapshots.proving.evidence import KeptEvidence, ProofOfChange

VERSION = "1.1.1"
DATA, INDEX, TERMS, PAGES, PROOF = (
    "archive/data.warc.gz", "indexes/index.cdx.gz", "indexes/index.idx", "pages/pages.jsonl", "evidence/evidence.zip",
)  # fmt: skip

SAVED = "https://saved-page.invalid/"
"""Where a page is shown that was read in from a file: nobody knows its address, and only addresses are replayed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Replayed:
    """A page as it is replayed."""

    url: str
    at: str
    title: str
    mime: str
    page: KeptEvidence

    @property
    def moment(self) -> str:
        """When it was captured, as indexes write it."""
        return "".join(letter for letter in self.at if letter.isdigit())


def web_archive_of(evidence: ProofOfChange) -> bytes:
    """Return the WACZ of *evidence*."""
    replayed = list({(one.url, one.at, one.page.sha256): one for one in map(_replayed, evidence.pages)}.values())
    data, index = _records(evidence.change, replayed)
    block = _gzipped("".join(index))
    key = index[0].partition(" {")[0]
    terms = f"!meta 0 {_json({'format': 'cdxj-gzip-1.0', 'filename': INDEX.rpartition('/')[2]})}\n" + (
        f"{key} {_json({'offset': 0, 'length': len(block), 'digest': _digest(block)})}\n"
    )
    files = {
        DATA: data,
        INDEX: block,
        TERMS: terms.encode(),
        PAGES: _pages(replayed),
        PROOF: bundle(evidence),
    }
    package = _package(evidence.change, replayed[-1], files)
    digest = _json({"path": "datapackage.json", "hash": _digest(package)}).encode()
    return zipped(files | {"datapackage.json": package, "datapackage-digest.json": digest})


def _replayed(page: KeptEvidence) -> _Replayed:
    is_markup = looks_like_markup(page.body.decode("utf-8", "replace"))
    url = address_of(page.address) if page.address.startswith(("http://", "https://")) else SAVED + page_file(page)
    said = next((value for name, value in kept_headers(page.headers) if name.lower() == "content-type"), "")
    mime = said.partition(";")[0].strip().lower() or ("text/html" if is_markup else "text/plain")
    title = f"{page.side.capitalize()}: {one_line(page.page)}, {page.captured_at}"
    return _Replayed(url=url, at=page.captured_at, title=title, mime=mime, page=page)


def _records(change: Change, replayed: list[_Replayed]) -> tuple[bytes, list[str]]:
    """Return the archive, and the lines of its index in order."""
    data = packed(warcinfo(change.first_seen, f"Evidence of the change {change.id}"))
    lines = []
    for one in replayed:
        page = one.page
        headers = kept_headers(page.headers)
        record = packed(record_of(KeptPage(one.url, one.at, page.sha256, headers, page.body)))
        said = {
            "url": one.url,
            "mime": one.mime,
            "status": "200",
            "digest": f"sha256:{page.sha256}",
            "length": str(len(record)),
            "offset": str(len(data)),
            "filename": DATA.rpartition("/")[2],
        }
        lines.append(f"{_sort_key(one.url)} {one.moment} {_json(said)}\n")
        data += record
    return data, sorted(lines)


def _sort_key(url: str) -> str:
    """Return an address as indexes sort it: the host's parts turned round, then the path.

    >>> _sort_key("https://www.example.org/Organisations/x?a=1")
    'org,example)/organisations/x?a=1'
    """
    parts = urlsplit(url.lower())
    host = (parts.hostname or "").removeprefix("www.")
    turned = host if host.replace(".", "").isdigit() else ",".join(reversed(host.split(".")))
    port = f":{parts.port}" if parts.port else ""
    query = f"?{parts.query}" if parts.query else ""
    return f"{turned}{port}){parts.path or '/'}{query}"


def _pages(replayed: list[_Replayed]) -> bytes:
    head = {"format": "json-pages-1.0", "id": "pages", "title": "Pages before and after"}
    rows = [
        {"id": hashlib.sha256(f"{one.url} {one.at}".encode()).hexdigest()[:20], "url": one.url, "ts": one.at,
         "title": one.title}
        for one in replayed
    ]  # fmt: skip
    return "".join(f"{_json(row)}\n" for row in (head, *rows)).encode()


def _package(change: Change, shown: _Replayed, files: Mapping[str, bytes]) -> bytes:
    resources = [
        {"name": name.rpartition("/")[2].lower(), "path": name, "hash": _digest(body), "bytes": len(body)}
        for name, body in files.items()
    ]
    package = {
        "profile": "data-package",
        "resources": resources,
        "wacz_version": VERSION,
        "title": cut(one_line(change.summary), 300),
        "description": f"Evidence of the change {change.id}; {PROOF} says how it is checked.",
        # Of the history and of no clock: the same evidence is the same bytes.
        "created": change.first_seen,
        "software": "registerwatch",
        "mainPageUrl": shown.url,
        "mainPageDate": shown.at,
    }
    return (json.dumps(package, indent=2) + "\n").encode()


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(value, ensure_ascii=True)


def _digest(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def _gzipped(text: str) -> bytes:
    return gzip.compress(text.encode(), 9, mtime=0)
