"""How hard Hypothesis tries, `--hypothesis-profile=few` or `soak` instead of `quick`; a folder for what all share."""

import os

import pytest
from hypothesis import settings

from tests.harness import once

# No deadline: on a busy machine the first example of a page pays for what all others find in a cache.
# The same examples each time: what fails fails for everybody, and nobody's change is refused by chance. New ones are
# looked for in the long haul.
settings.register_profile("quick", deadline=None, max_examples=40, derandomize=True)
settings.register_profile("few", deadline=None, max_examples=8, derandomize=True)
settings.register_profile("soak", deadline=None, max_examples=500)
settings.load_profile("quick")


@pytest.fixture(scope="session", autouse=True)
def _shared(tmp_path_factory):
    """Give all processes of this run one folder: with pytest-xdist each has its own within that of the run."""
    own = tmp_path_factory.getbasetemp()
    once.shared = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "made-once"
    once.shared.mkdir(exist_ok=True)
