"""One process that has imported the program, for all tests here that need commands in processes of their own."""

import pytest

from tests.harness.instants import breeding


@pytest.fixture(scope="session")
def breeder(tmp_path_factory):
    with breeding(tmp_path_factory.mktemp("commands")) as breeder:
        yield breeder
