"""Bytes of a page to its text: character sets as they are, not as they are declared. No markup is read here.

The register's pages went through several hands: bytes of windows-1252 stand in UTF-8 pages, came back as C1 controls,
or were decoded once too often. A dash that is lost here is a legal basis that "changed" there, so what can be told for
certain is put right, and said.
"""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE

_MAGIC = (
    b"%PDF-",
    b"\x89PNG",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"GIF8",
    b"\xff\xd8\xff",
    b"SQLite format 3",
    b"\x28\xb5/\xfd",
)
_CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\n\r\f") + b"\x7f"
_META = re.compile(rb"<meta[^>]{1,200}?charset\s*+=\s*+(?:[\"']\s*+)?([\w-]{1,40})", re.IGNORECASE)
_SINGLE_BYTE = {
    # What browsers do: who says Latin-1 or ASCII means windows-1252.
    **dict.fromkeys(
        ("windows-1252", "cp1252", "iso-8859-1", "iso8859-1", "latin1", "latin-1", "us-ascii", "ascii"), "cp1252"
    ),
    "iso-8859-15": "iso-8859-15",
    "macintosh": "mac-roman",
}

_CP1252 = "".join(bytes([byte]).decode("cp1252", "replace") for byte in range(128, 256))
_ESCAPED = re.compile("[\udc80-\udcff]")
_C1 = re.compile("[\x80-\x9f]")
_C1_IN_UTF8 = re.compile(rb"\xc2[\x80-\x9f]")  # found in a tenth of the time, for it begins with a byte
_C1_REFERENCE = re.compile(r"&#(?:x([89][0-9a-f])|(12[89]|1[345]\d));", re.IGNORECASE)
_TAIL = f"[{re.escape(_CP1252[:64])}\x80-\x9f]"  # what the second to fourth byte of a character look like, misread
_MOJIBAKE = re.compile(f"[\xc2-\xdf]{_TAIL}|[\xe0-\xef]{_TAIL}{{2}}|[\xf0-\xf4]{_TAIL}{{3}}")


def is_binary(body: bytes) -> bool:
    """Say whether *body* is no text at all: a known kind of file, or full of control characters (NULs not counted)."""
    if body.startswith(_MAGIC):
        return True
    if body.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return False
    start = body[:65536].replace(b"\0", b"")
    return (len(start) - len(start.translate(None, _CONTROLS))) * 50 > len(start)


def decode(body: bytes, declared: str | None) -> tuple[str, list[str]]:
    r"""Return the text of *body* and notices of what had to be put right.

    What is UTF-8 is read as UTF-8, whatever is *declared*: other text is practically never UTF-8 by chance. Else the
    declared set of characters counts, if it is one of the single-byte ones; else single bytes that are not UTF-8 are
    windows-1252, which leaves the rest of the page alone.

    >>> decode("2012 – s261".encode("cp1252"), None)
    ('2012 – s261', ['1 byte is not UTF-8: read as windows-1252'])
    >>> decode(b"Identi\0fiable", "utf-8")
    ('Identifiable', ['1 NUL byte dropped'])
    """
    if body.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return body.decode("utf-16", "replace").replace("\0", ""), []
    nuls = body.count(0) if 0 in body else 0  # to say that there is none takes a tenth of counting
    body = body.removeprefix(BOM_UTF8).translate(None, _CONTROLS)
    text, notices = _decode_bytes(body, (declared or _meta_charset(body)).strip().lower())
    if nuls:
        notices.insert(0, f"{_count(nuls, 'NUL byte')} dropped")
    text, repairs = _repair(text, may_hold_c1=b"\xc2" in body)
    return text, notices + repairs


def _meta_charset(body: bytes) -> str:
    found = _META.search(body[:4096])
    return found[1].decode("ascii", "replace") if found else ""


def _decode_bytes(body: bytes, declared: str) -> tuple[str, list[str]]:
    single = _SINGLE_BYTE.get(declared)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return (body.decode(single, "replace"), []) if single else _mostly_utf8(body)
    if single and not text.isascii():
        return text, [f"declared as {declared}, read as UTF-8"]
    return text, []


def _mostly_utf8(body: bytes) -> tuple[str, list[str]]:
    escaped = body.decode("utf-8", "surrogateescape")
    text, n = _ESCAPED.subn(lambda found: _CP1252[ord(found[0]) - 0xDC80], escaped)
    verb = "is" if n == 1 else "are"
    return text, [f"{_count(n, 'byte')} {verb} not UTF-8: read as windows-1252"]


def _repair(text: str, *, may_hold_c1: bool) -> tuple[str, list[str]]:
    """Return *text* with the marks of double decoding taken out, and notices of it."""
    notices = []
    if ("Â" in text or ("€" in text and "â€" in text)) and _is_mostly_mojibake(text):  # one sign is found at once
        repaired = _MOJIBAKE.sub(_decode_again, text)
        if repaired != text:
            text = repaired
            notices.append("text that was decoded twice put right")
    controls = 0
    if may_hold_c1 and _C1_IN_UTF8.search(text.encode()):
        text, controls = _C1.subn(lambda found: _CP1252[ord(found[0]) - 128], text)
    references = 0
    if "&#" in text:
        text, references = _C1_REFERENCE.subn(_cp1252_reference, text)
    if controls + references:
        notices.append(f"{_count(controls + references, 'control character')} read as windows-1252")
    return text, notices


def _is_mostly_mojibake(text: str) -> bool:
    """Say whether more than half of the lines that are not ASCII show it: `Â’` in capitals is Welsh, not a mistake."""
    lines = [line for line in text.splitlines() if not line.isascii()]
    return 2 * sum(_MOJIBAKE.search(line) is not None for line in lines) > len(lines)


def _cp1252_reference(found: re.Match[str]) -> str:
    return _CP1252[(int(found[1], 16) if found[1] else int(found[2])) - 128]


def _decode_again(found: re.Match[str]) -> str:
    """Return what a run of characters says if it is UTF-8 that was read as windows-1252, else the run as it is."""
    try:
        return b"".join(_as_byte(character) for character in found[0]).decode("utf-8")
    except UnicodeError:
        return found[0]


def _as_byte(character: str) -> bytes:
    return bytes([ord(character)]) if ord(character) < 256 else character.encode("cp1252")


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
