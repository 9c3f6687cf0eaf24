"""Readers who follow published pages by e-mail: their browser, and the office whose pages they follow."""

import http.client
import json
import re
from collections.abc import Mapping
from contextlib import closing
from typing import Any
from urllib.parse import urlencode, urlsplit

from cron.following.letters import ask_for_consent
from tests.harness.browse_server import PATIENCE_S, Answer
from tests.harness.office import Office

ADA = "ada@example.org"
BASE_URL = "https://register.example.org"
FOLLOW: Mapping[str, Mapping[str, Any]] = {
    "browse": {"base_url": BASE_URL},
    "follow": {"enabled": True, "return_path": "bounces+{token}@example.org"},
}
"""Settings with which pages may be followed."""
URLENCODED = "application/x-www-form-urlencoded"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


class Reader:
    """Somebody at a browser, or a mail program.

    Args:
        port: Where the pages are served.
        always: Headers of each request, which go before those that a browser writes.
    """

    def __init__(self, port: int, **always: str) -> None:
        self.port = port
        self.always = always

    def ask(self, address: str, form: Mapping[str, str] | None = None, **headers: str) -> Answer:
        """Ask for an address, by its path alone; with a form, post it."""
        body = None if form is None else urlencode(form).encode()
        return self.send("GET" if body is None else "POST", address, body, **headers)

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)

    def send(self, method: str, address: str, body: bytes | None = None, **headers: str) -> Answer:
        """Send a body as it is."""
        parts = urlsplit(address)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        content = {} if body is None else {"Content-Type": URLENCODED}
        with closing(self.connection()) as connection:
            connection.request(method, path, body, headers={**content, **self.always, **headers})
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(path, answer.status, named, answer.read())

    def form(self, page: str) -> dict[str, str]:
        """Return the fields of a page's form."""
        fields = self.ask(page).soup.select('form[action="/follow"] input')
        return {str(field["name"]): str(field.get("value", "")) for field in fields}

    def sign_up(self, page: str, address: str = ADA, frequency: str = "run") -> Answer:
        return self.ask("/follow", {**self.form(page), "address": address, "frequency": frequency})


class Follow(Office):
    """An office whose pages may be followed."""

    def tells(self, *subscriptions: Mapping[str, Any], operator: str | None = None) -> None:
        super().tells(*subscriptions, operator=operator)
        text = self.config.read_text()
        sections = [
            "\n".join([f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())])
            for name, values in FOLLOW.items()
        ]
        head, _, blocks = text.partition("[[subscriptions]]")
        self.config.write_text("\n".join([head, *sections, f"[[subscriptions]]{blocks}" if blocks else ""]))

    def send_letters(self) -> int:
        """Send the letters that ask for consent; return how many went."""
        with self.context(lambda: self.now) as context:
            return ask_for_consent(context)

    def letter(self, number: int = -1, address: str = ADA) -> str:
        """Return the text of a letter to somebody."""
        return str(self.taken(address)[number].get_body("plain").get_content())

    def link(self, use: str, number: int = -1, address: str = ADA) -> str:
        """Return the path of a link in it."""
        found = re.search(rf"{re.escape(BASE_URL)}(/follow/{use}/\S+)", self.letter(number, address))
        assert found, use
        return found[1]
