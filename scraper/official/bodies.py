"""What is kept of an agreement: its *body*, the rows of its versions as JSON with the keys in order. Pure.

Nearly all of a body is prose. It becomes JSON once, when it comes off the sheet, and is packed until the body is put
together of it; whoever asks what a workbook says but prose gets it without any of that.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import zstandard

from scraper.official.shapes import PROSE

ROW_CELLS = ("name", "type_of_data", "sensitivity", "frequency", "legal_bases", "confidentiality")
"""What the row of a dataset has, in the order of a body."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
_pack = zstandard.ZstdCompressor(level=-1).compress
_unpack = zstandard.ZstdDecompressor().decompress
_RARE = bytes(set(range(32)) - set(b"\t\n\r"))
_ESCAPED = ((b"\\", b"\\\\"), (b'"', b'\\"'), (b"\n", b"\\n"), (b"\r", b"\\r"), (b"\t", b"\\t"))


def as_bytes(value: Any) -> bytes:
    """Return *value* as JSON: compact, keys in order, UTF-8."""
    return _encode(value).encode("utf-8", "replace")


def text_as_bytes(text: str) -> bytes:
    r"""Return a long text as JSON, as `as_bytes` does, in a third of its time: a hundred megabytes are in a workbook.

    >>> text = 'A “quoted”\n\\ "line"\t\r'
    >>> text_as_bytes(text) == as_bytes(text), text_as_bytes("\0") == as_bytes("\0")
    (True, True)
    """
    written = text.encode("utf-8", "replace")
    if len(written.translate(None, _RARE)) != len(written):
        return as_bytes(text)
    for sign, escaped in _ESCAPED:
        written = written.replace(sign, escaped)
    return b'"' + written + b'"'


@dataclass(slots=True)
class VersionRows:
    """The rows of one version."""

    has_row: bool = False
    """Whether it has a row of its own, of the sheet that has one for each version."""
    head: dict[str, str] = field(default_factory=dict)
    """The cells of its own row, but prose."""
    rows: dict[tuple[str, ...], None] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)
    opt_outs: dict[str, None] = field(default_factory=dict)
    others: dict[str, dict[str, None]] = field(default_factory=dict)
    """Heading of an unknown column → its texts."""
    _prose: bytes = b""
    """The cells with prose, packed: that of thousands of versions does not fit beside itself in memory."""
    _sections: tuple[str, ...] = ()
    """What these cells give, in their order."""

    def take(self, cells: Mapping[str, str]) -> None:
        """Take the cells of its own row."""
        self.has_row = True
        self.head |= {name: text for name, text in cells.items() if name not in PROSE}
        self._sections = tuple(name for name in cells if name in PROSE)
        # No line break stands in JSON, so one parts the texts.
        self._prose = _pack(b"\n".join(text_as_bytes(cells[name]) for name in self._sections))

    def says(self, cells: Mapping[str, str]) -> bool:
        """Say whether its own row says all that *cells* do."""
        prose = self._written()
        return all(
            prose.get(name) == text_as_bytes(text) if name in PROSE else self.head.get(name) == text
            for name, text in cells.items()
        )

    def _written(self) -> dict[str, bytes]:
        """Return name → text as JSON of its prose."""
        return dict(zip(self._sections, _unpack(self._prose).split(b"\n"), strict=True)) if self._sections else {}

    def content(self) -> dict[str, Any]:
        """Return what its part of a body says, but prose."""
        return {
            "fields": self.head,
            "rows": sorted(self.rows),
            "opt_outs": sorted(self.opt_outs),
            "files": dict(sorted(self.files.items())),
            "others": {heading: sorted(texts) for heading, texts in sorted(self.others.items())},
        }

    def written(self) -> Iterator[bytes]:
        """Yield its part of a body, piece by piece: prose is put together once, with all that stands around it."""
        content = self.content()
        fields = {name: as_bytes(text) for name, text in content.pop("fields").items()} | self._written()
        yield b'{"fields":'
        yield from _object({name: (text,) for name, text in fields.items()})
        yield b"," + as_bytes(content).removeprefix(b"{")


def body_of(layout: str, columns: Iterable[str], versions: Mapping[str, VersionRows]) -> bytes:
    """Return the body of an agreement.

    Args:
        layout: The shape of its workbook.
        columns: Headings of the workbook's unknown columns.
        versions: Its versions, by their references.
    """
    written = _object({reference: version.written() for reference, version in versions.items()})
    head = {"columns": (as_bytes(sorted(columns)),), "layout": (as_bytes(layout),)}
    return b"".join(_object({**head, "versions": written}))


def content_of(layout: str, columns: Iterable[str], versions: Mapping[str, VersionRows]) -> dict[str, Any]:
    """Return what a body says, but prose."""
    said = {reference: version.content() for reference, version in sorted(versions.items())}
    return {"columns": sorted(columns), "layout": layout, "versions": said}


def without_prose(body: bytes) -> dict[str, Any]:
    """Return what a body says, but prose."""
    said: dict[str, Any] = json.loads(body)
    for version in said["versions"].values():
        version["fields"] = {name: text for name, text in version["fields"].items() if name not in PROSE}
    return said


def _object(written: Mapping[str, Iterable[bytes]]) -> Iterator[bytes]:
    """Yield a JSON object of these keys and of values that are JSON, in pieces."""
    before = b"{"
    for name, value in sorted(written.items()):
        yield before + as_bytes(name) + b":"
        yield from value
        before = b","
    yield b"}" if written else b"{}"
