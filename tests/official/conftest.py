"""The made-up pages on loopback, and nights in which the real commands watch them and look into an inbox."""

import pytest

from tests.harness.editions import REGISTER
from tests.harness.nights import Nights
from tests.harness.register_server import RegisterServer, Site


@pytest.fixture
def nights(tmp_path):
    (tmp_path / "inbox").mkdir()
    with RegisterServer(Site(dict(REGISTER))) as server:
        nights = Nights(tmp_path, server)
        nights.configure(official={"inbox": "inbox", "archive": "official"})
        yield nights
