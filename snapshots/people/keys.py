"""The keys of those who follow: a file of lines; tokens that are signed with it, hashes that are keyed by it.

The newest key stands last and signs; all of them are believed, so that a new one breaks no link of an old mail. A key
that is taken out of the file ends every link that was signed with it.
"""

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from itsdangerous import BadData, Serializer, URLSafeSerializer
from itsdangerous.encoding import base64_decode, base64_encode

from scraper.errors import RegisterWatchError, explained

SHORTEST_KEY = 32
"""Characters of a key: 32 of base64 are 192 random bits."""

FORM_DAYS = 2
"""How many days old a form may be that is sent: whoever left a tab open over a weekend reads the page anew."""

_RETURN_PATH = "return path"


class KeyFileError(RegisterWatchError):
    """The file of keys cannot be used."""


def new_key() -> str:
    """Return a key that nobody has."""
    return secrets.token_urlsafe(36)


def add_key(path: Path) -> int:
    """Write a new key at the end of the file, made if it is not there; return how many it has then.

    Raises:
        KeyFileError: It cannot be written.
    """
    try:
        # Made before anything is in it: between writing and closing it to others somebody could read it.
        with open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "a+", encoding="ascii") as file:
            file.write(f"{new_key()}\n")
            file.seek(0)
            return len(file.read().split())
    except OSError as error:
        raise KeyFileError(explained(error)) from error


class _Serializer(URLSafeSerializer):
    """Signs what is short: to try whether it can be made shorter takes longer than all the rest."""

    def dump_payload(self, obj: Any) -> bytes:
        return base64_encode(Serializer.dump_payload(self, obj))


class Keys:
    """Signs and knows again. *keys*: the newest last."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = [key.encode() for key in keys]
        self._signing = cache(lambda use: _Serializer(self._keys, salt=use))

    @classmethod
    def read(cls, path: Path) -> "Keys":
        """Return the keys of a file.

        Raises:
            KeyFileError: There is none, others can read it, or no line of it is long enough.
        """
        try:
            with path.open(encoding="ascii") as file:
                is_open = os.fstat(file.fileno()).st_mode & 0o077
                keys = [line for line in file.read().split() if len(line) >= SHORTEST_KEY]
        except FileNotFoundError as error:
            raise KeyFileError(f"{path}: there is no key; make one with registerwatch followers rotate") from error
        except (OSError, UnicodeDecodeError) as error:
            words = explained(error) if isinstance(error, OSError) else "is no file of keys"
            raise KeyFileError(f"{path}: {words}") from error
        if is_open:
            raise KeyFileError(f"{path}: others can read this key; say chmod 600 {path}")
        if not keys:
            raise KeyFileError(f"{path}: holds no key; make one with registerwatch followers rotate")
        return cls(keys)

    # --- tokens -------------------------------------------------------------------------------------------------------

    def token(self, use: str, value: Any) -> str:
        """Return *value*, signed for one use: it is of no worth for another."""
        return str(self._signing(use).dumps(value))

    def value_of(self, use: str, token: str) -> Any:
        """Return what a token says; None if it was not signed here for this use, to the letter."""
        payload, _, signature = token.rpartition(".")
        try:
            # base64 leaves bits of its last letter unread: several texts would be one token.
            is_written_so = base64_encode(base64_decode(signature)).decode() == signature
            return self._signing(use).loads(token) if payload and is_written_so else None
        except BadData:
            return None

    def form_token(self, form: Any, day: date) -> str:
        """Return a token of a form as it was shown on a day."""
        return self.token("form", [form, day.toordinal()])

    def form_of(self, token: str, day: date) -> Any:
        """Return the form of a token; None if it is forged, or the form is too old."""
        match self.value_of("form", token):
            case [form, int(shown)] if 0 <= day.toordinal() - shown <= FORM_DAYS:
                return form
            case _:
                return None

    # --- hashes -------------------------------------------------------------------------------------------------------

    def hash(self, text: str) -> str:
        """Return a text that stands for *text*, and from which nobody without the key gets it back."""
        return _keyed(self._keys[-1], text)

    def hashes(self, text: str) -> list[str]:
        """Return what `hash` has said of *text* under each of the keys."""
        return [_keyed(key, text) for key in self._keys]

    # --- return paths -------------------------------------------------------------------------------------------------

    def return_token(self, person: str, message: str) -> str:
        """Return what stands in the return path of one message to one person: letters and digits of any case.

        An address has 64 characters before its @, and some servers make capitals small: no other token fits.
        """
        value = f"{person}-{in_short(message)}"
        return f"{value}-{self._mark(self._keys[-1], value)}"

    def returned(self, token: str) -> tuple[str, str] | None:
        """Return the person and the message of a return path; None if it is forged."""
        value, _, mark = token.lower().rpartition("-")
        person, _, message = value.partition("-")
        if message and any(hmac.compare_digest(mark.encode(), self._mark(key, value).encode()) for key in self._keys):
            return person, message
        return None

    @staticmethod
    def _mark(key: bytes, value: str) -> str:
        return _small(hmac.digest(key, f"{_RETURN_PATH}:{value}".encode(), "sha256")[:10])


def in_short(message: str) -> str:
    """Return a message's id as a return path has room for it."""
    return hashlib.sha256(message.encode()).hexdigest()[:10]


def _keyed(key: bytes, text: str) -> str:
    return hmac.new(key, f"hash:{text}".encode("utf-8", "replace"), "sha256").hexdigest()[:40]


def _small(data: bytes) -> str:
    return base64.b32encode(data).decode("ascii").rstrip("=").lower()


def new_id() -> str:
    """Return an id that cannot be guessed, of small letters and digits."""
    return _small(secrets.token_bytes(10))


def tokens_in(text: str, before: str, behind: str) -> Iterator[str]:
    """Yield what stands in *text* between the two sides of a return path, whatever else there is."""
    low = text.lower()
    before, behind = before.lower(), behind.lower()
    at = low.find(before)
    while at >= 0:
        start = at + len(before)
        token = low[start : start + LONGEST_TOKEN].partition(behind)[0]
        if token and all(sign.isalnum() or sign == "-" for sign in token):
            yield token
        at = low.find(before, start)


LONGEST_TOKEN = 64
"""Characters of an address before its @ (RFC 5321)."""
