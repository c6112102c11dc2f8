"""What a person asked for: a TOML file and the flags of the command line become frozen dataclasses.

Flags override the file, the file overrides the defaults. A key is read by the dataclass that has it: `[live]`
is `LiveConfig`, `[bake]` is `BakeConfig`, `[direction]` is the `DirectionConfig` that both hold.

    [live]
    source = "mic://"
    sinks = ["vmc://127.0.0.1:39540", "zmq://127.0.0.1:5556"]

    [direction]
    emotion = "happy"
    intensity = 1.2
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from bridge.controls import DirectionConfig
from bridge.dial import HUGE, shown
from bridge.weights import NAMED

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found]

MAX_FILE_BYTES = 1 << 20
MAX_LOOKAHEAD_MS = 5000

T = TypeVar("T")


class ConfigError(ValueError):
    """A configuration that cannot be used; one line: where, the value and the way out."""


def _checked_lookahead(value: str | int) -> str | int:
    """One of `NAMED`, or milliseconds; a number may come in digits from the command line."""
    if value in NAMED:
        return value
    milliseconds = int(value) if isinstance(value, int) or (value.isascii() and value.isdecimal()) else -1
    if not 0 <= milliseconds <= MAX_LOOKAHEAD_MS:
        raise ValueError(
            f"lookahead is {shown(value)}; choose {', '.join(NAMED)} or 0..{MAX_LOOKAHEAD_MS} milliseconds"
        )
    return milliseconds


@dataclass(frozen=True, slots=True)
class LiveConfig:
    """What `facecue live` runs.

    Raises:
        ValueError: a look-ahead or an actor that cannot be.
    """

    source: str = "mic://"
    """URI of the voice."""
    sinks: tuple[str, ...] = ()
    """URIs that every frame goes to."""
    trackers: tuple[str, ...] = ()
    """Regions of the face that come from camera trackers, as in `upper=vmc://:39541`."""
    actor: str = "face"
    """Who is being moved; receivers tell several faces apart by it."""
    lookahead: str | int = "live"
    """"live", "studio", or milliseconds: the shipped network with the largest look-ahead that fits."""
    model: str | None = None
    """A network of one's own instead of a shipped one."""
    control: tuple[str, ...] = ()
    """URIs on which others may change the direction while it runs."""
    monitor: str | None = None
    """Output device that plays the voice delayed by the bridge's latency."""
    direction: DirectionConfig = field(default_factory=DirectionConfig)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lookahead", _checked_lookahead(self.lookahead))
        if not self.actor:
            raise ValueError("actor is empty; give the face a name")


@dataclass(frozen=True, slots=True)
class BakeConfig:
    """How `facecue bake` makes takes.

    Raises:
        ValueError: a look-ahead that cannot be.
    """

    lookahead: str | int = "studio"
    """As in `LiveConfig`."""
    model: str | None = None
    """As in `LiveConfig`."""
    direction: DirectionConfig = field(default_factory=DirectionConfig)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lookahead", _checked_lookahead(self.lookahead))


_SECTIONS: dict[str, type] = {"live": LiveConfig, "bake": BakeConfig, "direction": DirectionConfig}


def load_live(
    path: Path | str | None = None, *, preset: Mapping[str, Any] | None = None, **flags: Any
) -> LiveConfig:
    """The configuration of `facecue live`: `preset`, with `path` (TOML, or None) over it, and `flags` over both.

    Flags are named as the fields of `LiveConfig` and `DirectionConfig`; one that is None was not given.

    Raises:
        ConfigError: if the file cannot be read, or a key, a type or a value is wrong.
    """
    return _load(LiveConfig, "live", path, preset or {}, flags)


def load_bake(
    path: Path | str | None = None, *, preset: Mapping[str, Any] | None = None, **flags: Any
) -> BakeConfig:
    """The configuration of `facecue bake`; as `load_live`.

    Raises:
        ConfigError: as `load_live`.
    """
    return _load(BakeConfig, "bake", path, preset or {}, flags)


def load_direction(path: Path) -> dict[str, Any]:
    """What the section `[direction]` of a file asks for, checked; its other sections are checked as well.

    Raises:
        ConfigError: as `load_live`.
    """
    return _checked(path).get("direction", {})


def _checked(path: Path) -> dict[str, dict[str, Any]]:
    values: dict[str, dict[str, Any]] = {}
    for name, table in _read(path).items():
        where = f"{path}: [{name}]"
        values[name] = _typed(_SECTIONS[name], table, where)
        _made(_SECTIONS[name], values[name], where)  # also what this command will not read
    return values


def _load(
    cls: type[T],
    section: str,
    path: Path | str | None,
    preset: Mapping[str, Any],
    flags: Mapping[str, Any],
) -> T:
    values = _checked(Path(path)) if path is not None else {}
    own, direction = values.get(section, {}), {**preset, **values.get("direction", {})}
    for key, value in flags.items():
        if value is None:
            continue
        into, owner = (own, cls) if key in _keys(cls) else (direction, DirectionConfig)
        into |= _typed(owner, {key: value}, "command line:")
    made: DirectionConfig = _made(DirectionConfig, direction, "command line:")
    return _made(cls, own | {"direction": made}, "command line:")


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """The sections of a TOML file, each known and each a table."""
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
        if name not in _SECTIONS:
            raise ConfigError(f"{path}: unknown section or key {shown(name)}; sections: {_listed(_SECTIONS)}")
        if not isinstance(table, dict):
            raise ConfigError(f"{path}: {name} must be a section; write [{name}] above its keys")
    return tables


def _keys(cls: type) -> list[str]:
    """What may be written for `cls`; `direction` has a section of its own."""
    return [f.name for f in fields(cls) if f.name != "direction"]


def _listed(names: Mapping[str, Any] | list[str]) -> str:
    return ", ".join(names)


def _typed(cls: type, table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The table with every key known and every value of its field's type."""
    hints = get_type_hints(cls)
    values = {}
    for key, value in table.items():
        if key not in _keys(cls):
            raise ConfigError(f"{where} unknown key {shown(key)}; known: {_listed(_keys(cls))}")
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


def _made(cls: type[T], values: Mapping[str, Any], where: str) -> T:
    try:
        return cls(**values)
    except ValueError as error:
        raise ConfigError(f"{where} {error}") from error
