"""The register of forty, and the pages of it served on this machine; a module that asks for others has its own."""

import pytest

from tests.harness.browse_server import register_database, serving


@pytest.fixture(scope="module")
def register(tmp_path_factory):
    return register_database(tmp_path_factory.mktemp("browse"))


@pytest.fixture(scope="module")
def served(register):
    with serving(register) as served:
        yield served
