"""Where webhooks may go: to the open internet by https, unless a setting opens private networks.

A name is looked up once, every address that it has is checked, and the connection is made to the one that was checked:
what the name points to a moment later is not asked. Redirects are not followed.
"""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from foundation.refusals import Invalid

LONGEST = 2000
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_V4_COMPATIBLE = ipaddress.IPv6Network("::/96")
# All of IPv6 that is given out to anybody: what lies beside it is local to somebody's network, or to nobody's yet.
_GIVEN_OUT = ipaddress.IPv6Network("2000::/3")
# Python 3.11 takes these for global: for documents, and for what networks translate addresses with.
_RESERVED = tuple(map(ipaddress.ip_network, ("3fff::/20", "192.0.0.0/24", "192.88.99.0/24")))


class AddressRefusedError(Exception):
    """A webhook may not be sent there; says why in a word."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect to, and the name and path to ask for there."""

    address: str
    host: str
    url: str  # with the address instead of the name
    host_header: str


def check_url(url: str, *, private: bool) -> None:
    """Refuse what no webhook can be sent to; raises `Invalid`. Names are looked up when something is sent."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise Invalid("this is no address for a webhook", why="webhook_no_address") from error
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise Invalid(
            f"the address of a webhook is at most {LONGEST} ASCII characters",
            why="webhook_too_long",
            told={"most": LONGEST},
        )
    if parts.scheme not in ({"https", "http"} if private else {"https"}) or not host:
        raise Invalid("the address of a webhook begins with https://", why="webhook_https")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise Invalid("the address of a webhook has no user, password or fragment", why="webhook_bare")
    try:
        written = ipaddress.ip_address(host)
    except ValueError:
        return
    if not private and not _open(written):
        raise Invalid("a webhook goes to no private address", why="webhook_private")


def target_of(url: str, *, private: bool) -> Target:
    """Look the host up; raises `AddressRefusedError`, with a word, for no address or a private one."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressRefusedError("no_address") from error
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not private and not all(_open(address) for address in addresses):
        raise AddressRefusedError("private_address")
    first = addresses[0]
    there = f"[{first}]" if first.version == 6 else str(first)
    return Target(str(first), host, _with_host(parts, f"{there}:{port}"), parts.netloc)


def _with_host(parts: SplitResult, netloc: str) -> str:
    return parts._replace(netloc=netloc).geturl()


def _open(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether anybody in the world can be meant; an IPv4 address inside an IPv6 one is looked at as such."""
    if isinstance(address, ipaddress.IPv6Address):
        inside = address.ipv4_mapped or address.sixtofour
        if inside is None and (address in _NAT64 or address in _V4_COMPATIBLE):
            inside = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inside is not None:
            return _open(inside)
        if address not in _GIVEN_OUT:
            return False
    reserved = any(address in network for network in _RESERVED if network.version == address.version)
    return address.is_global and not address.is_multicast and not reserved
