"""What a web server's answer held, as an archive kept it: chunks joined, packing undone, or why it is no whole page.

And the digests by which archives name what they hold.
"""

import base64
import binascii
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha1

from scraper.limits import LARGEST_PAGE, too_large

_CHUNK = re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")
_GZIP = b"\x1f\x8b"
_PIECE = 4096


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
    pieces, size, place = list[bytes](), 0, 0
    while place < len(raw):
        unpacker = zlib.decompressobj(bits)
        # A piece at a time: whoever hands on all that is left copies it once for each of a hundred thousand members.
        while not unpacker.eof and place < len(raw):
            packed = raw[place : place + _PIECE]
            try:
                pieces.append(unpacker.decompress(packed, LARGEST_PAGE + 1 - size))
            except zlib.error as error:
                return Payload(b"", f"the packed body is damaged: {error}")
            size += len(pieces[-1])
            if size > LARGEST_PAGE:
                return Payload(b"", f"unpacks to more than {LARGEST_PAGE // 1_000_000} MB, too large for a page")
            place += len(packed) - len(unpacker.unused_data)
        if not unpacker.eof:
            return Payload(b"", "the packed body is cut short")
        if not raw.startswith(_GZIP, place):
            break
    return Payload(b"".join(pieces))


# --- digests ----------------------------------------------------------------------------------------------------------


def digest_of(body: bytes) -> str:
    """Return the digest by which web archives name bytes: SHA-1 in base 32.

    >>> digest_of(b"")
    '3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ'
    """
    return base64.b32encode(sha1(body, usedforsecurity=False).digest()).decode()


def is_digest(text: str) -> bool:
    """Say whether *text* is such a digest."""
    return re.fullmatch(r"[A-Z2-7]{32}", text) is not None


def read_digest(text: str) -> str:
    """Return a digest as archives write it: SHA-1 in base 32, SHA-256 in hex digits, any other as it is.

    >>> read_digest("sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ") == read_digest("da39a3ee5e6b4b0d3255bfef95601890afd80709")
    True
    >>> read_digest("sha256:4OYMIQUY7QOBJGX36TEJS35ZEQT24QPEMSNZGTFESWMRW6CSXBKQ")
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    >>> read_digest("sha256:47DEQPJ8HBSA")
    'sha256:47DEQPJ8HBSA'
    """
    text = text.strip()
    kind, _, value = text.rpartition(":")
    if kind.lower() == "sha256":
        return _sha256(value) or text
    bare = text.removeprefix("sha1:")
    if re.fullmatch(r"[0-9a-fA-F]{40}", bare):
        return base64.b32encode(bytes.fromhex(bare)).decode()
    return bare.upper() if is_digest(bare.upper()) else bare


def _sha256(value: str) -> str | None:
    try:
        plain = bytes.fromhex(value) if len(value) == 64 else base64.b32decode(value + "=" * (-len(value) % 8))
    except (ValueError, binascii.Error):
        return None
    return plain.hex() if len(plain) == 32 else None
