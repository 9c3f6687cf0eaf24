"""What a web server's answer held, as an archive kept it: chunks joined, packing undone, or why it is no whole page."""

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from scraper.limits import LARGEST_PAGE, too_large

_CHUNK = re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Payload:
    """The body of an answer, or the reason why it is refused."""

    body: bytes
    refused: str | None = None


def read_payload(raw: bytes, size: int, header: Callable[[str], str | None]) -> Payload:
    """Return the page that an answer holds.

    Many archives keep the body unpacked and its chunks joined under the headers that it came with. A length is held
    against the bytes only where these are the bytes that it counts.

    Args:
        raw: The bytes after the headers; of too many the first ones do.
        size: How many there are.
        header: Returns the header of a name, None if there is none.
    """
    if reason := too_large(size):
        return Payload(b"", reason)
    packing = (header("Content-Encoding") or "").strip().lower()
    if "chunked" in (header("Transfer-Encoding") or "").lower():
        joined = _join_chunks(raw)
        if joined is None:
            return Payload(b"", "the body stops before its last chunk")
        raw = joined
    elif _is_packed(raw, packing) or packing in ("", "identity"):
        announced = (header("Content-Length") or "").strip()
        if re.fullmatch(r"[0-9]{1,15}", announced) and size < int(announced):
            return Payload(b"", f"the body has {size:,} bytes, and its Content-Length says {int(announced):,}")
    return _unpack(raw, packing) if _is_packed(raw, packing) else Payload(raw)


def _is_packed(raw: bytes, packing: str) -> bool:
    return packing == "deflate" or (packing in ("gzip", "x-gzip") and raw.startswith(_GZIP))


def _join_chunks(raw: bytes) -> bytes | None:
    """Return the body that came in chunks, as it is if an archive joined them already; None if its end is missing."""
    place, parts = 0, list[bytes]()
    while head := _CHUNK.match(raw, place):
        length, begin = int(head[1], 16), head.end()
        if length == 0:
            return b"".join(parts)
        if raw[begin + length : begin + length + 2] != b"\r\n":
            return None
        parts.append(raw[begin : begin + length])
        place = begin + length + 2
    return None if parts else raw


def _unpack(raw: bytes, packing: str) -> Payload:
    if packing == "deflate":
        # Some servers send it with the header of zlib, some without; some archives kept it unpacked.
        for bits in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
            payload = _inflate(raw, bits)
            if payload.refused is None:
                return payload
        return Payload(raw) if raw.lstrip()[:1] == b"<" else payload
    return _inflate(raw, zlib.MAX_WBITS | 16)


def _inflate(raw: bytes, bits: int) -> Payload:
    body = b""
    while raw:
        unpacker = zlib.decompressobj(bits)
        try:
            body += unpacker.decompress(raw, LARGEST_PAGE + 1 - len(body))
        except zlib.error as error:
            return Payload(b"", f"the packed body is damaged: {error}")
        if len(body) > LARGEST_PAGE:
            return Payload(b"", f"unpacks to more than {LARGEST_PAGE // 1_000_000} MB, too large for a page")
        if not unpacker.eof:
            return Payload(b"", "the packed body is cut short")
        raw = unpacker.unused_data if unpacker.unused_data.startswith(_GZIP) else b""
    return Payload(body)
