"""A service that the operator names: an authority that stamps, an archive that saves. Asked within limits."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING

from scraper.errors import RegisterWatchError
from scraper.web.addresses import AddressError, check_address, host_of

if TYPE_CHECKING:
    from scraper.web.transport import Response


class ServiceError(RegisterWatchError):
    """It has no address of the web, or gives no whole answer."""


Stopped = Callable[[], bool]
"""Says whether the program was told to stop."""

LOOK_S = 0.25
"""Seconds from one look to the next whether the program was told to stop."""

STOPPED = "not waited for: the program is told to stop"


class OperatorService:
    """A service, asked over connections that stay open.

    Args:
        timeout_s: Seconds to wait for it to connect or to go on.
        deadline_s: Seconds that one answer may take.
        max_bytes: The most that an answer may have.
        stopped: Asked while an answer is waited for; once it says so, no answer is waited for any more.
    """

    def __init__(self, *, timeout_s: float, deadline_s: float, max_bytes: int, stopped: Stopped | None = None) -> None:
        # What asks the web is loaded where the web is asked: each command knows of such services.
        from scraper.web.transport import Transport

        self._deadline_s, self._stopped = deadline_s, stopped
        # Its address is the operator's choice and no stranger's: a hospital's own is on a private network.
        self._transport = Transport(timeout_s=timeout_s, deadline_s=deadline_s, max_bytes=max_bytes, allow_private=True)

    def ask(self, url: str, headers: Mapping[str, str], post: bytes | None = None) -> "Response":
        """Return its answer, whatever status that has.

        Raises:
            ServiceError: There is none, or it is not waited for.
        """
        if self._stopped is None:
            return self._ask(url, headers, post)
        # A minute is long for whoever wants the program to end. What was left behind ends with the process at latest.
        answer: Future[Response] = Future()
        Thread(target=_hand_over, args=(answer, lambda: self._ask(url, headers, post)), daemon=True).start()
        while True:
            try:
                return answer.result(LOOK_S)
            except TimeoutError:
                if self._stopped():
                    raise ServiceError(STOPPED) from None

    def _ask(self, url: str, headers: Mapping[str, str], post: bytes | None) -> "Response":
        from scraper.web.transport import TransportError

        try:
            check_address(url, {host_of(url)} - {""})
            return self._transport.ask(url, headers, time.monotonic() + self._deadline_s, post=post, answered=True)
        except AddressError as error:
            raise ServiceError("it has no address of the web") from error
        except TransportError as error:
            raise ServiceError(error.reason) from error

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()


def _hand_over(answer: "Future[Response]", ask: "Callable[[], Response]") -> None:
    try:
        answer.set_result(ask())
    except Exception as error:
        answer.set_exception(error)
