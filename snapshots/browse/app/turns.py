"""One after the other: a bounded number of requests is worked on, a bounded number waits, all others come again.

Whoever goes away is noticed, while waiting and while being served: what was asked for them is told to end, and broken
off if it does not.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from scraper.errors import RegisterWatchError
from snapshots.browse.app.budget import Budget, TooLongError, current
from snapshots.browse.app.limits import COME_AGAIN_S, ENDING_S, LONGEST_WAIT_S

Answer = Callable[[Scope, Receive, Send], Awaitable[None]]

_SECOND = 1.0  # what is left of a request when its time is over: to say so


class _TurnedAwayError(RegisterWatchError):
    """There is no room to wait."""


class Turns:
    """The way of requests to one of the two programs behind the door.

    Args:
        at_once: Requests that are worked on.
        waiting: Requests that may wait beside them.
    """

    def __init__(self, at_once: int, waiting: int) -> None:
        self._at_once, self._most = asyncio.Semaphore(at_once), at_once + waiting
        self._here = 0

    async def serve(self, answer: Answer, scope: Scope, receive: Receive, send: Send, budget: Budget) -> None:
        """Have a request without a body answered when it is its turn, within its *budget*."""
        at_work = started = answered = False
        watch = asyncio.create_task(_gone(receive))

        async def sending(message: Message) -> None:
            nonlocal started, answered
            started = True
            await send(message)
            answered = message["type"] == "http.response.body" and not message.get("more_body", False)

        async def work() -> None:
            nonlocal at_work
            async with self._turn():
                at_work = True
                budget.begin()
                current.set(budget)
                async with asyncio.timeout(budget.seconds + _SECOND):
                    await answer(scope, _without_body(watch), sending)

        task = asyncio.create_task(work())
        why = ""
        try:
            await asyncio.wait((task, watch), return_when=asyncio.FIRST_COMPLETED)
            # The server says that the reader has gone, too, where all is said; what is left then is to tidy up.
            if task.done() or answered:
                await task
            elif at_work:
                # What asks its budget ends by itself and closes what it holds. Broken off while a file is being
                # opened for it, it would never hear of that file.
                budget.cancel()
                with suppress(Exception):
                    async with asyncio.timeout(ENDING_S):
                        await task
        except _TurnedAwayError:
            why = "Too many are asking at this moment. Come again in some seconds.\n"
        except TimeoutError:
            why = str(TooLongError(budget.seconds)) + "\n"
        except asyncio.CancelledError:
            why = "The server is being stopped.\n"
        finally:
            budget.cancel()
            watch.cancel()
            task.cancel()
        if why and not started:
            await PlainTextResponse(why, 503, {"retry-after": str(COME_AGAIN_S)})(scope, receive, send)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._here >= self._most:
            raise _TurnedAwayError
        self._here += 1
        try:
            try:
                async with asyncio.timeout(LONGEST_WAIT_S):
                    await self._at_once.acquire()
            except TimeoutError as error:
                raise _TurnedAwayError from error
            try:
                yield
            finally:
                self._at_once.release()
        finally:
            self._here -= 1


async def _gone(receive: Receive) -> None:
    """Return when whoever asked has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _without_body(watch: "asyncio.Task[None]") -> Receive:
    """Return what an application hears of a request: that nothing follows, and that its reader has gone."""
    heard = False

    async def receive() -> Message:
        nonlocal heard
        if not heard:
            heard = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await asyncio.wait((watch,))
        return {"type": "http.disconnect"}

    return receive
