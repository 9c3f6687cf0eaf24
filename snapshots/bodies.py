"""Page bodies, kept small and readable one by one.

The first body of a page is compressed with a dictionary trained on the first pages kept (which is kept in the file);
later ones with the page's own first body as dictionary, so that they cost about what changed in them.
"""

from functools import lru_cache

import zstandard
from sqlite_utils import Database

from snapshots.rows import insert

LEVEL = 9
TRAINED_FROM = 64
"""Bodies kept before a dictionary is trained: with fewer, training fails or learns one page by heart."""

DICTIONARY_SIZE = 112_640


class Bodies:
    """The table of bodies; every write joins the transaction that is open."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def has(self, sha256: str) -> bool:
        """Say whether a body is kept."""
        return bool(list(self._db.query("select 1 from bodies where sha256 = :sha256", {"sha256": sha256})))

    def keep(self, sha256: str, body: bytes, page: str, at: str) -> int:
        """Keep *body* of *page*, unless it is kept; return the bytes it takes."""
        if self.has(sha256):
            return 0
        base = self._first_of(page)
        dictionary = None if base else self._trained()
        data = _compress(body, self.read(base) if base else self._dictionary(dictionary), trained=base is None)
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
            with_ = self.read(row["base"]) if row["base"] else self._dictionary(row["dictionary"])
            return _decompress(row["data"], row["size"], with_, trained=row["base"] is None)
        raise KeyError(sha256)

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

    def _trained(self) -> int | None:
        """Return the id of the trained dictionary, training it once there is enough to learn from."""
        for row in self._db.query("select max(id) as id from dictionaries"):
            if row["id"]:
                return int(row["id"])
        (counted,) = self._db.query("select count(*) as n from bodies")
        if counted["n"] < TRAINED_FROM:
            return None
        first = self._db.query("select sha256 from bodies limit :n", {"n": TRAINED_FROM})
        samples: list[bytes | bytearray | memoryview[int]] = [self.read(row["sha256"]) for row in list(first)]
        trained = zstandard.train_dictionary(DICTIONARY_SIZE, samples).as_bytes()
        return insert(self._db, "dictionaries", {"data": trained})

    def _dictionary(self, number: int | None) -> bytes | None:
        if number is None:
            return None
        (row,) = self._db.query("select data from dictionaries where id = :id", {"id": number})
        return bytes(row["data"])


@lru_cache(maxsize=4)
def _trained_dictionary(data: bytes) -> zstandard.ZstdCompressionDict:
    trained = zstandard.ZstdCompressionDict(data)
    trained.precompute_compress(level=LEVEL)
    return trained


def _dictionary_of(data: bytes | None, trained: bool) -> zstandard.ZstdCompressionDict | None:
    if data is None:
        return None
    return _trained_dictionary(data) if trained else zstandard.ZstdCompressionDict(data, zstandard.DICT_TYPE_RAWCONTENT)


def _compress(body: bytes, dictionary: bytes | None, *, trained: bool) -> bytes:
    compressor = zstandard.ZstdCompressor(level=LEVEL, dict_data=_dictionary_of(dictionary, trained))
    return compressor.compress(body)


def _decompress(data: bytes, size: int, dictionary: bytes | None, *, trained: bool) -> bytes:
    decompressor = zstandard.ZstdDecompressor(dict_data=_dictionary_of(dictionary, trained))
    return decompressor.decompress(data, max_output_size=size)
