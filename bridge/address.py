"""A URI taken apart: `scheme://HOST:PORT[,HOST:PORT...][?option=value&...]`, for sources and sinks alike.

Host names are looked up here, once, when something opens. Knows no protocol and keeps no socket.
"""

from __future__ import annotations

import ipaddress
import math
import socket
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import parse_qsl

PORT_LIMIT = 65_535
LENGTH_LIMIT = 4096
"""Characters of a URI."""


class UriError(ValueError):
    """A URI that cannot be used: one line with the fact, the value and the way out."""


class Uri(NamedTuple):
    """The three parts of a URI."""

    scheme: str
    """Lower case, without `://`."""
    address: str
    """What stands between `://` and `?`, as it was written."""
    options: dict[str, str]
    """What stands behind `?`, percent-decoded."""


class Endpoint(NamedTuple):
    """One looked-up place to send to or to bind."""

    host: str
    """As it was written, without brackets."""
    port: int
    ip: str
    """Numeric address of `host`."""
    family: socket.AddressFamily

    @property
    def loopback(self) -> bool:
        """Whether nothing beyond this machine can be reached through it."""
        return ipaddress.ip_address(self.ip.partition("%")[0]).is_loopback

    @property
    def written_ip(self) -> str:
        """`ip` as a URI has it: IPv6 in brackets."""
        return f"[{self.ip}]" if ":" in self.ip else self.ip

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse(uri: str, example: str = "zmq://127.0.0.1:5556") -> Uri:
    """Splits a URI; hosts and options are not judged yet. `example` is what a wrong one is told to be like.

    Raises:
        UriError: if there is no `scheme://`, or the options are not `name=value` pairs, each given once; or if it
            is too long or holds what cannot be printed, for it is part of every message about it.
    """
    if len(uri) > LENGTH_LIMIT:
        raise UriError(f"{uri[:40]!r}… has {len(uri)} characters; a URI has at most {LENGTH_LIMIT}")
    if not uri.isprintable():
        raise UriError(f"{uri!r} holds what cannot be printed; write it without")
    scheme, rest = scheme_of(uri, example)
    address, _, query = rest.partition("?")
    options: dict[str, str] = {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), max_num_fields=32)
    except ValueError as error:
        raise UriError(f"{uri}: options {query!r} are not name=value pairs joined by &") from error
    for name, value in pairs:
        if name in options:
            raise UriError(f"{uri}: option {name!r} is given twice; keep one")
        options[name] = value
    return Uri(scheme, address, options)


def scheme_of(uri: str, example: str) -> tuple[str, str]:
    """The scheme of a URI in lower case, and everything behind its `://`.

    Raises:
        UriError: if there is none.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator or not scheme:
        raise UriError(f"{uri!r} has no scheme; write it as in {example}")
    return scheme.lower(), rest


def check_options(uri: str, options: Mapping[str, str], known: Sequence[str]) -> None:
    """Refuses an option that is not known.

    Raises:
        UriError: naming the option and the known ones.
    """
    for name in options:
        if name not in known:
            listed = ", ".join(known) if known else "none"
            raise UriError(f"{uri}: unknown option {name!r}; known: {listed}")


def flag(uri: str, options: Mapping[str, str], name: str, *, default: bool) -> bool:
    """Option `name` as yes (1, true, yes, on) or no (0, false, no, off).

    Raises:
        UriError: if it is another word.
    """
    word = options.get(name, "1" if default else "0").lower()
    if word in ("1", "true", "yes", "on"):
        return True
    if word in ("0", "false", "no", "off"):
        return False
    raise UriError(f"{uri}: {name}={options[name]} is neither yes nor no; write {name}=1 or {name}=0")


def number(
    uri: str, options: Mapping[str, str], name: str, *, default: float, low: float = 0.0, high: float = 1.0
) -> float:
    """Option `name` as a number from `low` to `high`.

    Raises:
        UriError: if it is no number, or lies outside.
    """
    if name not in options:
        return default
    try:
        value = float(options[name])
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise UriError(f"{uri}: {name}={options[name]} is not a number from {low:g} to {high:g}")
    return value


def one_of(uri: str, options: Mapping[str, str], name: str, choices: Sequence[str]) -> str:
    """Option `name` as one of `choices`; the first is the default.

    Raises:
        UriError: if it is none of them.
    """
    value = options.get(name, choices[0])
    if value not in choices:
        raise UriError(f"{uri}: {name}={value} is not known; choose one of {', '.join(choices)}")
    return value


def endpoints(
    uri: str, address: str, *, default_port: int | None = None, lowest_port: int = 1
) -> tuple[Endpoint, ...]:
    """Looks up `HOST:PORT[,HOST:PORT...]`; an IPv6 address stands in brackets, `*` is every interface.

    Raises:
        UriError: if a part is missing, a port is out of range, a host is unknown or a place is named twice.
    """
    found: list[Endpoint] = []
    for part in address.rstrip("/").split(","):
        host, port = _host_and_port(uri, part.strip(), default_port)
        if not lowest_port <= port <= PORT_LIMIT:
            raise UriError(f"{uri}: port {port} is outside {lowest_port}..{PORT_LIMIT}")
        endpoint = _look_up(uri, host, port)
        if port and any((endpoint.ip, port) == (other.ip, other.port) for other in found):
            raise UriError(f"{uri}: {endpoint} is named twice; keep one")
        found.append(endpoint)
    return tuple(found)


def _host_and_port(uri: str, part: str, default_port: int | None) -> tuple[str, int]:
    if part.startswith("["):
        host, _, tail = part[1:].partition("]")
        port_text = tail.removeprefix(":") if tail.startswith(":") or not tail else "?"
    elif part.count(":") > 1:
        raise UriError(f"{uri}: {part!r} looks like IPv6; write it in brackets, as in [::1]:9000")
    else:
        host, _, port_text = part.partition(":")
    if not host:
        raise UriError(f"{uri}: no host in {part!r}; write HOST:PORT, such as 127.0.0.1:9000")
    if not port_text:
        if default_port is None:
            raise UriError(f"{uri}: no port in {part!r}; write HOST:PORT, such as {host}:9000")
        return host, default_port
    # isascii: int() also reads other scripts' digits, which nobody means in a port
    if not (port_text.isascii() and port_text.isdigit() and len(port_text) <= 5):
        raise UriError(f"{uri}: port {port_text!r} is not a number from 1 to {PORT_LIMIT}")
    return host, int(port_text)


def _look_up(uri: str, host: str, port: int) -> Endpoint:
    """Prefers IPv4: most receivers listen on 0.0.0.0, and `localhost` often answers ::1 first."""
    name = "0.0.0.0" if host == "*" else host  # noqa: S104  whether that is allowed is not said here
    try:
        answers = socket.getaddrinfo(name, port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a host name"
        raise UriError(f"{uri}: host {host!r} cannot be found ({reason}); check the name") from error
    inet = [a for a in answers if a[0] in (socket.AF_INET, socket.AF_INET6)]
    if not inet:
        raise UriError(f"{uri}: host {host!r} has no IPv4 or IPv6 address; give it as a number")
    family, _, _, _, where = min(inet, key=lambda a: a[0] != socket.AF_INET)
    return Endpoint(host, port, str(where[0]), family)
