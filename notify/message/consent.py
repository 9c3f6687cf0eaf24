"""The letter that asks whether somebody wants to be told: who gets it may have asked for nothing.

Pure. No word of whoever filled in the form stands in it: else our letters could be made to say anything to anybody.
"""

import textwrap
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment

from notify.drawing import new_environment
from scraper.text import cut, one_line

WIDTH = 72
LONGEST_SAID = 200

TELLS = {
    "run": "as it happens: after each reading of the register that finds something",
    "daily": "once a day, on days with something to tell",
    "weekly": "once a week, in weeks with something to tell",
}
"""How often, as a letter and a page say it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentLetter:
    """What the letter says, twice."""

    subject: str
    text: str
    html: str


def ask(*, said: str | None, frequency: str, confirm: str, site: str, register: str) -> ConsentLetter:
    """Return the letter.

    Args:
        said: What is to be followed; None where it holds somebody's own words.
        frequency: run, daily or weekly.
        confirm: Address of the page with the button.
        site: Address of the pages.
        register: What the register is called.
    """
    what = cut(one_line(said), LONGEST_SAID) if said else "a search or a selection of changes"
    words = {
        "subject": "To confirm: follow by e-mail",
        "asked": f"Somebody, probably you, gave this address at {one_line(site)} to be told what changes in the "
        f"{one_line(register)}:",
        "what": what,
        "often": f"{TELLS[frequency].capitalize()}.",
        "confirm": confirm,
        "button": "Confirm",
        "nothing": "The link opens a page with one button. Nothing is sent to you before you press it.",
        "otherwise": "If you did not ask for this, do nothing: the address is erased after seven days.",
    }
    return ConsentLetter(
        subject=words["subject"], text=_text(words), html=_environment().get_template("consent.html").render(words)
    )


def _text(words: dict[str, str]) -> str:
    parts = [words["asked"], words["what"], words["often"]]
    wrapped = ["\n".join(textwrap.wrap(part, WIDTH, break_on_hyphens=False)) for part in parts]
    wrapped[1] = textwrap.indent(wrapped[1], "  ")
    tail = ["\n".join(textwrap.wrap(words[name], WIDTH)) for name in ("nothing", "otherwise")]
    return "\n\n".join([*wrapped, f"To confirm:\n{words['confirm']}", *tail]) + "\n"


@cache
def _environment() -> Environment:
    environment = new_environment()
    environment.globals["UNBROKEN"] = 0
    return environment
