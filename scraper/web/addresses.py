"""Which addresses are the register's, and which must never be asked? Pure: nothing is looked up, nothing is opened.

What a page or a redirect names is chosen by someone else. These rules say how far it is followed.
"""

import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urljoin, urlsplit, urlunsplit

from scraper.errors import RegisterWatchError

_NAT64 = ip_network("64:ff9b::/96")
_NAMES_NEVER_PUBLIC = (".localhost", ".local", ".internal", ".home.arpa", ".lan", ".intranet", ".corp", ".private")
_USUAL_PORTS = {"http": 80, "https": 443}
_CONTROLS = re.compile(r"[\x00-\x20\x7f]")


class AddressError(RegisterWatchError):
    """An address that must not be asked. The message says why."""


def host_of(address: str) -> str:
    """Return the host of an address or of a bare host name: lower case, without port, `""` if there is none.

    >>> host_of("https://WWW.TheySoldItAnyway.com:443/organisations/x"), host_of("GoodTREsWork.com/")
    ('www.theysolditanyway.com', 'goodtreswork.com')
    """
    try:
        host = urlsplit(address if "://" in address else f"//{address}").hostname
    except ValueError:
        return ""
    return (host or "").rstrip(".")


def is_public(ip: str) -> bool:
    """Say whether *ip* is an address of the public internet, also one that wraps an IPv4 address.

    >>> [is_public(ip) for ip in ("93.184.216.34", "2606:2800:220:1::", "64:ff9b::5db8:d822", "::ffff:5db8:d822")]
    [True, True, True, True]
    >>> [is_public(ip) for ip in ("127.0.0.1", "10.1.2.3", "169.254.169.254", "0.0.0.0", "224.0.0.1", "100.64.0.1")]
    [False, False, False, False, False, False]
    >>> [is_public(ip) for ip in ("::1", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1")]
    [False, False, False, False, False]
    >>> [is_public(ip) for ip in ("fec0::1", "::7f00:1", "::ffff:0:7f00:1", "64:ff9b:1::1", "2001:0:7f00:1::")]
    [False, False, False, False, False]
    """
    address = _unwrapped(ip_address(ip.partition("%")[0]))
    if isinstance(address, IPv6Address) and (address.is_site_local or address.is_reserved):
        return False  # retired ways to write a private or an IPv4 address; some systems still take them
    return address.is_global and not address.is_multicast


def _unwrapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 one stands for, if it stands for one."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:  # what a host without IPv4 is told by its name server
        return IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour or address


def is_private_host(host: str) -> bool:
    """Say whether a configured *host* is one of this machine or of a private network, by its name alone.

    Its name server is not asked: whoever answers for a public name could make it private by an answer.

    >>> [is_private_host(host) for host in ("127.0.0.1", "::1", "localhost", "register.internal", "mirror")]
    [True, True, True, True, True]
    >>> [is_private_host(host) for host in ("theysolditanyway.com", "93.184.216.34", "")]
    [False, False, False]
    """
    try:
        return not is_public(host)
    except ValueError:
        return bool(host) and ("." not in host or host.endswith(_NAMES_NEVER_PUBLIC))


def check_address(url: str, hosts: Collection[str]) -> None:
    """Let pass an address that may be asked: http or https, on one of *hosts*, without a user's name in it.

    Raises:
        AddressError: It is not such an address; says why.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise AddressError(f"{url!r} is not an address") from error
    # Blanks and control characters are read differently by every parser, and so may lead to different hosts.
    if parts.scheme not in _USUAL_PORTS or _CONTROLS.search(url):
        raise AddressError(f"{url!r} is not an address of the web")
    # The oldest trick: in "http://register.org@evil.example" the register is only a name to log in with.
    if "@" in parts.netloc:
        raise AddressError("an address with a user's name in it is not asked")
    if host_of(url) not in hosts:
        raise AddressError(f"{host_of(url) or repr(url)} is not a host of the register")


def redirected(asked: str, location: str, hosts: Collection[str]) -> str:
    """Return the address that *location* sends to from *asked*, an address that answered with a redirect.

    From https nobody is sent back to http.

    >>> redirected("https://a.org/organisations/x", "http://a.org/organisations/x/", {"a.org"})
    'https://a.org/organisations/x/'

    Raises:
        AddressError: It leads off the register's hosts, to another of their ports, or out of TLS.
    """
    try:
        target = urlsplit(urljoin(asked, location.strip()))
    except ValueError as error:
        raise AddressError(f"redirects to {location!r}, which is not an address") from error
    try:
        check_address(target.geturl(), hosts)
    except AddressError as error:
        raise AddressError(f"redirects off the register: {error}") from error
    # Sites behind a proxy often say http and mean https.
    if urlsplit(asked).scheme == "https" and target.scheme == "http" and target.port in (None, 80):
        target = target._replace(scheme="https", netloc=target.netloc.removesuffix(":80"))
    if urlsplit(asked).scheme == "https" != target.scheme:
        raise AddressError(f"redirects from https to http: {target.geturl()}")
    # Another port is another server; but a site may move from 80 to 443.
    if _port(target.geturl()) != _port(asked) and {_port(target.geturl()), _port(asked)} != {80, 443}:
        raise AddressError(f"redirects to another port: {target.geturl()}")
    return urlunsplit(target._replace(fragment=""))


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or _USUAL_PORTS[parts.scheme]
