"""CURVE keys by name: a pair for the bridge, and the public keys of the receivers that may connect.

`CONFIG/keys/NAME/server.key_secret` holds the bridge's pair, `clients/CLIENT.key` the public key of a receiver,
and `clients/CLIENT.key_secret` the pair that was made for one, to be moved to its machine. Files are ZeroMQ
certificates: czmq and `zmq.auth.load_certificate` read them. Once there is a `clients` folder only those in
it may connect, and none when it is empty. Knows no ZeroMQ: pairs are made in `bridge.sinks.curve`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase, digits

from bridge.tokens import config_folder, forget, read_private, write_private

KEY_CHARACTERS = 40
"""Length of a CURVE key as text (Z85 of 32 bytes)."""
CLIENT_LIMIT = 256
"""Receivers that one name may know: every handshake is compared with all of them."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}\Z")
_DIGITS = {c: i for i, c in enumerate(f"{digits}{ascii_lowercase}{ascii_uppercase}.-:+=^!/*?&<>()[]{{}}@%$#")}
_LINE = re.compile(r'^\s*(public-key|secret-key)\s*=\s*"([^"]*)"\s*$', re.MULTILINE)


class KeyFileError(ValueError):
    """Keys that cannot be used or made: one line with the fact and the way out."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What a sink needs to know of one name."""

    name: str
    public: str
    """The bridge's public key: receivers have to know it."""
    secret: str
    clients: dict[str, str] | None
    """Public keys of the receivers that may connect, by name; None: whoever knows `public`."""

    def __repr__(self) -> str:
        return f"Keys({self.name!r})"  # a secret has no place in a log


def folder() -> Path:
    """Where all keys are."""
    return config_folder() / "keys"


def names() -> tuple[str, ...]:
    """Names that have keys."""
    return tuple(sorted(path.parent.name for path in folder().glob("*/server.key_secret")))


def load(name: str) -> Keys:
    """The keys of a name.

    Raises:
        KeyFileError: if there are none, or a file of them is damaged.
        TokenError: if a file cannot be read.
    """
    path = _server(name)
    text = read_private(path)
    if text is None:
        known = f"known: {', '.join(names())}; " if names() else ""
        raise KeyFileError(f"no keys are called {name!r}; {known}facecue keys {name} makes them")
    public, secret = _parsed(path, text, "public-key"), _parsed(path, text, "secret-key")
    clients: dict[str, str] | None = None
    if _clients(name).is_dir():
        clients = {}
        for file in sorted(_clients(name).glob("*.key")):
            clients[file.stem] = _parsed(file, read_private(file) or "", "public-key")
    return Keys(name, public, secret, clients)


def keep(name: str, public: str, secret: str) -> None:
    """Keeps a new pair of the bridge under a name.

    Raises:
        KeyFileError: if the name has keys already: receivers know them.
        TokenError: if it cannot be written.
    """
    path = _server(name)
    if path.exists():
        raise KeyFileError(f"{name} has keys already; delete {path.parent} if nobody uses them")
    write_private(path, _certificate(f"facecue, keys {name}", public, secret))


def admit(name: str, client: str, public: str, secret: str | None = None) -> Path | None:
    """Lets a receiver connect; the file with its secret key, if that is given, is returned.

    Raises:
        KeyFileError: if the receiver is known already, there are too many, or the key is none.
        TokenError: if it cannot be written.
    """
    keys = load(name)
    _checked(client)
    if not _is_key(public):
        raise KeyFileError(f"{public!r:.60} is no public key; one has {KEY_CHARACTERS} characters (Z85)")
    if keys.clients and client in keys.clients:
        raise KeyFileError(f"{name} knows {client} already; facecue keys {name} --revoke {client} forgets it")
    if keys.clients and len(keys.clients) >= CLIENT_LIMIT:
        raise KeyFileError(f"{name} knows {CLIENT_LIMIT} receivers, which is as many as may be; revoke one")
    handed_over = None
    if secret is not None:
        handed_over = _clients(name) / f"{client}.key_secret"
        write_private(handed_over, _certificate(f"facecue, {client} at {name}", public, secret))
    write_private(_clients(name) / f"{client}.key", _certificate(f"facecue, {client} at {name}", public))
    return handed_over


def revoke(name: str, client: str) -> None:
    """Forgets a receiver; one that is connected stays so until the sink is opened anew.

    Raises:
        KeyFileError: if it is not known.
    """
    known = load(name).clients or {}
    if client not in known:
        listed = f"known: {', '.join(known)}" if known else "it knows none"
        raise KeyFileError(f"{name} does not know {client!r}; {listed}")
    for ending in ("key", "key_secret"):
        forget(_clients(name) / f"{client}.{ending}")


def _server(name: str) -> Path:
    return folder() / _checked(name) / "server.key_secret"


def _clients(name: str) -> Path:
    return folder() / _checked(name) / "clients"


def _checked(name: str) -> str:
    if not _NAME.match(name):
        raise KeyFileError(f"{name!r:.60} is no name for keys; use 1 to 32 letters, digits, - and _")
    return name


def _is_key(text: str) -> bool:
    """Whether a text is 32 bytes in Z85 (ZeroMQ RFC 32): eight groups of five digits to the base 85."""
    if len(text) != KEY_CHARACTERS or not set(text) <= set(_DIGITS):
        return False
    groups = (text[i : i + 5] for i in range(0, KEY_CHARACTERS, 5))
    return all(sum(_DIGITS[c] * 85 ** (4 - i) for i, c in enumerate(group)) < 2**32 for group in groups)


def _certificate(title: str, public: str, secret: str | None = None) -> str:
    """A certificate as ZeroMQ's own tools write it."""
    lines = [f"#  {title}", "metadata", "curve", f'    public-key = "{public}"']
    if secret is not None:
        lines.append(f'    secret-key = "{secret}"')
    return "\n".join(lines)


def _parsed(path: Path, text: str, what: str) -> str:
    found: str = dict(_LINE.findall(text)).get(what, "")
    if not _is_key(found):
        raise KeyFileError(f"{path}: no {what} in it; delete the file and make the keys anew")
    return found
