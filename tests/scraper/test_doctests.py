"""Every rule of reading is a doctest with a text the register prints; here they are run."""

import doctest
import importlib
import pkgutil
from types import ModuleType

import pytest

import scraper

MODULES = sorted(module.name for module in pkgutil.walk_packages(scraper.__path__, "scraper."))


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_are_true(name: str) -> None:
    module: ModuleType = importlib.import_module(name)

    assert doctest.testmod(module).failed == 0
