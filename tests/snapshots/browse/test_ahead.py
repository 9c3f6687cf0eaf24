"""What many pages need is made before somebody waits for it: when the server begins, and when the database rests."""

import asyncio
import shutil
from contextlib import suppress

import pytest

from snapshots.browse.app import ahead
from snapshots.browse.app.kept import KeptStates
from snapshots.browse.app.request import SiteSettings


class Asked:
    """An application that notes what it is asked for."""

    def __init__(self):
        self.addresses = []

    async def __call__(self, scope, _receive, _send):
        self.addresses.append(scope["path"])


async def looks(app, database, state, after):
    """Have it stay ready, and call *after* meanwhile."""
    task = asyncio.create_task(ahead.stay_ready(app, SiteSettings(database=database), KeptStates(state, 10)))
    await after()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.fixture
def soon(monkeypatch):
    monkeypatch.setattr(ahead, "EVERY_S", 0.01)
    monkeypatch.setattr(ahead, "SOON_S", 0.01)


def test_it_asks_for_pages_of_the_whole_register_once_and_again_when_another_state_lasts(register, soon):
    app, states = Asked(), ["monday"]

    async def after():
        while "/status" not in app.addresses:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        assert app.addresses.count("/") == 1
        states[0] = "tuesday"
        while app.addresses.count("/") < 2:
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(looks(app, register, lambda: states[0], after), 60))

    assert any(address.startswith("/datasets/") for address in app.addresses)


def test_while_the_database_is_written_nothing_is_made(register, soon):
    app = Asked()

    asyncio.run(asyncio.wait_for(looks(app, register, lambda: None, lambda: asyncio.sleep(0.3)), 60))

    assert app.addresses == []


def test_a_database_that_cannot_be_read_is_no_end_of_it(tmp_path, register, soon):
    app, database = Asked(), tmp_path / "late.db"

    async def after():
        await asyncio.sleep(0.1)
        assert app.addresses == []
        shutil.copy(register, database)
        states[0] = "tuesday"
        while "/" not in app.addresses:
            await asyncio.sleep(0.01)

    states = ["monday"]
    asyncio.run(asyncio.wait_for(looks(app, database, lambda: states[0], after), 60))


def test_who_is_told_to_end_while_a_page_is_made_ends(register, soon):
    # The door answers all the same, and swallows that it was told.
    begun = asyncio.Event()

    async def app(_scope, _receive, _send):
        begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)

    asyncio.run(asyncio.wait_for(looks(app, register, lambda: "monday", begun.wait), 20))
