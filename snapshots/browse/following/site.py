"""How the pages may be followed by e-mail: where those who do are kept, and who sends the letters. Settings.

Who asks from which machine is settled here too: what a header says counts only where a machine of ours wrote it.
"""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from starlette.types import Scope

from snapshots.people.keys import Keys
from snapshots.people.people import People, open_people

PEER = "registerwatch.peer"
"""Where a request carries the machine that the server spoke to, whatever its headers say."""


@dataclass(frozen=True, kw_only=True)
class FollowSite:
    """Where those who follow are kept, and what is done for them."""

    database: Path
    key_file: Path
    trusted_proxy: str | None = None
    keep_days: int = 1
    wake: Callable[[], None] = lambda: None
    """Has the letters sent that are due."""

    @cached_property
    def keys(self) -> Keys:
        """The keys, as they were when the pages began to be served."""
        return Keys.read(self.key_file)

    def open(self) -> People:
        """Open the file of those who follow."""
        return open_people(self.database, self.keys)

    def client_of(self, scope: Scope) -> str:
        """Return the address of the machine that a request came from."""
        peer = (scope.get(PEER) or scope.get("client") or ("",))[0]
        if self.trusted_proxy is None or not _is_in(peer, self.trusted_proxy):
            return str(peer)
        said = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for").decode("latin-1")
        # Read from the end: what stands before the first machine that is not ours was written by somebody else.
        hops = (hop.strip() for hop in reversed(said.split(",")) if hop.strip())
        first = next((hop for hop in hops if not _is_in(address_in(hop), self.trusted_proxy)), "")
        # What is no address says nothing of anybody: who sends nonsense, another each time, is the proxy.
        return address_in(first) or str(peer)


def address_in(hop: str) -> str:
    """Return the address of a machine as a proxy writes it, some with a port behind it; nothing if it is none.

    >>> address_in("192.0.2.7"), address_in("192.0.2.7:4711"), address_in("[2001:db8::1]:99"), address_in("unknown")
    ('192.0.2.7', '192.0.2.7', '2001:db8::1', '')
    """
    bare = hop.partition("]")[0].removeprefix("[") if hop.startswith("[") else hop
    bare = bare.partition(":")[0] if bare.count(":") == 1 else bare
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        return ""


@lru_cache(maxsize=1_000)
def _is_in(address: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network)
    except ValueError:
        return False
