"""The recipes for chats in docs/chat.md, word for word: each service is sent what it documents."""

import json
import re
import tomllib
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from cron.settings.load import load_settings
from notify.channels.service import notify_service
from tests.harness.servers import Loopback, answer

requests = pytest.importorskip("requests")
apprise = pytest.importorskip("apprise")

DOCUMENT = Path(__file__).parents[3] / "docs/chat.md"
RECIPES = {
    one["name"]: one
    for block in re.findall(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    for one in tomllib.loads(block)["subscriptions"]
    if "url" in one
}
SUBJECT = "3 changes: a dataset & <more>"
TEXT = "NHS Eastmere ICB\n\n" + "".join(
    f"- Dataset {n} added to DARS-NIC-{n:06}-A1B2C: *emergency* care, “opt-outs” & <others>.\n" for n in range(120)
)


def slack(said):
    """https://api.slack.com/messaging/webhooks and /reference/messaging/attachments: text, or attachments with one."""
    texts = [one["text"] for one in said["attachments"]]
    assert all(isinstance(text, str) and 0 < len(text) <= 40_000 for text in texts)
    assert len(said["attachments"]) <= 100
    return "\n".join([*texts, *(one.get("title", "") for one in said["attachments"])])


def teams(said):
    """Learn, "Create incoming webhooks with Workflows": a message whose attachments are Adaptive Cards, below 28 KB."""
    assert said["type"] == "message"
    for one in said["attachments"]:
        assert one["contentType"] == "application/vnd.microsoft.card.adaptive"
        assert one["content"]["type"] == "AdaptiveCard"
        assert re.fullmatch(r"1\.\d", one["content"]["version"])
        assert {block["type"] for block in one["content"]["body"]} == {"TextBlock"}
    assert len(json.dumps(said)) < 28_000
    return "\n".join(block["text"] for one in said["attachments"] for block in one["content"]["body"])


def mattermost(said):
    """https://developers.mattermost.com/integrate/webhooks/incoming: text, of at most 16,383 characters."""
    assert isinstance(said["text"], str)
    assert 0 < len(said["text"]) <= 16_383
    return said["text"]


def discord(said):
    """https://discord.com/developers/docs/resources/webhook: content of at most 2,000 characters, or embeds."""
    assert 0 < len(said["content"]) <= 2000
    return said["content"]


SERVICES = {
    "slack": (slack, "https://hooks.slack.com/services/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", b"ok"),
    "teams": (
        teams,
        "https://prod-05.westeurope.logic.azure.com:443/workflows/0123456789abcdef0123456789abcdef/triggers/manual/paths/invoke",
        b"",
    ),
    "mattermost": (mattermost, "https://mattermost.example.org/hooks/a1b2c3d4e5f6g7h8i9j0k1l2m3", b"ok"),
    "discord": (discord, "https://discord.com/api/webhooks/012345678901234567/a1B2c3D4e5F6g7H8i9J0", b""),
}


@pytest.fixture
def asked(monkeypatch):
    """The addresses that were asked for; what was sent there goes to a server here."""
    addresses, original = [], requests.Session.request

    def here(session, method, url, **how):
        addresses.append(requests.Request(method, url, params=how.pop("params", None)).prepare().url)
        return original(session, method, f"{receiver.url}{urlsplit(url).path}", **how)

    with Loopback({urlsplit(url).path: answer(reply) for _, url, reply in SERVICES.values()}) as receiver:
        monkeypatch.setattr(requests.Session, "request", here)
        monkeypatch.setattr(apprise.NotifyBase, "throttle", lambda *_, **__: None)  # seconds between two messages
        yield addresses, receiver


@pytest.mark.parametrize("name", SERVICES)
def test_a_recipe_tells_the_service_in_the_shape_it_documents(asked, tmp_path, name):
    addresses, receiver = asked
    shape, address, _ = SERVICES[name]
    config = tmp_path / "registerwatch.toml"
    recipe = "".join(f"{key} = {json.dumps(value)}\n" for key, value in RECIPES[name].items())
    config.write_text(f"[[subscriptions]]\n{recipe}", encoding="utf-8")
    (subscription,) = load_settings(config, None, {}).subscriptions

    notify_service(subscription.url.get_secret_value(), SUBJECT, TEXT)

    assert {one.partition("?")[0].replace(":443/", "/") for one in addresses} == {address.replace(":443/", "/")}
    assert name != "teams" or all(parse_qs(urlsplit(one).query)["sig"] == ["abcDEF123_-"] for one in addresses)
    assert {one.headers["content-type"].partition(";")[0] for one in receiver.requests} == {"application/json"}
    told = "\n".join(shape(json.loads(one.body)) for one in receiver.requests)
    assert "3 changes" in told
    # However long the digest is, all of it arrives, or where it is cut its beginning.
    whole = 5 if "truncate" in RECIPES[name]["url"] else 120
    assert [n for n in range(whole) if f"DARS-NIC-{n:06}-A1B2C" not in told] == []


def test_the_addresses_that_the_services_give_are_those_of_the_recipes():
    document = DOCUMENT.read_text(encoding="utf-8")

    assert RECIPES.keys() == SERVICES.keys()
    assert all(address in document for _, address, _ in SERVICES.values())
