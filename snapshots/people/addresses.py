"""Mail addresses as they are typed, and the networks that they are typed from. Pure."""

import ipaddress

from email_validator import EmailNotValidError, validate_email

LONGEST_ADDRESS = 254  # RFC 5321: what a server takes


def read_address(typed: str) -> str | None:
    """Return a mail address as letters go to it; None if it is none.

    Nobody's name server is asked: what is typed here shall make this machine ask nobody.

    >>> read_address(" Ada@Example.ORG "), read_address("ada@example.org, bob@example.org"), read_address("a@localhost")
    ('Ada@example.org', None, None)
    """
    try:
        found = validate_email(typed.strip(), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return None
    address = found.ascii_email or ""
    return address if 0 < len(address) <= LONGEST_ADDRESS else None


def same(address: str) -> str:
    """Return the form in which addresses are compared: no server has two people who differ in capitals.

    >>> same("Ada@Example.org")
    'ada@example.org'
    """
    return address.casefold()


def network_of(client: str) -> str:
    """Return the network of a machine: who has one address of it mostly has them all.

    >>> network_of("192.0.2.77"), network_of("2001:db8:1:2::3"), network_of("::ffff:192.0.2.77"), network_of("a socket")
    ('192.0.2.0/24', '2001:db8:1::/48', '192.0.2.0/24', '')
    """
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))
