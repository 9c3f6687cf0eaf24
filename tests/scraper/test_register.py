"""What a register is, is said once."""

import ast
from pathlib import Path

import pytest

from cron.settings.sections import RegisterSettings
from scraper.register import NHS_DATA_RELEASE, REGISTERS

ROOT = next(folder.parent for folder in Path(__file__).parents if folder.name == "tests")
PACKAGES = ("scraper", "diff", "snapshots", "notify", "cron")
SAID_ONCE = (
    "medConfidential",
    "Open Government Licence",
    "theysolditanyway.com",
    "nhs-data-release",
    "Data Uses Register",
)


def texts_of(path):
    """Yield the texts of a module that are no docstrings, which hold examples."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value


@pytest.mark.parametrize("words", SAID_ONCE)
def test_a_register_is_described_in_one_place(words):
    modules = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    saying = {str(path.relative_to(ROOT)) for path in modules if any(words in text for text in texts_of(path))}

    assert saying == {"scraper/register.py"}


def test_settings_that_say_nothing_are_those_of_the_register():
    settings = RegisterSettings()

    assert (settings.name, settings.index) == (NHS_DATA_RELEASE.name, NHS_DATA_RELEASE.index)
    assert settings.hosts == NHS_DATA_RELEASE.hosts


@pytest.mark.parametrize("register", [one for one in REGISTERS.values() if one.folders], ids=lambda one: one.id)
@pytest.mark.parametrize("slug", ["nhs_example_icb", "king's_college", "a&b", "ü", "100%"])
def test_an_address_leads_back_to_its_slug(register, slug):
    assert register.slug_at(register.address_of(slug, register.index)) == slug


def test_a_register_says_whose_words_it_has():
    assert NHS_DATA_RELEASE.credit == (
        "Source: NHS England, Data Uses Register, as reformatted by theysolditanyway.com (medConfidential). "
        "Contains public sector information licensed under the Open Government Licence v3.0."
    )
