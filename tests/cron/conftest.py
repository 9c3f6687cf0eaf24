"""The made-up register on loopback, and nights in which the real commands watch it."""

import pytest

from tests.harness.editions import REGISTER
from tests.harness.nights import Nights
from tests.harness.register_server import RegisterServer, Site


@pytest.fixture
def server():
    with RegisterServer(Site(dict(REGISTER))) as server:
        yield server


@pytest.fixture
def site(server):
    return server.site


@pytest.fixture
def nights(tmp_path, server):
    return Nights(tmp_path, server)
