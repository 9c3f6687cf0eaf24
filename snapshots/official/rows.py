"""What workbooks say of each agreement, kept small: the rows of an agreement as JSON, packed.

An agreement's later rows are packed with earlier ones before them, and first ones with a dictionary trained on the
first edition, so that an edition costs about what differs in it.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

import zstandard

from snapshots.keeping.database import insert
from snapshots.sql.rows import Database

LEVEL = 6
LEVEL_OF_FIRST = 3
"""A first edition is a hundred megabytes, packed in a quarter of the time by this level, to a twentieth more."""
MUCH = 400
"""Bytes that rows take, packed: files that went out for some datasets are a hundred, a new version is a thousand."""
LEAST_AGREEMENTS = 300
"""With fewer, a dictionary costs more than it saves."""
SAMPLES, SAMPLE_SIZE = 16, 16_384
"""A dictionary is the beginnings of some agreements: long ones save more than many, and it is kept as it is."""


class OfficialRows:
    """The table `official_rows`; every write joins the transaction that is open."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._dictionaries: dict[int, bytes] = {}
        # An agreement's rows are read, then those before them, and new ones packed with the same: one after the other.
        self.read = lru_cache(maxsize=8)(self._read)

    def keep(self, page: str, body: bytes, sha256: str) -> int:
        """Return the number of these rows of a page, keeping them if they are new; *sha256* is their checksum."""
        known = self._db.query(
            "select id from official_rows where page = :page and sha256 = :sha256", {"page": page, "sha256": sha256}
        )
        for row in known:
            return int(row["id"])
        base = self._base_of(page)
        dictionary = self._newest_dictionary() if base is None else None
        row = {
            "sha256": sha256,
            "page": page,
            "size": len(body),
            "base": base,
            "dictionary": dictionary,
            "data": self._compressor(base, dictionary)(body),
        }
        return insert(self._db, "official_rows", row)

    def _base_of(self, page: str) -> int | None:
        """Return the rows that new ones of a page are packed with; None for its first.

        Those that the newest are packed with, until these differ much from them: in years a page of some versions
        becomes one of twice as many, which first rows would have nothing of. So there are few to read one after the
        other, as each brought a version or as much.
        """
        sql = """
            select id, base, length(data) as kept from official_rows where page = :page order by id desc limit 1
            """
        for row in self._db.query(sql, {"page": page}):
            is_near = row["base"] is not None and row["kept"] < MUCH
            return int(row["base"] if is_near else row["id"])
        return None

    def digest(self, number: int) -> str:
        """Return the SHA-256 of the rows of this number."""
        (row,) = self._db.query("select sha256 from official_rows where id = :id", {"id": number})
        return str(row["sha256"])

    def _read(self, number: int) -> bytes:
        """Return the rows of this number.

        Raises:
            zstandard.ZstdError, ValueError, KeyError: They are not as they were kept.
        """
        (row,) = self._db.query("select size, base, dictionary, data from official_rows where id = :id", {"id": number})
        if row["base"] is not None and row["base"] >= number:
            raise ValueError("rows are packed with later ones")  # nobody wrote that, and to follow it might never end
        known = self._known(row["base"], row["dictionary"])
        return zstandard.ZstdDecompressor(dict_data=known).decompress(row["data"], max_output_size=row["size"])

    def train(self, slugs: Sequence[str], body_of: Callable[[str], bytes]) -> None:
        """Train a dictionary on some of what the first edition brings, if there is none yet."""
        if self._newest_dictionary() is not None or len(slugs) < LEAST_AGREEMENTS:
            return
        some = slugs[:: len(slugs) // SAMPLES][:SAMPLES]
        insert(self._db, "official_dictionaries", {"data": b"".join(body_of(slug)[:SAMPLE_SIZE] for slug in some)})

    def _newest_dictionary(self) -> int | None:
        if not self._dictionaries:
            for row in self._db.query("select id, data from official_dictionaries"):
                self._dictionaries[int(row["id"])] = bytes(row["data"])
        return max(self._dictionaries, default=None)

    def _dictionary(self, number: int) -> bytes:
        self._newest_dictionary()
        return self._dictionaries[number]

    def _compressor(self, base: int | None, dictionary: int | None) -> Callable[[bytes], bytes]:
        if base is None and dictionary is not None:
            return _prepared(self._dictionary(dictionary)).compress
        return zstandard.ZstdCompressor(level=LEVEL, dict_data=self._known(base, dictionary)).compress

    def _known(self, base: int | None, dictionary: int | None) -> zstandard.ZstdCompressionDict | None:
        if base is not None:
            return zstandard.ZstdCompressionDict(self.read(base), zstandard.DICT_TYPE_RAWCONTENT)
        return None if dictionary is None else _as_dictionary(self._dictionary(dictionary))


@lru_cache(maxsize=2)
def _as_dictionary(data: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(data, zstandard.DICT_TYPE_RAWCONTENT)


@lru_cache(maxsize=2)
def _prepared(data: bytes) -> zstandard.ZstdCompressor:
    # Prepared once: a thousand agreements are packed with it.
    dictionary = zstandard.ZstdCompressionDict(data, zstandard.DICT_TYPE_RAWCONTENT)
    dictionary.precompute_compress(level=LEVEL_OF_FIRST)
    return zstandard.ZstdCompressor(level=LEVEL_OF_FIRST, dict_data=dictionary)
