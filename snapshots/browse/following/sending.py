"""What is sent to a page: a small body within seconds, its fields; and forms that are kept many at a time.

Each form is in the file before its sender is answered. Of those that come while one is written the next are written
together: a disk that takes milliseconds for each would have fifty wait for a tenth of a second.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from scraper.errors import RegisterWatchError
from snapshots.browse.following.site import FollowSite
from snapshots.people.people import Followable, People, SignUp

FORM = "registerwatch.form"
"""Where a request carries what was sent."""

LONGEST_BODY = 16_384
"""Bytes: an address of a page, twice, and what is signed of it."""

LONGEST_SENDING_S = 10.0

MOST_FIELDS = 20

MOST_FORMS = 1_000
"""Forms that wait to be written; who comes then is told to come again."""

_ANEW = "Go back, load the page anew, and send its form."

ROBOT = "website"
"""The field that nobody sees, and that robots fill in."""


class TooLargeError(RegisterWatchError):
    """More is sent than any form of ours has, or more slowly."""


class NoFormError(RegisterWatchError):
    """What is sent is no form of ours, or one that is too old."""


async def read_form(scope: Scope, receive: Receive) -> Mapping[str, str]:
    """Return the fields of what is sent; of two with one name the last.

    Raises:
        TooLargeError: See there.
    """
    try:
        async with asyncio.timeout(LONGEST_SENDING_S):
            body = await _read_body(receive)
    except TimeoutError as error:
        raise TooLargeError("This was sent too slowly. Go back, and send it again.") from error
    content_type = next((value for name, value in scope["headers"] if name == b"content-type"), b"").decode("latin-1")
    if content_type.lower().startswith("multipart/form-data"):
        return _fields_of_parts(content_type, body)
    try:
        pairs = parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="replace"
        )
    except ValueError as error:
        raise TooLargeError(
            "This is no form of ours: it has too many fields. Load the page anew, and send its form."
        ) from error
    return dict(pairs)


async def _read_body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > LONGEST_BODY:
            raise TooLargeError(f"This is more than any form has ({LONGEST_BODY:,} bytes). Go back, and send less.")
        if not message.get("more_body", False):
            return bytes(body)


def _fields_of_parts(content_type: str, body: bytes) -> dict[str, str]:
    """Return the fields of a form in parts, as RFC 8058 lets a mail program send them."""
    head = f"Content-Type: {content_type.splitlines()[0]}\r\n\r\n".encode("latin-1")
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    parts = list(message.iter_parts()) if message.is_multipart() else []
    named: dict[str, str] = {}
    for part in parts[:MOST_FIELDS]:
        name = part.get_param("name", header="content-disposition")
        payload: Any = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes):
            named[name] = payload.decode("utf-8", "replace").strip("\r\n")
    return named


def sign_up_of(following: FollowSite, form: Mapping[str, str], client: str, now: datetime) -> SignUp | None:
    """Return what a form asks for; None where a robot sent it, which is told what everybody is.

    Raises:
        NoFormError: It was not shown by us, or too long ago.
    """
    shown = following.keys.form_of(form.get("token", ""), now.date())
    match shown:
        case [str(what), str(asks), str(said), bool(own_words)] if what == form.get("what"):
            wanted = Followable(what=what, asks=asks, said=said, own_words=own_words)
        case _:
            raise NoFormError(
                "This form was not shown here, or some days ago. Go back, load the page anew, and send its form."
            )
    if form.get(ROBOT):
        return None
    return SignUp(
        address=form.get("address", ""), followable=wanted, frequency=form.get("frequency", ""), client=client
    )


class SignUps:
    """Writes what forms ask for, one transaction after the other, by a thread of its own."""

    def __init__(self, following: FollowSite, clock: Callable[[], datetime]) -> None:
        self._following, self._clock = following, clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sign-ups")
        self._waiting: list[tuple[SignUp, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._people: People | None = None

    async def keep(self, form: SignUp) -> bool:
        """Have a form written, and return when it is; False if too many wait."""
        if len(self._waiting) >= MOST_FORMS:
            return False
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((form, written))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        await written
        return True

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            together, self._waiting = self._waiting, []
            error: Exception | None = None
            try:
                await loop.run_in_executor(self._thread, self._write, [form for form, _ in together])
            except Exception as failure:  # told to everybody who waits
                error = failure
            for _, written in together:
                if written.done():  # who sent it has gone
                    continue
                if error is None:
                    written.set_result(None)
                else:
                    written.set_exception(error)

    def _write(self, forms: Sequence[SignUp]) -> None:
        if self._people is None:
            self._people = self._following.open()
        try:
            letters = self._people.sign_up(forms, self._clock())
        except BaseException:
            self._people.close()
            self._people = None
            raise
        if letters:
            self._following.wake()
