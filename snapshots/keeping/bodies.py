"""Page bodies, kept small and readable one by one; and what is kept of the headers that they came with.

The first body of a page is compressed with a dictionary trained on the first pages kept (which is kept in the file);
later ones with that dictionary and the page's own first body before them, so that they cost about what changed in them.
"""

import hashlib
import json
import re
from functools import lru_cache

import zstandard

from snapshots.keeping.database import StoreError, insert
from snapshots.sql.rows import Database

LEVEL = 6
LEVEL_OF_LATER = 3
"""Of bodies with another one before them: a quarter of the time that level 6 takes, for 15% more of very little."""

MOST_EFFORT = 19
"""For `compact`: a fifth smaller, at many times the time. Reading takes no longer."""

TRAINED_FROM = 64
"""Bodies kept before a dictionary is trained."""

DICTIONARY_SIZE = 112_640


class Bodies:
    """The table of bodies; every write joins the transaction that is open."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._base: tuple[str, bytes] | None = None

    def has(self, sha256: str) -> bool:
        """Say whether a body is kept."""
        return bool(list(self._db.query("select 1 from bodies where sha256 = :sha256", {"sha256": sha256})))

    def keep(self, sha256: str, body: bytes, page: str, at: str) -> int:
        """Keep *body* of *page*, unless it is kept; return the bytes it takes."""
        if self.has(sha256):
            return 0
        # Against the page's first body and not its last: each is read by unpacking two, however many there are.
        base = self._first_of(page)
        dictionary = self.trained()
        data = self._compressed(body, base, dictionary, LEVEL if base is None else LEVEL_OF_LATER)
        row = {
            "sha256": sha256, "size": len(body), "kept_at": at, "base": base, "dictionary": dictionary, "data": data,
        }  # fmt: skip
        insert(self._db, "bodies", row)
        return len(data)

    def read(self, sha256: str) -> bytes:
        """Return a body; KeyError if it is not kept."""
        for row in self._db.query(
            "select size, base, dictionary, data from bodies where sha256 = :sha256", {"sha256": sha256}
        ):
            known = self._known(row["base"], row["dictionary"])
            return _decompressed(row["data"], row["size"], known)
        raise KeyError(sha256)

    def smaller(self, sha256: str) -> tuple[int | None, bytes] | None:
        """Return a dictionary, and a body compressed with it by the most effort; None if that saves nothing.

        Raises:
            StoreError: The body is not what it was, as kept or as compressed anew.
        """
        (row,) = self._db.query("select base, length(data) as taken from bodies where sha256 = :id", {"id": sha256})
        dictionary = self.trained()
        body = self.read(sha256)
        data = self._compressed(body, row["base"], dictionary, MOST_EFFORT)
        if len(data) >= row["taken"]:
            return None
        again = _decompressed(data, len(body), self._known(row["base"], dictionary))
        if hashlib.sha256(again).hexdigest() != sha256:
            raise StoreError(f"the bytes of {sha256} are not those of their checksum; see registerwatch verify")
        return dictionary, data

    def replace(self, sha256: str, dictionary: int | None, data: bytes) -> None:
        """Put the same body, compressed anew, in the place of what is kept."""
        row = {"sha256": sha256, "dictionary": dictionary, "data": data}
        self._db.execute("update bodies set dictionary = :dictionary, data = :data where sha256 = :sha256", row)

    def _first_of(self, page: str) -> str | None:
        rows = self._db.query(
            """
            select captures.body
            from captures
            join bodies on bodies.sha256 = captures.body
            where captures.page = :page and bodies.base is null
            order by captures.run
            limit 1
            """,
            {"page": page},
        )
        return next((row["body"] for row in rows), None)

    def trained(self) -> int | None:
        """Return the id of the trained dictionary, training it once there is enough to learn from."""
        for row in self._db.query("select max(id) as id from dictionaries"):
            if row["id"]:
                return int(row["id"])
        (counted,) = self._db.query("select count(*) as n from bodies")
        if counted["n"] < TRAINED_FROM:
            return None  # with fewer, training fails or learns one page by heart
        rows = list(self._db.query("select sha256, base from bodies limit :n", {"n": TRAINED_FROM}))
        samples: list[bytes | bytearray | memoryview[int]] = [self.read(row["sha256"]) for row in rows]
        trained = zstandard.train_dictionary(DICTIONARY_SIZE, samples).as_bytes()
        number = insert(self._db, "dictionaries", {"data": trained})
        # What it was trained on was compressed without it.
        for row, body in zip(rows, samples, strict=True):
            if row["base"] is None:
                self.replace(row["sha256"], number, self._compressed(bytes(body), None, number, LEVEL))
        return number

    def _compressed(self, body: bytes, base: str | None, dictionary: int | None, level: int) -> bytes:
        known = self._known(base, dictionary, level)
        return zstandard.ZstdCompressor(level=level, dict_data=known).compress(body)

    def _known(
        self, base: str | None, dictionary: int | None, level: int | None = None
    ) -> zstandard.ZstdCompressionDict | None:
        """Return what a body is compressed with; for a *level* if it is to be compressed, and not to be read."""
        trained = self._dictionary(dictionary)
        if base is None:
            return None if trained is None else _prepared(trained, level)
        if self._base is None or self._base[0] != base:  # who reads page by page unpacks the first body of each once
            self._base = base, self.read(base)
        return zstandard.ZstdCompressionDict((trained or b"") + self._base[1], zstandard.DICT_TYPE_RAWCONTENT)

    def _dictionary(self, number: int | None) -> bytes | None:
        if number is None:
            return None
        (row,) = self._db.query("select data from dictionaries where id = :id", {"id": number})
        return bytes(row["data"])


def _decompressed(data: bytes, size: int, known: zstandard.ZstdCompressionDict | None) -> bytes:
    return zstandard.ZstdDecompressor(dict_data=known).decompress(data, max_output_size=size)


@lru_cache(maxsize=4)
def _prepared(trained: bytes, level: int | None) -> zstandard.ZstdCompressionDict:
    dictionary = zstandard.ZstdCompressionDict(trained)
    if level is not None:
        dictionary.precompute_compress(level=level)
    return dictionary


# --- headers ----------------------------------------------------------------------------------------------------------

Headers = tuple[tuple[str, str], ...]
"""Name and value of each header, in the order in which they came."""

MOST_HEADERS = 64
LONGEST_HEADER = 2_048
MOST_CHARACTERS = 16_384

_NAME = re.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
# A cookie is a key to somebody's session: ours, which nobody needs.
_NEVER_KEPT = frozenset(("set-cookie", "set-cookie2"))


def headers_as_kept(headers: Headers) -> str | None:
    r"""Return *headers* as they are kept, None if there are none: without control characters, within limits.

    >>> headers_as_kept((("ETag", '"a\x00b"'), ("Set-Cookie", "key=1"), ("no name", "x")))
    '[["ETag","\\"a b\\""]]'
    """
    kept: list[tuple[str, str]] = []
    room = MOST_CHARACTERS
    for name, value in headers:
        # Cut before it is cleaned: a server that sends a header of a gigabyte is not worth the time.
        clean = _CONTROLS.sub(" ", value[: LONGEST_HEADER + 1]).strip()
        wanted = _NAME.fullmatch(name) is not None and name.lower() not in _NEVER_KEPT
        if wanted and len(value) <= LONGEST_HEADER and len(name) + len(clean) <= room:
            kept.append((name, clean))
            room -= len(name) + len(clean)
    return json.dumps(kept[:MOST_HEADERS], ensure_ascii=False, separators=(",", ":")) if kept else None


def kept_headers(text: str | None) -> Headers:
    """Return headers that were kept."""
    return tuple((name, value) for name, value in json.loads(text or "[]"))
