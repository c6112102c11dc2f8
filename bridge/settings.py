"""Settings files: TOML whose sections are dataclasses, read strictly. `bridge.config` says which ones there are."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from bridge.dial import HUGE, shown

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found]

MAX_FILE_BYTES = 1 << 20

T = TypeVar("T")


class ConfigError(ValueError):
    """A configuration that cannot be used; one line: where, the value and the way out."""


def sections(path: Path, known: Mapping[str, type]) -> dict[str, dict[str, Any]]:
    """The sections of a TOML file, each known and each a table.

    Raises:
        ConfigError: if the file cannot be read, or holds something else.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}; name a TOML file") from error
    if len(data) > MAX_FILE_BYTES:
        raise ConfigError(f"{path} is larger than {MAX_FILE_BYTES} bytes: that is no configuration")
    try:
        tables: dict[str, dict[str, Any]] = tomllib.loads(data.decode("utf-8"))
    except RecursionError as error:
        raise ConfigError(f"{path} is not TOML: nested too deeply") from error
    except ValueError as error:  # also of numbers with more digits than Python reads
        raise ConfigError(f"{path} is not TOML: {error}") from error
    for name, table in tables.items():
        if name not in known:
            raise ConfigError(f"{path}: unknown section or key {shown(name)}; sections: {_listed(known)}")
        if not isinstance(table, dict):
            raise ConfigError(f"{path}: {name} must be a section; write [{name}] above its keys")
    return tables


def keys(cls: type) -> list[str]:
    """What may be written for `cls`; `direction` and `neutral` have sections of their own."""
    return [f.name for f in fields(cls) if f.name not in ("direction", "neutral")]


def _listed(names: Mapping[str, Any] | list[str]) -> str:
    return ", ".join(names)


def typed(cls: type, table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The table with every key known and every value of its field's type.

    Raises:
        ConfigError: a key or a type that is not.
    """
    hints = get_type_hints(cls)
    values = {}
    for key, value in table.items():
        if key not in keys(cls):
            raise ConfigError(f"{where} unknown key {shown(key)}; known: {_listed(keys(cls))}")
        values[key] = _fitted(value, hints[key], f"{where} {key}")
    return values


def _fitted(value: Any, hint: Any, where: str) -> Any:
    """`value` as the annotation says; lists become tuples and whole numbers floats, nothing else changes."""
    if get_origin(hint) is tuple:
        if not isinstance(value, (list, tuple)):
            raise ConfigError(f"{where} is {shown(value)}; write a list, as in ['null://']")
        return tuple(_fitted(item, get_args(hint)[0], where) for item in value)
    allowed = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    if isinstance(value, int) and not isinstance(value, bool) and int not in allowed and float in allowed:
        return float(value) if abs(value) < HUGE else value  # no float holds all; its control refuses those
    if type(value) not in allowed:
        kinds = " or ".join(_KINDS[kind] for kind in allowed if kind in _KINDS)
        raise ConfigError(f"{where} is {shown(value)}; it must be {kinds}")
    return value


_KINDS = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}


def made(cls: type[T], values: Mapping[str, Any], where: str) -> T:
    """One of `cls` with these values.

    Raises:
        ConfigError: a value that it refuses; `where` begins the message.
    """
    try:
        return cls(**values)
    except ValueError as error:
        raise ConfigError(f"{where} {error}") from error
