"""The made-up pages on loopback, and nights in which the real commands watch them and look into an inbox."""

import pytest

from tests.harness.editions import REGISTER
from tests.harness.nights import Nights
from tests.harness.office import ALL, block
from tests.harness.register_server import RegisterServer, Site


@pytest.fixture
def nights(tmp_path):
    (tmp_path / "inbox").mkdir()
    with RegisterServer(Site(dict(REGISTER))) as server:
        nights = Nights(tmp_path, server)
        nights.configure(official={"inbox": "inbox", "archive": "official"})
        yield nights


@pytest.fixture
def house(nights, editions):
    """Somebody who follows both registers; the pages and the first of the *editions* are taken, a night each."""
    nights.configure(official={"inbox": "inbox"}, mail={"folder": "outbox", "sender": "watch@example.org"})
    nights.add_settings(block(ALL))
    nights.quiet_night()
    editions[0].write(nights.folder / "inbox")
    nights.quiet_night()
    return nights
