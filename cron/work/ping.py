"""A sign of life for whoever watches the watcher: one address is asked for after each run."""

import logging
from urllib.parse import urlsplit

_log = logging.getLogger(__name__)

TIMEOUT_S = 10.0


def ping(url: str | None) -> None:
    """Ask for *url*, if there is one. A ping that fails is logged and changes nothing."""
    if not url:
        return
    import requests

    try:
        with requests.get(url, timeout=TIMEOUT_S, stream=True) as answer:
            if not answer.ok:
                _log.warning("ping: %s answered %d", _host(url), answer.status_code)
    except requests.RequestException as error:
        # The address may hold a token: its host is enough to know which it was.
        _log.warning("ping: %s gave no answer (%s)", _host(url), type(error).__name__)


def _host(url: str) -> str:
    # Not what stands between the slashes: that may have a password before an @.
    return urlsplit(url).hostname or "the address"
